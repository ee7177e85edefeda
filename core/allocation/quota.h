// Quota: how many numbers of a range a namespace holds while a batch of claims is answered, and whether it
// may hold more (PortRange.spec.limits.perNamespace).
//
// Counts held entries by the range they were taken from; resting ones do not count. Not here: what a range's
// status tells (usage.h). Thread-safety: none, one owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/allocation/holdings.h"
#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"
#include "core/allocation/refusal.h"
#include "core/allocation/shard_writer.h"

namespace berth::allocation {

class Quota {
 public:
  // References must outlive the object. `writer`: of the same batch.
  Quota(const Ledgers& ledgers, const ShardWriter& writer, const Uses& uses)
      : ledgers_(ledgers), writer_(writer), uses_(uses) {}

  // Counts the entry in place of what the writer has there now. Requires: called before the writer is told,
  // and the entry is held.
  void count(Space space, const NumberKey& key, const Entry& entry);

  // May the allocation have the entries of `added` (of that range) beside what its namespace holds?
  // `holdings`: of the allocation; numbers that give way to the new ones do not count against them.
  [[nodiscard]] std::optional<Refused> refuse(const PortAllocation& allocation, const Holdings& holdings,
                                              const CompiledRange& range,
                                              const std::map<NumberKey, Entry>& added) const;

 private:
  using ByNamespace = std::map<std::string, std::int64_t>;

  // Held numbers of the range, as the writer has them.
  const ByNamespace& used(Space space, const std::string& range) const;
  void count(Space space, const Entry& entry, std::int64_t more);

  const Ledgers& ledgers_;
  const ShardWriter& writer_;
  const Uses& uses_;
  // Of the ranges that were asked about: those with a limit.
  mutable std::map<std::pair<Space, std::string>, ByNamespace> used_;
};

}  // namespace berth::allocation
