// Asked through claim(); a full namespace that renumbers is in chooser_edits_test.cpp, one that chooses again
// what it lost in release_test.cpp.
#include "core/allocation/quota.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::ClaimCase;
using testing::Cluster;
using testing::entry;
using testing::expect_answers;
using testing::grant_for;
using testing::kOther;
using testing::port;
using testing::refusal_for;
using testing::resting;

TEST(Quota, CountsTheNumbersThatANamespaceHolds) {
  const ClaimCase cases[] = {
      {"quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, entry(kOther, "x", 1));
       },
       "QuotaExceeded",
       "may hold 2 numbers"},
      {"quota of another namespace",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         Entry foreign = entry(kOther, "x", 1);
         foreign.owner.ns = "data";
         c.put(Space::kNodePort, 24500, foreign);
       },
       "a:24501 b:24502",
       ""},
      {"resting numbers do not count against the quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
       },
       "a:24501 b:24502",
       ""},
      {"a shared number counts once",
       {port("t", 24503), port("u", 24503, Protocol::kUdp)},
       [](Cluster& c) { c.ranges[0].spec.limits.per_namespace = 1; },
       "t:24503 u:24503",
       ""},
  };
  expect_answers(cases);
}

TEST(Quota, CountsWhatTheSameBatchHasGranted) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24509"}),
                    testing::range("free", "NodePort", {"24510-24519"})};
  cluster.ranges[0].spec.limits.per_namespace = 2;
  // The first asks for no number of the limited range, and is granted before anything of it is counted.
  cluster.allocations = {testing::allocation("a", {port("x")}, 0), testing::allocation("b", {port("x")}, 1),
                         testing::allocation("c", {port("x")}, 2), testing::allocation("d", {port("x")}, 3)};
  cluster.allocations[0].spec.range_name = "free";
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_NE(grant_for(plan, "a"), nullptr);
  EXPECT_NE(grant_for(plan, "b"), nullptr);
  EXPECT_NE(grant_for(plan, "c"), nullptr);
  const Refusal* refused = refusal_for(plan, "d");
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->reason, RefusalReason::kQuotaExceeded);
}

TEST(Quota, CountsANumberThatTheBatchTookFromTheLimitedRangeBeforeAnybodyAsked) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24509"})};
  cluster.ranges[0].spec.limits.per_namespace = 1;
  // Shown by status, unknown to the ledger: taken back without being counted against the limit.
  PortAllocation lost = testing::allocation("lost", {port("x")}, 0);
  lost.status.ports = {{.name = "x", .port = 24505, .protocol = Protocol::kTcp}};
  cluster.allocations = {lost, testing::allocation("late", {port("x")}, 1)};
  const ClaimPlan plan = cluster.claim_all();
  ASSERT_NE(grant_for(plan, "lost"), nullptr);
  const Refusal* refused = refusal_for(plan, "late");
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->reason, RefusalReason::kQuotaExceeded);
}

}  // namespace
}  // namespace berth::allocation
