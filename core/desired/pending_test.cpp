#include "core/desired/pending.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "core/allocation/refusal.h"

namespace berth::desired {
namespace {

Instant at(const char* text) { return *parse_rfc3339(text); }

PortAllocation made() {
  PortAllocation allocation;
  allocation.meta.creation_timestamp = "2026-01-03T10:00:00Z";
  return allocation;
}

PortAllocation with_allocated(const char* status, const char* reason) {
  PortAllocation allocation = made();
  allocation.status.conditions = {{"Allocated", status, 1, "2026-01-03T10:00:07Z", reason, ""}};
  return allocation;
}

TEST(Pending, WhoeverIsRefusedWaitsSinceThen) {
  EXPECT_EQ(pending(with_allocated("False", "RangeExhausted")),
            (Pending{"RangeExhausted", at("2026-01-03T10:00:07Z")}));
}

TEST(Pending, WhomNobodyHasLookedAtWaitsSinceItWasCreated) {
  EXPECT_EQ(pending(made()), (Pending{"Pending", at("2026-01-03T10:00:00Z")}));
}

TEST(Pending, NobodyWaitsWhoHasHisNumbersOrGoes) {
  EXPECT_EQ(pending(with_allocated("True", "NumbersHeld")), std::nullopt);
  PortAllocation going = with_allocated("False", "RangeExhausted");
  going.meta.deletion_timestamp = "2026-01-03T10:01:00Z";
  EXPECT_EQ(pending(going), std::nullopt);
}

TEST(Pending, AReasonOfAnotherVersionIsOther) {
  EXPECT_EQ(pending(with_allocated("False", "WrittenBySomebody"))->reason, "Other");
}

TEST(Pending, ATimeThatCannotBeReadIsNone) {
  PortAllocation allocation = with_allocated("Unknown", "Pending");
  allocation.status.conditions[0].last_transition_time = "yesterday";
  EXPECT_EQ(pending(allocation), (Pending{"Pending", std::nullopt}));
}

TEST(Pending, EveryReasonOfARefusalIsListed) {
  const auto& reasons = pending_reasons();
  for (const auto reason :
       {allocation::RefusalReason::kRangeNotFound, allocation::RefusalReason::kPortResting,
        allocation::RefusalReason::kAdoptionRefused}) {
    EXPECT_EQ(std::count(reasons.begin(), reasons.end(), allocation::to_string(reason)), 1);
  }
  EXPECT_EQ(reasons.size(), refusal_reasons().size() + 2);
}

}  // namespace
}  // namespace berth::desired
