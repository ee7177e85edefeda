#include "core/exposure/rule_catalogue.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "core/exposure/rules.h"

namespace berth::exposure {
namespace {

TEST(RuleCatalogue, HasEveryGroundOnce) {
  std::set<std::string_view> ids;
  for (const RuleText& one : rule_catalogue()) {
    EXPECT_TRUE(ids.insert(one.id).second) << one.id << " stands twice";
    for (const std::string_view text : {one.what, one.why, one.example, one.fix})
      EXPECT_FALSE(text.empty()) << one.id;
  }
  for (int ground = 0; ground <= static_cast<int>(Ground::kMoved); ++ground) {
    EXPECT_TRUE(ids.contains(rule_of(static_cast<Ground>(ground)))) << ground;
  }
}

TEST(RuleCatalogue, IsWhatTheDocumentationSays) {
  std::ifstream page(std::string(BERTH_SOURCE_DIR) + "/docs/reference/rules.md");
  ASSERT_TRUE(page);
  std::vector<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `")) rows.push_back(line);
  }
  std::vector<std::string> expected;
  for (const RuleText& one : rule_catalogue()) {
    std::string row = "| `";
    row.append(one.id).append("` | ").append(one.what).append(" | ").append(one.why).append(" | `");
    row.append(one.example).append("` | ").append(one.fix).append(" |");
    expected.push_back(row);
  }
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace berth::exposure
