#include "core/allocation/recovery.h"

#include <algorithm>
#include <utility>

namespace berth::allocation {
namespace {

// The range a recovered number is booked on: the one it came from when that is known.
std::string origin_of(const PortAllocation& allocation, const Ranges& ranges, Space space, Port port) {
  if (!allocation.spec.range_name.empty()) return allocation.spec.range_name;
  if (!allocation.status.range_name.empty()) return allocation.status.range_name;
  const auto sources = ranges.sources(allocation.spec);
  for (const Source& source : sources) {
    if (source.range->space == space && contains(source.range->spans, port)) return source.range->name;
  }
  return sources.empty() ? "" : sources.front().range->name;
}

// Status does not say on which node a number is held: on the one that the spec names, unless its range has
// the numbers on every node.
NumberKey recovered_key(const PortAllocation& allocation, const Ranges& ranges, Space space,
                        const ShownNumber& shown) {
  NumberKey key = key_of(space, shown.number, shown.slot.protocol);
  if (space != Space::kHostPort) return key;
  const CompiledRange* range = ranges.find(origin_of(allocation, ranges, space, shown.number));
  if (range == nullptr || range->per_node) key.node = allocation.spec.node_name;
  return key;
}

std::optional<Refused> reclaim(Work& work, Booking& booking, Space space, const NumberKey& key,
                               const Slot& slot) {
  const PortAllocation& allocation = *work.request->allocation;
  const std::string shows = "port " + slot.name + " was published as " + to_string(key) + ", ";
  if (const Error* frozen = booking.frozen(space, key)) {
    return Refused{RefusalReason::kLedgerFrozen, slot.name,
                   shows + "but its ledger cannot be read; nothing is moved: " + frozen->message};
  }
  const Entry* entry = booking.find(space, key);
  const bool own = entry != nullptr && entry->owner_uid == allocation.meta.uid;
  const auto other = booking.in_the_way(space, key, allocation.meta.uid, {}, &allocation);
  if (other && other->entry.held()) {
    return Refused{RefusalReason::kPortTaken, slot.name,
                   shows + "but the ledger holds it for PortAllocation " + to_string(other->entry.owner) +
                       "; nothing is moved: request another number for the port, or delete one of the two"};
  }
  if (other && !booking.view().rest.scope().covers(other->entry.owner.ns)) {
    return Refused{RefusalReason::kPortResting, slot.name,
                   shows + "but PortAllocation " + to_string(other->entry.owner) +
                       " released it, and it rests as long as that namespace is none of the operator's "
                       "--namespaces: request another number for the port"};
  }
  if (other) {
    return Refused{RefusalReason::kPortResting, slot.name,
                   shows + "but it rests since PortAllocation " + to_string(other->entry.owner) +
                       " released it; it is taken back in " +
                       seconds_text(booking.rest_left(space, other->key, other->entry, {}))};
  }
  Entry claimed = own && entry->held()
                      ? *entry
                      : new_entry(allocation, origin_of(allocation, booking.view().ranges, space, key.port));
  if (!put_slot(claimed, slot)) {
    return Refused{RefusalReason::kPortRequestedTwice, slot.name,
                   shows + "as is another port of this allocation: give one of them another number"};
  }
  booking.commit(work, space, {{key, claimed}});
  return {};
}

}  // namespace

void recover(Work& work, Booking& booking) {
  Holdings& holdings = work.holdings;
  if (holdings.complete() || !holdings.target) return;
  const PortAllocation& allocation = *work.request->allocation;
  const Space space = *holdings.target;
  for (const ShownNumber& shown : shown_numbers(allocation, space, work.request->services)) {
    const auto wanted = std::find(holdings.wanting.begin(), holdings.wanting.end(), shown.slot.name);
    if (wanted == holdings.wanting.end() || holdings.find(shown.slot.name) != nullptr) continue;
    const NumberKey key = recovered_key(allocation, booking.view().ranges, space, shown);
    const AllocationPort& port = spec_port(allocation, shown.slot.name);
    if (lost_to_others(allocation, port, space, key, booking.view().uses)) continue;
    if (auto conflict = reclaim(work, booking, space, key, shown.slot)) {
      if (!work.conflict) work.conflict = std::move(conflict);
      continue;
    }
    holdings.wanting.erase(wanted);
    work.recovered.push_back(shown.slot.name);
  }
}

}  // namespace berth::allocation
