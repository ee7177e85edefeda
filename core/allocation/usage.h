// Usage: how full a range is, counted from the ledger and what is observed (never kept as counters).
#pragma once

#include <string>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"

namespace berth::allocation {

// Counted per number: in spaces where the protocol is part of the key a number counts as allocated when any
// protocol of it is held. capacity = allocated + resting + reserved + external + frozen + available + those
// of `draining` that are still inside the range (reserved while held).
//
// A range with numbers per node is counted as its fullest node sees it (the fewest available, between equals
// the first by name), because that is where the next allocation fails first. `draining` and `undeclared`
// count every node.
struct RangeUsage {
  std::int64_t capacity = 0;
  std::int64_t allocated = 0;
  std::int64_t resting = 0;
  std::int64_t reserved = 0;
  std::int64_t external = 0;
  std::int64_t frozen = 0;  // in a shard that cannot be read
  std::int64_t available = 0;
  std::int64_t largest_free_block = 0;  // the most available numbers in a row
  std::int64_t draining = 0;            // held from this range although it no longer hands the number out
  std::vector<HeldNumber> draining_sample = {};  // at most 5, lowest first
  std::vector<BlockUsage> blocks = {};           // in the order of the spec

  std::string node = {};                            // the fullest one; "" = counted for every node
  std::int64_t undeclared = 0;                      // numbers that somebody uses without holding them
  std::vector<std::string> undeclared_sample = {};  // at most 5, "24511 by Service data/web (nodePort)"

  bool operator==(const RangeUsage&) const = default;
};

RangeUsage count_usage(const CompiledRange& range, const Ledger& ledger, const Uses& uses);

}  // namespace berth::allocation
