#include "core/allocation/adoption_claim.h"

#include <algorithm>

#include "core/allocation/permission.h"

namespace berth::allocation {
namespace {

Adoption adoption_of(const Request& asked, const ClaimView& view) {
  const PortAllocation& allocation = *asked.allocation;
  const auto space = route(allocation, view.ranges, view.ledgers.of_owner(allocation.meta.uid));
  if (!std::holds_alternative<Space>(space)) return {};
  return read_adoption(allocation, std::get<Space>(space), asked.services);
}

// The range the number is booked on: the one that holds it, else the first.
const CompiledRange* home_of(const PortAllocation& allocation, const Ranges& ranges, Space space,
                             Port number) {
  const CompiledRange* home = nullptr;
  for (const Source& source : ranges.sources(allocation.spec)) {
    if (source.range->space != space) continue;
    if (contains(source.range->spans, number)) return source.range;
    if (home == nullptr) home = source.range;
  }
  return home;
}

std::optional<Refused> draft_one(const Work& work, const Booking& booking, const NumberKey& key,
                                 const CompiledRange& home, const AdoptedPort& port, Draft& draft) {
  const PortAllocation& allocation = *work.request->allocation;
  const Space space = home.space;
  const std::string has = "the Service to be adopted has " + to_string(key) + " for port " + port.slot + ", ";
  if (const Error* frozen = booking.frozen(space, key)) {
    return Refused{RefusalReason::kLedgerFrozen, port.slot,
                   has + "whose ledger cannot be read: " + frozen->message};
  }
  const auto drafted = draft.find(key);
  const Entry* entry = drafted != draft.end() ? &drafted->second : booking.find(space, key);
  const bool own = entry != nullptr && entry->owner_uid == allocation.meta.uid;
  if (entry != nullptr && entry->held() && !own) {
    return Refused{RefusalReason::kPortTaken, port.slot,
                   has + "but the ledger holds it for PortAllocation " + to_string(entry->owner) +
                       ": delete that one, or give the Service another number"};
  }
  Entry claimed = own && entry->held() ? *entry : new_entry(allocation, home.name);
  if (!put_slot(claimed, {port.slot, port.protocol})) {
    return Refused{RefusalReason::kPortRequestedTwice, port.slot,
                   has + "as for another port of the allocation under the same protocol"};
  }
  draft.insert_or_assign(key, std::move(claimed));
  return {};
}

std::optional<Refused> take(const Adoption& adoption, Work& work, Booking& booking) {
  const PortAllocation& allocation = *work.request->allocation;
  const Space space = *work.holdings.target;
  const Permission permission(allocation, work.request->namespace_labels, booking.view().ranges,
                              booking.view().internal);
  std::map<const CompiledRange*, Draft> drafts;
  for (const AdoptedPort& port : adoption.ports) {
    const auto& wanting = work.holdings.wanting;
    if (std::find(wanting.begin(), wanting.end(), port.slot) == wanting.end()) continue;
    const CompiledRange* home = home_of(allocation, booking.view().ranges, space, port.number);
    if (home == nullptr) return {};  // the choice of numbers says what is wrong with the range
    if (auto refused = permission.refuse_range(*home)) return refused;
    const NumberKey key = key_of(space, port.number, port.protocol);
    if (auto refused = draft_one(work, booking, key, *home, port, drafts[home])) return refused;
  }
  for (const auto& [home, draft] : drafts) {
    if (auto refused = booking.quota().refuse(allocation, work.holdings, *home, draft)) return refused;
  }
  for (const auto& [home, draft] : drafts) {
    booking.commit(work, space, draft);
    for (const auto& [key, entry] : draft) {
      for (const Slot& slot : entry.slots) std::erase(work.holdings.wanting, slot.name);
    }
  }
  return {};
}

}  // namespace

AdoptingRequest::AdoptingRequest(const Request& asked, const ClaimView& view)
    : adoption(adoption_of(asked, view)),
      allocation(adopting(*asked.allocation, adoption)),
      request{&allocation, asked.namespace_labels, asked.services} {}

void adopt(const Adoption& adoption, Work& work, Booking& booking) {
  if (adoption.refused) {
    work.conflict = adoption.refused;
    return;
  }
  if (adoption.ports.empty() || !work.holdings.target || work.holdings.complete()) return;
  if (auto refused = take(adoption, work, booking)) work.conflict = std::move(refused);
}

}  // namespace berth::allocation
