#include "core/testing/auditor.h"

#include <algorithm>
#include <vector>

#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/base/reasons.h"
#include "core/desired/config_maps.h"
#include "core/model/effective_ports.h"
#include "core/testing/leader.h"

namespace berth::testing {
namespace {

constexpr std::int64_t kReserved = 24'577;
constexpr Duration kRest = std::chrono::seconds(130);
// How far the wall clocks of two leaders differ at most (core/testing/leader.h).
constexpr Duration kSkew = std::chrono::seconds(120);

bool holds(const std::map<std::int64_t, allocation::Entry>& entries, std::int64_t number, const Uid& owner) {
  const auto entry = entries.find(number);
  return entry != entries.end() && entry->second.held() && entry->second.owner_uid == owner;
}

}  // namespace

void Auditor::fail(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

Auditor::Entries Auditor::entries() const {
  Entries result;
  for (const auto& [shard, object] : api_.ledgers) {
    for (const auto& [number, record] : object.spec.entries) {
      result.emplace(std::stoll(number), allocation::decode_entry(record).value());
    }
  }
  return result;
}

// With UIDs that are only names, who really is who is told by the life.
std::string Auditor::identity(const Uid& uid) const {
  if (!uids_are_names_) return uid.text;
  const std::string name = owner_name(uid);
  const auto life = lives_.find(name);
  const bool lives = api_.allocations.contains(name) && life != lives_.end();
  return uid.text + "#" + std::to_string(lives ? life->second : 0);
}

void Auditor::check() {
  const Entries held = entries();
  check_shards();
  check_holders(held);
  check_services(held);
  check_status(held);
  check_config_maps(held);
}

// I8: sequences and fences only grow.
void Auditor::check_shards() {
  for (const auto& [shard, object] : api_.ledgers) {
    auto& [fence, sequence] = shards_[shard];
    if (object.spec.fence < fence) fail("I8: fence shrank in " + shard);
    if (object.spec.next_sequence < sequence) fail("I8: sequence shrank in " + shard);
    fence = object.spec.fence;
    sequence = object.spec.next_sequence;
  }
}

// A wish to wait outlives the owner; who comes back under the same name and wishes so too need not wait at
// all.
bool Auditor::may_change_hands(std::int64_t number, const allocation::Entry& entry, Duration since) const {
  const auto last = recorded_.find(number);
  const std::int64_t sticky = last == recorded_.end() ? 0 : last->second.sticky_seconds;
  if (sticky > 0 && entry.sticky_seconds > 0 && last->second.owner == entry.owner) return true;
  return since >= kRest && since >= std::chrono::seconds(sticky) - kSkew;
}

// I4: a number changes hands only a whole rest after the last holder's Service was seen. I10: a reserved one
// is never issued.
void Auditor::check_holders(const Entries& entries) {
  for (const auto& [number, entry] : entries) {
    if (!entry.held()) continue;
    const std::string holder = identity(entry.owner_uid);
    const auto last = last_seen_.find(number);
    const bool changed = last != last_seen_.end() && last->second.first != holder;
    if (changed && !may_change_hands(number, entry, api_.now - last->second.second)) {
      fail("I4: " + std::to_string(number) + " went from " + last->second.first + " to " + holder +
           " too soon");
    }
    last_seen_[number] = {holder, api_.now};
    if (number == kReserved) fail("I10: a reserved number was issued");
  }
  for (const auto& [number, entry] : entries) recorded_[number] = entry;
}

void Auditor::check_services(const Entries& entries) {
  for (const auto& [name, service] : api_.services) {
    const Uid uid = allocation::generated_for(service.meta);
    if (uid.empty()) continue;
    for (const ServicePort& port : service.ports) {
      // I2, and with it I1: whoever publishes a number is its one holder.
      if (!holds(entries, port.port, uid)) {
        fail("I2: Service " + name + " publishes " + std::to_string(port.port) + " without holding it");
      }
      if (port.node_port != 0 && port.node_port != port.port) fail("a number is published as another");
      last_seen_[port.port] = {identity(uid), api_.now};
      // I5: a published number stays until its owner is edited.
      auto& known = published_[{identity(uid), port.name}];
      if (known != 0 && known != port.port && !edited_.contains(uid)) {
        fail("I5: port " + port.name + " of " + uid.text + " moved from " + std::to_string(known) + " to " +
             std::to_string(port.port));
      }
      known = port.port;
    }
    const std::string& owner = service.meta.labels.at(kOwnerNameLabel);
    for (const std::string& policy :
         {owner + kIngressPolicySuffix, std::string(kDenyIngressPolicy), std::string(kDenyEgressPolicy)}) {
      if (!api_.policies.contains(policy)) fail("Service " + name + " is open without policy " + policy);
    }
  }
}

// A number stands in the ledger before it stands in status, and as long.
void Auditor::check_status(const Entries& entries) {
  for (const auto& [name, object] : api_.allocations) {
    for (const AllocatedPort& port : object.status.ports) {
      if (!holds(entries, port.port, object.meta.uid)) {
        fail("status of " + name + " shows " + std::to_string(port.port) + " without holding it");
      }
    }
  }
}

// No pod reads a number that somebody else holds.
void Auditor::check_config_maps(const Entries& entries) {
  for (const auto& [name, config_map] : api_.config_maps) {
    const Uid uid = desired::told_for(config_map.meta);
    for (const auto& [key, value] : config_map.data) {
      if (!key.ends_with("_PORT") || holds(entries, std::stoll(value), uid)) continue;
      fail("ConfigMap " + name + " tells " + value + ", which its owner does not hold");
    }
  }
}

// At rest a ConfigMap tells what status shows, no more and no less.
void Auditor::check_told(const PortAllocation& allocation) {
  std::map<std::string, std::string> shown;
  for (const AllocatedPort& port : allocation.status.ports) {
    shown[desired::variable_name(port.name) + "_PORT"] = std::to_string(port.port);
  }
  std::map<std::string, std::string> told;
  for (const auto& [name, config_map] : api_.config_maps) {
    if (desired::told_for(config_map.meta) != allocation.meta.uid) continue;
    for (const auto& [key, value] : config_map.data) {
      if (key.ends_with("_PORT")) told[key] = value;
    }
  }
  if (allocation.spec.config_map ? shown != told : !told.empty()) {
    fail("the ConfigMap of " + allocation.meta.name + " tells other numbers than status shows");
  }
}

void Auditor::check_rest() {
  std::set<Uid> living;
  std::set<std::int64_t> needed;
  for (const auto& [name, object] : api_.allocations) {
    living.insert(object.meta.uid);
    check_answer(object);
    check_told(object);
    for (const AllocatedPort& port : object.status.ports) needed.insert(port.port);
  }
  std::set<std::int64_t> taken;
  for (const auto& [name, service] : api_.services) {
    const Uid uid = allocation::generated_for(service.meta);
    if (uid.empty()) {
      for (const ServicePort& port : service.ports) taken.insert(port.node_port);
      continue;
    }
    if (!living.contains(uid)) fail("Service " + name + " outlives its owner");
    // A number that an edit has moved stays held while it is published: until the new one can be.
    for (const ServicePort& port : service.ports) needed.insert(port.port);
  }
  for (const auto& [name, policy] : api_.policies) {
    const Uid uid = allocation::generated_for(policy.meta);
    if (!uid.empty() && !living.contains(uid)) fail("NetworkPolicy " + name + " outlives its owner");
  }
  for (const auto& [name, config_map] : api_.config_maps) {
    if (!living.contains(desired::told_for(config_map.meta)))
      fail("ConfigMap " + name + " outlives its owner");
  }
  // Who lost a number before it was published, and finds no other one, holds on to it, and to the rest of its
  // claim, until the range has room or the number is given back.
  std::set<Uid> waiting;
  for (const auto& [number, entry] : entries()) {
    if (taken.contains(number) && living.contains(entry.owner_uid)) waiting.insert(entry.owner_uid);
  }
  for (const auto& [number, entry] : entries()) {
    if (!needed.contains(number) && !waiting.contains(entry.owner_uid)) {
      fail("I3: " + std::to_string(number) + " is still held: " + encode(entry));
    }
  }
}

void Auditor::check_answer(const PortAllocation& allocation) {
  const std::string& name = allocation.meta.name;
  const auto& status = allocation.status;
  const Condition* allocated = find_condition(status.conditions, "Allocated");
  if (allocated == nullptr || allocated->reason.empty() ||
      status.observed_generation != allocation.meta.generation) {
    return fail("I11: " + name + " was never answered");
  }
  for (const Condition& condition : status.conditions) {
    if (!reason::is_known(condition.reason))
      fail(name + " gives a reason of no meaning: " + condition.reason);
  }
  // I9: all of its ports or none; an edit that cannot be granted leaves what there was.
  const bool whole = status.ports.size() == effective_ports(allocation, std::nullopt).size();
  const bool part = allocated->status == "True" ? !whole : !status.ports.empty();
  if (part && (allocated->status == "True" || !edited_.contains(allocation.meta.uid))) {
    fail("I9: " + name + " has a part of its ports");
  }
  const Condition* ready = find_condition(status.conditions, "Ready");
  if (allocated->status == "True" && ready->status != "True" && !api_.services.contains("foreign")) {
    fail(name + " is not ready: " + ready->message);
  }
  if (ready->status == "True") check_published(allocation);
  if (allocated->status == "True") check_migration(allocation);
}

// Both numbers until the end, and not longer.
void Auditor::check_migration(const PortAllocation& allocation) {
  for (const AllocationPort& port : allocation.spec.ports) {
    if (!port.migrate_from) continue;
    const auto& shown = allocation.status.ports;
    const bool served = std::any_of(shown.begin(), shown.end(), [&](const AllocatedPort& one) {
      return one.port == port.migrate_from->port && one.name.ends_with("-old");
    });
    const auto end = parse_rfc3339(port.migrate_from->until);
    if (!served && (!end.ok() || api_.now + kSkew < *end))
      fail("the old number of " + allocation.meta.name + " went early");
    if (served && end.ok() && *end + kSkew < api_.now)
      fail("the old number of " + allocation.meta.name + " stays");
  }
}

// Ready means: its Services publish exactly the numbers that status shows.
void Auditor::check_published(const PortAllocation& allocation) {
  std::set<std::int64_t> shown;
  for (const AllocatedPort& port : allocation.status.ports) shown.insert(port.port);
  std::set<std::int64_t> published;
  for (const auto& [name, service] : api_.services) {
    if (allocation::generated_for(service.meta) != allocation.meta.uid) continue;
    for (const ServicePort& port : service.ports) published.insert(port.port);
  }
  if (shown != published) fail(allocation.meta.name + " is ready and publishes other numbers than it shows");
}

// I14.
void Auditor::check_nothing_is_left() {
  if (!entries().empty()) fail("I14: the ledger is not empty");
}

}  // namespace berth::testing
