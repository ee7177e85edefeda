// Sticky: numbers that wait for their owner to come back (PortAllocation.spec.stickyFor).
//
// The owner is gone when its numbers rest, so its wish stands in the ledger entry (Entry::sticky_seconds). An
// allocation of the same namespace and name that asks for stickyFor too gets the same number for each port
// name at once, whatever its UID; nobody else gets it before reuseAfter and stickyFor have both passed
// (rest.h). A number that a living owner gives up by an edit does not wait for it. Thread-safety: pure
// functions; WaitingNumbers is immutable once built.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/base/instant.h"
#include "core/model/port_allocation.h"

namespace berth::allocation {

// The longest time a number waits.
inline constexpr Duration kLongestSticky = std::chrono::hours(24 * 30);

// For how many seconds the allocation's numbers are to wait, at most kLongestSticky; 0 = not at all. The
// schema admits only what can be read.
std::int64_t sticky_seconds(const PortAllocation& allocation);

// Does the resting entry wait for that allocation?
bool waits_for(const Entry& entry, const PortAllocation& allocation);

// Every number that waits for somebody.
class WaitingNumbers {
 public:
  WaitingNumbers() = default;
  explicit WaitingNumbers(const Ledgers& ledgers);

  // The number that waits for that port of the allocation; of several the one that was given up last.
  [[nodiscard]] std::optional<NumberKey> find(const PortAllocation& allocation, Space space,
                                              const AllocationPort& port) const;

 private:
  std::map<ObjectKey, std::vector<HeldNumber>> by_owner_;
};

}  // namespace berth::allocation
