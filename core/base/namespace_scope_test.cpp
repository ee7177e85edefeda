#include "core/base/namespace_scope.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(NamespaceScope, CoversEveryNamespaceUntilSomeAreNamed) {
  const NamespaceScope scope;
  EXPECT_TRUE(scope.everywhere);
  EXPECT_TRUE(scope.covers("mesh"));
  EXPECT_EQ(scope.watched(), std::vector<std::string>{""});
}

TEST(NamespaceScope, CoversThoseThatAreNamedAndNoOther) {
  const NamespaceScope scope = parse_namespace_scope("vpn,mesh").value();
  EXPECT_FALSE(scope.everywhere);
  EXPECT_TRUE(scope.covers("mesh"));
  EXPECT_TRUE(scope.covers("vpn"));
  EXPECT_FALSE(scope.covers("mesh-2"));
  EXPECT_FALSE(scope.covers("mes"));
  EXPECT_EQ(scope.watched(), (std::vector<std::string>{"mesh", "vpn"}));
}

TEST(NamespaceScope, MayCoverNoneAtAll) {
  const NamespaceScope scope{{}, false};
  EXPECT_FALSE(scope.covers("mesh"));
  EXPECT_TRUE(scope.watched().empty());
}

TEST(NamespaceScope, TakesEveryNameThatANamespaceCanHave) {
  const std::string longest(63, 'a');
  for (const std::string& name : {std::string("a"), std::string("0"), std::string("a--b"), longest}) {
    EXPECT_TRUE(parse_namespace_scope(name).ok()) << name;
  }
}

TEST(NamespaceScope, SaysWhatIsWrongWithAListAndWhatWouldBeRight) {
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "'' names an empty namespace: write names with one comma between them, or leave the flag out"},
      {"a,,b", "'a,,b' names an empty namespace"},
      {"a,", "'a,' names an empty namespace"},
      {",a", "',a' names an empty namespace"},
      {"a,b,a", "'a,b,a' names 'a' twice: write it once"},
      {"a, b", "'a, b' names ' b', which no namespace can have: write up to 63 of a-z, 0-9 and -"},
      {"Mesh", "names 'Mesh', which no namespace can have"},
      {"a.b", "names 'a.b', which no namespace can have"},
      {"-a", "names '-a', which no namespace can have"},
      {"a-", "names 'a-', which no namespace can have"},
      {"*", "names '*', which no namespace can have"},
      {std::string(64, 'a'), "which no namespace can have: write up to 63"},
  };
  for (const auto& one : cases) {
    const auto scope = parse_namespace_scope(one.text);
    ASSERT_FALSE(scope.ok()) << one.text;
    EXPECT_NE(scope.error().message.find(one.message), std::string::npos) << scope.error().message;
  }
}

}  // namespace
}  // namespace berth
