// Ports resolved, Services and NetworkPolicies made: tables from docs/reference/api.md and dataplane.md 2
// and 5.
#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/desired/policies.h"
#include "core/desired/ports.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

using allocation::Holding;
using allocation::Space;
using testing::port;

struct Made {
  Resolution resolution = {};
  std::vector<Service> services = {};
  std::vector<NetworkPolicy> policies = {};
  std::vector<Problem> problems = {};
};

struct Setting {
  PortAllocation object = testing::allocation("web", {port("api")});
  Space space = Space::kNodePort;
  std::vector<Workload> pods = {};
  std::vector<ExposurePolicy> policies = {};
  std::vector<Service> present = {};

  // Numbers 24500, 24501, ... in the order of the spec.
  [[nodiscard]] Made make() const {
    std::vector<Holding> numbers;
    for (std::size_t i = 0; i < object.spec.ports.size(); ++i) {
      const Port number = Port::of(24500 + static_cast<std::int64_t>(i));
      const AllocationPort& wanted = object.spec.ports[i];
      numbers.push_back({.slot = {wanted.name, wanted.protocol},
                         .number = number,
                         .key = allocation::key_of(space, number, wanted.protocol)});
    }
    const auto pod_pointers = testing::Cluster::pointers(pods);
    const auto service_pointers = testing::Cluster::pointers(present);
    const Labels labels;
    const Networks networks(testing::Cluster::pointers(policies), &labels);
    const allocation::InternalNumbers internal(testing::Cluster::pointers(policies));
    Made made;
    made.resolution =
        resolve_ports(object, numbers, {pod_pointers, networks, internal, &labels, service_pointers});
    made.problems = made.resolution.problems;
    made.services = make_services(object, space, made.resolution.ports);
    auto wanted = make_network_policies(object, made.resolution.ports, networks);
    made.policies = std::move(wanted.policies);
    made.problems.insert(made.problems.end(), wanted.problems.begin(), wanted.problems.end());
    return made;
  }
};

std::string text(const LabelSelector& selector) {
  std::string result = "{";
  for (const auto& [key, value] : selector.match_labels) result += key + "=" + value;
  return result + "}";
}

std::string text(const std::vector<NetworkPolicyRule>& rules) {
  std::string result;
  for (const NetworkPolicyRule& rule : rules) {
    result += "[";
    for (const NetworkPolicyPeer& peer : rule.peers) {
      if (peer.cidr) result += *peer.cidr + " ";
      if (peer.namespace_selector) result += "ns" + text(*peer.namespace_selector) + " ";
      if (peer.pod_selector) result += "pods" + text(*peer.pod_selector) + " ";
    }
    result += "->";
    for (const NetworkPolicyPort& entry : rule.ports) {
      result += " " + std::string(to_string(entry.protocol)) + std::to_string(entry.port);
      if (entry.end_port != 0) result += "-" + std::to_string(entry.end_port);
    }
    result += "]";
  }
  return result;
}

std::string text(const std::vector<Service>& services) {
  std::string result;
  for (const Service& service : services) {
    result += service.meta.name + " " + service.type;
    if (!service.external_traffic_policy.empty()) result += " " + service.external_traffic_policy;
    for (const ServicePort& entry : service.ports) {
      result += " " + entry.name + ":" + std::to_string(entry.port) + "->" + to_string(entry.target_port);
      if (entry.node_port != 0) result += "@" + std::to_string(entry.node_port);
    }
    result += ";";
  }
  return result;
}

std::string reasons(const std::vector<Problem>& problems) {
  std::string result;
  for (const Problem& problem : problems) result += problem.reason + " ";
  return result;
}

AllocationPeer cidr(std::string value) {
  AllocationPeer peer;
  peer.cidr = std::move(value);
  return peer;
}

AllocationPeer network(std::string name) {
  AllocationPeer peer;
  peer.network = std::move(name);
  return peer;
}

AllocationPeer pods_labelled(std::string value, std::string ns = "") {
  AllocationPeer peer;
  peer.ns = std::move(ns);
  peer.pod_selector = LabelSelector{{{"app", std::move(value)}}, {}};
  return peer;
}

ExposurePolicy declaring(std::string name, std::vector<PolicyNetwork> networks) {
  ExposurePolicy policy;
  policy.meta.name = std::move(name);
  policy.spec.networks = std::move(networks);
  return policy;
}

Workload pod(std::string name, std::vector<ContainerPort> ports) {
  Workload object;
  object.kind = "Pod";
  object.meta.ns = "mesh";
  object.meta.name = std::move(name);
  object.meta.labels = {{"app", "web"}};
  object.pod.containers = {{"c", "", "", std::move(ports)}};
  return object;
}

TEST(Made, FollowsSpaceExposureAndAudience) {
  struct Case {
    const char* name;
    std::function<void(Setting&)> given;
    const char* services;
    const char* ingress;
    const char* problems;
  };
  const auto first = [](Setting& s) -> AllocationPort& { return s.object.spec.ports[0]; };
  const Case cases[] = {
      {"outside, from anywhere: a rule without from", [](Setting&) {},
       "web NodePort Cluster api:24500->8080@24500;", "[-> TCP8080]", ""},
      {"pods of the cluster", [](Setting& s) { s.object.spec.exposure = "Cluster"; },
       "web ClusterIP api:24500->8080;", "[ns{} -> TCP8080]", ""},
      {"the default is the cluster", [](Setting& s) { s.object.spec.exposure = ""; },
       "web ClusterIP api:24500->8080;", "[ns{} -> TCP8080]", ""},
      {"pods of the namespace", [](Setting& s) { s.object.spec.exposure = "Namespace"; },
       "web ClusterIP api:24500->8080;", "[pods{} -> TCP8080]", ""},
      {"nobody", [](Setting& s) { s.object.spec.exposure = "Localhost"; }, "", "", ""},
      {"an address block", [&](Setting& s) { first(s).allow_from = {cidr("10.20.0.0/16")}; },
       "web NodePort Local api:24500->8080@24500;", "[10.20.0.0/16 -> TCP8080]", ""},
      {"a network",
       [&](Setting& s) {
         s.policies = {declaring("p", {{"admins", {"10.20.0.0/16", "2001:db8::/32"}}})};
         first(s).allow_from = {network("admins")};
       },
       "web NodePort Local api:24500->8080@24500;", "[10.20.0.0/16 2001:db8::/32 -> TCP8080]", ""},
      {"a network nobody declares stays closed",
       [&](Setting& s) { first(s).allow_from = {network("admins")}; },
       "web NodePort Cluster api:24500->8080@24500;", "", "NetworkNotFound "},
      {"what is declared twice is what both mean",
       [&](Setting& s) {
         s.policies = {declaring("p", {{"admins", {"10.0.0.0/8"}}}),
                       declaring("q", {{"admins", {"10.20.0.0/16", "192.0.2.0/24"}}})};
         first(s).allow_from = {network("admins")};
       },
       "web NodePort Local api:24500->8080@24500;", "[10.20.0.0/16 -> TCP8080]", ""},
      {"one of two sources unknown",
       [&](Setting& s) {
         first(s).allow_from = {network("admins"), cidr("192.0.2.7/32")};
       },
       "web NodePort Local api:24500->8080@24500;", "[192.0.2.7/32 -> TCP8080]", "NetworkNotFound "},
      {"pods of another namespace",
       [&](Setting& s) {
         s.object.spec.exposure = "Cluster";
         first(s).allow_from = {pods_labelled("ui", "front")};
       },
       "web ClusterIP api:24500->8080;", "[ns{kubernetes.io/metadata.name=front} pods{app=ui} -> TCP8080]",
       ""},
      {"pods of the own namespace",
       [&](Setting& s) {
         s.object.spec.exposure = "Namespace";
         first(s).allow_from = {pods_labelled("ui")};
       },
       "web ClusterIP api:24500->8080;", "[pods{app=ui} -> TCP8080]", ""},
      {"wider than the namespace",
       [&](Setting& s) {
         s.object.spec.exposure = "Namespace";
         first(s).allow_from = {pods_labelled("ui", "front")};
       },
       "web ClusterIP api:24500->8080;", "", "PeerOutsideExposure "},
      {"wider than the cluster",
       [&](Setting& s) {
         s.object.spec.exposure = "Cluster";
         first(s).allow_from = {cidr("0.0.0.0/0")};
       },
       "web ClusterIP api:24500->8080;", "", "PeerOutsideExposure "},
      {"a peer that is nobody", [&](Setting& s) { first(s).allow_from = {AllocationPeer{}}; },
       "web NodePort Cluster api:24500->8080@24500;", "", "PeerUnreadable "},
      {"a cidr that is none", [&](Setting& s) { first(s).allow_from = {cidr("10.20.0.1/16")}; },
       "web NodePort Cluster api:24500->8080@24500;", "", "PeerUnreadable "},
      {"load balancer", [](Setting& s) { s.space = Space::kService; },
       "web LoadBalancer Cluster api:24500->8080;", "[-> TCP8080]", ""},
      {"host ports make no Service", [](Setting& s) { s.space = Space::kHostPort; }, "", "[-> TCP8080]", ""},
      {"type written: ClusterIP", [](Setting& s) { s.object.spec.service.type = "ClusterIP"; },
       "web ClusterIP api:24500->8080;", "[-> TCP8080]", ""},
      {"type written: LoadBalancer on node ports",
       [](Setting& s) { s.object.spec.service.type = "LoadBalancer"; },
       "web LoadBalancer Cluster api:24500->8080@24500;", "[-> TCP8080]", ""},
      {"type written: NodePort in the Service space",
       [](Setting& s) {
         s.space = Space::kService;
         s.object.spec.service.type = "NodePort";
       },
       "web NodePort Cluster api:24500->8080;", "[-> TCP8080]", ""},
      {"outside and inside ports",
       [](Setting& s) {
         s.object.spec.ports = {port("api"), port("db"), port("dbg")};
         s.object.spec.ports[1].exposure = "Namespace";
         s.object.spec.ports[2].exposure = "Localhost";
       },
       "web NodePort Cluster api:24500->8080@24500;web-internal ClusterIP db:24501->8080;",
       "[-> TCP8080][pods{} -> TCP8080]", ""},
      {"a named target of running pods",
       [&](Setting& s) {
         first(s).target_port = std::string("http");
         s.pods = {pod("1", {{"http", 8080, 0, "", Protocol::kTcp}}),
                   pod("2", {{"http", 9090, 0, "", Protocol::kTcp}, {"http", 53, 0, "", Protocol::kUdp}})};
       },
       "web NodePort Cluster api:24500->http@24500;", "[-> TCP8080 TCP9090]", ""},
      {"a named target without pods stays closed",
       [&](Setting& s) {
         first(s).target_port = std::string("http");
         s.pods = {pod("done", {{"http", 8080, 0, "", Protocol::kTcp}}),
                   pod("other", {{"http", 8080, 0, "", Protocol::kTcp}})};
         s.pods[0].phase = "Succeeded";
         s.pods[1].meta.labels = {{"app", "webber"}};
       },
       "web NodePort Cluster api:24500->http@24500;", "", "TargetPortUnresolved "},
      {"a sidecar's port, not an init container's",
       [&](Setting& s) {
         first(s).target_port = std::string("http");
         s.pods = {pod("1", {})};
         s.pods[0].pod.init_containers = {{"s", "", "Always", {{"http", 7070, 0, "", Protocol::kTcp}}},
                                          {"i", "", "", {{"http", 6060, 0, "", Protocol::kTcp}}}};
       },
       "web NodePort Cluster api:24500->http@24500;", "[-> TCP7070]", ""},
      {"pods in the node's network cannot be closed",
       [](Setting& s) {
         s.pods = {pod("1", {})};
         s.pods[0].pod.host_network = true;
       },
       "web NodePort Cluster api:24500->8080@24500;", "[-> TCP8080]", "NotEnforceable "},
      {"an internal container port is neither published nor opened",
       [](Setting& s) {
         s.policies = {declaring("p", {})};
         s.policies[0].spec.internal = {{}};
         s.policies[0].spec.internal[0].port = 8080;
       },
       "", "", "PortInternal "},
      {"unless it was outside before the policy",
       [](Setting& s) {
         s.policies = {declaring("p", {})};
         s.policies[0].spec.internal = {{}};
         s.policies[0].spec.internal[0].port = 8080;
         s.present = {
             testing::service("mesh", "web", "NodePort", {testing::service_port("api", 24500, 24500)})};
       },
       "web NodePort Cluster api:24500->8080@24500;", "[-> TCP8080]", ""},
      {"inside, an internal port is where it belongs",
       [](Setting& s) {
         s.object.spec.exposure = "Namespace";
         s.policies = {declaring("p", {})};
         s.policies[0].spec.internal = {{}};
         s.policies[0].spec.internal[0].port = 8080;
       },
       "web ClusterIP api:24500->8080;", "[pods{} -> TCP8080]", ""},
      {"UDP", [&](Setting& s) { first(s).protocol = Protocol::kUdp; },
       "web NodePort Cluster api:24500->8080@24500;", "[-> UDP8080]", ""},
      {"no selector, no objects", [](Setting& s) { s.object.spec.selector.clear(); }, "", "no policy", ""},
  };
  for (const Case& c : cases) {
    Setting setting;
    c.given(setting);
    const Made made = setting.make();
    EXPECT_EQ(text(made.services), c.services) << c.name;
    EXPECT_EQ(made.policies.empty() ? "no policy" : text(made.policies[0].ingress), c.ingress) << c.name;
    EXPECT_EQ(reasons(made.problems), c.problems) << c.name;
    for (const NetworkPolicy& policy : made.policies) {  // R1
      EXPECT_EQ(policy.policy_types.size(), 1U) << c.name;
      EXPECT_TRUE(policy.ingress.empty() || policy.egress.empty()) << c.name;
    }
  }
}

TEST(Made, CarriesWhoItIsFor) {
  const Made made = Setting{}.make();
  const Meta& meta = made.services[0].meta;
  EXPECT_EQ(meta.labels.at(kManagedByLabel), "berth");
  EXPECT_EQ(allocation::generated_for(meta).text, "uid-web");
  ASSERT_EQ(meta.owner_references.size(), 1U);
  EXPECT_TRUE(meta.owner_references[0].controller);
  EXPECT_EQ(made.services[0].selector, (Labels{{"app", "web"}}));
  EXPECT_EQ(made.policies[0].meta.name, "web-ingress");
  EXPECT_EQ(made.policies[0].pod_selector.match_labels, (Labels{{"app", "web"}}));
  EXPECT_EQ(allocation::generated_for(made.policies[0].meta).text, "uid-web");
}

TEST(Made, PassesWishesToTheServiceThatFacesTheUsers) {
  Setting setting;
  setting.object.spec.ports = {port("api"), port("db")};
  setting.object.spec.ports[1].exposure = "Cluster";
  setting.object.spec.service.annotations = {
      {"example.org/b", "2"}, {"example.org/a", "1"}, {"berth.dev/x", "3"}};
  const Made made = setting.make();
  EXPECT_EQ(made.services[0].meta.annotations, (Labels{{"example.org/a", "1"},
                                                       {"example.org/b", "2"},
                                                       {kOwnedAnnotations, "example.org/a,example.org/b"}}));
  EXPECT_TRUE(made.services[1].meta.annotations.empty());
}

TEST(Made, LoadBalancerHasNoHiddenNodePortsAndKnowsItsSources) {
  Setting setting;
  setting.space = Space::kService;
  setting.object.spec.ports = {port("a"), port("b")};
  setting.object.spec.ports[0].allow_from = {cidr("10.20.0.0/16")};
  setting.object.spec.ports[1].allow_from = {cidr("192.0.2.0/24"), pods_labelled("ui", "front")};
  setting.object.spec.service.load_balancer_class = "example.org/internal";
  const Service service = setting.make().services[0];
  EXPECT_EQ(service.allocate_load_balancer_node_ports, false);
  EXPECT_EQ(service.load_balancer_class, "example.org/internal");
  EXPECT_EQ(service.load_balancer_source_ranges, (std::vector<std::string>{"10.20.0.0/16", "192.0.2.0/24"}));
  // One port open to all: the address must be, the policies still tell the ports apart.
  setting.object.spec.ports[1].allow_from.clear();
  EXPECT_TRUE(setting.make().services[0].load_balancer_source_ranges.empty());
}

TEST(Made, EgressIsAnObjectOfItsOwnAndNeverOpensMoreThanWritten) {
  Setting setting;
  EgressRule storage;
  storage.to.cidr = "203.0.113.7/32";
  storage.ports = {{443, 0, Protocol::kTcp}, {8000, 8010, Protocol::kUdp}};
  EgressRule everything;  // names nobody
  EgressRule pods;
  pods.to.ns = "data";
  setting.object.spec.allow_to = {storage, everything, pods};
  const Made made = setting.make();
  ASSERT_EQ(made.policies.size(), 2U);
  EXPECT_EQ(made.policies[1].meta.name, "web-egress");
  EXPECT_EQ(made.policies[1].policy_types, std::vector<std::string>{"Egress"});
  EXPECT_EQ(text(made.policies[1].egress),
            "[203.0.113.7/32 -> TCP443 UDP8000-8010][ns{kubernetes.io/metadata.name=data} ->]");
  EXPECT_EQ(reasons(made.problems), "PeerUnreadable ");
}

TEST(NamespacePolicies, CloseBothDirectionsAndLeaveNamesResolvable) {
  const auto policies = make_namespace_policies("mesh");
  ASSERT_EQ(policies.size(), 3U);
  EXPECT_EQ(policies[0].meta.name, "berth-default-deny-ingress");
  EXPECT_EQ(policies[1].meta.name, "berth-default-deny-egress");
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(policies[i].pod_selector.empty());
    EXPECT_TRUE(policies[i].ingress.empty() && policies[i].egress.empty());
    EXPECT_TRUE(policies[i].meta.owner_references.empty());
  }
  EXPECT_EQ(policies[2].meta.name, "berth-allow-dns");
  EXPECT_EQ(text(policies[2].egress),
            "[ns{kubernetes.io/metadata.name=kube-system} pods{k8s-app=kube-dns} -> UDP53 TCP53]");
  EXPECT_TRUE(is_managed({}));
  EXPECT_TRUE(is_managed({{kNetworkPolicyLabel, "managed"}}));
  EXPECT_FALSE(is_managed({{kNetworkPolicyLabel, "unmanaged"}}));
}

}  // namespace
}  // namespace berth::desired
