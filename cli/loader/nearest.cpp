#include "cli/loader/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace berth::cli {
namespace {

// Levenshtein.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < right.size(); ++k) {
      const std::size_t replaced = corner + (left[i] == right[k] ? 0 : 1);
      corner = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, corner + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(const std::vector<std::string_view>& names, std::string_view written) {
  constexpr std::size_t kMaxDistance = 2;
  constexpr std::size_t kLongestName = 64;  // what is longer was no slip of the hand
  if (written.size() > kLongestName) return {};
  std::string_view best;
  std::size_t least = kMaxDistance + 1;
  for (const std::string_view name : names) {
    const std::size_t away = distance(name, written);
    if (away < least) {
      least = away;
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(const std::vector<std::string_view>& names, std::string_view written) {
  const std::string_view best = nearest(names, written);
  return best.empty() ? "" : ", did you mean " + std::string(best) + "?";
}

}  // namespace berth::cli
