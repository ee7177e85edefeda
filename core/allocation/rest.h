// RestClock: for how long this leader has seen a released number rest.
//
// Measured on the leader's monotonic clock and never on the `since` of an entry: clock skew between leaders
// can lengthen a rest but never shorten it (allocation.md 4.7). After a change of leader every rest begins
// anew. Not a clock itself: the time is a parameter. Thread-safety: none, one owner.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"
#include "core/base/instant.h"
#include "core/base/namespace_scope.h"

namespace berth::allocation {

class RestClock {
 public:
  // What remains of a rest that has no end.
  static constexpr Duration kUnseen = std::chrono::hours(24 * 365 * 100);

  // The namespaces that are seen from now on, every one at first. A number whose owner was in another one
  // rests without end, and begins anew when that one is seen again: what may still use it there is not seen.
  void see(NamespaceScope scope);
  [[nodiscard]] const NamespaceScope& scope() const { return scope_; }

  // Notes the resting entries of the ledgers: new ones begin to rest at `monotonic_now`, others are
  // forgotten. A host port that some pod still has (`uses`, when it is known) has not begun to rest.
  // `wall_now`: the wall clock at the same moment, when it is known.
  void observe(const Ledgers& ledgers, Instant monotonic_now, const Uses* uses = nullptr,
               std::optional<Instant> wall_now = {});

  // How much longer the entry must rest before somebody else may have the number; zero when it has rested.
  // `reuse_after` of the range the entry was taken from (the default when that range is gone), at least
  // `at_least`. Requires: a resting entry. An entry that was never observed has its whole rest before it.
  // A number that waits for its owner (Entry::sticky_seconds) rests at least so long; that time, which guards
  // a wish and no connection, also counts by the wall clock from `since` on: days would otherwise begin anew
  // with every change of leader.
  [[nodiscard]] Duration remaining(const HeldNumber& resting, const Ranges& ranges, Duration at_least,
                                   Instant monotonic_now) const;

 private:
  struct Seen {
    std::int64_t sequence;
    Instant first;
    std::string ns;  // of its owner
  };
  struct SeenShard {
    std::shared_ptr<const Shard> shard;  // as it was; what has not changed is not looked at again
    std::map<NumberKey, Seen> entries;
  };
  NamespaceScope scope_ = {};
  std::map<Space, std::map<int, SeenShard>> seen_;
  std::optional<Duration> wall_ahead_ = {};  // of the monotonic clock
};

}  // namespace berth::allocation
