#include "operator/ledger_scope.h"

#include <gtest/gtest.h>

namespace berth::controller {
namespace {

constexpr Instant kNow = Instant(1'000'000);
const ObjectKey kApi{"mesh", "api"};
const ObjectKey kDb{"mesh", "db"};

TEST(LedgerScope, BeginsWithEverything) {
  LedgerScope scope;
  scope.add(kApi);
  EXPECT_EQ(scope.take(kNow), LedgerLook{});
  EXPECT_EQ(scope.take(kNow), (LedgerLook{false, {}})) << "and that is done";
}

TEST(LedgerScope, GathersAllocationsUntilTheyAreTaken) {
  LedgerScope scope;
  (void)scope.take(kNow);
  scope.add(kApi);
  scope.add(kDb);
  scope.add(kApi);
  EXPECT_EQ(scope.take(kNow), (LedgerLook{false, {kApi, kDb}}));
  scope.add(kDb);
  EXPECT_EQ(scope.take(kNow), (LedgerLook{false, {kDb}}));
}

TEST(LedgerScope, AnEmptyKeyMeansEverything) {
  LedgerScope scope;
  (void)scope.take(kNow);
  scope.add(kApi);
  scope.add({});
  scope.add(kDb);
  EXPECT_EQ(scope.take(kNow), LedgerLook{});
}

TEST(LedgerScope, LooksAgainAtWhatAStepDidNotFinish) {
  LedgerScope scope;
  scope.again(scope.take(kNow));
  EXPECT_EQ(scope.take(kNow), LedgerLook{});
  scope.add(kApi);
  const LedgerLook look = scope.take(kNow);
  scope.add(kDb);
  scope.again(look);
  EXPECT_EQ(scope.take(kNow), (LedgerLook{false, {kApi, kDb}}));
}

TEST(LedgerScope, LooksAtEverythingFromTimeToTime) {
  LedgerScope scope;
  (void)scope.take(kNow);
  scope.add(kApi);
  const Duration soon = LedgerScope::kEverythingAfter - Duration(1);
  EXPECT_FALSE(scope.take(kNow + soon).everything);
  EXPECT_TRUE(scope.take(kNow + LedgerScope::kEverythingAfter).everything);
  scope.add(kApi);
  EXPECT_FALSE(scope.take(kNow + LedgerScope::kEverythingAfter + Duration(1)).everything);
}

}  // namespace
}  // namespace berth::controller
