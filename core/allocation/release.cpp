#include "core/allocation/release.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/allocation/adoption.h"
#include "core/base/api_names.h"

namespace berth::allocation {
namespace {

bool is_listed(const PortAllocation& allocation, const Slot& slot, Port number) {
  const auto& ports = allocation.status.ports;
  return std::any_of(ports.begin(), ports.end(), [&](const AllocatedPort& port) {
    return port.name == slot.name && port.port == number.number();
  });
}

bool releases_whole_entry(const ReleaseCandidate& candidate) {
  return candidate.slots.size() == candidate.number.entry.slots.size();
}

// Does the owner's status show the number, whatever the port? A number goes the way it came, backwards: first
// status stops showing it, then it may rest.
bool is_shown(const PortAllocation& owner, const Holdings& holdings, const HeldNumber& number) {
  const auto& ports = owner.status.ports;
  return std::any_of(ports.begin(), ports.end(), [&](const AllocatedPort& port) {
    const auto shown = Port::checked(port.port);
    NumberKey key = shown.ok() ? key_of(number.space, *shown, port.protocol) : NumberKey{number.key.port};
    key.node = number.key.node;  // status does not tell it
    if (!shown.ok() || key != number.key) return false;
    // Status names neither space nor node: after a move it may mean an equal number of the other one.
    const Holding* holding = holdings.find(port.name);
    if (holding == nullptr || holding->number != *shown) return true;
    const bool on_another_node =
        holding->key.protocol == number.key.protocol && holding->key.node != number.key.node;
    return holdings.space == number.space && !on_another_node;
  });
}

const AllocationPort* spec_port(const PortAllocation& owner, const Slot& slot) {
  const auto& ports = owner.spec.ports;
  const auto found = std::find_if(ports.begin(), ports.end(),
                                  [&](const AllocationPort& port) { return port.name == slot.name; });
  return found == ports.end() ? nullptr : &*found;
}

// A surplus number that still suits its port goes when the status shows another one instead. Before that, a
// second leader with another view of the Services or ledgers may be about to show just this one. A number
// that the spec rules out by now needs no such wait: whoever still means to show it read an older spec, and
// the status write of that version is refused.
bool is_replaced(const PortAllocation& owner, const ReleaseCandidate& candidate, const Ranges& ranges) {
  return std::all_of(candidate.slots.begin(), candidate.slots.end(), [&](const Slot& slot) {
    const AllocationPort* wanted = spec_port(owner, slot);
    if (wanted == nullptr || !suits(owner, *wanted, candidate.number, ranges)) return true;
    const auto& ports = owner.status.ports;
    return std::any_of(ports.begin(), ports.end(), [&](const AllocatedPort& port) {
      return port.name == slot.name && port.port != candidate.number.key.port.number();
    });
  });
}

// What a living owner does not need of its entries.
std::vector<ReleaseCandidate> unneeded(const PortAllocation& owner, const std::vector<HeldNumber>& entries,
                                       const Ranges& ranges, const Uses& uses, bool refused) {
  std::vector<ReleaseCandidate> candidates;
  const Holdings holdings = assess(owner, entries, ranges, uses);
  bool waits = false;  // for another number to be shown
  const auto add = [&](const HeldNumber& number, std::vector<Slot> slots, ReleaseCause cause) {
    ReleaseCandidate candidate{number, std::move(slots), cause};
    const bool unreplaced = cause != ReleaseCause::kUncommitted && !is_replaced(owner, candidate, ranges);
    const bool in_use = uses.used_by(owner.meta.uid, number.space, number.key);
    const bool stays = in_use || is_shown(owner, holdings, number);
    waits = waits || unreplaced;
    if (!unreplaced && (!releases_whole_entry(candidate) || !stays)) {
      candidates.push_back(std::move(candidate));
    }
  };
  // Who was refused shows no other number soon, and holding two for one port would keep others from both.
  const bool gives_up = refused && !holdings.complete();
  for (const Surplus& surplus : holdings.surplus) {
    const bool lost = is_lost(owner, surplus, uses);
    const ReleaseCause other = gives_up ? ReleaseCause::kUncommitted : ReleaseCause::kPortRemoved;
    add(surplus.number, surplus.slots, lost ? ReleaseCause::kLost : other);
  }
  if (!gives_up || waits) return candidates;
  // A claim that was refused before it was whole, or overtaken by an edit: nothing shows these numbers.
  for (const HeldNumber& number : entries) {
    if (!number.entry.held()) continue;
    std::vector<Slot> slots;
    for (const Slot& slot : number.entry.slots) {
      // A port that got a count, or lost it, is served under its other name still.
      const auto holding = std::find_if(
          holdings.serving.begin(), holdings.serving.end(),
          [&](const Holding& one) { return one.slot.name == slot.name || one.recorded == slot.name; });
      const bool serves =
          holding != holdings.serving.end() && holding->key == number.key && holdings.space == number.space;
      const bool listed = serves && (is_listed(owner, slot, number.key.port) ||
                                     is_listed(owner, holding->slot, number.key.port));
      if (serves && !listed) slots.push_back(slot);
    }
    // Shared with a slot that is committed: the number stays anyway.
    if (slots.size() == number.entry.slots.size()) add(number, std::move(slots), ReleaseCause::kUncommitted);
  }
  return candidates;
}

// The same for a number that was lost before it was published. Live reads show what the owner generated, not
// who took the number; that its owner shows another one instead, and does not ask for it, is enough: whoever
// still means to show the old one writes to a status that has changed, and is refused.
std::string objection_to_loss(const PortAllocation& owner, const ReleaseCandidate& candidate,
                              const Holdings& holdings, const Ranges& ranges) {
  const HeldNumber& number = candidate.number;
  if (releases_whole_entry(candidate) && is_shown(owner, holdings, number)) {
    return "the status of its owner still shows the number";
  }
  const bool requested = std::any_of(candidate.slots.begin(), candidate.slots.end(), [&](const Slot& slot) {
    const AllocationPort* port = spec_port(owner, slot);
    return port != nullptr && port->port == number.key.port.number();
  });
  if (requested) return "its owner asks for it";
  return is_replaced(owner, candidate, ranges) ? "" : "its owner does not show another number yet";
}

// Why the entry may not go; empty when it may.
std::string objection(const ReleaseProof& proof, const Entry* entry, const Ledgers& ledgers,
                      const Ranges& ranges) {
  const ReleaseCandidate& candidate = proof.candidate;
  const Entry& expected = candidate.number.entry;
  if (entry == nullptr || !entry->held() || entry->owner_uid != expected.owner_uid ||
      entry->sequence != expected.sequence || entry->slots != expected.slots) {
    return "the entry has changed since";
  }
  const bool lives = proof.owner && proof.owner->meta.uid == expected.owner_uid;
  std::vector<const Service*> own;
  for (const Service& service : proof.services) {
    if (generated_for(service.meta) == expected.owner_uid) own.push_back(&service);
  }
  std::vector<const Workload*> pods;
  for (const Workload& pod : proof.pods) pods.push_back(&pod);
  Uses uses(own, pods,
            lives ? std::vector<const PortAllocation*>{&*proof.owner} : std::vector<const PortAllocation*>{});
  for (const Service& service : proof.services) {
    if (lives && waits_for_adoption(service, expected.owner)) uses.adopt(service, expected.owner_uid);
  }
  if (releases_whole_entry(candidate) &&
      uses.used_by(expected.owner_uid, candidate.number.space, candidate.number.key)) {
    return candidate.number.space == Space::kHostPort ? "a pod of its owner still has the number"
                                                      : "a Service of its owner still shows the number";
  }
  if (candidate.cause == ReleaseCause::kOwnerGone) {
    return lives ? "its owner lives" : "";
  }
  if (!lives) return "its owner is gone: to be released for that reason";
  const auto entries = ledgers.of_owner(expected.owner_uid);
  if (candidate.cause == ReleaseCause::kLost) {
    return objection_to_loss(*proof.owner, candidate, assess(*proof.owner, entries, ranges, uses), ranges);
  }
  const auto still =
      unneeded(*proof.owner, entries, ranges, uses, candidate.cause == ReleaseCause::kUncommitted);
  const bool agreed = std::any_of(still.begin(), still.end(), [&](const ReleaseCandidate& now) {
    return now.number == candidate.number && now.slots == candidate.slots;
  });
  return agreed ? "" : "its owner needs it";
}

template <class IsOrphan>
std::vector<ReleaseCandidate> orphans(const Ledgers& ledgers, const NamespaceScope& scope,
                                      IsOrphan is_orphan) {
  std::vector<ReleaseCandidate> candidates;
  for (const Space space : kSpaces) {
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (!entry.held() || !scope.covers(entry.owner.ns) || !is_orphan(entry)) continue;
        candidates.push_back({{space, key, entry}, entry.slots, ReleaseCause::kOwnerGone});
      }
    }
  }
  return candidates;
}

}  // namespace

const char* to_string(ReleaseCause cause) {
  switch (cause) {
    case ReleaseCause::kOwnerGone:
      return "OwnerGone";
    case ReleaseCause::kPortRemoved:
      return "PortRemoved";
    case ReleaseCause::kLost:
      return "Lost";
    case ReleaseCause::kUncommitted:
      return "Uncommitted";
  }
  return "Unknown";
}

std::vector<ObjectKey> ReleaseCandidate::services() const {
  return {owner(), {owner().ns, owner().name + kInternalServiceSuffix}};
}

std::vector<ReleaseCandidate> orphan_candidates(const Ledgers& ledgers, const NamespaceScope& scope,
                                                const std::set<Uid>& living) {
  return orphans(ledgers, scope, [&](const Entry& entry) { return !living.contains(entry.owner_uid); });
}

std::vector<ReleaseCandidate> orphan_candidates(const Ledgers& ledgers, const NamespaceScope& scope,
                                                const std::set<Uid>& living,
                                                const std::set<ObjectKey>& owners) {
  return orphans(ledgers, scope, [&](const Entry& entry) {
    return owners.contains(entry.owner) && !living.contains(entry.owner_uid);
  });
}

std::vector<ReleaseCandidate> release_candidates(const Ledgers& ledgers,
                                                 const std::vector<const PortAllocation*>& allocations,
                                                 const Ranges& ranges, const Uses& uses,
                                                 const std::vector<Uid>& refused) {
  std::map<Uid, const PortAllocation*> owners;
  std::set<Uid> living;
  for (const PortAllocation* allocation : allocations) {
    owners.emplace(allocation->meta.uid, allocation);
    living.insert(allocation->meta.uid);
  }
  const std::set<Uid> refused_set(refused.begin(), refused.end());
  std::vector<ReleaseCandidate> candidates = orphan_candidates(ledgers, {}, living);
  for (const auto& [uid, owner] : owners) {
    const auto unused = unneeded(*owner, ledgers.of_owner(uid), ranges, uses, refused_set.contains(uid));
    candidates.insert(candidates.end(), unused.begin(), unused.end());
  }
  return candidates;
}

std::vector<ReleaseCandidate> release_candidates(const PortAllocation& owner,
                                                 const std::vector<HeldNumber>& entries, const Ranges& ranges,
                                                 const Uses& uses, bool refused) {
  return unneeded(owner, entries, ranges, uses, refused);
}

ReleasePlan release(const Ledgers& ledgers, const std::vector<ReleaseProof>& proofs, const Ranges& ranges,
                    std::int64_t fence, Instant now) {
  ReleasePlan plan;
  if (ledgers.fence() > fence) {
    plan.superseded = true;
    return plan;
  }
  ShardWriter writer(ledgers, fence);
  for (const ReleaseProof& proof : proofs) {
    const HeldNumber& number = proof.candidate.number;
    const Entry* entry = writer.find(number.space, number.key);
    if (std::string why = objection(proof, entry, ledgers, ranges); !why.empty()) {
      plan.refused.push_back({number, std::move(why)});
      continue;
    }
    Entry next = *entry;
    if (releases_whole_entry(proof.candidate)) {
      next.state = EntryState::kResting;
      // What a living owner gives up it does not wait for.
      if (proof.candidate.cause != ReleaseCause::kOwnerGone) next.sticky_seconds = 0;
    } else {
      std::erase_if(next.slots, [&](const Slot& slot) {
        const auto& slots = proof.candidate.slots;
        return std::find(slots.begin(), slots.end(), slot) != slots.end();
      });
    }
    writer.put(number.space, number.key, std::move(next), now);
    plan.released.push_back(number);
  }
  plan.writes = writer.writes();
  return plan;
}

ReleasePlan sweep(const Ledgers& ledgers, const Ranges& ranges, const RestClock& rest, Instant monotonic_now,
                  std::int64_t fence) {
  ReleasePlan plan;
  if (ledgers.fence() > fence) {
    plan.superseded = true;
    return plan;
  }
  ShardWriter writer(ledgers, fence);
  for (const Space space : kSpaces) {
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (entry.held()) continue;
        const HeldNumber number{space, key, entry};
        if (rest.remaining(number, ranges, {}, monotonic_now) > Duration::zero()) continue;
        writer.erase(space, key);
        plan.released.push_back(number);
      }
    }
  }
  plan.writes = writer.writes();
  return plan;
}

std::optional<Duration> next_sweep(const Ledgers& ledgers, const Ranges& ranges, const RestClock& rest,
                                   Instant monotonic_now) {
  std::optional<Duration> next;
  for (const Space space : kSpaces) {
    for (const auto& [index, shard] : ledgers.in(space).shards()) {
      for (const auto& [key, entry] : shard->entries) {
        if (entry.held()) continue;
        const Duration left = rest.remaining({space, key, entry}, ranges, {}, monotonic_now);
        if (left == RestClock::kUnseen) continue;
        next = next ? std::min(*next, left) : left;
      }
    }
  }
  return next;
}

}  // namespace berth::allocation
