// An operator that works in some namespaces: what the ledger says of the others stays as it is.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"
#include "core/allocation/release.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::entry;
using testing::port;
using testing::range;
using testing::resting;

const NamespaceScope kMeshAlone{{"mesh"}};
constexpr std::int64_t kNumber = 24500;

PortAllocation in_namespace(const std::string& ns, const std::string& name) {
  PortAllocation object = testing::allocation(name, {port("p")});
  object.meta.ns = ns;
  return object;
}

// One number, and it is of an allocation in "far"; the operator works in "mesh".
struct Narrowed : ::testing::Test {
  PortAllocation far = in_namespace("far", "web");
  Cluster cluster = [] {
    Cluster made;
    made.ranges = {range("mesh", "NodePort", {"24500"})};
    made.rest.see(kMeshAlone);
    made.allocations = {in_namespace("mesh", "api")};
    return made;
  }();

  void rests() {
    cluster.put(Space::kNodePort, kNumber, resting(entry(far, "p", 1)));
    cluster.rest.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now);
    const auto long_time = std::chrono::hours(24 * 365);
    cluster.monotonic = cluster.monotonic + long_time;
    cluster.now = cluster.now + long_time;
    cluster.rest.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now);
  }
  [[nodiscard]] ReleasePlan sweep() const {
    return allocation::sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic,
                             cluster.fence);
  }
  [[nodiscard]] std::optional<Duration> next() const {
    return next_sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic);
  }
};

TEST_F(Narrowed, AnOwnerThatIsNotSeenIsNotGone) {
  cluster.put(Space::kNodePort, kNumber, entry(far, "p", 1));
  EXPECT_EQ(orphan_candidates(cluster.ledgers, {}, {}).size(), 1U) << "everything is seen";
  EXPECT_EQ(orphan_candidates(cluster.ledgers, NamespaceScope{{"far"}}, {}).size(), 1U);
  EXPECT_TRUE(orphan_candidates(cluster.ledgers, kMeshAlone, {}).empty());
  EXPECT_TRUE(orphan_candidates(cluster.ledgers, kMeshAlone, {}, {far.meta.key()}).empty())
      << "also when it is asked for by name";
}

TEST_F(Narrowed, AnOwnerThatIsSeenToBeGoneIsGoneStill) {
  cluster.put(Space::kNodePort, kNumber, entry(in_namespace("mesh", "gone"), "p", 1));
  EXPECT_EQ(orphan_candidates(cluster.ledgers, kMeshAlone, {}).size(), 1U);
  EXPECT_EQ(orphan_candidates(cluster.ledgers, kMeshAlone, {}, {{"mesh", "gone"}}).size(), 1U);
}

TEST_F(Narrowed, ANumberThatIsHeldElsewhereIsNotGivenAgain) {
  cluster.put(Space::kNodePort, kNumber, entry(far, "p", 1));
  EXPECT_EQ(testing::outcome_for(cluster.claim_all(), "api"), "RangeExhausted");
  cluster.allocations[0].spec.ports[0].port = kNumber;
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(testing::outcome_for(plan, "api"), "PortTaken");
  EXPECT_TRUE(plan.writes.empty());
}

TEST_F(Narrowed, ANumberThatRestsForAnOwnerElsewhereRestsWithoutEnd) {
  rests();
  EXPECT_TRUE(sweep().writes.empty());
  EXPECT_EQ(next(), std::nullopt) << "nothing to wait for";
  EXPECT_EQ(testing::outcome_for(cluster.claim_all(), "api"), "RangeExhausted");
  EXPECT_TRUE(cluster.claim_all().writes.empty());
}

TEST_F(Narrowed, WhoAsksForANumberThatRestsElsewhereIsToldWhy) {
  rests();
  cluster.allocations[0].spec.ports[0].port = kNumber;
  const ClaimPlan asked = cluster.claim_all();
  ASSERT_EQ(asked.refusals.size(), 1U);
  EXPECT_EQ(asked.refusals[0].reason, RefusalReason::kPortResting);
  EXPECT_EQ(
      asked.refusals[0].message,
      "port p asks for 24500, which PortAllocation far/web released; it rests as long as that namespace "
      "is none of the operator's --namespaces: write another number, or none");
  cluster.allocations[0].spec.ports[0].port = 0;
  cluster.allocations[0].status.ports = {{"p", kNumber, Protocol::kTcp, {}}};
  const ClaimPlan shown = cluster.claim_all();
  ASSERT_EQ(shown.refusals.size(), 1U);
  EXPECT_EQ(
      shown.refusals[0].message,
      "port p was published as 24500, but PortAllocation far/web released it, and it rests as long as that "
      "namespace is none of the operator's --namespaces: request another number for the port");
}

TEST_F(Narrowed, ANumberRestsToItsEndOnceItsNamespaceIsCoveredAgain) {
  rests();
  cluster.rest.see({});
  cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  EXPECT_EQ(next(), kDefaultReuseAfter);
  cluster.monotonic = cluster.monotonic + kDefaultReuseAfter;
  EXPECT_EQ(sweep().released.size(), 1U);
  EXPECT_EQ(testing::outcome_for(cluster.claim_all(), "api"), "p:24500");
}

TEST_F(Narrowed, ANumberRestsAnewWhenItsNamespaceWasUnseenForAWhile) {
  cluster.rest.see({});
  cluster.put(Space::kNodePort, kNumber, resting(entry(far, "p", 1)));
  const auto observe_after = [&](Duration time) {
    cluster.monotonic = cluster.monotonic + time;
    cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  };
  observe_after({});
  observe_after(kDefaultReuseAfter / 2);
  EXPECT_EQ(next(), kDefaultReuseAfter / 2);
  cluster.rest.see(kMeshAlone);
  observe_after(kDefaultReuseAfter);
  cluster.rest.see({});
  observe_after({});
  EXPECT_EQ(next(), kDefaultReuseAfter);
  cluster.rest.see({});  // no news
  observe_after(kDefaultReuseAfter / 2);
  EXPECT_EQ(next(), kDefaultReuseAfter / 2);
}

// A claim that writes a shard takes out of it what has rested.
TEST_F(Narrowed, AClaimBesideItLeavesWhatRestsElsewhere) {
  cluster.ranges = {range("mesh", "NodePort", {"24500-24501"})};
  rests();
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(testing::outcome_for(plan, "api"), "p:24501");
  ASSERT_EQ(plan.writes.size(), 1U);
  EXPECT_TRUE(plan.writes[0].object.spec.entries.contains("24500"));
}

}  // namespace
}  // namespace berth::allocation
