// Every rule that a finding can be of, in words: for reports of machines and for docs/reference/rules.md.
//
// Ids are part of what programs read: never renamed, never given another meaning. Thread-safety: constants.
#pragma once

#include <string_view>
#include <vector>

namespace berth::exposure {

namespace rule {
inline constexpr char kInternalPort[] = "internal-port";
inline constexpr char kConnect[] = "connect";
inline constexpr char kSpecialAddress[] = "special-address";
inline constexpr char kRemovedPort[] = "removed-port";
inline constexpr char kLeftOpen[] = "left-open";
inline constexpr char kLeavesPolicy[] = "leaves-policy";
inline constexpr char kDebugContainer[] = "debug-container";
inline constexpr char kEndsTls[] = "ends-tls";
inline constexpr char kOpenSources[] = "open-sources";
inline constexpr char kOtherNetwork[] = "other-network";
inline constexpr char kUnresolved[] = "unresolved";
inline constexpr char kUndeclaredPort[] = "undeclared-port";
inline constexpr char kDeprecatedPort[] = "deprecated-port";
inline constexpr char kMovedService[] = "moved-service";
inline constexpr char kNoPort[] = "no-port";
inline constexpr char kUnallocatedNumber[] = "unallocated-number";
}  // namespace rule

struct RuleText {
  std::string_view id;
  std::string_view what;     // is found
  std::string_view why;      // that matters
  std::string_view example;  // a path as findings have it
  std::string_view fix;
};

// In the order in which they are looked for.
const std::vector<RuleText>& rule_catalogue();

}  // namespace berth::exposure
