#include "core/wall/cel.h"

#include <gtest/gtest.h>

namespace berth::wall {
namespace {

TEST(CelString, IsALiteralOfExactlyThisText) {
  EXPECT_EQ(cel_string("PostgreSQL"), R"("PostgreSQL")");
  EXPECT_EQ(cel_string(""), R"("")");
  EXPECT_EQ(cel_string("Zürich"), "\"Zürich\"");
  EXPECT_EQ(cel_string("a\\b"), R"("a\\b")");
  EXPECT_EQ(cel_string("two\nlines\x7f"), R"("two\x0alines\x7f")");
}

TEST(CelString, CannotBeLeftByWhatStandsInIt) {
  EXPECT_EQ(cel_string(R"(" + names + ")"), R"("\" + names + \"")");
  EXPECT_EQ(cel_string(R"(\" + names)"), R"("\\\" + names")");
}

TEST(CelText, PutsEachValueInItsPlaceAndLooksAtNoneAgain) {
  EXPECT_EQ(cel_text("a == $X && b in $LONG_NAME", {{"X", "$LONG_NAME"}, {"LONG_NAME", "[1]"}}),
            "a == $LONG_NAME && b in [1]");
  EXPECT_EQ(cel_text("$X$X", {{"X", "1"}}), "11");
  EXPECT_EQ(cel_text("$X.size()", {{"X", "all"}}), "all.size()");
  EXPECT_EQ(cel_text("plain", {}), "plain");
  EXPECT_EQ(cel_text("$X.matches(\"1$\")", {{"X", "ip"}}), "ip.matches(\"1$\")") << "no name follows";
}

TEST(CelStrings, AreAList) {
  EXPECT_EQ(cel_strings({}), "[]");
  EXPECT_EQ(cel_strings({"a", "b\"c"}), R"(["a", "b\"c"])");
}

}  // namespace
}  // namespace berth::wall
