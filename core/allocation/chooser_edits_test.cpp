// What an edit of an allocation, a range or a policy does to numbers that are held.
#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::entry;
using testing::internal_number;
using testing::kOther;
using testing::mesh;
using testing::outcome_for;
using testing::port;
using testing::range;

struct Edit {
  const char* name;
  std::function<void(Cluster&)> change;
  const char* expected;
};

TEST(SpecEdits, MoveANumberOnlyWhenTheUserAsksForIt) {
  const Edit edits[] = {
      {"nothing", [](Cluster&) {}, "p:24500 q:24501"},
      {"a port added", [](Cluster& c) { c.allocations[0].spec.ports.push_back(port("r")); },
       "p:24500 q:24501 r:24502"},
      {"a port removed", [](Cluster& c) { c.allocations[0].spec.ports.pop_back(); }, "p:24500"},
      {"a port renamed", [](Cluster& c) { c.allocations[0].spec.ports[0].name = "pp"; }, "pp:24502 q:24501"},
      {"a port renamed with its number",
       [](Cluster& c) {
         c.allocations[0].spec.ports[0].name = "pp";
         c.allocations[0].spec.ports[0].port = 24500;
       },
       "pp:24500 q:24501"},
      {"another number", [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24504; }, "p:24504 q:24501"},
      {"the number it has", [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24500; },
       "p:24500 q:24501"},
      {"swapped numbers",
       [](Cluster& c) {
         c.allocations[0].spec.ports[0].port = 24501;
         c.allocations[0].spec.ports[1].port = 24500;
       },
       "p:24501 q:24500"},
      {"the number of a sibling that keeps it",
       [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24501; }, "PortRequestedTwice"},
      {"another protocol", [](Cluster& c) { c.allocations[0].spec.ports[0].protocol = Protocol::kUdp; },
       "p:24500 q:24501"},
      {"another block", [](Cluster& c) { c.allocations[0].spec.ports[0].block = "vpn"; }, "p:24500 q:24501"},
      {"another target", [](Cluster& c) { c.allocations[0].spec.ports[0].target_port = std::int64_t{1}; },
       "p:24500 q:24501"},
      {"another range", [](Cluster& c) { c.allocations[0].spec.range_name = "web"; }, "p:30000 q:30001"},
      {"another range that holds the numbers too",
       [](Cluster& c) {
         c.ranges[1].spec.ports = {"24000-24999"};
         c.allocations[0].spec.range_name = "web";
       },
       "p:24500 q:24501"},
      {"the range shrunk", [](Cluster& c) { c.ranges[0].spec.ports = {"24505-24509"}; }, "p:24500 q:24501"},
      {"the range deleted", [](Cluster& c) { c.ranges.erase(c.ranges.begin()); }, "p:24500 q:24501"},
      {"the range broken", [](Cluster& c) { c.ranges[0].spec.order = "?"; }, "p:24500 q:24501"},
      {"the numbers reserved",
       [](Cluster& c) {
         c.ranges[0].spec.reserved = {{{"24500-24501"}, "x"}};
       },
       "p:24500 q:24501"},
      {"the limit lowered", [](Cluster& c) { c.ranges[0].spec.limits.per_namespace = 1; }, "p:24500 q:24501"},
      {"the namespace shut out",
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"no", "way"}};
       },
       "p:24500 q:24501"},
      {"the numbers made internal", [](Cluster& c) { internal_number(c, 24500); }, "p:24500 q:24501"},
  };
  for (const Edit& edit : edits) {
    Cluster cluster = mesh();
    cluster.ranges.push_back(range("web", "NodePort", {"30000-30009"}));
    cluster.allocations = {allocation("web", {port("p"), port("q")})};
    cluster.write_all(cluster.claim_all().writes);
    PortAllocation& object = cluster.allocations[0];
    object.status.range_name = "mesh";
    object.status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24501, Protocol::kTcp, {}}};
    edit.change(cluster);
    const ClaimPlan plan = cluster.claim_all();
    EXPECT_EQ(outcome_for(plan, "web"), edit.expected) << edit.name;
    cluster.write_all(plan.writes);
    const ClaimPlan settled = cluster.claim_all();
    EXPECT_EQ(outcome_for(settled, "web"), edit.expected) << edit.name;
    EXPECT_TRUE(settled.writes.empty()) << edit.name;
  }
}

TEST(SpecEdits, KeepTheOldNumberUntilTheNewOneIsGranted) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.put(Space::kNodePort, 24503, entry(kOther, "x", 9));
  cluster.allocations[0].spec.ports[0].port = 24503;
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "PortTaken");
  const auto holdings = [&] {
    const PortAllocation& object = cluster.allocations[0];
    return assess(object, cluster.ledgers.of_owner(object.meta.uid), cluster.compiled(), cluster.uses());
  };
  ASSERT_EQ(holdings().serving.size(), 1U);
  EXPECT_EQ(holdings().serving[0].number, Port::of(24500));
  EXPECT_TRUE(holdings().serving[0].interim);
  EXPECT_TRUE(holdings().surplus.empty());
  cluster.allocations[0].spec.ports[0].port = 24504;
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(holdings().serving[0].number, Port::of(24504));
  ASSERT_EQ(holdings().surplus.size(), 1U);
  EXPECT_EQ(holdings().surplus[0].number.key.port, Port::of(24500));
}

TEST(SpecEdits, MayRenumberInAFullNamespace) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.limits.per_namespace = 1;
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.allocations[0].spec.ports[0].port = 24504;
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24504");
}

TEST(SpecEdits, RenewTheRecordedProtocol) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.allocations[0].spec.ports[0].protocol = Protocol::kUdp;
  EXPECT_TRUE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(cluster.ledgers.in(Space::kNodePort).find({Port::of(24500)})->slots[0].protocol, Protocol::kUdp);
  EXPECT_FALSE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
}

}  // namespace
}  // namespace berth::allocation
