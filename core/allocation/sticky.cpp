#include "core/allocation/sticky.h"

#include <algorithm>
#include <tuple>

namespace berth::allocation {

std::int64_t sticky_seconds(const PortAllocation& allocation) {
  if (allocation.spec.sticky_for.empty()) return 0;
  const auto span = parse_duration(allocation.spec.sticky_for);
  if (!span.ok()) return 0;
  return std::chrono::ceil<std::chrono::seconds>(std::min(*span, kLongestSticky)).count();
}

bool waits_for(const Entry& entry, const PortAllocation& allocation) {
  return !entry.held() && entry.sticky_seconds > 0 && entry.owner == allocation.meta.key() &&
         sticky_seconds(allocation) > 0;
}

WaitingNumbers::WaitingNumbers(const Ledgers& ledgers) {
  for (const Space space : kSpaces) {
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (!entry.held() && entry.sticky_seconds > 0) by_owner_[entry.owner].push_back({space, key, entry});
      }
    }
  }
}

std::optional<NumberKey> WaitingNumbers::find(const PortAllocation& allocation, Space space,
                                              const AllocationPort& port) const {
  const auto owned = by_owner_.find(allocation.meta.key());
  if (owned == by_owner_.end()) return {};
  const HeldNumber* last = nullptr;
  for (const HeldNumber& number : owned->second) {
    const bool fits = number.space == space && number.entry.has_slot(port.name) &&
                      (!number.key.protocol || *number.key.protocol == port.protocol) &&
                      waits_for(number.entry, allocation);
    if (!fits) continue;
    const auto order = [](const HeldNumber& one) { return std::tie(one.entry.since_seconds, one.key); };
    if (last == nullptr || order(*last) < order(number)) last = &number;
  }
  return last == nullptr ? std::nullopt : std::optional(last->key);
}

}  // namespace berth::allocation
