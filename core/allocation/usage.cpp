#include "core/allocation/usage.h"

#include <algorithm>
#include <set>

namespace berth::allocation {
namespace {

constexpr std::size_t kSampleSize = 5;

// What the entries and uses say of a number, whatever its protocol.
struct Known {
  std::set<Port> held;
  std::set<Port> resting;
  std::set<Port> external;
};

Known known(const Ledger& ledger, const Uses& uses) {
  Known known;
  for (const auto& [index, shard] : ledger.shards()) {
    for (const auto& [key, entry] : shard.entries) {
      (entry.held() ? known.held : known.resting).insert(key.port);
    }
  }
  for (const NumberKey& key : uses.keys(ledger.space())) {
    if (uses.external(ledger, key) != nullptr) known.external.insert(key.port);
  }
  return known;
}

}  // namespace

RangeUsage count_usage(const CompiledRange& range, const Ledger& ledger, const Uses& uses) {
  RangeUsage usage;
  usage.capacity = count_ports(range.spans);
  const Known numbers = known(ledger, uses);
  for (const CompiledBlock& block : range.blocks) {
    usage.blocks.push_back({block.name, count_ports(block.spans), 0, 0});
  }
  std::int64_t in_a_row = 0;
  std::int32_t previous = 0;
  for (const PortSpan& span : range.spans) {
    for (std::int32_t value = span.first.number(); value <= span.last.number(); ++value) {
      const Port port = Port::of(value);
      const bool reserved = range.reservation(port) != nullptr;
      if (numbers.held.contains(port)) {
        if (!reserved) ++usage.allocated;
        for (std::size_t i = 0; i < range.blocks.size(); ++i) {
          if (contains(range.blocks[i].spans, port)) ++usage.blocks[i].allocated;
        }
        if (reserved) ++usage.draining;
      } else if (ledger.frozen(shard_of(port)) != nullptr) {
        ++usage.frozen;
      } else if (numbers.resting.contains(port)) {
        ++usage.resting;
      } else if (reserved) {
        ++usage.reserved;
      } else if (numbers.external.contains(port)) {
        ++usage.external;
      } else {
        ++usage.available;
        for (std::size_t i = 0; i < range.blocks.size(); ++i) {
          if (contains(range.blocks[i].spans, port)) ++usage.blocks[i].available;
        }
        in_a_row = value == previous + 1 ? in_a_row + 1 : 1;
        previous = value;
        usage.largest_free_block = std::max(usage.largest_free_block, in_a_row);
      }
    }
  }
  std::set<Port> outside;
  for (const auto& [index, shard] : ledger.shards()) {
    for (const auto& [key, entry] : shard.entries) {
      const bool inside = contains(range.spans, key.port);
      const bool drains = inside ? range.reservation(key.port) != nullptr : entry.range == range.name;
      if (!entry.held() || !drains) continue;
      if (!inside && outside.insert(key.port).second) ++usage.draining;
      if (usage.draining_sample.size() < kSampleSize) {
        usage.draining_sample.push_back({ledger.space(), key, entry});
      }
    }
  }
  return usage;
}

}  // namespace berth::allocation
