#include "core/model/meta.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Selector, MatchesEverythingWhenEmpty) { EXPECT_TRUE(matches(LabelSelector{}, {{"a", "b"}})); }

struct Case {
  const char* name;
  LabelRequirement requirement;
  Labels labels;
  bool expected;
};

TEST(Selector, ExpressionsFollowTheApi) {
  const Case cases[] = {
      {"in", {"a", "In", {"x", "y"}}, {{"a", "y"}}, true},
      {"in, another value", {"a", "In", {"x"}}, {{"a", "y"}}, false},
      {"in, absent", {"a", "In", {"x"}}, {}, false},
      {"not in, absent", {"a", "NotIn", {"x"}}, {}, true},
      {"not in, listed", {"a", "NotIn", {"x"}}, {{"a", "x"}}, false},
      {"exists", {"a", "Exists", {}}, {{"a", ""}}, true},
      {"exists, absent", {"a", "Exists", {}}, {}, false},
      {"does not exist", {"a", "DoesNotExist", {}}, {}, true},
      {"an operator nobody knows matches nothing", {"a", "Near", {}}, {{"a", "x"}}, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(matches(LabelSelector{{}, {c.requirement}}, c.labels), c.expected) << c.name;
  }
}

TEST(Conditions, KeepTheirTransitionTimeUntilTheStatusChanges) {
  const Instant then{1'000'000};
  const Instant now{9'000'000};
  const auto first = merged_conditions({}, {{"Ready", "True", 1, "", "Ok", "fine"}}, then);
  const auto same = merged_conditions(first, {{"Ready", "True", 1, "", "Ok", "fine"}}, now);
  EXPECT_EQ(first, same);
  const auto changed = merged_conditions(first, {{"Ready", "False", 1, "", "Bad", "not fine"}}, now);
  EXPECT_EQ(changed[0].last_transition_time, to_rfc3339(now));
}

TEST(Conditions, LeaveForeignOnesInPlace) {
  const auto merged =
      merged_conditions({{"Foreign", "True", 0, "t", "R", "m"}}, {{"Ready", "True", 1, "", "Ok", ""}}, {});
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[1].type, "Foreign");
}

}  // namespace
}  // namespace berth
