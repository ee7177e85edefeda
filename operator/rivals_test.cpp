#include "operator/rivals.h"

#include <gtest/gtest.h>

namespace berth::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using News = Rivals::News;

constexpr Instant kStart{1'000'000};

TEST(Rivals, TellsEachFenceOnce) {
  Rivals rivals;
  EXPECT_EQ(rivals.note(7, kStart), News::kFence);
  EXPECT_EQ(rivals.note(7, kStart), News::kNone);
  EXPECT_EQ(rivals.note(5, kStart), News::kNone);
  EXPECT_EQ(rivals.note(9, kStart + seconds(5)), News::kFence);
}

TEST(Rivals, ThreeNewFencesInAMinuteAreAnotherOperator) {
  Rivals rivals;
  EXPECT_EQ(rivals.note(7, kStart), News::kFence);
  EXPECT_EQ(rivals.note(9, kStart + seconds(30)), News::kFence);
  EXPECT_EQ(rivals.note(11, kStart + seconds(59)), News::kAnother);
}

TEST(Rivals, ChangesOfLeaderFarBetweenAreNone) {
  Rivals rivals;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rivals.note(7 + i, kStart + i * seconds(30)), News::kFence) << i;
}

TEST(Rivals, SaysItAgainAfterTenMinutesIfItGoesOn) {
  Rivals rivals;
  int told = 0;
  for (int i = 0; i <= 25 * 60; ++i) {
    const News news = rivals.note(7 + i, kStart + i * seconds(1));
    told += news == News::kAnother ? 1 : 0;
    EXPECT_TRUE(i < 2 || news != News::kFence) << i << ": no line for each fence";
  }
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace berth::controller
