#include "kube/json/slice.h"

#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace berth::json {
namespace {

std::optional<std::string_view> slice(std::string_view document, std::vector<std::string_view> path) {
  return slice_at(document, path);
}

constexpr std::string_view kDocument = R"( {
  "a" : { "b" : [ 1 , "x]}\"" , { "c" : [ [ ] ] } ] , "d" : -1.5e3 } ,
  "text" : "q\\\"uo}te\\" , "flag":true,"none" :null , "object" : { "a b/c" : {} } } )";

TEST(Slice, IsTheTextOfTheValueWithoutBlanksAround) {
  EXPECT_EQ(slice(kDocument, {"a", "b"}), R"([ 1 , "x]}\"" , { "c" : [ [ ] ] } ])");
  EXPECT_EQ(slice(kDocument, {"a", "d"}), "-1.5e3");
  EXPECT_EQ(slice(kDocument, {"text"}), R"("q\\\"uo}te\\")");
  EXPECT_EQ(slice(kDocument, {"flag"}), "true");
  EXPECT_EQ(slice(kDocument, {"none"}), "null");
  EXPECT_EQ(slice(kDocument, {"object"}), R"({ "a b/c" : {} })");
  EXPECT_EQ(slice(kDocument, {"object", "a b/c"}), "{}");
  EXPECT_EQ(slice("[1]", {}), "[1]");
}

TEST(Slice, FindsOnlyMembersOfObjectsOnTheWay) {
  EXPECT_EQ(slice(kDocument, {"b"}), std::nullopt);
  EXPECT_EQ(slice(kDocument, {"a", "b", "c"}), std::nullopt);
  EXPECT_EQ(slice(kDocument, {"text", "a"}), std::nullopt);
  EXPECT_EQ(slice(kDocument, {""}), std::nullopt);
  EXPECT_EQ(slice(R"({"\u0061":1,"a\"":2})", {"a"}), std::nullopt);
  EXPECT_EQ(slice("{}", {"a"}), std::nullopt);
}

TEST(Slice, ReadsNothingBeyondABrokenText) {
  for (std::size_t length = 0; length <= kDocument.size(); ++length) {
    const std::string cut(kDocument.substr(0, length));
    for (const char* key : {"a", "text", "object", "missing"}) {
      const auto found = slice(cut, {key});
      if (!found) continue;
      EXPECT_LE(found->data() + found->size(), cut.data() + cut.size());
    }
  }
}

}  // namespace
}  // namespace berth::json
