// The words people read, one golden text per reason and per way (conventions.md P35).
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::update;

constexpr char kException[] = "ask for an exception (kubectl berth explain --exception)";
constexpr char kInternal[] =
    "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be reachable from outside "
    "the "
    "cluster";

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

// One paragraph of a denial.
std::string denial(const std::string& message, const std::string& path, const std::string& fix) {
  return "\n  " + message + ":\n    " + path + "\n  fix: " + fix;
}

std::string told(const World& world, Judged object) {
  return outcome(create(world, std::move(object))).message;
}

TEST(DenialText, ReadsAsTheApiReferenceShows) {
  World world(control_plane());
  Workload pg = workload("StatefulSet", "pg", {container_port(5432, "pg")});
  pg.pod.containers.front().name = "postgres";
  world.add(pg);
  EXPECT_EQ(
      told(world, load_balancer({port(443, name_of("pg"))})),
      "\n  port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be reachable from "
      "outside "
      "the cluster:"
      "\n    Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> StatefulSet data/pg container "
      "postgres port 5432"
      "\n  fix: make the Service ClusterIP, or ask for an exception (kubectl berth explain --exception)");
}

TEST(DenialText, NamesTheFixOfEachWay) {
  const World world(control_plane());
  EXPECT_EQ(told(world, service("NodePort", {node_port(30432, 80, number_of(5432))})),
            denial(kInternal,
                   "Service data/web (NodePort) node port 30432 -> port 80 -> targetPort 5432 (no workload "
                   "is selected "
                   "yet)",
                   std::string("make the Service ClusterIP, or ") + kException));

  Service internal = load_balancer({node_port(30432, 5432)});
  internal.meta.annotations["networking.gke.io/load-balancer-type"] = "Internal";
  EXPECT_EQ(
      told(world, internal),
      denial(kInternal,
             "Service data/web (LoadBalancer) node port 30432 -> port 5432 (no workload is selected yet)",
             std::string("set allocateLoadBalancerNodePorts: false and no nodePort, or ") + kException));

  Service addressed = service("ClusterIP", {port(5432)});
  addressed.external_ips = {"203.0.113.9", "203.0.113.8"};
  EXPECT_EQ(
      told(world, addressed),
      denial(
          kInternal,
          "Service data/web (ClusterIP) at 203.0.113.8, 203.0.113.9 port 5432 (no workload is selected yet)",
          std::string("remove externalIPs from the Service, or ") + kException));

  EXPECT_EQ(told(world, deployment({host_port(15432, 5432, "10.0.0.7")})),
            denial(kInternal, "Deployment data/web container main hostPort 10.0.0.7:15432 -> port 5432",
                   std::string("remove the hostPort or set hostIP: 127.0.0.1, or ") + kException));

  Workload on_node = deployment({container_port(5432)});
  on_node.pod.host_network = true;
  EXPECT_EQ(told(world, on_node),
            denial(kInternal, "Deployment data/web (hostNetwork) container main port 5432",
                   std::string("remove hostNetwork, or ") + kException));

  World behind(control_plane());
  behind.add(service("ClusterIP", {port(80, number_of(5432))}));
  EXPECT_EQ(
      told(behind, ingress({backend("web", 80)})),
      denial(
          kInternal,
          "Ingress data/front (a.example.org) -> Service data/web port 80 -> targetPort 5432 (no workload is "
          "selected yet)",
          std::string("take that backend out of Ingress data/front, or ") + kException));
  EXPECT_NE(told(behind, ingress({backend("web", 80)}, "")).find("Ingress data/front (every host) ->"),
            std::string::npos);
}

TEST(DenialText, OfAStatusThatClaimsAnAddress) {
  const World world(control_plane());
  const Service before = service("ClusterIP", {port(5432)});
  Service after = before;
  after.load_balancer_status = {{"", "db.example.org"}};
  EXPECT_EQ(
      outcome(update(world, before, after)).message,
      denial(kInternal,
             "Service data/web (ClusterIP) at db.example.org port 5432 (no workload is selected yet)",
             std::string("remove the address from status.loadBalancer from the Service, or ") + kException));
}

TEST(DenialText, TellsTheAuthorOfAWorkloadWhatToChange) {
  World world(control_plane());
  world.add(load_balancer({port(443, name_of("pg"))}));
  EXPECT_EQ(
      told(world, deployment({container_port(5432, "pg")})),
      denial(
          kInternal,
          "Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> Deployment data/web container "
          "main port 5432",
          std::string("take the labels that Service data/web selects off the pods, or make Service data/web "
                      "ClusterIP, or ") +
              kException));
}

TEST(DenialText, AdvisesAnotherNumberWhereOnlyTheNumberIsWrong) {
  const World world(control_plane());
  EXPECT_NE(told(world, load_balancer({port(5432, number_of(8443))}))
                .find("fix: give the Service port another number"),
            std::string::npos);
  EXPECT_NE(told(world, service("NodePort", {node_port(27017, 443)})).find("fix: choose another nodePort"),
            std::string::npos);
  EXPECT_NE(told(world, deployment({host_port(5432, 8443)})).find("fix: choose another hostPort"),
            std::string::npos);
  Service checked = load_balancer({port(443)});
  checked.health_check_node_port = 27017;
  EXPECT_EQ(
      told(world, checked),
      denial("port 27017 (MongoDB) is internal by ExposurePolicy control-plane and would be reachable from "
             "outside the cluster",
             "Service data/web (LoadBalancer) healthCheckNodePort 27017",
             "choose another healthCheckNodePort"));
}

TEST(DenialText, TellsWhichWorkloadAnExceptionWaitsFor) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {{"data",
                             {"StatefulSet", "pg"},
                             5432,
                             Protocol::kTcp,
                             {"LoadBalancer"},
                             "dba",
                             "4711",
                             "2027-01-31T00:00:00Z"}};
  Service asked = load_balancer({port(5432)});
  asked.allocate_load_balancer_node_ports = false;
  EXPECT_EQ(
      told(World(policy), asked),
      denial(kInternal, "Service data/web (LoadBalancer) port 5432 (no workload is selected yet)",
             "create StatefulSet data/pg first, for its exception holds for no other workload, or make the "
             "Service ClusterIP"));
}

TEST(DenialText, OfAnUndeclaredPort) {
  const World world(control_plane());
  EXPECT_EQ(
      told(world, load_balancer({port(9000, {}, Protocol::kUdp)})),
      denial(
          "port 9000/UDP is not declared as external by ExposurePolicy control-plane and would be reachable "
          "from outside the cluster",
          "Service data/web (LoadBalancer) port 9000/UDP (no workload is selected yet)",
          "make the Service ClusterIP, or allocate the port with a PortAllocation (exposure: External), or "
          "list it under spec.external of the policy"));
}

TEST(DenialText, OfTlsThatEndsTooEarly) {
  ExposurePolicy policy = control_plane();
  policy.spec.external.back().tls = "Passthrough";
  policy.spec.external.back().purpose = "smart-card sign-in";
  World world(policy);
  world.add(service("ClusterIP", {port(80, number_of(8443))}));
  EXPECT_EQ(
      told(world, ingress({backend("web", 80)})),
      denial(
          "port 8443 (smart-card sign-in) must keep its TLS up to the container (tls: Passthrough) by "
          "ExposurePolicy control-plane, and an Ingress ends TLS",
          "Ingress data/front (a.example.org) -> Service data/web port 80 -> targetPort 8443 (no workload is "
          "selected yet)",
          "use a Service of type LoadBalancer instead of the Ingress"));
}

TEST(DenialText, OfSourcesThatAreNotRestricted) {
  ExposurePolicy policy = control_plane();
  policy.spec.networks = {{"admins", {"10.20.0.0/16", "10.21.0.0/16"}}};
  policy.spec.external.front().from = {"admins"};
  const World world(policy);
  EXPECT_EQ(
      told(world, load_balancer({port(443)})),
      denial(
          "port 443 is for admins only by ExposurePolicy control-plane, and this way is not restricted to it",
          "Service data/web (LoadBalancer) port 443 (no workload is selected yet)",
          "set loadBalancerSourceRanges within 10.20.0.0/16, 10.21.0.0/16 and "
          "allocateLoadBalancerNodePorts: false"));
  EXPECT_EQ(
      told(world, deployment({host_port(443, 8080)})),
      denial(
          "port 443 is for admins only by ExposurePolicy control-plane, and this way is not restricted to it",
          "Deployment data/web container main hostPort 443 -> port 8080",
          "use a Service of type LoadBalancer with loadBalancerSourceRanges within 10.20.0.0/16, "
          "10.21.0.0/16 and allocateLoadBalancerNodePorts: false, or a PortAllocation with allowFrom"));
}

TEST(DenialText, OfADeprecatedPort) {
  ExposurePolicy policy = control_plane();
  policy.spec.external.push_back(listed(4443, "Old API"));
  policy.spec.external.back().deprecated = Deprecation{"v8", "2026-01-01"};
  policy.spec.internal.push_back(listed(4006, "Legacy API"));
  policy.spec.internal.back().deprecated = Deprecation{"v8", "2026-01-01"};
  const World world(policy);
  EXPECT_EQ(
      told(world, load_balancer({port(4443)})),
      denial(
          "port 4443 (Old API) is deprecated by ExposurePolicy control-plane, removed in v8, refused since "
          "2026-01-01",
          "Service data/web (LoadBalancer) port 4443 (no workload is selected yet)",
          std::string("move to the port that replaces it, or ") + kException));
  EXPECT_EQ(told(world, service("ClusterIP", {port(4006)})),
            denial("port 4006 (Legacy API) is deprecated by ExposurePolicy control-plane, removed in v8, "
                   "refused since "
                   "2026-01-01",
                   "Service data/web spec.ports[0].port", "move to the port that replaces it"));
}

TEST(DenialText, OfAWayThatIsNotKnown) {
  ExposurePolicy policy = control_plane();
  policy.spec.unknown = "Deny";
  World world(policy);
  const std::string begin = "it is not known which container port this opens (";
  const std::string end = "), refused by ExposurePolicy control-plane";
  EXPECT_EQ(told(world, load_balancer({port(443, name_of("main"))})),
            denial(begin + "no selected workload has a port named \"main\"" + end,
                   "Service data/web (LoadBalancer) port 443 -> targetPort \"main\" -> ?",
                   "create the workload first, or write the targetPort as a number"));
  Service alone = load_balancer({port(443, name_of("main"))});
  alone.selector.clear();
  EXPECT_EQ(told(world, alone),
            denial(begin + "a Service without a selector has nobody to ask for a port named \"main\"" + end,
                   "Service data/web (LoadBalancer) port 443 -> targetPort \"main\" -> ?",
                   "write the targetPort as a number, or give the Service a selector"));
  EXPECT_EQ(told(world, ingress({backend("web", 8080)})),
            denial(begin + "there is no Service data/web yet" + end,
                   "Ingress data/front (a.example.org) -> Service data/web port 8080 -> ?",
                   "create the Service first"));
  Workload on_node = deployment({});
  on_node.pod.host_network = true;
  EXPECT_EQ(told(world, on_node), denial(begin + "hostNetwork, and no container declares a port" + end,
                                         "Deployment data/web (hostNetwork)",
                                         "declare the ports of the containers, or remove hostNetwork"));
  IngressBackend bucket;
  bucket.resource = "k8s.example.com/StorageBucket/static";
  EXPECT_EQ(told(world, ingress({bucket})),
            denial(begin + "the backend is no Service, and none of its kind and name is known" + end,
                   "Ingress data/front (a.example.org) -> resource k8s.example.com/StorageBucket/static -> ?",
                   "use a Service as the backend, or create it first if Berth reads its kind"));
  Ingress copying = ingress_manifest({});
  copying.meta.annotations["nginx.ingress.kubernetes.io/mirror-target"] = "http://db:5432";
  EXPECT_EQ(
      told(world, exposure::testing::entrance_of(copying)),
      denial(begin + "it copies requests to where it says" + end,
             "Ingress data/front (every host) annotation nginx.ingress.kubernetes.io/mirror-target -> ?",
             "remove annotation nginx.ingress.kubernetes.io/mirror-target from Ingress data/front, and "
             "lead to Services by its rules"));
  world.add(service("ClusterIP", {port(80)}));
  EXPECT_EQ(told(world, ingress({backend("web", "http")})),
            denial(begin + "the Service has no port named \"http\"" + end,
                   "Ingress data/front (a.example.org) -> Service data/web port \"http\" -> ?",
                   "name a port that the Service has"));
  World named(policy);
  Service elsewhere = service("ExternalName", {port(80)});
  elsewhere.external_name = "db.example.org";
  named.add(elsewhere);
  EXPECT_EQ(told(named, ingress({backend("web", 80)})),
            denial(begin + "the Service is an ExternalName for db.example.org" + end,
                   "Ingress data/front (a.example.org) -> Service data/web port 80 -> ?",
                   "lead to a Service with a selector"));
}

TEST(DenialText, OfANumberThatIsNoPort) {
  const World world(control_plane());
  EXPECT_EQ(told(world, load_balancer({port(443, number_of(70968))})),
            denial("'70968' is not a port: ports are whole numbers from 1 to 65535",
                   "Service data/web spec.ports[0].targetPort", "write a number from 1 to 65535"));
}

TEST(DenialText, SaysTheSameOfSeveralWaysOnce) {
  World world(control_plane());
  world.add(deployment({container_port(5432, "pg")}, "one"));
  world.add(deployment({container_port(5432, "pg")}, "two"));
  const std::string text = told(world, load_balancer({port(443, name_of("pg"))}));
  EXPECT_EQ(text,
            "\n  " + std::string(kInternal) +
                ":"
                "\n    Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> Deployment data/one "
                "container main port 5432"
                "\n    Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> Deployment data/two "
                "container main port 5432"
                "\n  fix: make the Service ClusterIP, or " +
                kException);
}

TEST(DenialText, StaysReadableWithHundredsOfWays) {
  const World world(control_plane());
  std::vector<ServicePort> ports;
  for (std::int64_t number = 10000; number < 10300; ++number) ports.push_back(port(number));
  const std::string text = told(world, load_balancer(ports));
  EXPECT_LT(text.size(), 6000u);
  EXPECT_NE(text.find("\n  ... and 290 more"), std::string::npos);
}

TEST(DenialText, StaysOnItsLines) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal.front().service = "Postgre\nSQL\x1b[31m";
  World world(policy);
  Workload pg = deployment({container_port(5432, "pg")});
  pg.pod.containers.front().name = "ma\nin";
  world.add(pg);
  const std::string text = told(world, load_balancer({port(443, name_of("pg"))}));
  EXPECT_NE(text.find("(Postgre SQL [31m)"), std::string::npos);
  EXPECT_NE(text.find("container ma in port"), std::string::npos);
}

TEST(WarningText, IsOneLineOfAtMost256Characters) {
  ExposurePolicy policy = control_plane();
  policy.spec.action = "Warn";
  for (std::size_t length = 1; length < 60; ++length) {
    std::string name;
    for (std::size_t i = 0; i < length; ++i) name += "\xc3\xa4";  // two bytes each
    policy.spec.internal.front().service = name + name + name;
    const Outcome answer = outcome(create(World(policy), load_balancer({port(5432)})));
    ASSERT_EQ(answer.warnings.size(), 1u);
    const std::string& warning = answer.warnings.front();
    EXPECT_LE(warning.size(), 256u);
    EXPECT_EQ(warning.find('\n'), std::string::npos);
    if (warning.size() > 200 && warning.substr(warning.size() - 3) == "...") {
      EXPECT_NE(static_cast<unsigned char>(warning[warning.size() - 4]), 0xc3) << "half a character";
    }
  }
}

TEST(WarningText, TellsWhatIsUnknown) {
  const World world(control_plane());
  const Outcome answer = outcome(create(world, load_balancer({port(443, name_of("main"))})));
  EXPECT_TRUE(answer.allowed);
  const std::vector<std::string> expected = {
      "it is not known which container port this opens (no selected workload has a port named \"main\"), "
      "reported by "
      "ExposurePolicy control-plane: Service data/web (LoadBalancer) port 443 -> targetPort \"main\" -> ?"};
  EXPECT_EQ(answer.warnings, expected) << "and the hidden node port says nothing new";
}

}  // namespace
}  // namespace berth
