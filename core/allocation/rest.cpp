#include "core/allocation/rest.h"

#include <algorithm>
#include <utility>

namespace berth::allocation {

void RestClock::observe(const Ledgers& ledgers, Instant monotonic_now, const Uses* uses) {
  for (const Space space : kSpaces) {
    const std::map<NumberKey, Seen> before = std::exchange(seen_[space], {});
    std::map<NumberKey, Seen>& seen = seen_[space];
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard.entries) {
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
  const auto space = seen_.find(resting.space);
  if (space == seen_.end()) return whole;
  const auto seen = space->second.find(resting.key);
  if (seen == space->second.end() || seen->second.sequence != resting.entry.sequence) return whole;
  return std::max(Duration::zero(), whole - (monotonic_now - seen->second.first));
}

}  // namespace berth::allocation
