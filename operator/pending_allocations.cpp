#include "operator/pending_allocations.h"

#include <algorithm>

namespace berth::controller {

void PendingAllocations::changed(const runtime::Change<PortAllocation>& change) {
  const ObjectKey key = change.key();
  const bool waits = change.after && desired::pending(*change.after);
  const std::lock_guard lock(mutex_);
  if (!waits && !waiting_.contains(key)) return;
  // Another thread may have told of a later change already: what the store has now is right.
  const auto present = stores_->allocations.get(key);
  const auto pending = present ? desired::pending(*present) : std::nullopt;
  if (pending) {
    waiting_.insert_or_assign(key, *pending);
  } else {
    waiting_.erase(key);
  }
}

PendingByReason PendingAllocations::by_reason(Instant now) const {
  PendingByReason groups;
  for (const std::string& reason : desired::pending_reasons()) groups[reason];
  const std::lock_guard lock(mutex_);
  for (const auto& [key, pending] : waiting_) {
    PendingGroup& group = groups[pending.reason];
    ++group.count;
    if (pending.since) group.oldest = std::max(group.oldest, now - *pending.since);
  }
  return groups;
}

}  // namespace berth::controller
