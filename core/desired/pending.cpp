#include "core/desired/pending.h"

#include <algorithm>
#include <cstdint>

#include "core/allocation/refusal.h"
#include "core/base/reasons.h"

namespace berth::desired {
namespace {

constexpr char kOther[] = "Other";

std::optional<Instant> instant(const std::string& text) {
  const auto parsed = parse_rfc3339(text);
  return parsed.ok() ? std::optional<Instant>(*parsed) : std::nullopt;
}

}  // namespace

std::optional<Pending> pending(const PortAllocation& allocation) {
  if (allocation.meta.deleting()) return std::nullopt;
  const Condition* allocated = find_condition(allocation.status.conditions, "Allocated");
  if (allocated == nullptr) return Pending{reason::kPending, instant(allocation.meta.creation_timestamp)};
  if (allocated->status == "True") return std::nullopt;
  const auto& known = pending_reasons();
  const bool is_known = std::find(known.begin(), known.end(), allocated->reason) != known.end();
  return Pending{is_known ? allocated->reason : kOther, instant(allocated->last_transition_time)};
}

const std::vector<std::string>& refusal_reasons() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    // to_string() knows every reason, and says Unknown behind the last one.
    for (std::uint8_t i = 0;; ++i) {
      std::string text = allocation::to_string(static_cast<allocation::RefusalReason>(i));
      if (text == "Unknown") return made;
      made.push_back(std::move(text));
    }
  }();
  return all;
}

const std::vector<std::string>& pending_reasons() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made = refusal_reasons();
    made.insert(made.end(), {reason::kPending, kOther});
    return made;
  }();
  return all;
}

}  // namespace berth::desired
