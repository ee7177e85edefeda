#include "kube/runtime/resource_version.h"

#include <algorithm>

namespace berth::runtime {
namespace {

bool is_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Order compare_versions(std::string_view left, std::string_view right) {
  if (left == right) return Order::kSame;
  if (!is_number(left) || !is_number(right)) return Order::kUnknown;
  if (left.size() != right.size()) return left.size() < right.size() ? Order::kOlder : Order::kNewer;
  return left < right ? Order::kOlder : Order::kNewer;
}

}  // namespace berth::runtime
