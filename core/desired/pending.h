// Pending: that an allocation waits for its numbers, since when, and why.
//
// Read from its condition Allocated as it was last written, so it says what people see too. Thread-safety:
// pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/model/port_allocation.h"

namespace berth::desired {

struct Pending {
  std::string reason = {};  // one of pending_reasons()
  // When Allocated last turned, or the allocation was created if nobody has looked at it yet. A new reason
  // does not make the wait a new one. nullopt: the time cannot be read.
  std::optional<Instant> since = {};

  bool operator==(const Pending&) const = default;
};

// nullopt: it has all numbers that it asks for, or is being deleted and waits for none.
std::optional<Pending> pending(const PortAllocation& allocation);

// The reasons for which an allocation is refused its numbers, as allocation::to_string() says them.
const std::vector<std::string>& refusal_reasons();

// These, and those of an allocation that nobody has decided on: Pending, and Other for what this version does
// not know (another one wrote the status).
const std::vector<std::string>& pending_reasons();

}  // namespace berth::desired
