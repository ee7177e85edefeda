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

const Quota::ByNamespace& Quota::used(Space space, const std::string& range) const {
  const auto [known, fresh] = used_.try_emplace({space, range});
  ByNamespace& used = known->second;
  if (!fresh) return used;
  const auto add = [&](const std::map<NumberKey, Entry>& entries) {
    for (const auto& [key, entry] : entries) {
      if (entry.held() && entry.range == range) ++used[entry.owner.ns];
    }
  };
  for (const auto& [index, shard] : ledgers_.in(space).shards()) {
    if (!writer_.dirty().contains({space, index})) add(shard->entries);
  }
  for (const auto& [id, shard] : writer_.dirty()) {
    if (id.space == space) add(shard.entries);
  }
  return used;
}

void Quota::count(Space space, const Entry& entry, std::int64_t more) {
  const auto known = used_.find({space, entry.range});
  if (known != used_.end()) known->second[entry.owner.ns] += more;
}

void Quota::count(Space space, const NumberKey& key, const Entry& entry) {
  const Entry* before = writer_.find(space, key);
  if (before != nullptr && before->held()) count(space, *before, -1);
  count(space, entry, 1);
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
  if (more == 0) return {};
  const ByNamespace& all = used(range.space, range.name);
  const auto found = all.find(ns);
  if ((found == all.end() ? 0 : found->second) + more <= range.per_namespace) return {};
  return Refused{
      RefusalReason::kQuotaExceeded, "",
      "namespace " + ns + " may hold " + std::to_string(range.per_namespace) + " numbers of range " +
          range.name +
          ", and with this allocation it would hold more: delete allocations that are not needed, or "
          "have limits.perNamespace raised"};
}

}  // namespace berth::allocation
