// Ranges: PortRange objects read into numbers, and where an allocation may take its numbers from.
//
// Policy only: who holds a number is the ledger's matter. Thread-safety: immutable after construction.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/allocation/space.h"
#include "core/base/instant.h"
#include "core/model/port_allocation.h"
#include "core/model/port_range.h"

namespace berth::allocation {

// The default of PortRange.spec.reuseAfter: above the 120 s SYN_SENT timer of connection tracking.
inline constexpr Duration kDefaultReuseAfter = std::chrono::seconds(130);

enum class Order : std::uint8_t { kLowest, kSpread };

struct CompiledBlock {
  std::string name = {};
  std::string purpose = {};
  std::vector<PortSpan> spans = {};  // normalized

  bool operator==(const CompiledBlock&) const = default;
};

struct CompiledReservation {
  std::vector<PortSpan> spans = {};  // normalized
  std::string reason = {};

  bool operator==(const CompiledReservation&) const = default;
};

struct CompiledRange {
  std::string name = {};
  Space space = Space::kNodePort;
  std::vector<PortSpan> spans = {};  // normalized, not empty
  std::string purpose = {};
  std::vector<CompiledBlock> blocks = {};
  std::vector<CompiledReservation> reserved = {};
  LabelSelector namespace_selector = {};
  std::int64_t per_namespace = 0;  // 0 = no limit
  Order order = Order::kLowest;
  Duration reuse_after = kDefaultReuseAfter;
  bool per_node = false;
  bool deny_undeclared = false;  // its numbers may be used by those only who hold them

  bool operator==(const CompiledRange&) const = default;

  // nullptr when there is none.
  [[nodiscard]] const CompiledBlock* block(const std::string& name) const;
  [[nodiscard]] const CompiledReservation* reservation(Port port) const;
};

// The key that an allocation with this spec claims the number under, there: on its node when the range has
// the numbers per node and the spec names one, else on every node.
NumberKey key_in(const CompiledRange& range, const PortAllocationSpec& spec, Port port, Protocol protocol);

// Guarantees: an error carries the field path ("spec.blocks[1].ports[0]"), the value and what to write.
Result<CompiledRange> compile(const PortRange& range);

// A place to take numbers from: a range, or one block of it when the block's own purpose was asked for.
struct Source {
  const CompiledRange* range;
  const CompiledBlock* block;  // nullptr = the whole range

  // The numbers of the place.
  [[nodiscard]] const std::vector<PortSpan>& spans() const {
    return block == nullptr ? range->spans : block->spans;
  }
};

// "range mesh", "block vpn of range mesh".
std::string to_string(const Source& place);

// Every PortRange of the cluster. Sources point into it: it must outlive them.
class Ranges {
 public:
  Ranges() = default;
  explicit Ranges(const std::vector<const PortRange*>& ranges);

  [[nodiscard]] const CompiledRange* find(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, CompiledRange>& usable() const { return usable_; }
  // Ranges that could not be read: their numbers are held but nothing new is taken from them.
  [[nodiscard]] const std::map<std::string, Error>& unusable() const { return unusable_; }

  // rangeName: that range or nothing. purpose: the ranges with that key, then the blocks with it, each by
  // name; only those in the space of the first.
  [[nodiscard]] std::vector<Source> sources(const PortAllocationSpec& spec) const;

  // A range of that space that reserves the number: what one range reserves no overlapping one hands out.
  [[nodiscard]] const CompiledRange* reserving(Space space, Port port) const;

 private:
  std::map<std::string, CompiledRange> usable_;
  std::map<std::string, Error> unusable_;
};

}  // namespace berth::allocation
