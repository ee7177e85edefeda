#include "core/allocation/usage.h"

#include <algorithm>
#include <map>
#include <set>

namespace berth::allocation {
namespace {

constexpr std::size_t kSampleSize = 5;

// What the entries and uses say of a number on a node, whatever its protocol. "" = on any node.
struct Known {
  std::set<Port> held;
  std::set<Port> resting;
  std::set<Port> external;
};

Known known(const Ledger& ledger, const Uses& uses, const std::string& node) {
  const auto counts = [&](const NumberKey& key) {
    return node.empty() || key.node.empty() || key.node == node;
  };
  Known known;
  for (const auto& [index, shard] : ledger.shards()) {
    for (const auto& [key, entry] : shard->entries) {
      if (counts(key)) (entry.held() ? known.held : known.resting).insert(key.port);
    }
  }
  for (const NumberKey& key : uses.keys(ledger.space())) {
    if (counts(key) && uses.external(ledger, key) != nullptr) known.external.insert(key.port);
  }
  return known;
}

void count_block(const CompiledRange& range, Port port, std::int64_t BlockUsage::*counter,
                 std::vector<BlockUsage>& blocks) {
  for (std::size_t i = 0; i < range.blocks.size(); ++i) {
    if (contains(range.blocks[i].spans, port)) ++(blocks[i].*counter);
  }
}

// The counts of one node, or of all nodes together.
RangeUsage count_numbers(const CompiledRange& range, const Ledger& ledger, const Known& numbers) {
  RangeUsage usage;
  usage.capacity = count_ports(range.spans);
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
        ++(reserved ? usage.draining : usage.allocated);
        count_block(range, port, &BlockUsage::allocated, usage.blocks);
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
        count_block(range, port, &BlockUsage::available, usage.blocks);
        in_a_row = value == previous + 1 ? in_a_row + 1 : 1;
        previous = value;
        usage.largest_free_block = std::max(usage.largest_free_block, in_a_row);
      }
    }
  }
  return usage;
}

// The node on which the most numbers are taken; "" when no node has any of its own.
std::string fullest_node(const CompiledRange& range, const Ledger& ledger, const Uses& uses) {
  if (!range.per_node) return "";
  std::map<std::string, std::set<Port>> taken;
  const auto add = [&](const NumberKey& key) {
    const bool counts = contains(range.spans, key.port) && range.reservation(key.port) == nullptr;
    if (counts) taken[key.node].insert(key.port);
  };
  for (const auto& [index, shard] : ledger.shards()) {
    for (const auto& [key, entry] : shard->entries) add(key);
  }
  for (const NumberKey& key : uses.keys(ledger.space())) {
    if (uses.external(ledger, key) != nullptr) add(key);
  }
  const std::set<Port> everywhere = taken[""];
  std::string fullest;
  std::ptrdiff_t most = -1;
  for (const auto& [node, ports] : taken) {
    const auto own = std::count_if(ports.begin(), ports.end(),
                                   [&](const Port& port) { return !everywhere.contains(port); });
    if (node.empty() || own <= most) continue;
    fullest = node;
    most = own;
  }
  return fullest;
}

// Held from the range although it no longer hands the number out: counted once, whatever nodes and protocols.
void count_draining(const CompiledRange& range, const Ledger& ledger, RangeUsage& usage) {
  std::set<Port> outside;
  for (const auto& [index, shard] : ledger.shards()) {
    for (const auto& [key, entry] : shard->entries) {
      const bool inside = contains(range.spans, key.port);
      const bool drains = inside ? range.reservation(key.port) != nullptr : entry.range == range.name;
      if (!entry.held() || !drains) continue;
      if (!inside && outside.insert(key.port).second) ++usage.draining;
      if (usage.draining_sample.size() < kSampleSize) {
        usage.draining_sample.push_back({ledger.space(), key, entry});
      }
    }
  }
}

void count_undeclared(const CompiledRange& range, const Ledger& ledger, const Uses& uses, RangeUsage& usage) {
  for (const NumberKey& key : uses.keys(ledger.space())) {
    if (!contains(range.spans, key.port)) continue;
    const Use* use = uses.external(ledger, key);
    if (use == nullptr) continue;
    ++usage.undeclared;
    if (usage.undeclared_sample.size() < kSampleSize) {
      usage.undeclared_sample.push_back(to_string(key) + " by " + use->holder);
    }
  }
}

}  // namespace

RangeUsage count_usage(const CompiledRange& range, const Ledger& ledger, const Uses& uses) {
  const std::string node = fullest_node(range, ledger, uses);
  RangeUsage usage = count_numbers(range, ledger, known(ledger, uses, node));
  usage.node = node;
  count_draining(range, ledger, usage);
  count_undeclared(range, ledger, uses, usage);
  return usage;
}

}  // namespace berth::allocation
