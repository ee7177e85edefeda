#include "core/base/instant.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Instant, ReadsWhatItWrites) {
  for (const std::int64_t ms : {0LL, 1'767'435'123'000LL, -62'135'596'800'000LL, 253'402'300'799'000LL}) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339({ms}))->milliseconds, ms);
  }
  EXPECT_EQ(to_rfc3339_micro({1'767'435'123'456}), "2026-01-03T10:12:03.456000Z");
}

TEST(Instant, HonoursOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2026-01-03T11:12:03+01:00"), parse_rfc3339("2026-01-03T10:12:03Z"));
  EXPECT_EQ(parse_rfc3339("2026-01-03T10:12:03.25Z")->milliseconds % 1000, 250);
}

TEST(Instant, RefusesWhatIsNotATime) {
  for (const char* wrong :
       {"", "2026-01-03", "2026-13-03T10:12:03Z", "2026-02-30T10:12:03Z", "2026-01-03T25:12:03Z",
        "2026-01-03T10:12:03", "2026-01-03T10:12:03.Z", "2026-01-03t10:12:03Z", "0000-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(wrong).ok()) << wrong;
  }
}

TEST(DurationText, ReadsUnitsInAnyCombination) {
  EXPECT_EQ(parse_duration("130s")->count(), 130'000);
  EXPECT_EQ(parse_duration("1h30m")->count(), 5'400'000);
  EXPECT_EQ(parse_duration("500ms")->count(), 500);
  EXPECT_EQ(parse_duration("0")->count(), 0);
  for (const char* wrong : {"", "130", "-1s", "1d", "s", "99999999999999999999s", "9000h"}) {
    EXPECT_FALSE(parse_duration(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace berth
