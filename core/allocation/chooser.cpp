#include "core/allocation/chooser.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "core/allocation/adoption_claim.h"
#include "core/allocation/booking.h"
#include "core/allocation/permission.h"
#include "core/allocation/picker.h"
#include "core/allocation/recovery.h"

namespace berth::allocation {
namespace {

class Batch {
 public:
  Batch(const std::vector<Request>& requests, const ClaimView& view) : view_(view), booking_(view) {
    std::set<Uid> seen;
    for (const Request& request : requests) {
      if (request.allocation->meta.deleting() || !seen.insert(request.allocation->meta.uid).second) continue;
      Work work{&request};
      if (view.uses.adopts(request.allocation->meta.uid)) {
        const AdoptingRequest& adopting = adopting_.emplace_back(request, view);
        work.request = &adopting.request;
        work.adoption = &adopting.adoption;
      }
      work.holdings = assess(*work.request->allocation, view.ledgers.of_owner(request.allocation->meta.uid),
                             view.ranges, view.uses);
      works_.push_back(std::move(work));
    }
    std::sort(works_.begin(), works_.end(), [](const Work& a, const Work& b) {
      const Meta& x = a.request->allocation->meta;
      const Meta& y = b.request->allocation->meta;
      return std::tie(x.creation_timestamp, x.uid) < std::tie(y.creation_timestamp, y.uid);
    });
  }

  ClaimPlan run() {
    for (Work& work : works_) recover(work, booking_);
    for (Work& work : works_) {
      if (work.adoption != nullptr) adopt(*work.adoption, work, booking_);
    }
    note_requested();
    ClaimPlan plan;
    for (Work& work : works_) finish(work, plan);
    booking_.forget_rested();
    plan.writes = booking_.writer().writes();
    return plan;
  }

 private:
  const Entry* find(Space space, const NumberKey& key, const Draft& draft) const {
    const auto drafted = draft.find(key);
    return drafted != draft.end() ? &drafted->second : booking_.find(space, key);
  }

  // ---- new numbers ----

  // Numbers that waiting ports ask for by number: a number Berth chooses avoids them while it can.
  void note_requested() {
    for (const Work& work : works_) {
      if (!work.holdings.target) continue;
      for (const std::string& name : work.holdings.wanting) {
        const AllocationPort& port = spec_port(*work.request->allocation, name);
        const auto number = Port::checked(port.port);
        if (!number.ok()) continue;
        for (const Source& source : view_.ranges.sources(work.request->allocation->spec)) {
          const PortAllocationSpec& spec = work.request->allocation->spec;
          if (source.range->space != *work.holdings.target) continue;
          requested_[source.range->space][key_in(*source.range, spec, *number, port.protocol)] = true;
        }
      }
    }
  }

  bool is_requested(Space space, const NumberKey& key) const {
    const auto requested = requested_.find(space);
    return requested != requested_.end() &&
           any_conflicting(requested->second, key, [](const NumberKey&, bool) { return true; });
  }

  void finish(Work& work, ClaimPlan& plan) {
    const PortAllocation& allocation = *work.request->allocation;
    std::optional<Refused> refused = work.conflict;
    if (!refused && !work.holdings.complete()) refused = choose(work);
    if (work.holdings.unroutable) {
      plan.refusals.push_back(*work.holdings.unroutable);
    } else if (refused) {
      plan.refusals.push_back(
          {allocation.meta.key(), allocation.meta.uid, refused->reason, refused->port, refused->message});
    } else {
      renew_outdated(work);
      plan.grants.push_back(grant_of(work));
    }
  }

  // Tries the sources in order; the answer of the first one is the one told.
  std::optional<Refused> choose(Work& work) {
    if (!work.holdings.target) return {};
    const PortAllocation& allocation = *work.request->allocation;
    std::vector<Source> sources = view_.ranges.sources(allocation.spec);
    std::erase_if(sources,
                  [&](const Source& source) { return source.range->space != *work.holdings.target; });
    if (sources.empty()) return without_source(work);
    // What the allocation already uses comes first.
    if (!work.holdings.serving.empty()) {
      const std::string& present = work.holdings.serving.front().range;
      std::stable_partition(sources.begin(), sources.end(),
                            [&](const Source& source) { return source.range->name == present; });
    }
    std::optional<Refused> first;
    for (const Source& source : sources) {
      auto refused = choose_from(work, source);
      if (!refused) return {};
      if (!first) first = std::move(refused);
    }
    if (sources.size() > 1) first->message += " (no other range or block of that purpose serves either)";
    return first;
  }

  std::optional<Refused> without_source(const Work& work) const {
    const PortAllocationSpec& spec = work.request->allocation->spec;
    const std::string wanted =
        spec.range_name.empty() ? "purpose '" + spec.purpose + "'" : "PortRange " + spec.range_name;
    const auto unusable = view_.ranges.unusable().find(spec.range_name);
    const std::string why = unusable == view_.ranges.unusable().end() ? "" : ": " + unusable->second.message;
    return Refused{why.empty() ? RefusalReason::kRangeNotFound : RefusalReason::kRangeUnusable,
                   work.holdings.wanting.front(),
                   "port " + work.holdings.wanting.front() + " needs a number, but in the space " +
                       to_string(*work.holdings.target) + ", where this allocation holds numbers, " + wanted +
                       " is not usable" + why + "; the numbers held stay"};
  }

  std::optional<Refused> choose_from(Work& work, const Source& source) {
    const PortAllocation& allocation = *work.request->allocation;
    const CompiledRange& range = *source.range;
    if (auto refused = permission_of(work).refuse_range(range)) return refused;
    Draft draft;
    // Requested numbers first, so that a chosen one of the same allocation does not take them.
    for (const bool requested : {true, false}) {
      for (const std::string& name : work.holdings.wanting) {
        const AllocationPort& port = spec_port(allocation, name);
        if ((port.port != 0) != requested) continue;
        Source place = source;
        if (!port.block.empty()) place.block = range.block(port.block);
        if (!port.block.empty() && place.block == nullptr) {
          return Refused{
              RefusalReason::kBlockNotFound, name,
              "range " + range.name + " has no block " + port.block + ": write " + blocks_of(range)};
        }
        auto refused =
            requested ? take_requested(work, place, port, draft) : take_chosen(work, place, port, draft);
        if (refused) return refused;
      }
    }
    if (auto refused = booking_.quota().refuse(allocation, work.holdings, range, draft)) return refused;
    for (const auto& [key, entry] : draft) {
      if (!booking_.has_room(range.space, key, entry)) return ledger_full(entry, key);
    }
    booking_.commit(work, range.space, draft);
    return {};
  }

  static Refused ledger_full(const Entry& entry, const NumberKey& key) {
    return {
        RefusalReason::kLedgerFull, entry.slots.front().name,
        "the record of the numbers around " + to_string(key.port) +
            " has no room for one more node: ask for a number further away, or delete allocations that are "
            "not needed"};
  }

  static std::string blocks_of(const CompiledRange& range) {
    if (range.blocks.empty()) return "no block, it has none";
    std::string names;
    for (const CompiledBlock& block : range.blocks) names += (names.empty() ? "" : ", ") + block.name;
    return "one of: " + names;
  }

  Permission permission_of(const Work& work) const {
    const Request& request = *work.request;
    return {*request.allocation, request.namespace_labels, view_.ranges, view_.internal};
  }

  std::optional<Refused> take_requested(const Work& work, const Source& place, const AllocationPort& port,
                                        Draft& draft) {
    if (auto refused = permission_of(work).refuse_number(place, port)) return refused;
    const PortAllocation& allocation = *work.request->allocation;
    const CompiledRange& range = *place.range;
    const auto refuse = [&](RefusalReason reason, const std::string& message) {
      return Refused{reason, port.name,
                     "port " + port.name + " asks for " + std::to_string(port.port) + ", " + message};
    };
    const auto number = Port::checked(port.port);
    const NumberKey key = key_in(range, allocation.spec, *number, port.protocol);
    if (const Error* frozen = view_.ledgers.in(range.space).frozen(shard_of(*number))) {
      return refuse(RefusalReason::kLedgerFrozen, "whose ledger cannot be read: " + frozen->message);
    }
    const auto other = booking_.in_the_way(range.space, key, allocation.meta.uid, range.reuse_after);
    if (other && other->entry.held()) {
      return refuse(RefusalReason::kPortTaken, "which PortAllocation " + to_string(other->entry.owner) +
                                                   " holds" + where(other->key) +
                                                   ": write another number, or none");
    }
    if (const Use* use = view_.uses.other_than(allocation.meta.uid, range.space, key)) {
      return refuse(RefusalReason::kPortTaken,
                    "which " + use->holder +
                        " uses without an allocation: write another number, or none, "
                        "or delete that object");
    }
    if (other) {
      return refuse(RefusalReason::kPortResting, "which PortAllocation " + to_string(other->entry.owner) +
                                                     " released a moment ago: it rests for " +
                                                     seconds_text(range.reuse_after) +
                                                     ", wait or write another number");
    }
    const Entry* entry = find(range.space, key, draft);
    Entry claimed = new_entry(allocation, range.name);
    const bool own = entry != nullptr && entry->held() && entry->owner_uid == allocation.meta.uid;
    if (own) claimed.slots = lasting_slots(work, *entry, key, draft);
    if (!put_slot(claimed, {port.name, port.protocol})) {
      return refuse(RefusalReason::kPortRequestedTwice,
                    "which port " + claimed.slots.front().name +
                        " of this allocation has: give one of them another number");
    }
    draft.insert_or_assign(key, std::move(claimed));
    return {};
  }

  static std::string where(const NumberKey& key) { return key.node.empty() ? "" : " on node " + key.node; }

  // Slots of an own entry that it goes on serving; others (renumbered, removed from the spec) give way, so
  // that two ports can swap their numbers and a port can be renamed with its number.
  std::vector<Slot> lasting_slots(const Work& work, const Entry& entry, const NumberKey& key,
                                  const Draft& draft) const {
    std::vector<Slot> lasting;
    for (const Slot& slot : entry.slots) {
      const Holding* holding = work.holdings.find(slot.name);
      const bool serves = holding != nullptr && holding->key == key && !holding->interim &&
                          work.holdings.space == *work.holdings.target;
      const bool recovered =
          std::find(work.recovered.begin(), work.recovered.end(), slot.name) != work.recovered.end();
      if (serves || recovered || draft.contains(key)) lasting.push_back(slot);
    }
    return lasting;
  }

  std::optional<Refused> take_chosen(const Work& work, const Source& place, const AllocationPort& port,
                                     Draft& draft) {
    const Permission permission = permission_of(work);
    if (auto refused = permission.refuse_target(port)) return refused;
    const PortAllocation& allocation = *work.request->allocation;
    const CompiledRange& range = *place.range;
    const bool outside = permission.asks_outside(port);
    const std::size_t start =
        range.order == Order::kSpread ? spread_start(allocation.meta.uid, port.name, range.name) : 0;
    const auto key_at = [&](Port number) { return key_in(range, allocation.spec, number, port.protocol); };
    const auto busy = [&](Port number) { return draft.contains(key_at(number)); };
    Entry entry = new_entry(allocation, range.name);
    entry.slots = {{port.name, port.protocol}};
    for (const bool avoid_requested : {true, false}) {
      const auto available = [&](Port number) {
        const NumberKey key = key_at(number);
        return booking_.is_free(range, key) && booking_.has_room(range.space, key, entry) &&
               !(outside && view_.internal.find(number, port.protocol)) &&
               !(avoid_requested && is_requested(range.space, key));
      };
      const std::string block = place.block == nullptr ? "" : place.block->name;
      const std::string node = range.per_node ? allocation.spec.node_name : "";
      const PickerKey picker_key{range.name, block, node, port.protocol, outside, avoid_requested};
      Picker& picker = pickers_.try_emplace(picker_key, place.spans()).first->second;
      if (const auto number = picker.pick(start, available, busy)) {
        draft.insert_or_assign(key_at(*number), entry);
        return {};
      }
    }
    for (const PortSpan& span : place.spans()) {
      const NumberKey key = key_at(span.first);
      if (!booking_.has_room(range.space, key, entry)) return ledger_full(entry, key);
    }
    return exhausted(place, port);
  }

  // No counts and no clock in messages: they stand in a status, and everybody who waits would be written anew
  // whenever they change. The counts are in the range's own status.
  static Refused exhausted(const Source& place, const AllocationPort& port) {
    return {RefusalReason::kRangeExhausted, port.name,
            "too few numbers left for port " + port.name + " in " + to_string(place) + " (" +
                std::to_string(count_ports(place.spans())) + " in all; kubectl describe prange " +
                place.range->name +
                " tells where they are): wait until some are released, or have the range widened"};
  }

  // ---- the answer ----

  // NodePort entries record protocols too; an edited one is written anew without moving the number.
  void renew_outdated(Work& work) {
    for (const Holding& holding : work.holdings.serving) {
      if (!holding.outdated || holding.interim) continue;
      Entry entry = *booking_.find(work.holdings.space, holding.key);
      if (put_slot(entry, holding.slot)) booking_.commit(work, work.holdings.space, {{holding.key, entry}});
    }
  }

  Grant grant_of(const Work& work) {
    const PortAllocation& allocation = *work.request->allocation;
    Grant grant{allocation.meta.key(), allocation.meta.uid,
                *work.holdings.target, {},
                work.recovered,        {work.shards.begin(), work.shards.end()}};
    for (const AllocationPort& port : allocation.spec.ports) {
      grant.ports.push_back(holding_of(work, port));
    }
    return grant;
  }

  Holding holding_of(const Work& work, const AllocationPort& port) const {
    const Space space = *work.holdings.target;
    const Holding* kept = work.holdings.find(port.name);
    const bool moved = kept == nullptr || kept->interim;
    if (!moved) {
      Holding holding = *kept;
      holding.sequence = booking_.find(space, kept->key)->sequence;
      holding.outdated = false;
      return holding;
    }
    const NumberKey& key = work.given.at(port.name);
    const Entry& entry = *booking_.find(space, key);
    return {.slot = {port.name, port.protocol},
            .number = key.port,
            .key = key,
            .sequence = entry.sequence,
            .range = entry.range};
  }

  using PickerKey = std::tuple<std::string, std::string, std::string, Protocol, bool, bool>;

  const ClaimView& view_;
  Booking booking_;
  std::deque<AdoptingRequest> adopting_;
  std::vector<Work> works_;
  std::map<Space, std::map<NumberKey, bool>> requested_;
  std::map<PickerKey, Picker> pickers_;
};

}  // namespace

ClaimPlan claim(const std::vector<Request>& requests, const ClaimView& view) {
  if (view.ledgers.fence() > view.fence) {
    ClaimPlan plan;
    plan.superseded = true;
    return plan;
  }
  return Batch(requests, view).run();
}

bool wants_numbers(const PortAllocation& allocation, const Ledgers& ledgers, const Ranges& ranges,
                   const Uses& uses) {
  if (allocation.meta.deleting()) return false;
  if (uses.adopts(allocation.meta.uid)) return true;
  const Holdings holdings = assess(allocation, ledgers.of_owner(allocation.meta.uid), ranges, uses);
  return !holdings.complete() || std::any_of(holdings.serving.begin(), holdings.serving.end(),
                                             [](const Holding& holding) { return holding.outdated; });
}

}  // namespace berth::allocation
