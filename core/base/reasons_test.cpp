#include "core/base/reasons.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace berth::reason {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(BERTH_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream in(row.substr(2));
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto begin = cell.find_first_not_of(' ');
    cells.push_back(begin == std::string::npos ? ""
                                               : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
  }
  return cells;
}

// The rows of the page: reason -> {condition, meaning, what to do}.
std::map<std::string, std::vector<std::string>> explained() {
  std::map<std::string, std::vector<std::string>> rows;
  std::istringstream page(file("docs/reference/reasons.md"));
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    auto row = cells(line);
    const std::string name = row[0].substr(1, row[0].size() - 2);
    row.erase(row.begin());
    EXPECT_TRUE(rows.emplace(name, row).second) << name << " is explained twice";
  }
  return rows;
}

TEST(Reasons, AreEachExplainedWithARemedy) {
  const auto rows = explained();
  for (const std::string_view reason : kAll) {
    const auto row = rows.find(std::string(reason));
    if (row == rows.end()) {
      ADD_FAILURE() << reason << " is not explained in docs/reference/reasons.md";
      continue;
    }
    EXPECT_EQ(row->second.size(), 3U) << reason;
    for (const std::string& cell : row->second) EXPECT_FALSE(cell.empty()) << reason;
  }
}

TEST(Reasons, ThatAreExplainedExist) {
  for (const auto& [reason, row] : explained()) EXPECT_TRUE(is_known(reason)) << reason;
}

TEST(Reasons, AreAllListed) {
  const std::string header = file("core/base/reasons.h");
  std::size_t constants = 0;
  for (auto at = header.find("constexpr char k"); at != std::string::npos;
       at = header.find("constexpr char k", at + 1)) {
    ++constants;
  }
  EXPECT_EQ(constants, std::size(kAll));
}

TEST(Reasons, AreNotEmptyAndNotDouble) {
  std::vector<std::string_view> all(std::begin(kAll), std::end(kAll));
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_FALSE(is_known(""));
  EXPECT_FALSE(is_known("Unknown"));
}

}  // namespace
}  // namespace berth::reason
