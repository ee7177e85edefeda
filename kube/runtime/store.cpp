#include "kube/runtime/store.h"

namespace berth::runtime {

StoreGroup::Snapshot::Snapshot(const StoreGroup& group) : group_(&group) {
  const std::lock_guard queue(group.gate_);
  lock_ = std::shared_lock(group.lock_);
}

std::unique_lock<std::shared_mutex> StoreGroup::write() {
  const std::lock_guard queue(gate_);
  std::unique_lock lock(lock_);
  ++version_;
  return lock;
}

}  // namespace berth::runtime
