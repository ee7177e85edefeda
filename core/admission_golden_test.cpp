// Every rule has its words: what a user reads of it, with path and fix, as one golden text per rule.
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/allocation/builders_for_test.h"
#include "core/catalogue_for_test.h"
#include "core/connect.h"
#include "core/exposure/rule_catalogue.h"
#include "core/number_books.h"
#include "core/relabelling.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::load_balancer;
using testing::update;

struct Golden {
  std::function<Verdict()> ask;
  std::string text;  // message, path and fix of the first finding
};

ExposurePolicy policy_with(const std::function<void(ExposurePolicySpec&)>& change) {
  ExposurePolicy policy = control_plane();
  change(policy.spec);
  return policy;
}

Verdict special_address() {
  World world(control_plane());
  world.add(service("LoadBalancer", {port(443)}));
  EndpointSlice slice;
  slice.kind = "EndpointSlice";
  slice.meta = named("web-1");
  slice.meta.labels = {{"kubernetes.io/service-name", "web"}};
  slice.address_type = "IPv4";
  slice.subsets = {{{"169.254.169.254"}, {{"", 443, Protocol::kTcp}}}};
  return create(world, slice);
}

Verdict left_open() {
  World world(control_plane());
  NetworkPolicy deny;
  deny.meta = named("default-deny");
  deny.policy_types = {"Ingress"};
  world.add(deny);
  world.add(workload("StatefulSet", "pg", {container_port(5432)}));
  AdmissionRequest request;
  request.operation = Operation::kDelete;
  request.old_object = deny;
  return judge(request, world, testing::kNow);
}

Verdict leaves_policy() {
  const World world(policy_with([](ExposurePolicySpec& spec) {
    spec.namespace_selector.match_labels = {{"env", "prod"}};
  }));
  return judge(Relabelling{"data", {{"env", "prod"}}, {{"env", "test"}}}, world, testing::kNow);
}

Verdict debug_container() {
  World world(control_plane());
  world.add(load_balancer({port(443, number_of(8443))}));
  Workload pod = workload("Pod", "web-0", {container_port(8443), container_port(5432)});
  pod.meta.labels = pod.template_labels;
  world.add(pod);
  Workload debugged = pod;
  debugged.pod.ephemeral_containers.push_back(container("debugger", {}));
  return update(world, pod, debugged);
}

Verdict port_forward() {
  World world(control_plane());
  Workload pg = workload("StatefulSet", "db", {container_port(5432)});
  Workload pod = workload("Pod", "db-0", {container_port(5432)});
  own(pod, pg);
  world.add(pg).add(pod);
  exposure::Connection asked;
  asked.ns = "data";
  asked.name = "db-0";
  return judge(asked, world, testing::kNow);
}

Verdict moved_service() {
  World world(control_plane());
  Workload pg = workload("StatefulSet", "pg", {container_port(8443)});
  pg.pod.containers.front().image = "postgres:16";
  world.add(pg);
  return create(world, load_balancer({port(443, number_of(8443))}));
}

Verdict unallocated() {
  World world;
  NumberBooks books;
  PortRange range = testing::range("mesh", "NodePort", {"24500-24599"});
  range.spec.undeclared = "Deny";
  books.put(std::make_shared<const PortRange>(range));
  AdmissionRequest request;
  request.object = service("NodePort", {node_port(24511, 80)});
  return judge(request, world, books, testing::kNow);
}

const std::map<std::string, Golden>& goldens() {
  namespace rule = exposure::rule;
  static const std::map<std::string, Golden> texts = {
      {rule::kInternalPort,
       {[] { return create(World(control_plane()), load_balancer({port(5432)})); },
        "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be reachable from "
        "outside the "
        "cluster\n"
        "Service data/web (LoadBalancer) port 5432 (no workload is selected yet)\n"
        "make the Service ClusterIP, or ask for an exception (kubectl berth explain --exception)"}},
      {rule::kConnect,
       {port_forward,
        "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and could be reached through the "
        "API server, for the request does not tell the port\n"
        "kubectl port-forward to Pod data/db-0 port 5432 -> StatefulSet data/db container main port 5432\n"
        "connect from a pod of the cluster, or ask for an exception (kubectl berth explain --exception)"}},
      {rule::kSpecialAddress,
       {special_address,
        "address 169.254.169.254 (link-local) is no pod's, and an exposed Service that leads there is "
        "refused by "
        "ExposurePolicy control-plane\n"
        "Service data/web (LoadBalancer) port 443 -> EndpointSlice data/web-1 (169.254.169.254) port 443\n"
        "lead EndpointSlice data/web-1 to the addresses of pods, or give the Service a selector"}},
      {rule::kRemovedPort,
       {[] {
          return create(World(policy_with([](ExposurePolicySpec& spec) {
                          spec.external.push_back(listed(4443, "Old API"));
                          spec.external.back().deprecated = Deprecation{"v8", "2026-01-01"};
                        })),
                        load_balancer({port(4443)}));
        },
        "port 4443 (Old API) is deprecated by ExposurePolicy control-plane, removed in v8, refused since "
        "2026-01-01\n"
        "Service data/web (LoadBalancer) port 4443 (no workload is selected yet)\n"
        "move to the port that replaces it, or ask for an exception (kubectl berth explain --exception)"}},
      {rule::kLeftOpen,
       {left_open,
        "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and no NetworkPolicy would keep "
        "outsiders "
        "from it any more\n"
        "NetworkPolicy data/default-deny no longer isolates StatefulSet data/pg container main port 5432\n"
        "keep a NetworkPolicy that isolates its pods, with policyTypes Ingress"}},
      {rule::kLeavesPolicy,
       {leaves_policy,
        "ExposurePolicy control-plane would no longer be in force\n"
        "Namespace data\n"
        "keep the labels that its spec.namespaceSelector asks for"}},
      {rule::kDebugContainer,
       {debug_container,
        "port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and a debug container of the pod "
        "could lead "
        "to it from a port that is exposed\n"
        "Pod data/web-0 container debugger runs a debug container\n"
        "debug a copy of the pod (kubectl debug --copy-to), or one that is not exposed"}},
      {rule::kEndsTls,
       {[] {
          World world(
              policy_with([](ExposurePolicySpec& spec) { spec.external.back().tls = "Passthrough"; }));
          world.add(service("ClusterIP", {port(80, number_of(8443))}));
          return create(world, ingress({backend("web", 80)}));
        },
        "port 8443 must keep its TLS up to the container (tls: Passthrough) by ExposurePolicy control-plane, "
        "and an "
        "Ingress ends TLS\n"
        "Ingress data/front (a.example.org) -> Service data/web port 80 -> targetPort 8443 (no workload is "
        "selected "
        "yet)\n"
        "use a Service of type LoadBalancer instead of the Ingress"}},
      {rule::kOpenSources,
       {[] {
          return create(World(policy_with([](ExposurePolicySpec& spec) {
                          spec.networks = {{"admins", {"10.20.0.0/16"}}};
                          spec.external.front().from = {"admins"};
                        })),
                        load_balancer({port(443)}));
        },
        "port 443 is for admins only by ExposurePolicy control-plane, and this way is not restricted to it\n"
        "Service data/web (LoadBalancer) port 443 (no workload is selected yet)\n"
        "set loadBalancerSourceRanges within 10.20.0.0/16 and allocateLoadBalancerNodePorts: false"}},
      {rule::kOtherNetwork,
       {[] {
          Service elsewhere = load_balancer({port(443)});
          elsewhere.load_balancer_class = "example.org/edge";
          return create(World(policy_with([](ExposurePolicySpec& spec) {
                          spec.networks = {{"management", {"10.20.0.0/16"}, {"example.org/mgmt"}}};
                          spec.external.front().shown_on = {"management"};
                        })),
                        elsewhere);
        },
        "port 443 is to be shown on network management only by ExposurePolicy control-plane, and this way is "
        "shown on "
        "load balancer class example.org/edge\n"
        "Service data/web (LoadBalancer) port 443 (no workload is selected yet)\n"
        "ask for load balancer class example.org/mgmt or an address of 10.20.0.0/16 and "
        "allocateLoadBalancerNodePorts: false"}},
      {rule::kUnresolved,
       {[] { return create(World(control_plane()), load_balancer({port(443, name_of("pg"))})); },
        "it is not known which container port this opens (no selected workload has a port named \"pg\"), "
        "reported by "
        "ExposurePolicy control-plane\n"
        "Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> ?\n"
        "create the workload first, or write the targetPort as a number"}},
      {rule::kUndeclaredPort,
       {[] { return create(World(control_plane()), load_balancer({port(9000)})); },
        "port 9000 is not declared as external by ExposurePolicy control-plane and would be reachable from "
        "outside the "
        "cluster\n"
        "Service data/web (LoadBalancer) port 9000 (no workload is selected yet)\n"
        "make the Service ClusterIP, or allocate the port with a PortAllocation (exposure: External), or "
        "list it under "
        "spec.external of the policy"}},
      {rule::kDeprecatedPort,
       {[] {
          return create(World(policy_with([](ExposurePolicySpec& spec) {
                          spec.external.push_back(listed(4443, "Old API"));
                          spec.external.back().deprecated = Deprecation{"v8", "2030-01-01"};
                        })),
                        load_balancer({port(4443)}));
        },
        "port 4443 (Old API) is deprecated by ExposurePolicy control-plane, removed in v8, refused from "
        "2030-01-01\n"
        "Service data/web (LoadBalancer) port 4443 (no workload is selected yet)\n"
        "move to the port that replaces it, or ask for an exception (kubectl berth explain --exception)"}},
      {rule::kMovedService,
       {moved_service,
        "port 8443 seems to be the service of image postgres, whose port 5432 (PostgreSQL) is internal by "
        "ExposurePolicy control-plane and would be reachable from outside the cluster\n"
        "Service data/web (LoadBalancer) port 443 -> targetPort 8443 -> StatefulSet data/pg container main "
        "port 8443\n"
        "make the Service ClusterIP, or ask for an exception (kubectl berth explain --exception)"}},
      {rule::kNoPort,
       {[] { return create(World(control_plane()), load_balancer({port(70000)})); },
        "'70000' is not a port: ports are whole numbers from 1 to 65535\n"
        "Service data/web spec.ports[0].port\n"
        "write a number from 1 to 65535"}},
      {rule::kUnallocatedNumber,
       {unallocated,
        "nodePort 24511 belongs to PortRange mesh, and no PortAllocation holds it for this object\n"
        "Service data/web (NodePort) nodePort 24511\n"
        "ask for it (any namespace may) with a PortAllocation of rangeName: mesh and port: 24511, and take "
        "this number "
        "out here: Berth makes the Service; or write a nodePort outside 24500-24599 (where none was written, "
        "the API "
        "server chose this one)"}},
  };
  return texts;
}

class GoldenText : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenText, IsWhatTheUserReads) {
  ASSERT_TRUE(goldens().contains(GetParam())) << "a rule without a golden text";
  const Golden& golden = goldens().at(GetParam());
  const Verdict verdict = golden.ask();
  ASSERT_FALSE(verdict.findings.empty());
  const Finding& first = verdict.findings.front();
  EXPECT_EQ(first.rule, GetParam());
  EXPECT_EQ(first.message + "\n" + first.path + "\n" + first.fix, golden.text);
}

std::vector<std::string> every_rule() {
  std::vector<std::string> ids;
  for (const exposure::RuleText& rule : exposure::rule_catalogue()) ids.emplace_back(rule.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Rules, GoldenText, ::testing::ValuesIn(every_rule()), [](const auto& tested) {
  std::string name = tested.param;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace berth
