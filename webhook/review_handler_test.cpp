#include "webhook/review_handler.h"

#include <gtest/gtest.h>

#include "core/base/version.h"
#include "core/base/webhook_check.h"
#include "core/exposure/fact_index.h"
#include "core/exposure/route_entrance.h"
#include "kube/json/codec.h"
#include "webhook/review_for_test.h"

namespace berth::webhook {
namespace {

TEST(Review, DeniesAWayOutToAnInternalPortWithPathAndFix) {
  const auto index = facts();
  const auto reviewed =
      review(service_review(service("LoadBalancer", R"({"port":443,"targetPort":5432})")), &index, kNow);
  EXPECT_NE(reviewed.answer.find(R"("allowed":false)"), std::string::npos) << reviewed.answer;
  EXPECT_NE(reviewed.answer.find(R"("uid":"u-1")"), std::string::npos);
  EXPECT_NE(
      reviewed.outcome.message.find("port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane"),
      std::string::npos)
      << reviewed.outcome.message;
  EXPECT_NE(reviewed.outcome.message.find("Service data/web (LoadBalancer) port 443"), std::string::npos);
  EXPECT_NE(reviewed.outcome.message.find("fix: "), std::string::npos);
}

std::string check_review(const std::string& name, bool dry_run) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1",)"
         R"("operation":"CREATE","kind":{"group":"","version":"v1","kind":"PodTemplate"},)"
         R"("resource":{"group":"","version":"v1","resource":"podtemplates"},"namespace":"default","name":")" +
         name + R"(","dryRun":)" + (dry_run ? "true" : "false") +
         R"(,"userInfo":{"username":"ann"},"object":{"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":")" +
         name + R"(","namespace":"default"},"template":{"spec":{"containers":[{"name":"none"}]}}}}})";
}

// `berth check webhook`.
TEST(Review, RefusesTheDryRunOfACheckInWordsThatOnlyTheWebhookSays) {
  const exposure::FactIndex no_policies;
  const auto checked = review(check_review(kCheckName, true), &no_policies, kNow);
  EXPECT_FALSE(checked.outcome.allowed);
  EXPECT_TRUE(checked.understood);
  EXPECT_EQ(checked.outcome.message, std::string(kCheckAnswer) + kVersion);
  EXPECT_TRUE(review(check_review(kCheckName, false), &no_policies, kNow).outcome.allowed) << "no dry run";
  EXPECT_TRUE(review(check_review("web", true), &no_policies, kNow).outcome.allowed) << "another name";
  const auto early = review(check_review(kCheckName, true), nullptr, kNow);
  EXPECT_EQ(early.outcome.message.find(kCheckAnswer), std::string::npos)
      << "who has not read the cluster does not work yet";
}

// exposure.md row 60.
TEST(Review, Row60_JudgesOtherLabelsOfANamespaceAndNamesTheFieldThatCannotBeRead) {
  ExposurePolicy policy;
  policy.meta.name = "prod";
  policy.spec.namespace_selector.match_labels = {{"env", "prod"}};
  exposure::FactIndex index;
  index.put(std::make_shared<const ExposurePolicy>(policy));
  const auto relabelled = [&](const std::string& old_labels, const std::string& labels,
                              const std::string& more = "") {
    const auto object = [](const std::string& of, const std::string& rest) {
      return R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"data","labels":)" + of + rest +
             "}}";
    };
    return review(review_of(R"({"group":"","version":"v1","kind":"Namespace"})",
                            R"({"group":"","version":"v1","resource":"namespaces"})", object(labels, more),
                            "UPDATE", object(old_labels, "")),
                  &index, kNow);
  };
  const std::string prod = R"({"env":"prod"})";
  const auto left = relabelled(prod, "{}");
  EXPECT_TRUE(left.outcome.allowed);
  EXPECT_EQ(left.outcome.warnings.size(), 1U);
  EXPECT_TRUE(relabelled("{}", prod).outcome.warnings.empty());
  EXPECT_TRUE(
      relabelled(prod, "{}", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")").outcome.warnings.empty());
  const auto broken = relabelled(prod, "7");
  EXPECT_FALSE(broken.outcome.allowed);
  EXPECT_NE(broken.outcome.message.find("metadata.labels"), std::string::npos) << broken.outcome.message;
}

TEST(Review, AdmitsWhatStaysInside) {
  const auto index = facts();
  const auto reviewed =
      review(service_review(service("ClusterIP", R"({"port":5432,"targetPort":5432})")), &index, kNow);
  EXPECT_TRUE(reviewed.outcome.allowed) << reviewed.outcome.message;
  EXPECT_NE(reviewed.answer.find(R"("allowed":true)"), std::string::npos);
}

TEST(Review, AdmitsAnUpdateThatAddsNothing) {
  const auto index = facts();
  const std::string exposed = service("LoadBalancer", R"({"port":443,"targetPort":5432})");
  EXPECT_TRUE(review(service_review(exposed, "UPDATE", exposed), &index, kNow).outcome.allowed);
  const std::string inside = service("ClusterIP", R"({"port":443,"targetPort":5432})");
  EXPECT_FALSE(review(service_review(exposed, "UPDATE", inside), &index, kNow).outcome.allowed);
}

TEST(Review, JudgesAConfigMapByTheStreamsItForwards) {
  const auto index = facts();
  const auto answer_of = [&](const std::string& data) {
    return review(review_of(R"({"group":"","version":"v1","kind":"ConfigMap"})",
                            R"({"group":"","version":"v1","resource":"configmaps"})",
                            R"({"metadata":{"name":"tcp","namespace":"nginx"},"data":)" + data + "}"),
                  &index, kNow);
  };
  const auto denied = answer_of(R"({"9000":"data/db:5432"})");
  EXPECT_FALSE(denied.outcome.allowed);
  EXPECT_NE(denied.outcome.message.find("ConfigMap nginx/tcp key 9000 -> Service data/db port 5432"),
            std::string::npos)
      << denied.outcome.message;
  EXPECT_TRUE(answer_of(R"({"9000":"yes","note":"data/db:5432"})").outcome.allowed);
  EXPECT_FALSE(answer_of(R"({"9000":5432})").understood);
}

std::string custom_review(const std::string& group, const std::string& kind, const std::string& spec) {
  return review_of(R"({"group":")" + group + R"(","version":"v1","kind":")" + kind + R"("})",
                   R"({"group":")" + group + R"(","version":"v1","resource":"any"})",
                   R"({"metadata":{"name":"web","namespace":"data"},"spec":)" + spec + "}");
}

TEST(Review, JudgesKindsThatAnAdapterReads) {
  const auto index = facts();
  const auto answer_of = [&](const char* group, const char* kind, const char* spec) {
    return review(custom_review(group, kind, spec), &index, kNow);
  };
  const auto route =
      answer_of("traefik.io", "IngressRouteTCP", R"({"routes":[{"services":[{"name":"db","port":5432}]}]})");
  EXPECT_FALSE(route.outcome.allowed);
  EXPECT_NE(
      route.outcome.message.find("IngressRouteTCP data/web spec.routes[].services[] -> Service data/db"),
      std::string::npos)
      << route.outcome.message;
  EXPECT_NE(route.outcome.message.find("fix: remove spec.routes[].services[] from IngressRouteTCP data/web"),
            std::string::npos)
      << route.outcome.message;
  const auto rollout = answer_of("argoproj.io", "Rollout",
                                 R"({"template":{"spec":{"containers":[{"name":"c","image":"i",
                                     "ports":[{"containerPort":5432,"hostPort":15432}]}]}}})");
  EXPECT_FALSE(rollout.outcome.allowed);
  const auto unreadable = answer_of("argoproj.io", "Rollout", R"({"template":{"spec":{"containers":5}}})");
  EXPECT_FALSE(unreadable.understood);
  EXPECT_NE(unreadable.outcome.message.find("spec.template.spec.containers"), std::string::npos)
      << unreadable.outcome.message;
  EXPECT_FALSE(answer_of("example.org", "Door", "{}").understood);
}

TEST(Review, FollowsABackendThatARouteNames) {
  auto index = facts();
  Service db;
  db.meta = {.name = "db", .ns = "data"};
  db.ports.resize(1);
  db.ports[0].port = 5432;
  index.put(std::make_shared<const Service>(db));
  const auto route =
      review(review_of(R"({"group":"gateway.networking.k8s.io","version":"v1","kind":"HTTPRoute"})",
                       R"({"group":"gateway.networking.k8s.io","version":"v1","resource":"httproutes"})",
                       R"({"kind":"HTTPRoute","metadata":{"name":"front","namespace":"data"},"spec":{
                    "parentRefs":[{"name":"edge"}],"rules":[{"backendRefs":[
                        {"group":"gateway.envoyproxy.io","kind":"Backend","name":"web"}]}]}})"),
             &index, kNow);
  EXPECT_EQ(route.decision, Decision::kUnknown) << route.outcome.message;

  Route known;
  known.kind = "HTTPRoute";
  known.meta = {.name = "front", .ns = "data"};
  known.parents.resize(1);
  known.parents[0].name = "edge";
  known.rules.resize(1);
  known.rules[0].backends.resize(1);
  known.rules[0].backends[0].reference = {"gateway.envoyproxy.io", "Backend", "", "web", 0};
  index.put(std::make_shared<const Entrance>(exposure::entrance_of(known)));
  const auto backend_at = [&](const char* host) {
    return review(
        custom_review(
            "gateway.envoyproxy.io", "Backend",
            (std::string(R"({"endpoints":[{"fqdn":{"hostname":")") + host + R"(","port":5432}}]})").c_str()),
        &index, kNow);
  };
  const auto inside = backend_at("db.data.svc");
  EXPECT_FALSE(inside.outcome.allowed);
  EXPECT_NE(inside.outcome.message.find("HTTPRoute data/front (every host) at Gateway data/edge -> Backend "
                                        "data/web (db.data.svc:5432) -> Service data/db port 5432"),
            std::string::npos)
      << inside.outcome.message;
  EXPECT_TRUE(backend_at("db.example.org").outcome.allowed);
}

// Row 58.
TEST(Review, JudgesSetsOfNetworksThatAPolicyLetsIn) {
  auto index = facts();
  Workload pg;
  pg.kind = "StatefulSet";
  pg.meta = {.name = "pg", .ns = "data"};
  pg.pod.containers.resize(1);
  pg.pod.containers[0].name = "main";
  pg.pod.containers[0].ports.resize(1);
  pg.pod.containers[0].ports[0].container_port = 5432;
  index.put(std::make_shared<const Workload>(pg));
  const auto policy = [&](const std::string& selector) {
    const std::string spec =
        R"({"ingress":[{"action":"Allow","source":{"selector":")" + selector + R"("}}]})";
    return review(custom_review("projectcalico.org", "NetworkPolicy", spec), &index, kNow);
  };
  NetworkSet known;
  known.kind = "NetworkSet";
  known.meta = {.name = "partners", .ns = "data", .labels = {{"role", "vpn"}}};
  known.networks = {"203.0.113.0/24"};
  index.put(std::make_shared<const NetworkSet>(known));
  EXPECT_TRUE(policy("role == 'web'").outcome.allowed);
  const auto denied = policy("role == 'vpn'");
  EXPECT_FALSE(denied.outcome.allowed);
  EXPECT_NE(
      denied.outcome.message.find("from NetworkSet data/partners (203.0.113.0/24) -> StatefulSet data/pg"),
      std::string::npos)
      << denied.outcome.message;
}

TEST(Review, JudgesKindsOfAnotherTable) {
  const auto index = facts();
  const auto table = adapters::Table::parse(
      "version: 1\nadapters:\n"
      "  - {group: example.org, kind: Door, plural: doors, versions: [v1], leadsTo: [{service: spec.to}]}\n");
  ASSERT_TRUE(table.ok());
  const std::string text = custom_review("example.org", "Door", R"({"to":"db"})");
  const auto reviewed = review(text, &index, kNow, nullptr, *table);
  EXPECT_TRUE(reviewed.understood);
  EXPECT_EQ(reviewed.decision, Decision::kUnknown) << reviewed.outcome.message;
}

TEST(Review, JudgesSlicesAndEndpoints) {
  auto index = facts();
  Service open;
  open.meta.ns = "data";
  open.meta.name = "web";
  open.type = "LoadBalancer";
  open.ports.resize(1);
  open.ports[0].port = 443;
  index.put(std::make_shared<const Service>(open));
  const auto slice = review(
      review_of(
          R"({"group":"discovery.k8s.io","version":"v1","kind":"EndpointSlice"})",
          R"({"group":"discovery.k8s.io","version":"v1","resource":"endpointslices"})",
          R"({"kind":"EndpointSlice","metadata":{"name":"s","namespace":"data","labels":{"kubernetes.io/service-name":"web",
                    "endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"}},
                    "addressType":"IPv4","endpoints":[{"addresses":["10.0.0.7"]}],"ports":[{"port":5432}]})"),
      &index, kNow);
  EXPECT_FALSE(slice.outcome.allowed);
  const auto endpoints = review(review_of(R"({"group":"","version":"v1","kind":"Endpoints"})",
                                          R"({"group":"","version":"v1","resource":"endpoints"})",
                                          R"({"kind":"Endpoints","metadata":{"name":"web","namespace":"data"},
                    "subsets":[{"addresses":[{"ip":"10.0.0.7"}],"ports":[{"port":5432}]}]})"),
                                &index, kNow);
  EXPECT_FALSE(endpoints.outcome.allowed);
  EXPECT_NE(endpoints.outcome.message.find("Endpoints data/web (10.0.0.7) port 5432"), std::string::npos)
      << endpoints.outcome.message;
}

std::string policy_review(const std::string& operation, const std::string& object,
                          const std::string& old_object) {
  return review_of(R"({"group":"networking.k8s.io","version":"v1","kind":"NetworkPolicy"})",
                   R"({"group":"networking.k8s.io","version":"v1","resource":"networkpolicies"})", object,
                   operation, old_object);
}

Workload database() {
  Workload pods;
  pods.kind = "StatefulSet";
  pods.meta.ns = "data";
  pods.meta.name = "pg";
  pods.pod.containers.emplace_back();
  pods.pod.containers[0].name = "postgres";
  pods.pod.containers[0].ports.emplace_back();
  pods.pod.containers[0].ports[0].container_port = 5432;
  return pods;
}

TEST(Review, JudgesNetworkPoliciesWhenTheyComeAndWhenTheyGo) {
  auto index = facts();
  index.put(std::make_shared<const Workload>(database()));
  const auto policy = [](const std::string& ingress) {
    return R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"web","namespace":"data"},)"
           R"("spec":{"podSelector":{},"policyTypes":["Ingress"],"ingress":[)" +
           ingress + "]}}";
  };
  const auto opened = review(
      policy_review("CREATE", policy(R"({"ports":[{"port":"pg"},{"port":5000,"endPort":6000}]})"), "null"),
      &index, kNow);
  EXPECT_FALSE(opened.outcome.allowed);
  EXPECT_NE(opened.outcome.message.find("NetworkPolicy data/web from everywhere -> StatefulSet data/pg"),
            std::string::npos)
      << opened.outcome.message;
  const auto gone = review(policy_review("DELETE", "null", policy("")), &index, kNow);
  EXPECT_TRUE(gone.outcome.allowed);
  ASSERT_EQ(gone.outcome.warnings.size(), 1U);
  EXPECT_NE(gone.outcome.warnings[0].find("no longer isolates StatefulSet data/pg"), std::string::npos)
      << gone.outcome.warnings[0];
}

TEST(Review, JudgesThePoliciesOfOthersAsTheyAreWritten) {
  auto index = facts();
  const auto cilium = [&](const std::string& ingress) {
    return review(
        review_of(
            R"({"group":"cilium.io","version":"v2","kind":"CiliumNetworkPolicy"})",
            R"({"group":"cilium.io","version":"v2","resource":"ciliumnetworkpolicies"})",
            R"({"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"web","namespace":"data"},)"
            R"("spec":{"endpointSelector":{},"ingress":[)" +
                ingress + "]}}"),
        &index, kNow);
  };
  const auto denied =
      cilium(R"({"fromEntities":["world"],"toPorts":[{"ports":[{"port":"5432","protocol":"TCP"}]}]})");
  EXPECT_FALSE(denied.outcome.allowed);
  EXPECT_NE(denied.outcome.message.find("CiliumNetworkPolicy data/web from everywhere -> port 5432"),
            std::string::npos)
      << denied.outcome.message;
  EXPECT_TRUE(cilium(R"({"fromEndpoints":[{}],"toPorts":[{"ports":[{"port":"5432"}]}]})").outcome.allowed);

  const auto calico = [&] {
    return review(
        review_of(
            R"({"group":"crd.projectcalico.org","version":"v1","kind":"GlobalNetworkPolicy"})",
            R"({"group":"crd.projectcalico.org","version":"v1","resource":"globalnetworkpolicies"})",
            R"({"apiVersion":"crd.projectcalico.org/v1","kind":"GlobalNetworkPolicy","metadata":{"name":"open"},)"
            R"("spec":{"selector":"app != 'x'","ingress":[{"action":"Allow","source":{"nets":["11.0.0.0/8"]}}]}})"),
        &index, kNow);
  };
  EXPECT_TRUE(calico().outcome.allowed) << "of every namespace, and nobody is there yet";
  index.put(std::make_shared<const Workload>(database()));
  EXPECT_NE(calico().outcome.message.find(
                "GlobalNetworkPolicy.crd.projectcalico.org open from 11.0.0.0/8 -> StatefulSet"),
            std::string::npos)
      << calico().outcome.message;
}

std::string connect_review(const std::string& resource, const std::string& sub_resource,
                           const std::string& name, const std::string& options) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1",)"
         R"("operation":"CONNECT","kind":{"group":"","version":"v1","kind":"AnyOptions"},)"
         R"("resource":{"group":"","version":"v1","resource":")" +
         resource + R"("},"subResource":")" + sub_resource + R"(","namespace":"data","name":")" + name +
         R"(","userInfo":{"username":"ann"},"object":)" + options + "}}";
}

TEST(Review, Row75_JudgesConnectionsThroughTheApiServer) {
  auto index = facts();
  Workload pod;
  pod.api_version = "v1";
  pod.kind = "Pod";
  pod.meta.ns = "data";
  pod.meta.name = "db-0";
  pod.pod.containers.resize(1);
  pod.pod.containers[0].name = "postgres";
  pod.pod.containers[0].ports.resize(1);
  pod.pod.containers[0].ports[0].container_port = 5432;
  index.put(std::make_shared<const Workload>(pod));
  const auto said = [&](const char* resource, const char* sub_resource, const char* name,
                        const char* options = "{}") {
    return review(connect_review(resource, sub_resource, name, options), &index, kNow);
  };
  const auto untold = said("pods", "portforward", "db-0", R"({"kind":"PodPortForwardOptions"})");
  EXPECT_FALSE(untold.outcome.allowed);
  EXPECT_TRUE(untold.understood);
  EXPECT_EQ(untold.decision, Decision::kDeny);
  EXPECT_EQ(untold.resource, "pods/portforward");
  EXPECT_NE(untold.outcome.message.find("kubectl port-forward to Pod data/db-0 port 5432"), std::string::npos)
      << untold.outcome.message;
  EXPECT_NE(untold.outcome.message.find("fix: connect from a pod of the cluster"), std::string::npos);
  EXPECT_FALSE(said("pods", "portforward", "db-0", R"({"ports":[5432]})").outcome.allowed);
  EXPECT_TRUE(said("pods", "portforward", "db-0", R"({"ports":[8443]})").outcome.allowed);
  EXPECT_FALSE(said("pods", "portforward", "db-0", "null").outcome.allowed);
  EXPECT_FALSE(said("pods", "proxy", "http:db-0:5432", R"({"path":"/"})").outcome.allowed);
  EXPECT_TRUE(said("pods", "proxy", "db-0:8443").outcome.allowed);
  const auto service = said("services", "proxy", "db:5432");
  EXPECT_EQ(service.decision, Decision::kUnknown) << service.outcome.message;  // there is no such Service

  const auto unreadable = said("pods", "portforward", "db-0", R"({"ports":["5432"]})");
  EXPECT_FALSE(unreadable.understood);
  EXPECT_NE(unreadable.outcome.message.find("request.object.ports[0]"), std::string::npos)
      << unreadable.outcome.message;
  const auto nameless = said("services", "proxy", "gopher:db:70");
  EXPECT_FALSE(nameless.understood);
  EXPECT_NE(nameless.outcome.message.find("request.name"), std::string::npos) << nameless.outcome.message;
  for (const auto& [resource, sub_resource] :
       {std::pair("pods", "exec"), {"pods", "attach"}, {"nodes", "proxy"}, {"services", ""}}) {
    const auto other = said(resource, sub_resource, "db-0");
    EXPECT_FALSE(other.understood) << resource;
    EXPECT_NE(other.outcome.message.find("is not an operation this webhook judges"), std::string::npos)
        << other.outcome.message;
  }
}

TEST(Review, Row71_DeniesEverythingUntilTheClusterIsRead) {
  const auto reviewed = review(service_review(service("ClusterIP", R"({"port":80})")), nullptr, kNow);
  EXPECT_FALSE(reviewed.outcome.allowed);
  EXPECT_NE(reviewed.outcome.message.find("try again"), std::string::npos);
}

}  // namespace
}  // namespace berth::webhook
