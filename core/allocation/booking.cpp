#include "core/allocation/booking.h"

#include <algorithm>

#include "core/allocation/sticky.h"

namespace berth::allocation {

Duration Booking::rest_left(Space space, const NumberKey& key, const Entry& entry, Duration at_least) const {
  // What this batch wrote itself cannot rest; anything else is judged as the clock has seen it.
  return view_.rest.remaining({space, key, entry}, view_.ranges, at_least, view_.monotonic_now);
}

std::optional<HeldNumber> Booking::in_the_way(Space space, const NumberKey& key, const Uid& owner,
                                              Duration at_least, const PortAllocation* heir) const {
  std::optional<HeldNumber> resting;
  for (const auto& [other, entry] : writer_.conflicting(space, key)) {
    if (!owner.empty() && entry->owner_uid == owner) continue;
    if (entry->held()) return HeldNumber{space, other, *entry};
    if (heir != nullptr && waits_for(*entry, *heir)) continue;
    if (rest_left(space, other, *entry, at_least) > Duration::zero()) resting = {space, other, *entry};
  }
  const bool own_already = resting && space == Space::kHostPort && view_.uses.used_by(owner, space, key);
  return own_already ? std::nullopt : resting;
}

bool Booking::is_free(const CompiledRange& range, const NumberKey& key, const PortAllocation* heir) const {
  if (frozen(range.space, key) != nullptr) return false;
  // Most numbers that are not free are held, and who looks for a free one looks at many.
  if (writer_.any_conflicting(range.space, key,
                              [](const auto&, const Entry& entry) { return entry.held(); })) {
    return false;
  }
  if (in_the_way(range.space, key, {}, range.reuse_after, heir)) return false;
  return view_.uses.other_than({}, range.space, key) == nullptr &&
         !view_.uses.contested({}, range.space, key) &&
         view_.ranges.reserving(range.space, key.port) == nullptr;
}

void Booking::commit(Work& work, Space space, const Draft& draft) {
  for (const auto& [key, entry] : draft) {
    quota_.count(space, key, entry);
    writer_.put(space, key, entry, view_.now);
    work.shards.insert(shard_name(space, shard_of(key.port)));
    for (const Slot& slot : entry.slots) work.given.insert_or_assign(slot.name, key);
  }
}

void Booking::forget_rested() {
  for (const auto& [id, shard] : writer_.dirty()) forget_rested(id);
}

void Booking::forget_rested(const ShardId& id) {
  std::vector<NumberKey> rested;
  for (const auto& [key, entry] : writer_.dirty().at(id).entries) {
    if (!entry.held() && rest_left(id.space, key, entry, {}) == Duration::zero()) rested.push_back(key);
  }
  for (const NumberKey& key : rested) writer_.erase(id.space, key);
}

bool put_slot(Entry& entry, const Slot& slot) {
  std::erase_if(entry.slots, [&](const Slot& present) { return present.name == slot.name; });
  const bool clash = std::any_of(entry.slots.begin(), entry.slots.end(),
                                 [&](const Slot& present) { return present.protocol == slot.protocol; });
  if (clash) return false;
  entry.slots.push_back(slot);
  std::sort(entry.slots.begin(), entry.slots.end());
  return true;
}

Entry new_entry(const PortAllocation& allocation, const std::string& range) {
  Entry entry;
  entry.owner = allocation.meta.key();
  entry.owner_uid = allocation.meta.uid;
  entry.range = range;
  entry.sticky_seconds = sticky_seconds(allocation);
  return entry;
}

const AllocationPort& spec_port(const PortAllocation& allocation, const std::string& name) {
  const auto& ports = allocation.spec.ports;
  return *std::find_if(ports.begin(), ports.end(),
                       [&](const AllocationPort& port) { return port.name == name; });
}

std::string seconds_text(Duration span) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(span).count()) + " s";
}

}  // namespace berth::allocation
