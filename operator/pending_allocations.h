// PendingAllocations: the allocations that wait for their numbers, kept up to date change by change.
//
// So that telling how many there are never walks through all allocations. Thread-safety: every function from
// any thread; changed() not under a snapshot.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "core/desired/pending.h"
#include "operator/stores.h"

namespace berth::controller {

// Those of one reason.
struct PendingGroup {
  std::size_t count = 0;
  Duration oldest{0};  // how long the one has waited that waits longest

  bool operator==(const PendingGroup&) const = default;
};

// Every one of desired::pending_reasons(), whether anybody waits for it or not.
using PendingByReason = std::map<std::string, PendingGroup>;

class PendingAllocations {
 public:
  // `stores` must outlive the object.
  explicit PendingAllocations(const Stores& stores) : stores_(&stores) {}

  // A listener of Stores::allocations. Changes of one allocation may come in any order.
  void changed(const runtime::Change<PortAllocation>& change);

  [[nodiscard]] PendingByReason by_reason(Instant now) const;  // `now`: wall clock

 private:
  const Stores* stores_;
  mutable std::mutex mutex_;  // taken before a snapshot, never under one
  std::map<ObjectKey, desired::Pending> waiting_;
};

}  // namespace berth::controller
