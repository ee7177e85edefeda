#include "core/desired/diff.h"

#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/base/overloaded.h"
#include "core/desired/policies.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

using testing::allocation;
using testing::port;

std::string text(const Edit& edit) {
  const auto value = [](const std::optional<std::string>& given) {
    return given ? "=" + *given : std::string("-");
  };
  return std::visit(
      Overloaded{
          [&](const LabelEdit& e) { return "label " + e.key + value(e.value); },
          [&](const AnnotationEdit& e) { return "annotation " + e.key + value(e.value); },
          [](const OwnerReferencesEdit& e) { return "owners " + std::to_string(e.all.size()); },
          [](const TypeEdit& e) { return "type " + e.type; },
          [](const PortsEdit& e) {
            std::string ports = "ports";
            for (const ServicePort& entry : e.all) {
              ports += " " + entry.name + ":" + std::to_string(entry.port) + "@" +
                       std::to_string(entry.node_port) +
                       (entry.app_protocol ? "/" + *entry.app_protocol : "");
            }
            return ports;
          },
          [&](const SelectorEdit& e) { return "selector " + e.key + value(e.value); },
          [&](const ExternalTrafficPolicyEdit& e) { return "traffic" + value(e.value); },
          [](const AllocateNodePortsEdit& e) {
            return std::string("allocate ") + (e.value ? (*e.value ? "true" : "false") : "null");
          },
          [](const LoadBalancerClassEdit& e) { return "class " + e.value; },
          [](const SourceRangesEdit& e) { return "sources " + std::to_string(e.all.size()); },
          [](const ExternalIpsEdit&) { return std::string("no externalIPs"); },
          [](const PodSelectorEdit& e) { return "pods, removed " + std::to_string(e.removed_labels.size()); },
          [](const PolicyTypesEdit&) { return std::string("types"); },
          [](const IngressEdit& e) { return "ingress " + std::to_string(e.all.size()); },
          [](const EgressEdit& e) { return "egress " + std::to_string(e.all.size()); },
          [](const DataEdit& e) { return "data " + e.key; }},
      edit);
}

std::string text(const Difference& difference) {
  return std::visit(Overloaded{[](const Settled&) { return std::string("settled"); },
                               [](const Create&) { return std::string("create"); },
                               [](const Patch& patch) {
                                 std::string result;
                                 for (const Edit& edit : patch.edits)
                                   result += (result.empty() ? "" : "; ") + text(edit);
                                 return result;
                               },
                               [](const Clash& clash) { return "clash " + clash.reason; }},
                    difference);
}

ResolvedPort resolved(std::string name, std::int64_t number) {
  ResolvedPort object{.name = std::move(name), .number = Port::of(number)};
  object.exposure = Exposure::kExternal;
  object.target = std::int64_t{8080};
  object.containers = {8080};
  object.anyone = true;
  return object;
}

PortAllocation web() {
  PortAllocation object = allocation("web", {port("api")});
  object.spec.service.annotations = {{"example.org/a", "1"}};
  return object;
}

Service wanted(allocation::Space space = allocation::Space::kNodePort) {
  return make_services(web(), space, {resolved("api", 24500)})[0];
}

// What the API server makes of it: assigned and defaulted fields, and what others may add.
Service stored(Service service) {
  service.meta.uid.text = "object";
  service.meta.resource_version = "7";
  service.cluster_ip = "10.96.0.7";
  return service;
}

TEST(ServiceDiff, WritesOwnedFieldsAndNothingElse) {
  struct Case {
    const char* name;
    std::function<void(Service&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"as stored", [](Service&) {}, "settled"},
      {"others' labels, annotations, finalizers",
       [](Service& s) {
         s.meta.labels["team"] = "net";
         s.meta.annotations["other.org/x"] = "y";
         s.meta.finalizers = {"service.kubernetes.io/load-balancer-cleanup"};
         s.load_balancer_status = {{"192.0.2.1", ""}};
       },
       "settled"},
      {"a label lost", [](Service& s) { s.meta.labels.erase(kManagedByLabel); },
       "label app.kubernetes.io/managed-by=berth"},
      {"a label changed", [](Service& s) { s.meta.labels[kOwnerUidLabel] = "x"; },
       "label berth.dev/allocation-uid=uid-web"},
      {"an annotation lost", [](Service& s) { s.meta.annotations.erase("example.org/a"); },
       "annotation example.org/a=1"},
      {"an annotation that is not wished any more",
       [](Service& s) {
         s.meta.annotations["example.org/old"] = "1";
         s.meta.annotations[kOwnedAnnotations] = "example.org/a,example.org/old";
       },
       "annotation berth.dev/owned-annotations=example.org/a; annotation example.org/old-"},
      {"the owner lost", [](Service& s) { s.meta.owner_references.clear(); }, "owners 1"},
      {"a second, foreign owner",
       [](Service& s) {
         s.meta.owner_references.push_back({"v1", "ConfigMap", "x", {"u"}, false});
       },
       "settled"},
      {"the owner lost, a foreign one kept",
       [](Service& s) {
         s.meta.owner_references = {{"v1", "ConfigMap", "x", {"u"}, false}};
       },
       "owners 2"},
      {"the type", [](Service& s) { s.type = "ClusterIP"; }, "type NodePort"},
      {"the node port", [](Service& s) { s.ports[0].node_port = 24599; }, "ports api:24500@24500"},
      {"a port added by somebody",
       [](Service& s) { s.ports.push_back(testing::service_port("x", 80, 24598)); }, "ports api:24500@24500"},
      {"a port removed", [](Service& s) { s.ports.clear(); }, "ports api:24500@24500"},
      {"the target", [](Service& s) { s.ports[0].target_port = std::string("x"); }, "ports api:24500@24500"},
      {"appProtocol is somebody's", [](Service& s) { s.ports[0].app_protocol = "http"; }, "settled"},
      {"and survives a repair",
       [](Service& s) {
         s.ports[0].app_protocol = "http";
         s.ports[0].node_port = 1;
       },
       "ports api:24500@24500/http"},
      {"the selector",
       [](Service& s) {
         s.selector = {{"app", "other"}, {"tier", "x"}};
       },
       "selector app=web; selector tier-"},
      {"the traffic policy", [](Service& s) { s.external_traffic_policy = "Local"; }, "traffic=Cluster"},
      {"the traffic policy not defaulted yet", [](Service& s) { s.external_traffic_policy = ""; }, "settled"},
      {"externalIPs", [](Service& s) { s.external_ips = {"192.0.2.1"}; }, "no externalIPs"},
      {"source ranges on a node port", [](Service& s) { s.load_balancer_source_ranges = {"10.0.0.0/8"}; },
       "sources 0"},
      {"turned into a load balancer",
       [](Service& s) {
         s.type = "LoadBalancer";
         s.allocate_load_balancer_node_ports = true;
       },
       "type NodePort; allocate null"},
      {"somebody else's", [](Service& s) { s.meta = {}; }, "clash NameTaken"},
      {"another allocation's",
       [](Service& s) {
         testing::own(s.meta, testing::allocation("web", {}));
         s.meta.owner_references[0].uid.text = "u";
       },
       "clash NameTaken"},
      {"on its way out", [](Service& s) { s.meta.deletion_timestamp = "2026-01-01T00:00:00Z"; },
       "clash Terminating"},
  };
  for (const Case& c : cases) {
    Service present = stored(wanted());
    c.change(present);
    EXPECT_EQ(text(diff(&present, wanted())), c.expected) << c.name;
  }
  EXPECT_EQ(text(diff(static_cast<const Service*>(nullptr), wanted())), "create");
}

TEST(ServiceDiff, LeavesTheOrderOfPortsAlone) {
  const Service both =
      make_services(web(), allocation::Space::kNodePort, {resolved("a", 24500), resolved("b", 24501)})[0];
  Service present = stored(both);
  std::swap(present.ports[0], present.ports[1]);
  EXPECT_EQ(text(diff(&present, both)), "settled");
}

TEST(ServiceDiff, OfALoadBalancerClosesHiddenNodePorts) {
  const Service balancer = wanted(allocation::Space::kService);
  Service present = stored(balancer);
  EXPECT_EQ(text(diff(&present, balancer)), "settled");
  present.allocate_load_balancer_node_ports = {};  // absent means true
  present.ports[0].node_port = 31000;
  EXPECT_EQ(text(diff(&present, balancer)), "ports api:24500@0; allocate false");
  present = stored(balancer);
  present.load_balancer_source_ranges = {"10.0.0.0/8"};
  EXPECT_EQ(text(diff(&present, balancer)), "sources 0");
  present = stored(balancer);
  present.load_balancer_class = "set.by/somebody";
  EXPECT_EQ(text(diff(&present, balancer)), "settled");
  Service classed = balancer;
  classed.load_balancer_class = "example.org/x";
  EXPECT_EQ(text(diff(&present, classed)), "clash LoadBalancerClassImmutable");
  present.type = "ClusterIP";
  present.external_traffic_policy = "";
  present.load_balancer_class = "";
  present.allocate_load_balancer_node_ports = {};
  EXPECT_EQ(text(diff(&present, classed)), "type LoadBalancer; allocate false; class example.org/x");
}

TEST(ServiceDiff, NeverClearsANodePortThatTheApiServerChose) {
  PortAllocation object = web();
  object.spec.service.type = "NodePort";
  const Service node = make_services(object, allocation::Space::kService, {resolved("api", 443)})[0];
  Service present = stored(node);
  present.ports[0].node_port = 31234;
  EXPECT_EQ(text(diff(&present, node)), "settled");
  present.ports[0].target_port = std::int64_t{1};
  EXPECT_EQ(text(diff(&present, node)), "ports api:443@31234");
}

TEST(ServiceDiff, MakesAnOutsideServiceAnInsideOne) {
  PortAllocation object = web();
  object.spec.service.type = "ClusterIP";
  const Service inside = make_services(object, allocation::Space::kNodePort, {resolved("api", 24500)})[0];
  const Service present = stored(wanted());
  EXPECT_EQ(text(diff(&present, inside)), "type ClusterIP; ports api:24500@0; traffic-");
}

TEST(PolicyDiff, WritesOwnedFieldsAndNothingElse) {
  const NetworkPolicy ingress = make_network_policies(web(), {resolved("api", 24500)}, {}).policies[0];
  struct Case {
    const char* name;
    std::function<void(NetworkPolicy&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"as stored", [](NetworkPolicy& p) { p.meta.resource_version = "7"; }, "settled"},
      {"others' labels", [](NetworkPolicy& p) { p.meta.labels["team"] = "net"; }, "settled"},
      {"opened wider", [](NetworkPolicy& p) { p.ingress.push_back({}); }, "ingress 1"},
      {"closed", [](NetworkPolicy& p) { p.ingress.clear(); }, "ingress 1"},
      {"an egress rule added", [](NetworkPolicy& p) { p.egress = {{}}; }, "egress 0"},
      {"a direction added",
       [](NetworkPolicy& p) {
         p.policy_types = {"Ingress", "Egress"};
       },
       "types"},
      {"other pods",
       [](NetworkPolicy& p) {
         p.pod_selector.match_labels = {{"x", "y"}};
       },
       "pods, removed 1"},
      {"fewer pods",
       [](NetworkPolicy& p) {
         p.pod_selector.match_expressions = {{"x", "Exists", {}}};
       },
       "pods, removed 0"},
      {"somebody else's", [](NetworkPolicy& p) { p.meta = {}; }, "clash NameTaken"},
  };
  for (const Case& c : cases) {
    NetworkPolicy present = ingress;
    c.change(present);
    EXPECT_EQ(text(diff(&present, ingress)), c.expected) << c.name;
  }
}

TEST(PolicyDiff, AcceptsANamespacePolicyThatSomebodyElseKeepsTheSame) {
  const NetworkPolicy deny = make_namespace_policies("mesh")[0];
  NetworkPolicy present = deny;
  present.meta.labels.clear();
  EXPECT_EQ(text(diff(&present, deny)), "settled");
  present.pod_selector.match_labels = {{"app", "x"}};
  EXPECT_EQ(text(diff(&present, deny)), "clash NameTaken");
  present.meta.labels = deny.meta.labels;
  EXPECT_EQ(text(diff(&present, deny)), "pods, removed 1");
}

}  // namespace
}  // namespace berth::desired
