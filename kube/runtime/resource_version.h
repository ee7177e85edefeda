// Resource versions: which of two is newer.
//
// Decimal integers of any length, comparable by contract (KEP-5504) among objects of one kind. Anything else
// is opaque: then only equality means something. Thread-safety: pure functions.
#pragma once

#include <string_view>

namespace berth::runtime {

enum class Order { kOlder, kSame, kNewer, kUnknown };

// How `left` stands to `right`: kOlder means left < right. kUnknown when either is not a decimal number and
// they differ. Leading zeros are opaque too: the server never sends them.
Order compare_versions(std::string_view left, std::string_view right);

inline bool is_older(std::string_view left, std::string_view right) {
  return compare_versions(left, right) == Order::kOlder;
}

}  // namespace berth::runtime
