#include "kube/json/utf8.h"

#include <gtest/gtest.h>

namespace berth::json {
namespace {

struct Case {
  const char* name;
  std::string input;
  std::string expected;
};

TEST(Utf8, KeepsWellFormedTextAndReplacesEachBrokenByte) {
  const std::string bad = "\xEF\xBF\xBD";
  const Case cases[] = {
      {"empty", "", ""},
      {"ascii", "port 5432\n", "port 5432\n"},
      {"two bytes", "\xC3\xA4", "\xC3\xA4"},
      {"three bytes", "\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"four bytes", "\xF0\x9F\x9A\xA2", "\xF0\x9F\x9A\xA2"},
      {"highest code point", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"above it", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"lone continuation", "a\x80z", "a" + bad + "z"},
      {"cut character", "a\xE2\x82", "a" + bad + bad},
      {"overlong slash", "\xC0\xAF", bad + bad},
      {"overlong three bytes", "\xE0\x80\xAF", bad + bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"last before the surrogates", "\xED\x9F\xBF", "\xED\x9F\xBF"},
      {"never a byte", "\xFF", bad},
      {"broken start before a good character", "\xE2\xC3\xA4", bad + "\xC3\xA4"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(valid_utf8(c.input), c.expected) << c.name;
    EXPECT_EQ(is_valid_utf8(c.input), c.input == c.expected) << c.name;
  }
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 5), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("a\xC3\xA4", 2), "a");
  EXPECT_EQ(cut_utf8("a\xC3\xA4z", 3), "a\xC3\xA4");
  EXPECT_EQ(cut_utf8("\xF0\x9F\x9A\xA2", 3), "");
}

}  // namespace
}  // namespace berth::json
