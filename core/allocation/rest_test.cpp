#include "core/allocation/rest.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::entry;
using testing::kOther;
using testing::resting;

constexpr Duration kRest = std::chrono::seconds(130);
constexpr std::int64_t kOne = 24500;
constexpr std::int64_t kOther1 = 24501;  // of the same shard
constexpr std::int64_t kFar = 24600;     // of another shard

struct RestClockTest : ::testing::Test {
  Cluster cluster = [] {
    Cluster made;
    made.ranges = {testing::range("mesh", "NodePort", {"24500-24699"})};
    made.ranges[0].spec.reuse_after = "130s";
    return made;
  }();

  // A number is put to rest.
  void rest(std::int64_t number, std::int64_t sequence) {
    cluster.put(Space::kNodePort, number, resting(entry(kOther, "x", sequence)));
  }
  void observe() { cluster.rest.observe(cluster.ledgers, cluster.monotonic); }
  void after(Duration time) {
    cluster.monotonic = cluster.monotonic + time;
    observe();
  }
  [[nodiscard]] Duration left(std::int64_t number) const {
    const NumberKey key{Port::of(static_cast<std::int32_t>(number))};
    return cluster.rest.remaining({Space::kNodePort, key, *cluster.ledgers.in(Space::kNodePort).find(key)},
                                  cluster.compiled(), {}, cluster.monotonic);
  }
};

TEST_F(RestClockTest, ANumberRestsFromWhenItWasFirstSeenToRest) {
  rest(kOne, 1);
  EXPECT_EQ(left(kOne), kRest) << "never observed";
  observe();
  after(std::chrono::seconds(50));
  EXPECT_EQ(left(kOne), kRest - std::chrono::seconds(50));
  after(std::chrono::seconds(80));
  EXPECT_EQ(left(kOne), Duration::zero());
}

TEST_F(RestClockTest, WhatElseBecomesOfItsShardChangesNothing) {
  rest(kOne, 1);
  observe();
  after(std::chrono::seconds(50));
  rest(kOther1, 2);
  observe();
  EXPECT_EQ(left(kOne), kRest - std::chrono::seconds(50));
  EXPECT_EQ(left(kOther1), kRest);
  rest(kFar, 1);
  after(std::chrono::seconds(10));
  EXPECT_EQ(left(kOther1), kRest - std::chrono::seconds(10));
  EXPECT_EQ(left(kFar), kRest) << "its shard was not there before";
}

TEST_F(RestClockTest, ANumberThatWasHeldInBetweenRestsAnew) {
  rest(kOne, 1);
  observe();
  after(std::chrono::seconds(50));
  rest(kOne, 3);  // held with sequence 2, and nobody looked
  observe();
  EXPECT_EQ(left(kOne), kRest);
}

TEST_F(RestClockTest, AShardThatWasGoneForAWhileRestsAnew) {
  rest(kOne, 1);
  observe();
  const std::string shard = shard_name(Space::kNodePort, shard_of(Port::of(kOne)));
  const PortLedger stored = cluster.stored.at(shard);
  after(std::chrono::seconds(50));
  cluster.ledgers.remove(shard);
  observe();
  (void)cluster.ledgers.put(stored);
  observe();
  EXPECT_EQ(left(kOne), kRest);
}

}  // namespace
}  // namespace berth::allocation
