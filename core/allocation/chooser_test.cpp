#include "core/allocation/chooser.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::ClaimCase;
using testing::Cluster;
using testing::entry;
using testing::expect_answers;
using testing::grant_for;
using testing::in_block;
using testing::internal_number;
using testing::kOther;
using testing::mesh;
using testing::outcome_for;
using testing::port;
using testing::range;
using testing::resting;
using testing::service;
using testing::service_port;

TEST(Claim, AnswersEveryRequest) {
  const auto nothing = [](Cluster&) {};
  const ClaimCase cases[] = {
      {"the lowest free number", {port("api")}, nothing, "api:24500", ""},
      {"several ports", {port("a"), port("b")}, nothing, "a:24500 b:24501", ""},
      {"a requested number", {port("api", 24503)}, nothing, "api:24503", ""},
      {"a chosen number leaves the requested one of the same allocation",
       {port("a"), port("b", 24500)},
       nothing,
       "a:24501 b:24500",
       ""},
      {"a block", {in_block(port("a"), "vpn"), port("b")}, nothing, "a:24505 b:24500", ""},
      {"a requested number in its block", {in_block(port("a", 24506), "vpn")}, nothing, "a:24506", ""},
      {"one number for TCP and UDP of one service",
       {port("t", 24503), port("u", 24503, Protocol::kUdp)},
       nothing,
       "t:24503 u:24503",
       ""},
      {"held by another",
       {port("api")},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1)); },
       "api:24501",
       ""},
      {"resting",
       {port("api")},
       [](Cluster& c) {
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
         c.rest.observe(c.ledgers, c.monotonic);
         c.monotonic = c.monotonic + std::chrono::seconds(129);
       },
       "api:24501",
       ""},
      {"rested",
       {port("api")},
       [](Cluster& c) {
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
         c.rest.observe(c.ledgers, c.monotonic);
         c.monotonic = c.monotonic + std::chrono::seconds(130);
       },
       "api:24500",
       ""},
      {"used by a Service that nobody declared",
       {port("api")},
       [](Cluster& c) { c.services = {service("data", "np", "NodePort", {service_port("a", 80, 24500)})}; },
       "api:24501",
       ""},
      {"hidden node port of a load balancer and its health check",
       {port("api")},
       [](Cluster& c) {
         c.services = {service("data", "lb", "LoadBalancer", {service_port("a", 80, 24500)})};
         c.services[0].health_check_node_port = 24501;
       },
       "api:24502",
       ""},
      {"held under an overlapping range",
       {port("api")},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1, Protocol::kTcp, "another")); },
       "api:24501",
       ""},
      {"no such range",
       {port("api")},
       [](Cluster& c) { c.allocations[0].spec.range_name = "mash"; },
       "RangeNotFound",
       "mash"},
      {"no range with the purpose",
       {port("api")},
       [](Cluster& c) {
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "RangeNotFound",
       "games"},
      {"a range that cannot be read",
       {port("api")},
       [](Cluster& c) { c.ranges[0].spec.order = "Any"; },
       "RangeUnusable",
       "spec.order"},
      {"taken by an allocation",
       {port("api", 24500)},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1)); },
       "PortTaken",
       "mesh/other"},
      {"taken by a Service",
       {port("api", 24500)},
       [](Cluster& c) { c.services = {service("data", "np", "NodePort", {service_port("a", 80, 24500)})}; },
       "PortTaken",
       "Service data/np (nodePort)"},
      {"resting by number",
       {port("api", 24500)},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1))); },
       "PortResting",
       "130 s"},
      {"two ports of one protocol on one number",
       {port("a", 24500), port("b", 24500)},
       nothing,
       "PortRequestedTwice",
       "port a"},
      {"all or nothing", {port("a"), port("b", 24509)}, nothing, "PortReserved", ""},
      {"too few left",
       {in_block(port("a"), "vpn"), in_block(port("b"), "vpn"), in_block(port("c"), "vpn")},
       nothing,
       "RangeExhausted",
       "block vpn of range mesh"},
      {"a frozen shard",
       {port("api", 24500)},
       [](Cluster& c) {
         PortLedger object;
         object.meta.name = "nodeport-095";
         object.spec = {"NodePort", 95, 0, 1, {{"24507", "9 ?"}}};
         (void)c.ledgers.put(object);
       },
       "LedgerFrozen",
       "24507"},
      {"numbers of a frozen shard are not chosen",
       {port("api")},
       [](Cluster& c) {
         PortLedger object;
         object.meta.name = "nodeport-095";
         object.spec = {"NodePort", 95, 0, 1, {{"24507", "9 ?"}}};
         (void)c.ledgers.put(object);
       },
       "LedgerFrozen",
       "the record of those around 24500 cannot be read: "},
      {"purpose of a range",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.purpose = "games";
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "api:24500",
       ""},
      {"purpose of a block",
       {port("api")},
       [](Cluster& c) {
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "vpn-core";
       },
       "api:24505",
       ""},
      {"the next range of a purpose when the first is full",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.purpose = "games";
         c.ranges.push_back(range("a-small-one", "NodePort", {"24400"}));
         c.ranges[1].spec.purpose = "games";
         c.put(Space::kNodePort, 24400, entry(kOther, "x", 1));
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "api:24500",
       ""},
  };
  expect_answers(cases);
}

TEST(Claim, HandsOutPerProtocolInTheServiceSpace) {
  Cluster cluster;
  cluster.ranges = {range("lb", "Service", {"443"})};
  cluster.allocations = {allocation("a", {port("t", 443)}, 1, "lb"),
                         allocation("b", {port("u", 443, Protocol::kUdp)}, 2, "lb"),
                         allocation("c", {port("t", 443)}, 3, "lb")};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "a"), "t:443");
  EXPECT_EQ(outcome_for(plan, "b"), "u:443");
  EXPECT_EQ(outcome_for(plan, "c"), "PortTaken");
  cluster.services = {service("data", "lb", "LoadBalancer", {service_port("s", 443, 0)})};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "PortTaken");
}

TEST(Claim, WritesEntriesThatSayWhoseTheyAre) {
  Cluster cluster = mesh();
  cluster.fence = 4;
  cluster.allocations = {allocation("web", {port("t", 24503), port("u", 24503, Protocol::kUdp)})};
  const ClaimPlan plan = cluster.claim_all();
  ASSERT_EQ(plan.writes.size(), 1U);
  EXPECT_TRUE(plan.writes[0].creates());
  const PortLedger& object = plan.writes[0].object;
  EXPECT_EQ(object.meta.name, "nodeport-095");
  EXPECT_EQ(object.spec.fence, 4);
  EXPECT_EQ(object.spec.entries.at("24503"), "1 held mesh/web uid-web t/TCP,u/UDP 1 1763800000 mesh");
  EXPECT_EQ(plan.grants[0].shards, std::vector<std::string>{"nodeport-095"});
}

TEST(Claim, IsIdempotent) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("a"), port("b")})};
  cluster.write_all(cluster.claim_all().writes);
  const ClaimPlan again = cluster.claim_all();
  EXPECT_EQ(outcome_for(again, "web"), "a:24500 b:24501");
  EXPECT_TRUE(again.writes.empty());
  EXPECT_TRUE(grant_for(again, "web")->shards.empty());
  EXPECT_FALSE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
}

TEST(Claim, ServesTheOldestFirstAndTiesByUid) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.ports = {"24500"};
  cluster.ranges[0].spec.blocks = {};
  cluster.ranges[0].spec.reserved = {};
  cluster.allocations = {allocation("b", {port("p")}, 5), allocation("a", {port("p")}, 5),
                         allocation("old", {port("p")}, 1)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "old"), "p:24500");
  cluster.allocations.pop_back();
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "p:24500");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "b"), "RangeExhausted");
}

TEST(Claim, ChoosesNumbersThatNobodyInTheBatchAsksFor) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("first", {port("p")}, 1), allocation("second", {port("p", 24500)}, 2)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "first"), "p:24501");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "second"), "p:24500");
  // As long as others are left: age wins over the wish.
  cluster.ranges[0].spec.ports = {"24500"};
  cluster.ranges[0].spec.blocks = {};
  cluster.ranges[0].spec.reserved = {};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "first"), "p:24500");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "second"), "PortTaken");
}

TEST(Claim, KeepsANumberForNobodyWhoMayNotHaveIt) {
  const auto wish = [](std::int64_t number) { return allocation("wisher", {port("p", number)}, 2); };
  const auto nothing = [](Cluster&) {};
  struct Case {
    const char* why;
    PortAllocation wisher;
    std::function<void(Cluster&)> given;
    const char* told;
  };
  std::vector<Case> cases = {
      {"not of his range", wish(24500),
       [](Cluster& c) {
         c.ranges.push_back(range("own", "NodePort", {"24600-24609"}));
         c.allocations[1].spec.range_name = "own";
       },
       "PortOutsideRange"},
      {"not of his block", wish(24500), [](Cluster& c) { c.allocations[1].spec.ports[0].block = "vpn"; },
       "PortOutsideRange"},
      {"of a block that does not exist", wish(24500),
       [](Cluster& c) { c.allocations[1].spec.ports[0].block = "none"; }, "BlockNotFound"},
      {"of a range that is closed to his namespace", wish(24500),
       [](Cluster& c) {
         c.ranges.push_back(range("closed", "NodePort", {"24500-24509"}));
         c.ranges[1].spec.namespace_selector.match_labels = {{"team", "red"}};
         c.allocations[1].spec.range_name = "closed";
       },
       "NamespaceNotAllowed"},
      {"internal, and wished for the outside", wish(24500),
       [](Cluster& c) {
         internal_number(c, 24500);
         c.allocations[1].spec.exposure = "External";
       },
       "PortInternal"},
      {"free for him: this one is kept", wish(24500), nothing, "p:24500"},
  };
  for (const Case& c : cases) {
    Cluster cluster = mesh();
    cluster.allocations = {allocation("first", {port("p")}, 1), c.wisher};
    cluster.allocations[0].spec.exposure = "Cluster";
    c.given(cluster);
    const ClaimPlan plan = cluster.claim_all();
    EXPECT_EQ(outcome_for(plan, "wisher"), c.told) << c.why;
    const bool kept = std::string(c.told) == "p:24500";
    EXPECT_EQ(outcome_for(plan, "first"), kept ? "p:24501" : "p:24500") << c.why;
  }
}

TEST(Claim, ReturnsWhatARefusedRequestHadPicked) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("big", {port("a"), port("b", 24509)}, 1),
                         allocation("small", {port("p")}, 2)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "small"), "p:24500");
}

TEST(Claim, SpreadsByOwnerAndIsTheSameForEveryLeader) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"20000-29999"})};
  cluster.ranges[0].spec.order = "Spread";
  for (int i = 0; i < 50; ++i)
    cluster.allocations.push_back(allocation("a" + std::to_string(i), {port("p")}, i));
  const ClaimPlan plan = cluster.claim_all();
  std::set<std::int32_t> numbers;
  int low = 0;
  for (const Grant& grant : plan.grants) {
    numbers.insert(grant.ports[0].number.number());
    low += grant.ports[0].number.number() < 20100 ? 1 : 0;
  }
  EXPECT_EQ(numbers.size(), 50U);
  EXPECT_LT(low, 10);
  EXPECT_EQ(cluster.claim_all(), plan);
}

TEST(Claim, DoesNotDependOnTheOrderOfWhatItIsGiven) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("a", {port("p"), port("q")}, 3), allocation("b", {port("p", 24501)}, 2),
                         allocation("c", {port("p")}, 2), allocation("d", {port("p", 24501)}, 1)};
  const ClaimPlan expected = cluster.claim_all();
  std::sort(cluster.allocations.begin(), cluster.allocations.end(),
            [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; });
  do {
    EXPECT_EQ(cluster.claim_all(), expected);
  } while (std::next_permutation(cluster.allocations.begin(), cluster.allocations.end(),
                                 [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; }));
}

TEST(Claim, StepsDownBeforeALargerFence) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.put(Space::kService, 443, entry(kOther, "x", 1));
  cluster.stored.at("service-001").spec.fence = 7;
  cluster.read_ledgers();
  cluster.fence = 6;
  EXPECT_TRUE(cluster.claim_all().superseded);
  EXPECT_TRUE(cluster.claim_all().writes.empty());
  cluster.fence = 7;
  EXPECT_FALSE(cluster.claim_all().superseded);
}

TEST(Claim, ForgetsRestedNumbersOfShardsItWrites) {
  Cluster cluster = mesh();
  cluster.put(Space::kNodePort, 24507, resting(entry(kOther, "x", 1)));
  cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  cluster.allocations = {allocation("web", {port("p")})};
  EXPECT_TRUE(cluster.claim_all().writes[0].object.spec.entries.contains("24507"));
  cluster.monotonic = cluster.monotonic + std::chrono::seconds(130);
  EXPECT_FALSE(cluster.claim_all().writes[0].object.spec.entries.contains("24507"));
}

TEST(Claim, TakesBackItsOwnRestingNumberWhenAskedByNumber) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p", 24503)})};
  cluster.put(Space::kNodePort, 24503, resting(entry(cluster.allocations[0], "p", 1)));
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24503");
  // A namesake of another UID inherits nothing.
  cluster.allocations[0].meta.uid.text = "uid-new";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "PortResting");
}

TEST(Claim, IgnoresAllocationsThatAreBeingDeleted) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.allocations[0].meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "nothing");
}

TEST(Batch, OfTenThousandFillsTheRangeOldestFirst) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"20000-29899"})};
  for (int i = 0; i < 10'000; ++i)
    cluster.allocations.push_back(allocation("a" + std::to_string(i), {port("p")}, i));
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(plan.grants.size(), 9'900U);
  ASSERT_EQ(plan.refusals.size(), 100U);
  EXPECT_EQ(plan.refusals[0].allocation.name, "a9900");
  EXPECT_EQ(plan.refusals[0].reason, RefusalReason::kRangeExhausted);
  EXPECT_EQ(plan.writes.size(), 39U);  // few shards per batch: they are filled, not sprinkled
  for (const ShardWrite& write : plan.writes) {
    std::size_t bytes = 0;
    for (const auto& [key, record] : write.object.spec.entries) bytes += key.size() + record.size();
    EXPECT_LT(bytes, 64U * 1024U);  // I12
  }
}

}  // namespace
}  // namespace berth::allocation
