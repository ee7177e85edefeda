// The lint command on the kinds that lead out of a cluster besides Services, Ingresses and pods.
#include <gtest/gtest.h>

#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::Files;
using testing::kPolicy;
using testing::Ran;
using testing::service;

std::string streams(const std::string& data) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tcp-services, namespace: nginx}\ndata: " + data +
         "\n---\n";
}

TEST(Lint, JudgesTheStreamsThatAConfigMapForwards) {
  const std::string db = service("{selector: {app: db}, ports: [{port: 5432}]}", "db");
  const Ran denied = berth({"lint", "-"}, kPolicy + db + streams("{9000: \"data/db:5432\"}"));
  EXPECT_EQ(denied.code, kDenied) << denied.err;
  EXPECT_NE(
      denied.out.find(
          "fix:  remove key 9000 from ConfigMap nginx/tcp-services, or ask for an exception (kubectl berth"),
      std::string::npos)
      << denied.out;
  const Ran other = berth({"lint", "-"}, kPolicy + db + streams("{DATABASE: \"data/db:5432\"}"));
  EXPECT_EQ(other.code, kClean) << other.err;
  EXPECT_NE(other.out.find("1 object judged: 0 denied, 0 unknown, 0 warned, 1 allowed; 2 objects of kinds"),
            std::string::npos)
      << other.out;
}

std::string slice(const std::string& labels, const std::string& number) {
  return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-1, namespace: data, "
         "labels: {" +
         labels +
         "kubernetes.io/service-name: web}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.7]}]\n" +
         "ports: [{port: " + number + "}]\n---\n";
}
const std::string kOfTheCluster = "endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io, ";

TEST(Lint, FollowsSlicesThatSomebodyWroteByHand) {
  const std::string open = service("{type: LoadBalancer, ports: [{port: 443}]}");
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + open + slice("", "8443")).code, kClean);
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + open + slice("", "5432")).code, kDenied);
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + open + slice(kOfTheCluster, "5432")).code, kDenied)
      << "a file is written by hand, whatever its labels say";
}

// A route at a Gateway, both of namespace data, that names Backend pg.
const std::string kRouteToABackend =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: data}\n"
    "spec: {gatewayClassName: x, listeners: [{name: https, port: 443, protocol: HTTPS}]}\n---\n"
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: front, namespace: data}\n"
    "spec:\n  parentRefs: [{name: edge}]\n  rules:\n"
    "  - backendRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: pg}]\n---\n";

std::string backend_at(const std::string& host) {
  return "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: Backend\nmetadata: {name: pg, namespace: data}\n"
         "spec: {endpoints: [{fqdn: {hostname: " +
         host + ", port: 5432}}]}\n---\n";
}

TEST(Lint, FollowsABackendThatARouteNames) {
  const std::string db = service("{selector: {app: db}, ports: [{port: 5432}]}", "db");
  const Ran inside = berth({"lint", "-"}, kPolicy + db + kRouteToABackend + backend_at("db.data.svc"));
  EXPECT_EQ(inside.code, kDenied) << inside.err;
  EXPECT_NE(inside.out.find("-> Backend data/pg (db.data.svc:5432) -> Service data/db port 5432"),
            std::string::npos)
      << inside.out;
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + db + kRouteToABackend + backend_at("db.example.org")).code,
            kClean);
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + db + backend_at("db.data.svc")).code, kClean) << "nobody names it";
}

// The pods move with the change, and so will the slices of the cluster.
TEST(LintWith, TakesNoNoticeOfTheSlicesThatTheClusterKeeps) {
  Files files;
  const std::string cluster = files.add("cluster.yaml", slice(kOfTheCluster, "5432"));
  const std::string open = service("{type: LoadBalancer, selector: {app: web}, ports: [{port: 443}]}");
  EXPECT_EQ(berth({"lint", "--with", cluster, "-"}, kPolicy + open).code, kClean);
}

std::string route_tcp() {
  return "apiVersion: traefik.io/v1alpha1\nkind: IngressRouteTCP\nmetadata: {name: front, namespace: data}\n"
         "spec: {routes: [{services: [{name: db, port: 5432}]}]}\n---\n";
}

TEST(Lint, FollowsKindsThatAnAdapterReads) {
  const std::string db = service("{selector: {app: db}, ports: [{port: 5432}]}", "db");
  const Ran denied = berth({"lint", "-"}, kPolicy + db + route_tcp());
  EXPECT_EQ(denied.code, kDenied) << denied.err;
  EXPECT_NE(denied.out.find("IngressRouteTCP data/front"), std::string::npos) << denied.out;
}

std::string api_service(const std::string& reference) {
  return "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.db.example.org}\n"
         "spec: {group: db.example.org, version: v1, groupPriorityMinimum: 100, versionPriority: 100, "
         "service: " +
         reference + "}\n---\n";
}

// exposure.md row 75
TEST(Lint, JudgesWhatTheApiServerIsToldToConnectTo) {
  const std::string db = service(
      "{selector: {app: db}, ports: [{name: a, port: 5432}, {name: b, port: 443, targetPort: 10250}]}", "db");
  const Ran denied =
      berth({"lint", "-"}, kPolicy + db + api_service("{namespace: data, name: db, port: 5432}"));
  EXPECT_EQ(denied.code, kDenied) << denied.err;
  EXPECT_NE(denied.out.find("APIService v1.db.example.org spec.service -> Service data/db port 5432"),
            std::string::npos)
      << denied.out;
  EXPECT_NE(denied.out.find("would be reachable through the API server"), std::string::npos) << denied.out;
  EXPECT_NE(denied.out.find("fix:  remove spec.service from APIService v1.db.example.org"), std::string::npos)
      << denied.out;
  // What a file does not say is 443; only internal numbers are refused, whatever else is not declared.
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + db + api_service("{namespace: data, name: db}")).code, kClean);
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + db + api_service("{namespace: data, name: db, port: 7000}")).code,
            kClean);
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + api_service("null")).code, kClean);
}

TEST(Lint, JudgesWebhookConfigurationsWhichNoWebhookSees) {
  const std::string hook = service("{selector: {app: hook}, ports: [{port: 443, targetPort: 9443}]}", "hook");
  const auto configuration = [](const std::string& port) {
    return "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\n"
           "metadata: {name: hooks}\nwebhooks: [{name: a.example.org, sideEffects: None, "
           "admissionReviewVersions: "
           "[v1], clientConfig: {service: {namespace: data, name: hook" +
           port + "}}}]\n---\n";
  };
  const Ran denied = berth({"lint", "-"}, kPolicy + hook + configuration(", port: 5432"));
  EXPECT_EQ(denied.code, kDenied) << denied.err;
  EXPECT_NE(denied.out.find("ValidatingWebhookConfiguration hooks webhooks[].clientConfig.service -> Service "
                            "data/hook port 5432"),
            std::string::npos)
      << denied.out;
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + hook + configuration("")).code, kClean);
}

TEST(Lint, JudgesAKindThatNobodyKnowsByTheLookOfItsPodTemplates) {
  const auto robot = [](const std::string& port) {
    return "apiVersion: example.org/v1\nkind: Service\nmetadata: {name: web, namespace: data}\n"
           "spec: {arms: [{template: {metadata: {labels: {app: pg}}, spec: {containers: [{name: c, image: i, "
           "ports: [" +
           port + "]}]}}}]}\n---\n";
  };
  const std::string inside = service("{selector: {app: web}, ports: [{port: 443}]}");
  const Ran denied = berth({"lint", "-"}, kPolicy + inside + robot("{containerPort: 5432, hostPort: 15432}"));
  EXPECT_EQ(denied.code, kDenied) << denied.err;
  EXPECT_NE(denied.out.find("Service.example.org data/web container c hostPort 15432 -> port 5432"),
            std::string::npos)
      << denied.out;
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + robot("{containerPort: 5432}")).code, kClean);
  const std::string no_pods =
      "apiVersion: example.org/v1\nkind: Robot\nmetadata: {name: r}\n"
      "spec: {containers: [{name: box, size: 3}], template: {spec: {containers: []}}}\n---\n";
  const Ran other = berth({"lint", "-"}, kPolicy + no_pods);
  EXPECT_EQ(other.code, kClean) << other.err;
  EXPECT_NE(other.out.find("0 objects judged"), std::string::npos) << other.out;
}

TEST(LintAdapters, ReadFurtherKinds) {
  Files files;
  const std::string table = files.add("adapters.yaml",
                                      "version: 1\nadapters:\n- {group: example.org, kind: Door, plural: "
                                      "doors, versions: [v1], via: Gateway,\n"
                                      "   leadsTo: [{service: spec.to, port: spec.port}]}\n");
  const std::string door =
      "apiVersion: example.org/v1\nkind: Door\nmetadata: {name: d, namespace: data}\n"
      "spec: {to: db, port: 5432}\n---\n";
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + door).code, kClean);
  EXPECT_EQ(berth({"lint", "--adapters", table, "-"}, kPolicy + door).code, kDenied);
  const Ran still = berth({"lint", "--adapters", table, "-"}, kPolicy + route_tcp());
  EXPECT_EQ(still.code, kDenied) << "Berth's own stay";
}

TEST(LintAdapters, AreRefusedWithTheFieldThatIsWrong) {
  Files files;
  const std::string table = files.add("adapters.yaml", "version: 1\nadapters: [{group: example.org}]\n");
  const Ran refused = berth({"lint", "--adapters", table, "-"}, kPolicy + route_tcp());
  EXPECT_EQ(refused.code, kUnreadable);
  EXPECT_NE(refused.err.find("adapters.yaml: error: adapters[0].kind: is needed"), std::string::npos)
      << refused.err;
}

const std::string kGateway =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: data}\n"
    "spec: {gatewayClassName: example, listeners: [{name: https, port: 443, protocol: HTTPS}]}\n---\n";

std::string http_route(const std::string& version) {
  return "apiVersion: gateway.networking.k8s.io/" + version +
         "\nkind: HTTPRoute\nmetadata: {name: front, namespace: data}\n"
         "spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: db, port: 5432}]}]}\n---\n";
}

TEST(Lint, FollowsRoutesFromTheListenersThatTakeThem) {
  const std::string db = service("{selector: {app: db}, ports: [{port: 5432}]}", "db");
  for (const char* version : {"v1", "v1beta1", "v1alpha2"}) {
    const Ran denied = berth({"lint", "-"}, kPolicy + db + kGateway + http_route(version));
    EXPECT_EQ(denied.code, kDenied) << denied.err;
    EXPECT_NE(denied.out.find("HTTPRoute data/front (every host) at Gateway data/edge port 443 -> Service "
                              "data/db port 5432"),
              std::string::npos)
        << denied.out;
    EXPECT_NE(denied.out.find("fix:  take that backend out of HTTPRoute data/front"), std::string::npos)
        << denied.out;
  }
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + db + kGateway).code, kClean);
}

std::string policy_of(const std::string& kind, const std::string& spec) {
  const std::string group = kind.starts_with("Cilium") ? "cilium.io/v2" : "projectcalico.org/v3";
  return "apiVersion: " + group + "\nkind: " + kind +
         "\nmetadata: {name: open, namespace: data}\nspec: " + spec + "\n---\n";
}

struct PolicySample {
  const char* kind;
  const char* spec;
  const char* denied;  // "": it passes
};

// On a database whose pods have the label app=db, and a web server beside it.
const PolicySample kPolicies[] = {
    {"CiliumNetworkPolicy", R"({endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEntities: [world],
       toPorts: [{ports: [{port: "5432"}]}]}]})",
     "CiliumNetworkPolicy data/open from everywhere -> Deployment data/db container c port 5432"},
    {"CiliumNetworkPolicy", R"({endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 11.0.0.0/8}]}]})",
     "CiliumNetworkPolicy data/open from 11.0.0.0/8 -> Deployment data/db container c port 5432"},
    {"CiliumNetworkPolicy", R"({endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: pg}]}]}]})",
     "CiliumNetworkPolicy data/open from everywhere -> Deployment data/db container c port 5432"},
    {"CiliumNetworkPolicy", R"({endpointSelector: {}, ingress: [{fromEndpoints: [{}]}, {}]})", ""},
    {"CiliumNetworkPolicy", R"({endpointSelector: {}, ingress: [{fromEntities: [all]}],
       ingressDeny: [{fromEntities: [world], toPorts: [{ports: [{port: "5432", protocol: TCP}]}]}]})",
     ""},
    {"CiliumNetworkPolicy", R"({endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEntities: [world],
       toPorts: [{ports: [{port: https}]}]}]})",
     ""},
    {"CiliumClusterwideNetworkPolicy", R"({endpointSelector: {matchLabels: {app: db}}, ingress: [{fromCIDRSet:
       [{cidrGroupSelector: {}}]}]})",
     "CiliumClusterwideNetworkPolicy open from CiliumCIDRGroups -> Deployment data/db container c"},
    {"CiliumClusterwideNetworkPolicy", R"({endpointSelector: {matchLabels: {app: db}}, ingress: [{fromCIDRSet:
       [{cidrGroupRef: partners}]}]})",
     ""},
    {"NetworkPolicy", R"({selector: app == 'db', ingress: [{action: Allow, protocol: TCP,
       source: {nets: [11.0.0.0/8]}, destination: {ports: ['5000:6000']}}]})",
     "NetworkPolicy.projectcalico.org data/open from 11.0.0.0/8 -> Deployment data/db container c port 5432"},
    {"NetworkPolicy", R"({ingress: [{action: Allow, source: {selector: app == 'web'}}]})", ""},
    {"NetworkPolicy", R"({ingress: [{action: Deny, destination: {ports: [5432]}}, {action: Allow}]})", ""},
    {"NetworkPolicy", R"({ingress: [{action: Allow}, {action: Deny}]})",
     "NetworkPolicy.projectcalico.org data/open from everywhere -> Deployment data/db container c port 5432"},
    {"NetworkPolicy", R"({selector: "app in {'web'}", ingress: [{action: Allow}]})", ""},
    {"GlobalNetworkPolicy", R"({selector: app != 'web', ingress: [{action: Allow, protocol: 6}]})",
     "GlobalNetworkPolicy open from everywhere -> Deployment data/db container c port 5432"},
    {"GlobalNetworkPolicy", R"({types: [Egress], ingress: [{action: Allow}]})", ""},
};

std::string pods(const std::string& name, const std::string& port) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
         ", namespace: data}\nspec: {selector: {matchLabels: {app: " + name +
         "}}, template: {metadata: {labels: {app: " + name +
         "}}, spec: {containers: [{name: c, image: i, ports: [" + port + "]}]}}}\n---\n";
}

TEST(Lint, JudgesWhomThePoliciesOfOthersLetIn) {
  const std::string there = kPolicy + pods("db", "{name: pg, containerPort: 5432}") +
                            pods("web", "{name: https, containerPort: 8443}");
  for (const PolicySample& sample : kPolicies) {
    const Ran ran = berth({"lint", "-"}, there + policy_of(sample.kind, sample.spec));
    const std::string denied = sample.denied;
    EXPECT_EQ(ran.code, denied.empty() ? kClean : kDenied)
        << sample.kind << sample.spec << ran.out << ran.err;
    EXPECT_NE(ran.out.find(denied), std::string::npos) << sample.spec << ran.out;
  }
}

struct SetSample {
  std::string policy;
  std::string set;
  std::string denied;  // "": it passes
};

std::string set_of(const std::string& kind, const std::string& ns, const std::string& spec) {
  const std::string group = kind.starts_with("Cilium") ? "cilium.io/v2" : "projectcalico.org/v3";
  return "apiVersion: " + group + "\nkind: " + kind + "\nmetadata: {name: partners, labels: {role: vpn}" +
         (ns.empty() ? "" : ", namespace: " + ns) + "}\nspec: " + spec + "\n---\n";
}

// Row 58: whichever of the two is judged, and whichever is there.
TEST(Lint, JudgesPoliciesByTheSetsOfNetworksThatTheyLetIn) {
  const std::string calico =
      policy_of("NetworkPolicy", "{ingress: [{action: Allow, source: {selector: role == 'vpn'}}]}");
  const std::string of_the_cluster =
      policy_of("GlobalNetworkPolicy", "{ingress: [{action: Allow, source: {selector: role == 'vpn'}}]}");
  const std::string cilium = policy_of(
      "CiliumNetworkPolicy", "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: partners}]}]}");
  const std::string by_labels =
      policy_of("CiliumNetworkPolicy",
                "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupSelector: "
                "{matchLabels: {role: vpn}}, except: [203.0.113.0/25]}]}]}");
  const std::string outside = "{nets: [203.0.113.0/24]}";
  const std::string cidrs = "{externalCIDRs: [203.0.113.0/24]}";
  const std::string db = " -> Deployment data/db container c port 5432";
  const SetSample samples[] = {
      {calico, set_of("NetworkSet", "data", outside),
       "NetworkPolicy.projectcalico.org data/open from NetworkSet data/partners (203.0.113.0/24)" + db},
      {calico, set_of("NetworkSet", "data", "{nets: [10.0.0.0/8]}"), ""},
      {calico, set_of("NetworkSet", "web", outside), ""},
      {calico, set_of("GlobalNetworkSet", "", outside), ""},
      {of_the_cluster, set_of("GlobalNetworkSet", "", outside),
       "GlobalNetworkPolicy open from GlobalNetworkSet partners (203.0.113.0/24)" + db},
      {of_the_cluster, set_of("NetworkSet", "web", outside),
       "GlobalNetworkPolicy open from NetworkSet web/partners (203.0.113.0/24)" + db},
      {cilium, set_of("CiliumCIDRGroup", "", cidrs),
       "CiliumNetworkPolicy data/open from CiliumCIDRGroup partners (203.0.113.0/24)" + db},
      {by_labels, set_of("CiliumCIDRGroup", "", cidrs),
       "CiliumNetworkPolicy data/open from CiliumCIDRGroup partners (203.0.113.128/25)" + db},
      {cilium, set_of("GlobalNetworkSet", "", outside), ""},
      {of_the_cluster, set_of("CiliumCIDRGroup", "", cidrs), ""},
  };
  const std::string there = kPolicy + pods("db", "{name: pg, containerPort: 5432}");
  for (const SetSample& sample : samples) {
    for (const bool policy_first : {true, false}) {
      const std::string& first = policy_first ? sample.policy : sample.set;
      const std::string& second = policy_first ? sample.set : sample.policy;
      const Ran ran = berth({"lint", "-"}, there + first + second);
      EXPECT_EQ(ran.code, sample.denied.empty() ? kClean : kDenied) << first << second << ran.out << ran.err;
      EXPECT_NE(ran.out.find(sample.denied), std::string::npos) << first << second << ran.out;
    }
  }
}

}  // namespace
}  // namespace berth::cli
