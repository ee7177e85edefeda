#include "cli/loader/json_text.h"

#include <gtest/gtest.h>
#include <string>

#include "cli/loader/node_json.h"

namespace berth::cli {
namespace {

// The values of the stream as JSON texts, one a line; or "line:column: why" of the refusal.
std::string read(const std::string& text) {
  const auto parsed = parse_json(text);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    return std::to_string(refusal->mark.line) + ":" + std::to_string(refusal->mark.column) + ": " +
           refusal->message;
  }
  std::string result;
  for (const Node& node : std::get<std::vector<Node>>(parsed)) {
    result += (result.empty() ? "" : "\n") + to_json(node);
  }
  return result;
}

struct Case {
  const char* name;
  const char* text;
  const char* expected;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

class JsonText : public ::testing::TestWithParam<Case> {};

TEST_P(JsonText, IsReadStrictly) { EXPECT_EQ(read(GetParam().text), GetParam().expected); }

const Case kCases[] = {
    {"EveryType", R"({"a": [1, -2, true, false, null, "x", {}, []]})",
     R"({"a":[1,-2,true,false,null,"x",{},[]]})"},
    {"WhiteSpace", "\t{\r\n \"a\" :\n1 }\n", R"({"a":1})"},
    {"Stream", "{\"a\":1}{\"b\":2}\n{\"c\":3}", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}"},
    {"WholeFloatsAreIntegersAsKubectlSendsThem", "[5432.0, 5.432e3, 0.5, 1e21]", "[5432,5432,0.5,1e+21]"},
    {"Escapes", R"(["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"])", "[\"\\\"\\\\/\\b\\f\\n\\r\\té😀\"]"},
    {"DuplicateKey", "{\"port\": 80,\n \"port\": 5432}",
     "2:2: duplicate key \"port\", first written in line 1; kubectl would keep only the last one without a "
     "word, "
     "so write it once"},
    {"DuplicateKeyAfterEscape", R"({"port": 80, "p\u006frt": 5432})",
     "1:14: duplicate key \"port\", first written in line 1; kubectl would keep only the last one without a "
     "word, "
     "so write it once"},
    {"SameKeyInAnotherObject", R"([{"a":1},{"a":2}])", R"([{"a":1},{"a":2}])"},
    {"Octal", "[012470]", "1:2: not JSON: a number starts with 0"},
    {"Hexadecimal", "[0x1538]", "1:3: not JSON: expected ',' or ']' after the value"},
    {"Sign", "[+5432]", "1:2: not JSON: expected a value"},
    {"PointWithoutDigit", "[5432.]", "1:7: not JSON: expected a digit after the point"},
    {"ExponentWithoutDigit", "[5e]", "1:4: not JSON: expected a digit in the exponent"},
    {"BeyondDouble", "[1e999]", "1:2: \"1e999\" is larger than any number that JSON readers know"},
    {"HalfASurrogatePair", R"(["\ud83d"])",
     "1:5: half a surrogate pair; write both halves or the character itself"},
    {"ControlCharacter", "[\"a\nb\"]", "1:4: not JSON: a control character in a string; write \\u00XX"},
    {"OpenString", "{\"a", "1:4: not JSON: a string has no closing quote, but the text ends here"},
    {"OpenObject", "{\"a\":1", "1:7: not JSON: expected ',' or '}' after the value, but the text ends here"},
    {"TrailingComma", "[1,]", "1:4: not JSON: expected a value"},
    {"SingleQuotes", "{'a':1}", "1:2: not JSON: expected a key in double quotes"},
    {"Comment", "{\"a\":1} // x", "1:9: not JSON: expected a value"},
};

INSTANTIATE_TEST_SUITE_P(Table, JsonText, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

TEST(JsonTextDepth, IsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_EQ(read(nested(100)), nested(100));
  EXPECT_EQ(read(nested(101)), "1:101: lists and objects are nested deeper than 100 levels");
  EXPECT_EQ(read(std::string(1'000'000, '[')), "1:101: lists and objects are nested deeper than 100 levels");
}

TEST(JsonTextMarks, PointAtTheValue) {
  const auto parsed = parse_json("{\n  \"spec\": {\"ports\": [\n    {\"port\": 80}]}}");
  const Node& root = std::get<std::vector<Node>>(parsed).front();
  EXPECT_EQ(locate(root, "spec.ports[0].port").mark, (Mark{3, 14}));
  EXPECT_EQ(locate(root, "spec.ports[0].nodePort").mark, (Mark{3, 5})) << "absent: the parent";
  EXPECT_EQ(locate(root, "metadata.name").mark, (Mark{1, 1}));
}

}  // namespace
}  // namespace berth::cli
