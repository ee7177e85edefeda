// Plan numbers: which numbers of a status write the ledger has to be asked about, live, before it is sent.
//
// Another leader may know more, or less, than the ledgers that this one has read, and the version of the
// allocation does not tell (WriteStatus in core/plan.h, model/README.md). Not here: the asking, which is the
// shell's. Thread-safety: pure functions.
#pragma once

#include <vector>

#include "core/allocation/adoption.h"
#include "core/allocation/ledger.h"
#include "core/base/port.h"
#include "core/model/port_allocation.h"

namespace berth::plan_numbers {

// Shown by `before`, not by `next`, and held by none of the entries that were seen of the owner.
std::vector<Port> unconfirmed(const PortAllocationStatus& before, const PortAllocationStatus& next,
                              const std::vector<allocation::HeldNumber>& entries);

// Shown by `next`, not by `before`, where they come instead of others: for a port that showed another number,
// or from a Service to be adopted.
std::vector<Port> arriving(const PortAllocationStatus& before, const PortAllocationStatus& next,
                           const std::vector<allocation::AdoptedPort>& adopted);

}  // namespace berth::plan_numbers
