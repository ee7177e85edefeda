// LedgerScope: which allocations the next step of the bookkeeper must look at.
//
// A step that looks through every allocation costs time that grows with the cluster. Where one allocation
// came, went, was edited or asks for its number only that one is news, beside those that wait for a number;
// everything else (a range, a policy, a number that a stranger took or gave back) may concern anybody. As a
// net under what nobody thought of, everything is looked at from time to time anyway. Thread-safety: every
// function from any thread.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "core/base/instant.h"
#include "core/base/object_key.h"

namespace berth::controller {

struct LedgerLook {
  bool everything = true;
  std::set<ObjectKey> allocations = {};  // those there and those gone; where it is not everything

  bool operator==(const LedgerLook&) const = default;
};

class LedgerScope {
 public:
  // While steps are taken, at least one in this time looks at everything.
  static constexpr Duration kEverythingAfter = std::chrono::minutes(10);

  void everything() {
    const std::lock_guard lock(mutex_);
    next_ = {};
  }
  // An empty key means everything.
  void add(const ObjectKey& allocation) {
    if (allocation.name.empty()) return everything();
    const std::lock_guard lock(mutex_);
    if (!next_.everything) next_.allocations.insert(allocation);
  }

  // The step that looked at this has not come to its end.
  void again(const LedgerLook& look) {
    if (look.everything) return everything();
    for (const ObjectKey& allocation : look.allocations) add(allocation);
  }

  // What has been added up to now; call it before the stores are read. `now` is monotonic.
  LedgerLook take(Instant now) {
    const std::lock_guard lock(mutex_);
    LedgerLook look = std::exchange(next_, LedgerLook{false, {}});
    if (!looked_ || now - *looked_ >= kEverythingAfter) look = {};
    if (look.everything) looked_ = now;
    return look;
  }

 private:
  std::mutex mutex_;
  LedgerLook next_ = {};                // everything, at first
  std::optional<Instant> looked_ = {};  // at everything
};

}  // namespace berth::controller
