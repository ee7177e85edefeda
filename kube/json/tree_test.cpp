#include "kube/json/tree.h"

#include <gtest/gtest.h>

namespace berth::json {
namespace {

TEST(Tree, KeepsEveryFieldOfADocument) {
  const std::string text = R"({"a":null,"b":[true,-7,0.25,"x"],"c":{"d":{},"e":9223372036854775807},"f":[]})";
  const auto tree = parse_tree(text);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(print_tree(*tree), text);
  EXPECT_EQ(tree->number_at({"c", "e"}), 9223372036854775807LL);
}

TEST(Tree, RefusesWhatTheCodecRefuses) {
  EXPECT_EQ(parse_tree(R"({"a":{"b":1,"b":2}})").error().field, "a.b");
  EXPECT_FALSE(parse_tree("").ok());
  EXPECT_FALSE(parse_tree(std::string(1000, '[')).ok());
  EXPECT_TRUE(parse_tree("[1]").ok());
  EXPECT_TRUE(parse_tree("7").ok());
}

TEST(Tree, FindsAndMissesWithoutMakingAnything) {
  const Tree tree = parse_tree(R"({"metadata":{"name":"web","generation":3},"list":[1]})").value();
  EXPECT_EQ(tree.text_at({"metadata", "name"}), "web");
  EXPECT_EQ(tree.text_at({"metadata", "generation"}), "");
  EXPECT_EQ(tree.text_at({"metadata", "name", "deeper"}), "");
  EXPECT_EQ(tree.number_at({"metadata", "generation"}), 3);
  EXPECT_EQ(tree.number_at({"metadata", "missing"}, -1), -1);
  EXPECT_EQ(tree.find({"list", "0"}), nullptr);
  EXPECT_EQ(tree.find({}), &tree);
}

TEST(Tree, MakesTheWayToAMember) {
  Tree tree;
  tree.at({"metadata", "labels", "a.b/c"}) = Tree::text("x");
  tree["spec"]["port"] = Tree::number(80);
  EXPECT_EQ(print_tree(tree), R"({"metadata":{"labels":{"a.b/c":"x"}},"spec":{"port":80}})");
  tree.at({"spec", "port", "deeper"}) = Tree::object();
  EXPECT_EQ(print_tree(tree), R"({"metadata":{"labels":{"a.b/c":"x"}},"spec":{"port":{"deeper":{}}}})");
}

TEST(Tree, ErasesOnlyWhatIsThere) {
  Tree tree = parse_tree(R"({"a":{"b":1,"c":2}})").value();
  EXPECT_TRUE(tree.erase({"a", "b"}));
  EXPECT_FALSE(tree.erase({"a", "b"}));
  EXPECT_FALSE(tree.erase({"x", "b"}));
  EXPECT_FALSE(tree.erase({"a", "c", "d"}));
  EXPECT_FALSE(tree.erase({}));
  EXPECT_EQ(print_tree(tree), R"({"a":{"c":2}})");
}

}  // namespace
}  // namespace berth::json
