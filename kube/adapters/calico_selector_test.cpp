// Calico's selector expressions.
#include "kube/adapters/calico_selector.h"

#include <gtest/gtest.h>
#include <string>

#include "kube/adapters/policy_text_for_test.h"

namespace berth::adapters {
namespace {

using testing::text;

struct Sample {
  const char* name;
  const char* expression;
  const char* selectors;
};

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.expression; }

class CalicoSelectors : public ::testing::TestWithParam<Sample> {};

TEST_P(CalicoSelectors, AreAlternativesOfLabelSelectors) {
  EXPECT_EQ(text(calico_alternatives(GetParam().expression)), GetParam().selectors);
}

const Sample kSamples[] = {
    {"Nothing", "", "*"},
    {"Blanks", " \t\n", "*"},
    {"All", "all()", "*"},
    {"NotAll", "!all()", "nobody"},
    {"Equal", "app == 'db'", "app In db"},
    {"EqualInDoubleQuotes", "app==\"d'b\"", "app In d'b"},
    {"NotEqual", "app != 'db'", "app NotIn db"},
    {"OneOf", "app in {'db', \"pg\"}", "app In db|pg"},
    {"OneOfWithoutBlanks", "app in{'db','pg',}", "app In db|pg"},
    {"NoneOf", "app not in { 'db' }", "app NotIn db"},
    {"Has", "has(example.org/a-b_c)", "example.org/a-b_c Exists"},
    {"HasNot", "! has( public )", "public DoesNotExist"},
    {"ALabelThatBeginsLikeAnOperator", "has == 'x' && all == 'y' && not != 'z'",
     "has In x, all In y, not NotIn z"},
    {"And", "a == '1' && b == '2' && has(c)", "a In 1, b In 2, c Exists"},
    {"Or", "a == '1' || b == '2' || has(c)", "a In 1 or b In 2 or c Exists"},
    {"AndBindsCloser", "a == '1' || b == '2' && c == '3'", "a In 1 or b In 2, c In 3"},
    {"Parentheses", "(a == '1' || b == '2') && c == '3'", "a In 1, c In 3 or b In 2, c In 3"},
    {"EachWithEach", "(has(a) || has(b)) && (has(c) || has(d))",
     "a Exists, c Exists or a Exists, d Exists or b Exists, c Exists or b Exists, d Exists"},
    {"NotOfAComparison", "!(a == '1')", "a NotIn 1"},
    {"NotOfEach", "!a != '1' && !b in {'2'} && !c not in {'3'}", "a In 1, b NotIn 2, c In 3"},
    {"NotTwice", "!!has(a)", "a Exists"},
    {"NotOfAnOr", "!(a == '1' || has(b))", "a NotIn 1, b DoesNotExist"},
    {"NotOfAnAnd", "!(a == '1' && has(b))", "a NotIn 1 or b DoesNotExist"},
    {"NotOfBoth", "!(a == '1' && !(has(b) || has(c)))", "a NotIn 1 or b Exists or c Exists"},
    {"EverybodyOrSome", "all() || has(a)", "*"},
    {"EverybodyAndSome", "all() && has(a)", "a Exists"},
    {"NobodyOrSome", "!all() || has(a)", "a Exists"},
    {"NobodyAndSome", "!all() && has(a)", "nobody"},
    {"AnEmptySet", "a in {}", "a In"},
    {"ContainsIsTakenForMore", "a contains 'x' && has(b)", "b Exists"},
    {"StartsWithIsTakenForMore", "a starts with 'x' && has(b)", "b Exists"},
    {"EndsWithIsTakenForMore", "a ends with 'x' && has(b)", "b Exists"},
    {"AlsoUnderANegation", "!(a contains 'x') && has(b)", "b Exists"},
    {"AlsoUnderANegationOfMore", "!(a contains 'x' || has(b))", "b DoesNotExist"},
    {"GlobalIsTakenForMore", "global()", "*"},
    {"NotGlobalIsTakenForMore", "!global()", "*"},
};
INSTANTIATE_TEST_SUITE_P(Samples, CalicoSelectors, ::testing::ValuesIn(kSamples),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(CalicoSelector, IsEverybodyWhenItCannotBeRead) {
  for (const char* expression : {"a",
                                 "a = 'x'",
                                 "a == x",
                                 "a == 'x",
                                 "a == 'x' &&",
                                 "|| has(a)",
                                 "a == 'x' b == 'y'",
                                 "(has(a)",
                                 "has(a))",
                                 "has(",
                                 "has()",
                                 "has a",
                                 "a in 'x'",
                                 "a in {'x'",
                                 "a in {'x' 'y'}",
                                 "a starts 'x'",
                                 "a not 'x'",
                                 "a contains",
                                 "!",
                                 "!=",
                                 "&",
                                 "all(",
                                 "all",
                                 "has(a) & has(b)",
                                 "{",
                                 "'x' == a",
                                 "\x80"}) {
    EXPECT_EQ(text(calico_alternatives(expression)), "*") << expression;
  }
}

// Calico: "also matches if label is not present".
TEST(CalicoSelector, SelectsWhoHasNotTheLabelByNotEqual) {
  for (const char* expression : {"a != '1'", "a not in {'1', '2'}", "!(a == '1')"}) {
    const auto all = calico_alternatives(expression);
    ASSERT_EQ(all.size(), 1U) << expression;
    EXPECT_TRUE(matches(all.front(), {})) << expression;
    EXPECT_TRUE(matches(all.front(), {{"a", "3"}})) << expression;
    EXPECT_FALSE(matches(all.front(), {{"a", "1"}})) << expression;
  }
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(CalicoSelector, IsEverybodyWhenItIsTooMuch) {
  const auto parentheses = [](int deep) {
    return text(calico_alternatives(repeated("(", deep) + "has(a)" + repeated(")", deep)));
  };
  EXPECT_EQ(parentheses(32), "a Exists");
  EXPECT_EQ(parentheses(33), "*");
  EXPECT_EQ(parentheses(4000), "*");
  EXPECT_EQ(text(calico_alternatives(repeated("!", 4001) + "has(a)")), "a DoesNotExist");

  const auto either = [](int times) {
    return calico_alternatives("has(a)" + repeated(" || has(b)", times - 1));
  };
  EXPECT_EQ(either(64).size(), 64U);
  EXPECT_EQ(text(either(65)), "*");

  const auto doubled = [](int times) {
    return calico_alternatives("has(z)" + repeated(" && (has(a) || has(b))", times));
  };
  EXPECT_EQ(doubled(6).size(), 64U);
  EXPECT_EQ(text(doubled(7)), "*");
  EXPECT_EQ(text(doubled(400)), "*");

  const auto long_chain = [](int times) {
    return calico_alternatives("has(a)" + repeated("&&has(b)", times));
  };
  ASSERT_EQ(long_chain(1000).size(), 1U);
  EXPECT_EQ(long_chain(1000).front().match_expressions.size(), 1001U);
  EXPECT_EQ(text(long_chain(100'000)), "*");
}

}  // namespace
}  // namespace berth::adapters
