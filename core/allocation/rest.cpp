#include "core/allocation/rest.h"

#include <algorithm>
#include <utility>

#include "core/allocation/sticky.h"

namespace berth::allocation {

void RestClock::observe(const Ledgers& ledgers, Instant monotonic_now, const Uses* uses,
                        std::optional<Instant> wall_now) {
  if (wall_now) wall_ahead_ = *wall_now - monotonic_now;
  for (const Space space : kSpaces) {
    const std::map<NumberKey, Seen> before = std::exchange(seen_[space], {});
    std::map<NumberKey, Seen>& seen = seen_[space];
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (entry.held()) continue;
        const auto known = before.find(key);
        const bool used =
            space == Space::kHostPort && uses != nullptr && uses->other_than({}, space, key) != nullptr;
        const bool same = !used && known != before.end() && known->second.sequence == entry.sequence;
        seen.insert_or_assign(key, same ? known->second : Seen{entry.sequence, monotonic_now});
      }
    }
  }
}

Duration RestClock::remaining(const HeldNumber& resting, const Ranges& ranges, Duration at_least,
                              Instant monotonic_now) const {
  const CompiledRange* range = ranges.find(resting.entry.range);
  const Duration whole = std::max(range == nullptr ? kDefaultReuseAfter : range->reuse_after, at_least);
  Duration rested{0};
  const auto space = seen_.find(resting.space);
  if (space != seen_.end()) {
    const auto seen = space->second.find(resting.key);
    const bool same = seen != space->second.end() && seen->second.sequence == resting.entry.sequence;
    if (same) rested = monotonic_now - seen->second.first;
  }
  const Duration left = std::max(Duration::zero(), whole - rested);
  if (resting.entry.sticky_seconds == 0) return left;
  const Duration sticky =
      std::min<Duration>(kLongestSticky, std::chrono::seconds(resting.entry.sticky_seconds));
  Duration waited = rested;
  if (wall_ahead_) {
    // `since` is cut to the second, so one more than the whole has surely passed.
    const Instant since{(resting.entry.since_seconds + 1) * 1000};
    waited = std::max(waited, monotonic_now + *wall_ahead_ - since);
  }
  return std::max(left, sticky - waited);
}

}  // namespace berth::allocation
