#include "kube/runtime/backoff.h"

#include <gtest/gtest.h>
#include <set>

#include "kube/runtime/resource_version.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToItsLimit) {
  const Backoff exact{milliseconds(5), milliseconds(1'000'000), 0.0};
  EXPECT_EQ(backoff_delay(exact, 1, 7), milliseconds(5));
  EXPECT_EQ(backoff_delay(exact, 2, 7), milliseconds(10));
  EXPECT_EQ(backoff_delay(exact, 11, 7), milliseconds(5120));
  EXPECT_EQ(backoff_delay(exact, 18, 7), milliseconds(655'360));
  EXPECT_EQ(backoff_delay(exact, 19, 7), milliseconds(1'000'000));
  EXPECT_EQ(backoff_delay(exact, 2'000'000'000, 7), milliseconds(1'000'000));
}

TEST(Backoff, NoFailureCountsAsOne) {
  const Backoff exact{milliseconds(5), milliseconds(1000), 0.0};
  EXPECT_EQ(backoff_delay(exact, 0, 7), milliseconds(5));
  EXPECT_EQ(backoff_delay(exact, -3, 7), milliseconds(5));
}

TEST(Backoff, SpreadsBySeedWithinItsBounds) {
  const Backoff spread{milliseconds(1000), milliseconds(1000), 0.5};
  std::set<Duration> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Duration delay = backoff_delay(spread, 1, seed);
    EXPECT_EQ(delay, backoff_delay(spread, 1, seed)) << "the same seed gives the same delay";
    EXPECT_GE(delay, milliseconds(500));
    EXPECT_LE(delay, milliseconds(1000));
    seen.insert(delay);
  }
  EXPECT_GT(seen.size(), 50U);
}

TEST(Backoff, WaitsAtLeastAsLongAsTheServerAsks) {
  EXPECT_EQ(backoff_delay({}, 1, 0, milliseconds(30'000)), milliseconds(30'000));
  EXPECT_GT(backoff_delay({}, 15, 0, milliseconds(1)), milliseconds(1));
}

TEST(Backoff, ReadsRetryAfter) {
  EXPECT_EQ(retry_after(Error{Code::kThrottled, "", "", 3}), milliseconds(3000));
  EXPECT_EQ(retry_after(Error{Code::kThrottled, "", "", 0}), milliseconds(0));
  EXPECT_EQ(retry_after(Error{Code::kThrottled, "", "", -3}), milliseconds(0));
}

TEST(ResourceVersion, ComparesNumbersOfAnyLength) {
  struct Case {
    const char* left;
    const char* right;
    Order expected;
  };
  const Case cases[] = {
      {"1", "1", Order::kSame},
      {"9", "10", Order::kOlder},
      {"10", "9", Order::kNewer},
      {"99999999999999999999", "100000000000000000000", Order::kOlder},
      {"123456789012345678901234567891", "123456789012345678901234567890", Order::kNewer},
      {"0", "1", Order::kOlder},
      {"", "", Order::kSame},
      {"", "1", Order::kUnknown},
      {"abc", "abc", Order::kSame},
      {"abc", "abd", Order::kUnknown},
      {"10a", "9", Order::kUnknown},
      {"-1", "1", Order::kUnknown},
      {"007", "8", Order::kUnknown},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(compare_versions(each.left, each.right), each.expected) << each.left << " and " << each.right;
  }
}

}  // namespace
}  // namespace berth::runtime
