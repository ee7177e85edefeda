#include "operator/ledger_pace.h"

#include <gtest/gtest.h>

namespace berth::controller {
namespace {

constexpr Instant kStart{1'000'000};

TEST(LedgerPace, TheFirstStepIsDueAtOnce) { EXPECT_EQ(LedgerPace().wait(kStart, true), Duration(0)); }

TEST(LedgerPace, AfterAPauseAStepIsDueAtOnce) {
  LedgerPace pace;
  pace.stepped(kStart, kStart + Duration(5), 1000);
  EXPECT_EQ(pace.wait(kStart + Duration(5) + LedgerPace::kLongest, false), Duration(0));
  EXPECT_EQ(pace.wait(kStart + Duration(5) + LedgerPace::kLongestBehind, true), Duration(0));
}

TEST(LedgerPace, WaitsOnWhileWhatWasGrantedIsNotShown) {
  LedgerPace pace;
  pace.stepped(kStart, kStart, 100);
  const Instant guessed = kStart + LedgerPace::kLongest;
  EXPECT_EQ(pace.wait(guessed, false), Duration(0));
  EXPECT_EQ(pace.wait(guessed, true), LedgerPace::kAskAgain);
  EXPECT_EQ(pace.wait(kStart + LedgerPace::kPerGrant * 100, true), Duration(0))
      << "it may be for another reason";
  EXPECT_EQ(pace.wait(kStart + (LedgerPace::kPerGrant * 100 - Duration(1)), true), Duration(1));
}

TEST(LedgerPace, WaitsTheLongerTheMoreWereGranted) {
  LedgerPace pace;
  pace.stepped(kStart, kStart, 1);
  EXPECT_EQ(pace.wait(kStart, false), LedgerPace::kPerGrant);
  pace.stepped(kStart, kStart, 20);
  EXPECT_EQ(pace.wait(kStart, false), LedgerPace::kPerGrant * 20);
  pace.stepped(kStart, kStart, 1'000'000);
  EXPECT_EQ(pace.wait(kStart, false), LedgerPace::kLongest);
}

TEST(LedgerPace, ALongStepIsFollowedByALongerPause) {
  LedgerPace pace;
  pace.stepped(kStart, kStart + Duration(20), 0);
  EXPECT_EQ(pace.wait(kStart + Duration(20), false), Duration(20) * LedgerPace::kShare);
}

// However fast a burst comes in, its claims are at most about one step a second.
TEST(LedgerPace, ABurstIsFewSteps) {
  for (const int per_second : {100, 1000}) {
    LedgerPace pace;
    int steps = 0;
    std::size_t waiting = 0;
    const Instant end = kStart + Duration(20'000);
    for (Instant now = kStart; now < end; now = now + Duration(1)) {
      const auto since = (now - kStart).count();
      waiting += static_cast<std::size_t>((since + 1) * per_second / 1000 - since * per_second / 1000);
      if (waiting == 0 || pace.wait(now, false) > Duration(0)) continue;
      pace.stepped(now, now + Duration(1), waiting);
      waiting = 0;
      ++steps;
    }
    EXPECT_LE(steps, 30) << per_second;
  }
}

}  // namespace
}  // namespace berth::controller
