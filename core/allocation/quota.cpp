#include "core/allocation/quota.h"

#include <algorithm>
#include <set>

namespace berth::allocation {
namespace {

// Numbers of the range that the allocation gives up for `added`: a full namespace may renumber, and may
// choose again what it lost.
std::int64_t count_leaving(const PortAllocation& allocation, const Holdings& holdings,
                           const CompiledRange& range, const std::map<NumberKey, Entry>& added,
                           const Uses& uses) {
  std::set<NumberKey> leaving;
  for (const Surplus& surplus : holdings.surplus) {
    const HeldNumber& number = surplus.number;
    if (number.space == range.space && number.entry.range == range.name &&
        surplus.slots.size() == number.entry.slots.size() && is_lost(allocation, surplus, uses)) {
      leaving.insert(number.key);
    }
  }
  for (const Holding& holding : holdings.serving) {
    if (holding.interim && holdings.space == range.space && holding.range == range.name &&
        !added.contains(holding.key)) {
      leaving.insert(holding.key);
    }
  }
  return static_cast<std::int64_t>(leaving.size());
}

}  // namespace

Quota::Quota(const Ledgers& ledgers, const ShardWriter& writer, const Uses& uses)
    : writer_(writer), uses_(uses) {
  for (const Space space : kSpaces) {
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (entry.held()) ++used_[{space, entry.range, entry.owner.ns}];
      }
    }
  }
}

void Quota::count(Space space, const NumberKey& key, const Entry& entry) {
  const Entry* before = writer_.find(space, key);
  if (before != nullptr && before->held()) --used_[{space, before->range, before->owner.ns}];
  ++used_[{space, entry.range, entry.owner.ns}];
}

std::optional<Refused> Quota::refuse(const PortAllocation& allocation, const Holdings& holdings,
                                     const CompiledRange& range,
                                     const std::map<NumberKey, Entry>& added) const {
  if (range.per_namespace == 0) return {};
  const std::string& ns = allocation.meta.ns;
  std::int64_t more = 0;
  for (const auto& [key, entry] : added) {
    const Entry* before = writer_.find(range.space, key);
    const bool counted =
        before != nullptr && before->held() && before->owner.ns == ns && before->range == range.name;
    if (!counted) ++more;
  }
  more -= std::min(more, count_leaving(allocation, holdings, range, added, uses_));
  const auto found = used_.find({range.space, range.name, ns});
  const std::int64_t used = found == used_.end() ? 0 : found->second;
  if (more == 0 || used + more <= range.per_namespace) return {};
  return Refused{
      RefusalReason::kQuotaExceeded, "",
      "namespace " + ns + " may hold " + std::to_string(range.per_namespace) + " numbers of range " +
          range.name +
          ", and with this allocation it would hold more: delete allocations that are not needed, or "
          "have limits.perNamespace raised"};
}

}  // namespace berth::allocation
