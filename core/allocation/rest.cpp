#include "core/allocation/rest.h"

#include <algorithm>
#include <utility>

#include "core/allocation/sticky.h"

namespace berth::allocation {

void RestClock::see(NamespaceScope scope) {
  if (scope == scope_) return;
  scope_ = std::move(scope);
  for (auto& [space, shards] : seen_) {
    for (auto& [index, shard] : shards) {
      shard.shard = nullptr;  // looked at again, with what was not seen before
      std::erase_if(shard.entries, [&](const auto& one) { return !scope_.covers(one.second.ns); });
    }
  }
}

void RestClock::observe(const Ledgers& ledgers, Instant monotonic_now, const Uses* uses,
                        std::optional<Instant> wall_now) {
  if (wall_now) wall_ahead_ = *wall_now - monotonic_now;
  for (const Space space : kSpaces) {
    const auto& shards = ledgers.in(space).shards();
    const bool used_by_pods = space == Space::kHostPort && uses != nullptr;
    std::map<int, SeenShard>& seen = seen_[space];
    std::erase_if(seen, [&](const auto& one) { return !shards.contains(one.first); });
    for (const auto& [index, shard] : shards) {
      SeenShard& known = seen[index];
      if (known.shard == shard && !used_by_pods) continue;
      const std::map<NumberKey, Seen> before = std::exchange(known.entries, {});
      known.shard = shard;
      for (const auto& [key, entry] : shard->entries) {
        if (entry.held() || !scope_.covers(entry.owner.ns)) continue;
        const auto first = before.find(key);
        const bool used = used_by_pods && uses->other_than({}, space, key) != nullptr;
        const bool same = !used && first != before.end() && first->second.sequence == entry.sequence;
        known.entries.insert_or_assign(
            key, same ? first->second : Seen{entry.sequence, monotonic_now, entry.owner.ns});
      }
    }
  }
}

Duration RestClock::remaining(const HeldNumber& resting, const Ranges& ranges, Duration at_least,
                              Instant monotonic_now) const {
  if (!scope_.covers(resting.entry.owner.ns)) return kUnseen;
  const CompiledRange* range = ranges.find(resting.entry.range);
  const Duration whole = std::max(range == nullptr ? kDefaultReuseAfter : range->reuse_after, at_least);
  Duration rested{0};
  const auto space = seen_.find(resting.space);
  const SeenShard* shard = nullptr;
  if (space != seen_.end()) {
    const auto known = space->second.find(shard_of(resting.key.port));
    if (known != space->second.end()) shard = &known->second;
  }
  if (shard != nullptr) {
    const auto seen = shard->entries.find(resting.key);
    const bool same = seen != shard->entries.end() && seen->second.sequence == resting.entry.sequence;
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
