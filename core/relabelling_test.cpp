// Labels of a namespace change: which ways that opens, and which policies it leaves (exposure.md row 60).
#include "core/relabelling.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/admission.h"
#include "core/catalogue_for_test.h"
#include "core/exposure/route_entrance.h"
#include "core/exposure/testing/gateways.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using exposure::Decision;
using exposure::entrance_of;
using testing::kNow;

const Labels kPublic = {{"shown", "yes"}};

// Gateway infra/edge whose listener takes routes of namespaces with the label, and TCPRoute data/front at it.
World with_route(const char* service = "db", std::int64_t number = 5432) {
  World world(control_plane());
  Gateway edge = gateway({listener(9000, "TCP")});
  edge.listeners[0].routes_from = "Selector";
  edge.listeners[0].routes_selector.match_labels = kPublic;
  world.add(edge).add(entrance_of(route({route_backend(service, number)}, "TCPRoute")));
  for (const auto& [name, port_number] : {std::pair{"db", 5432}, std::pair{"web", 80}}) {
    Service made = exposure::testing::service("ClusterIP", {port(port_number)}, name);
    made.selector = {{"app", name}};
    world.add(made);
  }
  return world;
}

// The database data/pg, and a policy for namespaces with the label.
World with_cluster_wide_policy(std::vector<NetworkPolicyRule> ingress) {
  World world(control_plane());
  world.add(workload("StatefulSet", "pg", {container_port(5432)}));
  NetworkPolicy made;
  made.kind = "CiliumClusterwideNetworkPolicy";
  made.meta.name = "wide";
  made.cluster_wide = true;
  made.policy_types = {"Ingress"};
  made.ingress = std::move(ingress);
  made.namespaces.resize(1);
  made.namespaces[0].match_labels = kPublic;
  return std::move(world.add(made));
}

struct Case {
  const char* name;
  std::function<World()> world;
  Labels before;
  Labels after;
  Decision expected;
  const char* told;
};

TEST(Relabelling, Row60_IsJudgedByTheWaysThatItOpens) {
  const Case cases[] = {
      {"a listener takes the routes from now on",
       [] { return with_route(); },
       {},
       kPublic,
       Decision::kDeny,
       "TCPRoute data/front at Gateway infra/edge port 9000 -> Service data/db port 5432 (no workload is "
       "selected "
       "yet)"},
      {"it took them before",
       [] { return with_route(); },
       kPublic,
       {{"shown", "yes"}, {"team", "a"}},
       Decision::kAllow,
       ""},
      {"it takes them no more", [] { return with_route(); }, kPublic, {}, Decision::kAllow, ""},
      {"the listener looks at another label",
       [] { return with_route(); },
       {},
       {{"team", "a"}},
       Decision::kAllow,
       ""},
      {"nothing internal is behind it",
       [] { return with_route("web", 80); },
       {},
       kPublic,
       Decision::kAllow,
       ""},
      {"a policy that lets everybody in is for it now",
       [] { return with_cluster_wide_policy({NetworkPolicyRule{}}); },
       {},
       kPublic,
       Decision::kDeny,
       "CiliumClusterwideNetworkPolicy wide from everywhere -> StatefulSet data/pg container main port 5432"},
      {"a policy that isolates is for it now",
       [] { return with_cluster_wide_policy({}); },
       {},
       kPublic,
       Decision::kAllow,
       ""},
      {"the only policy that isolates is for it no more",
       [] { return with_cluster_wide_policy({}); },
       kPublic,
       {},
       Decision::kUnknown,
       "CiliumClusterwideNetworkPolicy wide no longer isolates StatefulSet data/pg container main port 5432"},
      {"nothing changes", [] { return with_cluster_wide_policy({}); }, kPublic, kPublic, Decision::kAllow,
       ""},
  };
  for (const Case& c : cases) {
    // What is stored may be older or newer than the request says.
    for (const Labels& stored : {c.before, c.after}) {
      World world = c.world();
      world.label_namespace("data", stored);
      const auto verdict = judge(Relabelling{"data", c.before, c.after}, world, kNow);
      EXPECT_EQ(verdict.decision, c.expected) << c.name;
      if (*c.told == '\0') {
        EXPECT_TRUE(verdict.findings.empty()) << c.name << ": " << verdict.findings[0].path;
      } else {
        ASSERT_FALSE(verdict.findings.empty()) << c.name;
        EXPECT_EQ(verdict.findings[0].path, c.told) << c.name;
      }
    }
  }
}

TEST(Relabelling, Row60_OpensAWayIntoAnotherNamespaceToo) {
  World world = with_route();
  Route made = route({route_backend("db", 5432, "bank")}, "TCPRoute");
  made.meta.name = "far";
  world.add(entrance_of(made));
  Service db = exposure::testing::service("ClusterIP", {port(5432)}, "db");
  db.meta.ns = "bank";
  db.selector = {{"app", "db"}};
  world.add(db);
  ReferenceGrant grant;
  grant.meta.ns = "bank";
  grant.meta.name = "to-data";
  grant.from = {{"gateway.networking.k8s.io", "TCPRoute", "data"}};
  grant.to = {{"", "Service", ""}};
  world.add(grant);
  const auto verdict = judge(Relabelling{"data", {}, kPublic}, world, kNow);
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_TRUE(std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& finding) {
    return finding.path.find("Service bank/db port 5432") != std::string::npos;
  }));
}

TEST(Relabelling, Row60_WarnsOfAPolicyThatIsNoLongerInForce) {
  ExposurePolicy policy = control_plane();
  policy.spec.namespace_selector.match_labels = {{"env", "prod"}};
  const World world(policy);
  const Labels prod = {{"env", "prod"}};
  const auto left = judge(Relabelling{"data", prod, {{"env", "test"}}}, world, kNow);
  EXPECT_EQ(left.decision, Decision::kWarn);
  ASSERT_EQ(left.findings.size(), 1U);
  EXPECT_EQ(left.findings[0].rule, "leaves-policy");
  EXPECT_EQ(
      outcome(left).warnings,
      (std::vector<std::string>{"ExposurePolicy control-plane would no longer be in force: Namespace data"}));
  EXPECT_TRUE(outcome(left).allowed);
  EXPECT_TRUE(judge(Relabelling{"data", {}, prod}, world, kNow).findings.empty())
      << "it comes under the policy";
  EXPECT_TRUE(judge(Relabelling{"data", prod, {{"env", "prod"}, {"a", "b"}}}, world, kNow).findings.empty());
}

}  // namespace
}  // namespace berth
