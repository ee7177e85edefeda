#include "kube/adapters/path.h"

#include <gtest/gtest.h>

namespace berth::adapters {
namespace {

json::Tree tree(const char* text) {
  auto parsed = json::parse_tree(text);
  EXPECT_TRUE(parsed.ok());
  return *parsed;
}

std::vector<std::string> found(const char* path, const char* text) {
  const auto parsed = Path::parse(path);
  EXPECT_TRUE(parsed.ok()) << path;
  std::vector<std::string> list;
  const json::Tree object = tree(text);
  for (const Path::Found& one : parsed->find(object)) list.push_back(one.field + "=" + text_of(*one.value));
  return list;
}

using Fields = std::vector<std::string>;

TEST(Path, FindsEveryElementOfEveryList) {
  EXPECT_EQ(found("spec.routes[].services[].port",
                  R"({"spec": {"routes": [{"services": [{"port": 80}, {"port": "pg"}]}, {},
                                          {"services": [{"name": "x"}, {"port": 5432}]}]}})"),
            (Fields{"spec.routes[0].services[0].port=80", "spec.routes[0].services[1].port=pg",
                    "spec.routes[2].services[1].port=5432"}));
}

TEST(Path, FindsAMemberWhoseNameHasDots) {
  EXPECT_EQ(found("metadata.annotations[example.org/backend]",
                  R"({"metadata": {"annotations": {"example.org/backend": "db:5432"}}})"),
            (Fields{"metadata.annotations[example.org/backend]=db:5432"}));
}

TEST(Path, StartsAtTheElementWithADot) {
  EXPECT_TRUE(Path::parse(".port.number")->is_relative());
  EXPECT_EQ(found(".port.number", R"({"port": {"number": 7}})"), (Fields{"port.number=7"}));
  EXPECT_EQ(found(".ports[]", R"({"ports": [1, true, 2.5]})"),
            (Fields{"ports[0]=1", "ports[1]=true", "ports[2]="}));
}

TEST(Path, FindsAListThatStandsAtOnce) {
  EXPECT_EQ(found("spec[].name", R"({"spec": [{"name": "a"}, {"name": "b"}]})"),
            (Fields{"spec[0].name=a", "spec[1].name=b"}));
}

TEST(Path, FindsNothingWhereSomethingElseStands) {
  for (const char* text :
       {R"({})", R"({"spec": null})", R"({"spec": "text"})", R"({"spec": {"a": {"b": 1}}})",
        R"({"spec": {"a": []}})", R"({"spec": {"a": [null, 3, {"c": 1}]}})", R"({"spec": [[1]]})"}) {
    EXPECT_EQ(found("spec.a[].b", text), Fields{}) << text;
  }
}

TEST(Path, IsRefusedWithWhatWouldBeRight) {
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "is no path: write one that begins with spec"},
           {"status.x", "is no path: write one that begins with spec"},
           {"specsheet.x", "is no path: write one that begins with spec"},
           {"metadata.uid", "is no path: write one that begins with spec"},
           {"$.spec", "is no path: write one that begins with spec"},
           {"spec..x", "has a dot too many"},
           {"spec.", "ends with a dot"},
           {"spec.a[", "has a [ without its ]"},
       }) {
    const auto parsed = Path::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find(why), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace berth::adapters
