// Numbers in a row (count): chosen, requested, grown, shrunk; who waits for them and who goes first.
#include <algorithm>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/chooser.h"
#include "core/allocation/release.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::outcome_for;

AllocationPort row(std::string name, std::int64_t count, std::int64_t number = 0) {
  AllocationPort port = testing::port(std::move(name), number);
  port.count = count;
  return port;
}

PortAllocation asking(std::string name, std::vector<AllocationPort> ports, int second = 0) {
  return effective(testing::allocation(std::move(name), std::move(ports), second), {});
}

Cluster cluster_with(std::vector<std::string> ports) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", std::move(ports))};
  return cluster;
}

// Somebody else holds these.
void hold(Cluster& cluster, const std::vector<std::int64_t>& numbers, EntryState state = EntryState::kHeld) {
  const PortAllocation other = testing::allocation("other", {testing::port("x")});
  std::int64_t sequence = 1;
  for (const std::int64_t number : numbers) {
    Entry record = testing::entry(other, "x" + std::to_string(number), sequence++);
    record.state = state;
    cluster.put(Space::kNodePort, number, record);
  }
}

std::string claim_one(Cluster& cluster, const PortAllocation& object) {
  cluster.allocations = {object};
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  return outcome_for(plan, object.meta.name);
}

TEST(Rows, TakeTheLowestNumbersThatLieSideBySide) {
  struct Case {
    std::string name;
    std::vector<std::string> ports;
    std::vector<std::int64_t> held;
    std::int64_t count;
    std::string expected;
  };
  const Case cases[] = {
      {"an empty range", {"24500-24509"}, {}, 3, "r-0:24500 r-1:24501 r-2:24502"},
      {"behind what is held", {"24500-24509"}, {24500, 24503}, 3, "r-0:24504 r-1:24505 r-2:24506"},
      {"in a gap that just fits", {"24500-24509"}, {24500, 24503}, 2, "r-0:24501 r-1:24502"},
      {"over the edge of two shards", {"24574-24577"}, {}, 4, "r-0:24574 r-1:24575 r-2:24576 r-3:24577"},
      {"not over a gap of the range", {"24500-24501", "24503-24505"}, {}, 3, "r-0:24503 r-1:24504 r-2:24505"},
      {"over spans that touch", {"24500-24501", "24502-24503"}, {}, 3, "r-0:24500 r-1:24501 r-2:24502"},
      {"no gap is large enough", {"24500-24505"}, {24501, 24504}, 3, "RangeFragmented"},
      {"more than any piece", {"24500-24501", "24503-24504"}, {}, 3, "RangeFragmented"},
      {"nothing is left at all", {"24500-24501"}, {24500, 24501}, 2, "RangeExhausted"},
  };
  for (const Case& each : cases) {
    Cluster cluster = cluster_with(each.ports);
    hold(cluster, each.held);
    EXPECT_EQ(claim_one(cluster, asking("web", {row("r", each.count)})), each.expected) << each.name;
  }
}

TEST(Rows, GoRoundWhatIsReservedRestingForeignOrInternal) {
  Cluster cluster = cluster_with({"24500-24520"});
  cluster.ranges[0].spec.reserved = {{{"24501"}, "kept"}};
  hold(cluster, {24503}, EntryState::kResting);
  cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  cluster.services = {testing::service("data", "s", "NodePort", {testing::service_port("a", 80, 24505)})};
  cluster.contested = {24507};
  ExposurePolicy policy;
  policy.meta.name = "p";
  policy.spec.internal = {{.ports = {"24509"}}};
  cluster.policies = {policy};
  EXPECT_EQ(claim_one(cluster, asking("web", {row("r", 2)})), "r-0:24510 r-1:24511");
}

TEST(Rows, StayInTheirBlock) {
  Cluster cluster = cluster_with({"24500-24509"});
  cluster.ranges[0].spec.blocks = {{"media", {"24502-24504"}, "", ""}};
  AllocationPort port = row("r", 3);
  port.block = "media";
  EXPECT_EQ(claim_one(cluster, asking("web", {port})), "r-0:24502 r-1:24503 r-2:24504");
  EXPECT_EQ(claim_one(cluster, asking("next", {port}, 1)), "RangeExhausted");
}

TEST(Rows, BeginAnywhereWhenTheRangeSpreads) {
  Cluster cluster = cluster_with({"24000-24999"});
  cluster.ranges[0].spec.order = "Spread";
  std::set<std::string> outcomes;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "app-" + std::to_string(i);
    cluster.allocations = {asking(name, {row("r", 4)})};
    const ClaimPlan plan = cluster.claim_all();
    const Grant* grant = testing::grant_for(plan, name);
    ASSERT_NE(grant, nullptr);
    for (std::size_t j = 1; j < 4; ++j) {
      EXPECT_EQ(grant->ports[j].number.number(), grant->ports[0].number.number() + static_cast<int>(j));
    }
    outcomes.insert(outcome_for(plan, name));
  }
  EXPECT_GT(outcomes.size(), 15U);
}

TEST(Rows, ComeAllOrNotAtAllWithTheOtherPorts) {
  Cluster cluster = cluster_with({"24500-24503"});
  EXPECT_EQ(claim_one(cluster, asking("web", {row("r", 3), testing::port("a"), testing::port("b")})),
            "RangeExhausted");
  EXPECT_TRUE(cluster.stored.empty());
  EXPECT_EQ(claim_one(cluster, asking("web", {row("r", 3), testing::port("a")})),
            "r-0:24500 r-1:24501 r-2:24502 a:24503");
}

TEST(Rows, AskedForBeginAtTheirNumber) {
  Cluster cluster = cluster_with({"24500-24509"});
  hold(cluster, {24507});
  EXPECT_EQ(claim_one(cluster, asking("web", {row("r", 3, 24505)})), "PortTaken");
  EXPECT_EQ(claim_one(cluster, asking("web", {row("r", 2, 24505)})), "r-0:24505 r-1:24506");
  EXPECT_EQ(claim_one(cluster, asking("end", {row("r", 3, 24508)}, 1)), "PortOutsideRange");
}

TEST(Rows, GrowAndShrinkWithoutMovingANumber) {
  struct Case {
    std::string name;
    std::vector<AllocationPort> before;
    std::vector<AllocationPort> after;
    std::vector<std::int64_t> taken;  // by others in between
    std::string expected;
  };
  const Case cases[] = {
      {"grow", {row("r", 2)}, {row("r", 4)}, {}, "r-0:24500 r-1:24501 r-2:24502 r-3:24503"},
      {"grow into others", {row("r", 2)}, {row("r", 4)}, {24503}, "CannotGrow"},
      {"grow out of the range", {row("r", 2)}, {row("r", 11)}, {}, "CannotGrow"},
      {"grow past others by asking", {row("r", 2, 24500)}, {row("r", 3, 24500)}, {24502}, "PortTaken"},
      {"shrink", {row("r", 4)}, {row("r", 2)}, {}, "r-0:24500 r-1:24501"},
      {"a port gets a count", {testing::port("r")}, {row("r", 3)}, {}, "r-0:24500 r-1:24501 r-2:24502"},
      {"a port gets a count and no room", {testing::port("r")}, {row("r", 3)}, {24501}, "CannotGrow"},
      {"a port loses its count", {row("r", 3)}, {testing::port("r")}, {}, "r:24500"},
      {"another port asks for the first",
       {testing::port("r")},
       {row("r", 2), testing::port("x", 24500)},
       {},
       "PortRequestedTwice"},
      {"the one asks for what was the row's first",
       {row("r", 2)},
       {testing::port("r"), testing::port("x", 24500)},
       {},
       "PortRequestedTwice"},
      {"with another port before it",
       {testing::port("r")},
       {testing::port("x"), row("r", 2)},
       {},
       "x:24502 r-0:24500 r-1:24501"},
      {"another name", {row("r", 2)}, {row("s", 2)}, {}, "s-0:24502 s-1:24503"},
  };
  for (const Case& each : cases) {
    Cluster cluster = cluster_with({"24500-24509"});
    (void)claim_one(cluster, asking("web", each.before));
    hold(cluster, each.taken);
    const PortAllocation edited = asking("web", each.after);
    EXPECT_EQ(claim_one(cluster, edited), each.expected) << each.name;
    // Whatever the answer, what was held and is still asked for serves on.
    const auto ranges = cluster.compiled();
    const Holdings holdings =
        assess(edited, cluster.ledgers.of_owner(edited.meta.uid), ranges, cluster.uses());
    const bool renamed = each.name == "another name";
    EXPECT_TRUE(std::any_of(holdings.serving.begin(), holdings.serving.end(), [&](const Holding& holding) {
      return holding.number == Port::of(renamed ? 24502 : 24500);
    })) << each.name;
    if (each.expected.find(':') == std::string::npos) continue;
    EXPECT_FALSE(wants_numbers(edited, cluster.ledgers, ranges, cluster.uses())) << each.name;
  }
}

TEST(Rows, GiveTheirTailBackWhenTheyShrink) {
  Cluster cluster = cluster_with({"24500-24509"});
  (void)claim_one(cluster, asking("web", {row("r", 4)}));
  const PortAllocation edited = asking("web", {row("r", 2)});
  const auto ranges = cluster.compiled();
  const auto candidates =
      release_candidates(edited, cluster.ledgers.of_owner(edited.meta.uid), ranges, cluster.uses(), false);
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].number.key.port, Port::of(24502));
  EXPECT_EQ(candidates[1].number.key.port, Port::of(24503));
}

TEST(Rows, GiveBackWhatWasNeverShownWhenTheyCannotGrow) {
  Cluster cluster = cluster_with({"24500-24501"});
  (void)claim_one(cluster, asking("web", {testing::port("r")}));
  const PortAllocation edited = asking("web", {row("r", 3)});
  EXPECT_EQ(claim_one(cluster, edited), "CannotGrow");
  const auto candidates = [&](const PortAllocation& owner) {
    return release_candidates(owner, cluster.ledgers.of_owner(owner.meta.uid), cluster.compiled(),
                              cluster.uses(), true);
  };
  ASSERT_EQ(candidates(edited).size(), 1U);
  EXPECT_EQ(candidates(edited)[0].cause, ReleaseCause::kUncommitted);
  PortAllocation shown = edited;
  shown.status.ports = {{"r", 24500, Protocol::kTcp, {}}};
  EXPECT_TRUE(candidates(shown).empty());
}

TEST(Rows, AreChosenAnewAsAWholeWhenOneIsLostBeforeItIsPublished) {
  Cluster cluster = cluster_with({"24500-24509"});
  PortAllocation web = asking("web", {row("r", 3)});
  (void)claim_one(cluster, web);
  cluster.services = {testing::service("data", "s", "NodePort", {testing::service_port("a", 80, 24501)})};
  EXPECT_EQ(claim_one(cluster, web), "r-0:24503 r-1:24504 r-2:24505");
  // Published ones stay, and the conflict is told.
  Cluster published = cluster_with({"24500-24509"});
  (void)claim_one(published, web);
  web.status.service_name = "web";
  for (int i = 0; i < 3; ++i) {
    web.status.ports.push_back({"r-" + std::to_string(i), 24500 + i, Protocol::kTcp, {}});
  }
  published.services = cluster.services;
  EXPECT_EQ(claim_one(published, web), "r-0:24500 r-1:24501 r-2:24502");
}

// ---- first come, first served ----

TEST(Fairness, SinglesDoNotStarveAnOlderRow) {
  Cluster cluster = cluster_with({"24500-24503"});
  hold(cluster, {24501});
  const PortAllocation old = asking("old", {row("r", 3)});
  std::vector<PortAllocation> all = {old};
  for (int i = 0; i < 3; ++i) all.push_back(asking("s" + std::to_string(i), {testing::port("p")}, i + 1));
  cluster.allocations = all;
  // Each place lacks one number; the row waits at the lowest, and 24503 is of no use to it there.
  ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "RangeFragmented");
  EXPECT_EQ(outcome_for(plan, "s0"), "p:24503");
  EXPECT_EQ(outcome_for(plan, "s1"), "RangeExhausted");
  cluster.write_all(plan.writes);
  cluster.stored.clear();
  cluster.read_ledgers();
  plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "r-0:24500 r-1:24501 r-2:24502");
  EXPECT_EQ(outcome_for(plan, "s0"), "p:24503");
}

TEST(Fairness, HoldsBackNoMoreThanTheRowAsksFor) {
  Cluster cluster = cluster_with({"24500-24509"});
  hold(cluster, {24504, 24507});
  cluster.allocations = {asking("old", {row("r", 5)}), asking("young", {testing::port("p")}, 1),
                         asking("rows", {row("r", 2)}, 2)};
  // The row waits at 24500 to 24504.
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "RangeFragmented");
  EXPECT_EQ(outcome_for(plan, "young"), "p:24505");
  EXPECT_EQ(outcome_for(plan, "rows"), "r-0:24508 r-1:24509");
}

TEST(Fairness, ServesTheOldestOfThoseThatWaitForSeveralPorts) {
  Cluster cluster = cluster_with({"24500-24501"});
  hold(cluster, {24500});
  cluster.allocations = {asking("old", {testing::port("a"), testing::port("b")}),
                         asking("young", {testing::port("p")}, 1),
                         asking("asker", {testing::port("p", 24501)}, 2)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "RangeExhausted");
  EXPECT_EQ(outcome_for(plan, "young"), "RangeExhausted");
  EXPECT_EQ(outcome_for(plan, "asker"), "p:24501") << "a number asked for is not held back";
}

TEST(Fairness, ARowThatCanNeverFitKeepsNobodyWaiting) {
  Cluster cluster = cluster_with({"24500-24503"});
  cluster.ranges[0].spec.reserved = {{{"24502"}, "kept"}};
  cluster.allocations = {asking("old", {row("r", 3)}), asking("young", {testing::port("p")}, 1)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "RangeFragmented");
  EXPECT_EQ(outcome_for(plan, "young"), "p:24500");
}

TEST(Fairness, HoldsNothingBackForWhoIsOverHisShare) {
  Cluster cluster = cluster_with({"24500-24502"});
  cluster.ranges[0].spec.limits.per_namespace = 1;
  cluster.allocations = {asking("old", {row("r", 3)}), asking("young", {testing::port("p")}, 1)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "QuotaExceeded");
  EXPECT_EQ(outcome_for(plan, "young"), "p:24500");
}

}  // namespace
}  // namespace berth::allocation
