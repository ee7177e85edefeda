#include "core/allocation/chooser.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "core/allocation/adoption_claim.h"
#include "core/allocation/booking.h"
#include "core/allocation/choice.h"
#include "core/allocation/permission.h"
#include "core/allocation/recovery.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

class Batch {
 public:
  Batch(const std::vector<Request>& requests, const ClaimView& view)
      : view_(view), booking_(view), choice_(booking_) {
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
    for (const Work& work : works_) {
      choice_.note_sticky(*work.request->allocation);
      note_wishes(work);
    }
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

  // Choosing from one source, as far as it went.
  struct Attempt {
    Source source;
    Source place = source;  // of the port that came last
    Draft draft = {};
    Row failed = {};  // the row that found no numbers
  };

  // A number that a port asks for and may not have, wherever it could be had, is kept from nobody: else
  // whoever writes down the numbers of others would take them out of their ranges.
  void note_wishes(const Work& work) {
    if (!work.holdings.target) return;
    const PortAllocation& allocation = *work.request->allocation;
    for (const Source& source : view_.ranges.sources(allocation.spec)) {
      const CompiledRange& range = *source.range;
      if (range.space != *work.holdings.target || permission_of(work).refuse_range(range)) continue;
      for (const std::string& name : work.holdings.wanting) {
        const AllocationPort& port = spec_port(allocation, name);
        const auto number = Port::checked(port.port);
        if (!number.ok()) continue;
        const auto place = place_of(source, port);
        if (!place || refuse_request(work, *place, port)) continue;
        choice_.note_wish(range.space, key_in(range, allocation.spec, *number, port.protocol));
      }
    }
  }

  // Where the port takes its number from; nothing: the range has no such block.
  static std::optional<Source> place_of(const Source& source, const AllocationPort& port) {
    if (port.block.empty()) return source;
    const CompiledBlock* block = source.range->block(port.block);
    if (block == nullptr) return {};
    return Source{source.range, block};
  }

  void finish(Work& work, ClaimPlan& plan) {
    const PortAllocation& allocation = *work.request->allocation;
    std::optional<Refused> refused = work.conflict;
    if (!refused && !work.holdings.complete()) refused = choose(work);
    renew_outdated(work, !refused && !work.holdings.unroutable);
    if (work.holdings.unroutable) {
      plan.refusals.push_back(*work.holdings.unroutable);
    } else if (refused) {
      plan.refusals.push_back(
          {allocation.meta.key(), allocation.meta.uid, refused->reason, refused->port, refused->message});
    } else {
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
    std::optional<Attempt> tried;  // the first
    for (const Source& source : sources) {
      Attempt attempt{source};
      auto refused = choose_from(work, attempt);
      if (!refused) return {};
      if (first) continue;
      first = std::move(refused);
      tried = std::move(attempt);
    }
    if (is_shortage(first->reason)) wait_for(work, *tried);
    if (sources.size() > 1) first->message += " (no other range or block of that purpose serves either)";
    return first;
  }

  // What a request could have had when it was refused: in its turn it gets that, whoever is younger.
  void wait_for(const Work& work, const Attempt& attempt) {
    const Space space = attempt.source.range->space;
    choice_.hold_back(space, attempt.draft);
    if (attempt.failed.size() > 1) {
      choice_.hold_back(work, attempt.place, permission_of(work), attempt.failed);
    }
  }

  static bool is_shortage(RefusalReason reason) {
    return reason == RefusalReason::kRangeExhausted || reason == RefusalReason::kRangeFragmented ||
           reason == RefusalReason::kLedgerFrozen;
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

  std::optional<Refused> choose_from(Work& work, Attempt& attempt) {
    const PortAllocation& allocation = *work.request->allocation;
    const CompiledRange& range = *attempt.source.range;
    if (auto refused = permission_of(work).refuse_range(range)) return refused;
    // A chosen number of the same allocation must not take one that can be no other.
    for (const Turn turn : {Turn::kRequested, Turn::kGoesOn, Turn::kChosen}) {
      const bool requested = turn == Turn::kRequested;
      std::set<std::string> done;  // groups
      for (const std::string& name : work.holdings.wanting) {
        const AllocationPort& port = spec_port(allocation, name);
        const bool in_row = member_index(port).has_value();
        if (turn_of(work, port) != turn || (in_row && !requested && !done.insert(port.group).second)) {
          continue;
        }
        const auto place = place_of(attempt.source, port);
        if (!place) {
          return Refused{
              RefusalReason::kBlockNotFound, name,
              "range " + range.name + " has no block " + port.block + ": write " + blocks_of(range)};
        }
        attempt.place = *place;
        auto refused = requested ? take_requested(work, attempt.place, port, attempt.draft)
                                 : take_chosen(work, attempt, row_of(allocation, port));
        if (refused) return refused;
      }
    }
    if (auto refused = booking_.quota().refuse(allocation, work.holdings, range, attempt.draft))
      return refused;
    for (const auto& [key, entry] : attempt.draft) {
      if (!booking_.has_room(range.space, key, entry)) return ledger_full(entry.slots.front().name, key);
    }
    booking_.commit(work, range.space, attempt.draft);
    return {};
  }

  enum class Turn : std::uint8_t { kRequested, kGoesOn, kChosen };

  static Turn turn_of(const Work& work, const AllocationPort& port) {
    if (port.port != 0) return Turn::kRequested;
    const Row row = row_of(*work.request->allocation, port);
    const auto& wanting = work.holdings.wanting;
    const bool all_new = std::all_of(row.begin(), row.end(), [&](const AllocationPort* member) {
      return std::find(wanting.begin(), wanting.end(), member->name) != wanting.end();
    });
    return all_new ? Turn::kChosen : Turn::kGoesOn;
  }

  std::optional<Refused> take_chosen(const Work& work, Attempt& attempt, Row row) {
    auto refused = choice_.take(work, attempt.place, permission_of(work), row, attempt.draft);
    if (refused) attempt.failed = std::move(row);
    return refused;
  }

  // The port with those that get their numbers in a row with it.
  static Row row_of(const PortAllocation& allocation, const AllocationPort& port) {
    if (!member_index(port)) return {&port};
    Row row;
    for (const AllocationPort& other : allocation.spec.ports) {
      if (other.group == port.group && member_index(other)) row.push_back(&other);
    }
    return row;
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
    const PortAllocation& allocation = *work.request->allocation;
    const CompiledRange& range = *place.range;
    if (auto refused = refuse_request(work, place, port)) return refused;
    const auto refuse = [&](RefusalReason reason, const std::string& message) {
      return Refused{reason, port.name,
                     "port " + port.name + " asks for " + std::to_string(port.port) + ", " + message};
    };
    const auto number = Port::checked(port.port);
    const NumberKey key = key_in(range, allocation.spec, *number, port.protocol);
    if (const Error* frozen = view_.ledgers.in(range.space).frozen(shard_of(*number))) {
      return refuse(RefusalReason::kLedgerFrozen, "whose ledger cannot be read: " + frozen->message);
    }
    const auto other =
        booking_.in_the_way(range.space, key, allocation.meta.uid, range.reuse_after, &allocation);
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
    if (other && !view_.rest.scope().covers(other->entry.owner.ns)) {
      return refuse(
          RefusalReason::kPortResting,
          "which PortAllocation " + to_string(other->entry.owner) +
              " released; it rests as long as that namespace is none of the operator's --namespaces: "
              "write another number, or none");
    }
    if (other) {
      return refuse(RefusalReason::kPortResting,
                    "which PortAllocation " + to_string(other->entry.owner) + " released a moment ago" +
                        resting_text(range, other->entry) + ", wait or write another number");
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

  static std::string resting_text(const CompiledRange& range, const Entry& entry) {
    const Duration sticky = std::chrono::seconds(entry.sticky_seconds);
    if (sticky <= range.reuse_after) return ": it rests for " + seconds_text(range.reuse_after);
    return ": it waits " + seconds_text(sticky) + " for an allocation of that name";
  }

  // May the port have the number that it asks for, whoever holds it?
  std::optional<Refused> refuse_request(const Work& work, const Source& place, const AllocationPort& port) {
    const Permission permission = permission_of(work);
    if (!is_old_number(port)) return permission.refuse_number(place, port);
    const auto number = Port::checked(port.port);
    const Entry* entry =
        number.ok() ? booking_.find(place.range->space, key_in(*place.range, work.request->allocation->spec,
                                                               *number, port.protocol))
                    : nullptr;
    const bool own =
        entry != nullptr && entry->held() && entry->owner_uid == work.request->allocation->meta.uid;
    return permission.refuse_old_number(*place.range, port, own);
  }

  // What a slot of an entry serves, also under the name that its port has now.
  static const Holding* recorded_holding(const Holdings& holdings, const std::string& slot) {
    const auto found =
        std::find_if(holdings.serving.begin(), holdings.serving.end(), [&](const Holding& holding) {
          return (holding.recorded.empty() ? holding.slot.name : holding.recorded) == slot;
        });
    return found == holdings.serving.end() ? nullptr : &*found;
  }

  // Slots of an own entry that it goes on serving, under the protocols that their ports have now (the edit
  // that asks for the number may have changed them too); others (renumbered, removed from the spec) give way,
  // so that two ports can swap their numbers and a port can be renamed with its number.
  std::vector<Slot> lasting_slots(const Work& work, const Entry& entry, const NumberKey& key,
                                  const Draft& draft) const {
    std::vector<Slot> lasting;
    for (const Slot& slot : entry.slots) {
      const Holding* holding = recorded_holding(work.holdings, slot.name);
      const bool serves = holding != nullptr && holding->key == key && !holding->interim &&
                          work.holdings.space == *work.holdings.target;
      const bool recovered =
          std::find(work.recovered.begin(), work.recovered.end(), slot.name) != work.recovered.end();
      if (draft.contains(key) || recovered) {
        lasting.push_back(slot);
      } else if (serves) {
        lasting.push_back({slot.name, holding->slot.protocol});
      }
    }
    return lasting;
  }

  // ---- the answer ----

  // NodePort entries record protocols too, and every entry the allocation's wishes: what an edit has changed
  // is written anew without moving the number.
  // A port gets its other name with its numbers only: until then status tells the old one.
  void renew_outdated(Work& work, bool granted) {
    for (const Holding& holding : work.holdings.serving) {
      if (!holding.outdated || holding.interim || (!granted && !holding.recorded.empty())) continue;
      Entry entry = *booking_.find(work.holdings.space, holding.key);
      std::erase_if(entry.slots, [&](const Slot& slot) { return slot.name == holding.recorded; });
      entry.sticky_seconds = sticky_seconds(*work.request->allocation);
      if (put_slot(entry, holding.slot)) booking_.commit(work, work.holdings.space, {{holding.key, entry}});
    }
    if (!granted) renew_wait(work);
  }

  // What an edit that is not granted leaves in its place, under whatever name, waits for its owner as the
  // edit says, too.
  void renew_wait(Work& work) {
    const PortAllocation& allocation = *work.request->allocation;
    const std::int64_t sticky = sticky_seconds(allocation);
    for (const HeldNumber& number : view_.ledgers.of_owner(allocation.meta.uid)) {
      const Entry* present = booking_.find(number.space, number.key);
      if (present == nullptr || !present->held() || present->owner_uid != allocation.meta.uid) continue;
      if (present->sticky_seconds == sticky) continue;
      Entry entry = *present;
      entry.sticky_seconds = sticky;
      booking_.commit(work, number.space, {{number.key, entry}});
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
      holding.recorded = "";
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

  const ClaimView& view_;
  Booking booking_;
  std::deque<AdoptingRequest> adopting_;
  std::vector<Work> works_;
  Choice choice_;
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
