#include "core/allocation/postponement.h"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::port;
using testing::range;

// 30716..30719 end one shard, what follows is the next.
Cluster burst(int requests) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"30716-31231"})};
  for (int i = 0; i < requests; ++i) {
    cluster.allocations.push_back(allocation("app-" + std::to_string(i), {port("web")}, i));
  }
  return cluster;
}

std::vector<std::string> names(const std::vector<Grant>& grants) {
  std::vector<std::string> all;
  for (const Grant& grant : grants) all.push_back(grant.allocation.name);
  return all;
}

std::vector<std::string> shards(const ClaimPlan& plan) {
  std::vector<std::string> all;
  for (const ShardWrite& write : plan.writes) all.push_back(write.object.meta.name);
  return all;
}

TEST(Postponement, LeavesTheShardThatIsOnlyBegunToTheNextStep) {
  ClaimPlan plan = burst(6).claim_all();
  ASSERT_EQ(shards(plan), (std::vector<std::string>{"nodeport-119", "nodeport-120"}));
  EXPECT_EQ(names(postpone_last_shard(plan, {})), (std::vector<std::string>{"app-4", "app-5"}));
  EXPECT_EQ(names(plan.grants), (std::vector<std::string>{"app-0", "app-1", "app-2", "app-3"}));
  EXPECT_EQ(shards(plan), (std::vector<std::string>{"nodeport-119"}));
}

TEST(Postponement, WhoWasPostponedIsServedByTheNextStepBeforeAnybodyNew) {
  Cluster cluster = burst(6);
  ClaimPlan plan = cluster.claim_all();
  postpone_last_shard(plan, {});
  cluster.write_all(plan.writes);
  cluster.allocations.push_back(allocation("newcomer", {port("web")}, 100));
  plan = cluster.claim_all();
  EXPECT_EQ(testing::outcome_for(plan, "app-4"), "web:30720");
  EXPECT_EQ(testing::outcome_for(plan, "newcomer"), "web:30722");
}

void expect_nothing_postponed(ClaimPlan plan, const std::set<Uid>& not_again = {}) {
  const ClaimPlan before = plan;
  EXPECT_TRUE(postpone_last_shard(plan, not_again).empty());
  EXPECT_EQ(plan, before);
}

TEST(Postponement, TakesNothingFromAPlanForOneShard) { expect_nothing_postponed(burst(4).claim_all()); }

TEST(Postponement, TakesNothingFromAPlanThatFillsItsLastShard) {
  expect_nothing_postponed(burst(4 + 256).claim_all());
  ClaimPlan nearly = burst(4 + 255).claim_all();
  EXPECT_EQ(postpone_last_shard(nearly, {}).size(), 255U);
}

TEST(Postponement, LetsNobodyWaitTwice) { expect_nothing_postponed(burst(6).claim_all(), {{"uid-app-5"}}); }

TEST(Postponement, TakesNothingWhenSomebodyStandsOnTwoShards) {
  Cluster cluster = burst(3);
  cluster.allocations.push_back(allocation("wide", {port("one"), port("two")}, 10));
  const ClaimPlan plan = cluster.claim_all();
  ASSERT_EQ(plan.grants.back().shards.size(), 2U);
  expect_nothing_postponed(plan);
}

TEST(Postponement, TakesNothingWhenANumberThatIsShownMustBeHeldAgain) {
  Cluster cluster = burst(4);
  PortAllocation shown = allocation("shown", {port("web")}, 10);
  shown.status.ports = {{"web", 31000, Protocol::kTcp}};
  cluster.allocations.push_back(shown);
  const ClaimPlan plan = cluster.claim_all();
  ASSERT_FALSE(testing::grant_for(plan, "shown")->recovered.empty());
  expect_nothing_postponed(plan);
}

}  // namespace
}  // namespace berth::allocation
