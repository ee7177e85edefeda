#include "operator/triggers.h"

#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>

#include "core/allocation/adoption.h"
#include "core/allocation/host_ports.h"
#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/wall/wall.h"
#include "operator/lookups.h"

namespace berth::controller {
namespace {

using runtime::Change;

// Both sides of a change, whichever exist.
template <class T, class Visit>
void each_side(const Change<T>& change, Visit visit) {
  if (change.before) visit(*change.before);
  if (change.after) visit(*change.after);
}

void every_allocation(const Stores& stores, WorkKeys& keys) {
  const auto snapshot = stores.group.snapshot();
  for (const ObjectKey& key : stores.allocations.keys(snapshot)) keys.push_back(allocation_work(key));
}

void every_range(const Stores& stores, WorkKeys& keys) {
  const auto snapshot = stores.group.snapshot();
  for (const ObjectKey& key : stores.ranges.keys(snapshot)) keys.push_back(range_work(key.name));
}

void allocations_of_namespace(const Stores& stores, const std::string& ns, WorkKeys& keys) {
  const auto snapshot = stores.group.snapshot();
  for (const ObjectKey& key : stores.allocations.keys_in(snapshot, ns)) keys.push_back(allocation_work(key));
}

// "api-internal" may be the second Service of allocation "api": each name an allocation could have.
void owners_by_name(const ObjectKey& object, std::initializer_list<std::string_view> suffixes,
                    WorkKeys& keys) {
  keys.push_back(allocation_work(object));
  for (const std::string_view suffix : suffixes) {
    const bool longer = object.name.size() > suffix.size();
    if (longer && object.name.ends_with(suffix)) {
      keys.push_back(allocation_work({object.ns, object.name.substr(0, object.name.size() - suffix.size())}));
    }
  }
}

void owner_by_label(const Meta& meta, WorkKeys& keys) {
  const auto label = meta.labels.find(kOwnerNameLabel);
  if (label != meta.labels.end()) keys.push_back(allocation_work({meta.ns, label->second}));
  for (const OwnerReference& reference : meta.owner_references) {
    if (reference.kind == "PortAllocation") keys.push_back(allocation_work({meta.ns, reference.name}));
  }
}

// Whoever the ledger says holds one of the numbers: what a stranger takes or gives back is news to its
// holder.
void holders_of_numbers(allocation::Space space, const std::vector<allocation::NumberKey>& numbers,
                        const Stores& stores, WorkKeys& keys) {
  for (const allocation::NumberKey& key : numbers) {
    const int shard = allocation::shard_of(key.port);
    const auto ledger = stores.ledgers.get({"", allocation::shard_name(space, shard)});
    if (!ledger) continue;
    // On one node or on every node: their texts begin alike.
    const std::string prefix = to_string(allocation::NumberKey{key.port, key.protocol});
    const auto& entries = ledger->spec.entries;
    for (auto at = entries.lower_bound(prefix); at != entries.end() && at->first.starts_with(prefix); ++at) {
      const auto held = allocation::parse_number_key(space, at->first);
      const auto entry = allocation::decode_entry(at->second);
      if (held.ok() && entry.ok() && conflict(*held, key)) keys.push_back(allocation_work(entry->owner));
    }
  }
}

std::optional<allocation::Entry> entry_of(allocation::Space space, const allocation::NumberKey& key,
                                          const Stores& stores) {
  const auto ledger = stores.ledgers.get({"", allocation::shard_name(space, allocation::shard_of(key.port))});
  if (!ledger) return std::nullopt;
  const auto found = ledger->spec.entries.find(to_string(key));
  if (found == ledger->spec.entries.end()) return std::nullopt;
  const auto entry = allocation::decode_entry(found->second);
  return entry.ok() ? std::optional(*entry) : std::nullopt;
}

// A Service of ours that came or went with numbers that are its owner's by the ledger is no news to anybody
// else: in a burst every look at all ledgers that it does not cause is one that nobody waits for.
bool concerns_its_owner_alone(const Change<Service>& change, const Stores& stores) {
  if (change.before && change.after) return false;
  const Service& service = change.after ? *change.after : *change.before;
  const Uid owner = allocation::generated_for(service.meta);
  if (owner.empty()) return false;
  for (const auto space : {allocation::Space::kNodePort, allocation::Space::kService}) {
    for (const allocation::NumberKey& key : numbers_of(service, space)) {
      const auto entry = entry_of(space, key, stores);
      // What has gone may rest already.
      if (!entry || entry->owner_uid != owner || (change.after && !entry->held())) return false;
    }
  }
  return true;
}

std::vector<allocation::NumberKey> host_numbers(const std::shared_ptr<const Workload>& pod) {
  return pod && allocation::is_serving_pod(*pod) ? allocation::host_numbers_of(*pod)
                                                 : std::vector<allocation::NumberKey>();
}

// Only what the operator reads of a pod: a change of its status elsewhere is no news.
bool same_for_us(const Change<Workload>& change) {
  return change.before && change.after && change.before->pod == change.after->pod &&
         change.before->meta.labels == change.after->meta.labels &&
         change.before->phase == change.after->phase &&
         change.before->meta.deleting() == change.after->meta.deleting();
}

}  // namespace

WorkKeys affected(const Change<PortLedger>& change, const Stores& stores) {
  WorkKeys keys;
  const auto readable = [](const std::shared_ptr<const PortLedger>& side) {
    return !side || allocation::read_shard(*side).ok();
  };
  // Owners of entries that are on one side only or differ.
  const auto entries = [](const std::shared_ptr<const PortLedger>& side) {
    return side ? side->spec.entries : std::map<std::string, std::string>{};
  };
  const auto before = entries(change.before);
  const auto after = entries(change.after);
  const auto differs = [](const auto& there, const std::string& key, const std::string& text) {
    const auto other = there.find(key);
    return other == there.end() || other->second != text;
  };
  const auto add_owner = [&](const std::string& text) {
    const auto entry = allocation::decode_entry(text);
    if (!entry.ok()) return;
    keys.push_back(allocation_work(entry->owner));
    if (change.after) keys.push_back(ledger_work(entry->owner));
  };
  for (const auto& [key, text] : before) {
    if (differs(after, key, text)) add_owner(text);
  }
  for (const auto& [key, text] : after) {
    if (differs(before, key, text)) add_owner(text);
  }
  // What went or cannot be read may concern anybody, and so may another leader who changes no entry: he has
  // only shown that he leads.
  const bool tells = change.after && !keys.empty() && readable(change.before) && readable(change.after);
  if (!tells) keys.push_back(ledger_work());
  every_range(stores, keys);
  return keys;
}

WorkKeys affected(const Change<PortRange>& change, const Stores& stores) {
  const bool status_only = change.before && change.after && change.before->spec == change.after->spec;
  WorkKeys keys = {range_work(change.key().name)};
  if (status_only) return keys;
  keys.push_back(ledger_work());
  every_allocation(stores, keys);
  every_range(stores, keys);  // overlaps
  return keys;
}

WorkKeys affected(const Change<PortAllocation>& change, const Stores& stores) {
  (void)stores;
  WorkKeys keys = {allocation_work(change.key())};
  if (!change.before) {
    keys.push_back(namespace_work(change.key().ns));
    keys.push_back(ledger_work(change.key()));
    return keys;
  }
  const PortAllocation& before = *change.before;
  if (!change.after || before.meta.uid != change.after->meta.uid ||
      before.meta.deleting() != change.after->meta.deleting()) {
    keys.push_back(namespace_work(change.key().ns));
    keys.push_back(ledger_work(change.key()));
    return keys;
  }
  const bool gave_up = !before.status.ports.empty() && before.status.ports != change.after->status.ports;
  if (gave_up || before.spec != change.after->spec) keys.push_back(ledger_work(change.key()));
  return keys;
}

WorkKeys affected(const Change<Service>& change, const Stores& stores) {
  WorkKeys keys;
  owners_by_name(change.key(), {kInternalServiceSuffix}, keys);
  each_side(change, [&](const Service& service) {
    owner_by_label(service.meta, keys);
    const std::string adopter = allocation::asks_for(service);
    if (adopter.empty()) return;
    keys.push_back(allocation_work({service.meta.ns, adopter}));
    keys.push_back(ledger_work());
  });
  // A number may have been taken or given back by somebody nobody declared.
  const bool same_ports = change.before && change.after && change.before->ports == change.after->ports &&
                          change.before->type == change.after->type &&
                          change.before->health_check_node_port == change.after->health_check_node_port;
  if (same_ports) return keys;
  if (concerns_its_owner_alone(change, stores)) {
    WorkKeys owners;
    if (!change.after) owner_by_label(change.before->meta, owners);
    // What waited for its end goes on.
    for (const runtime::WorkKey& owner : owners) keys.push_back(ledger_work(owner.object));
  } else {
    keys.push_back(ledger_work());
    every_range(stores, keys);
    // Only nodePorts are taken from others (allocation/holdings.h, taken_by_others).
    using allocation::Space;
    each_side(change, [&](const Service& service) {
      holders_of_numbers(Space::kNodePort, numbers_of(service, Space::kNodePort), stores, keys);
    });
  }
  return keys;
}

WorkKeys affected(const Change<NetworkPolicy>& change, const Stores& stores) {
  (void)stores;
  WorkKeys keys;
  owners_by_name(change.key(), {kIngressPolicySuffix, kEgressPolicySuffix}, keys);
  each_side(change, [&](const NetworkPolicy& policy) { owner_by_label(policy.meta, keys); });
  const std::string& name = change.key().name;
  if (name == kDenyIngressPolicy || name == kDenyEgressPolicy || name == kAllowDnsPolicy) {
    keys.push_back(namespace_work(change.key().ns));
    allocations_of_namespace(stores, change.key().ns, keys);
  }
  return keys;
}

WorkKeys affected(const Change<ConfigMap>& change, const Stores& stores) {
  WorkKeys keys;
  each_side(change, [&](const ConfigMap& config_map) { owner_by_label(config_map.meta, keys); });
  // Whoever asks for one of that name waits for it to go, or has lost it.
  const auto snapshot = stores.group.snapshot();
  for (const auto& allocation : allocations_telling(stores, snapshot, change.key())) {
    keys.push_back(allocation_work(allocation->meta.key()));
  }
  return keys;
}

WorkKeys affected(const Change<Namespace>& change, const Stores& stores) {
  const std::string& name = change.key().name;
  WorkKeys keys = {namespace_work(name)};
  // Now it is known that nothing is in it, although rights there ended before it did (Stores::sees).
  if (!change.after && !stores.scope.everywhere) keys.push_back(ledger_work());
  const auto snapshot = stores.group.snapshot();
  for (const ObjectKey& key : stores.allocations.keys_in(snapshot, name)) {
    keys.push_back(allocation_work(key));
    keys.push_back(ledger_work(key));  // the labels of the namespace decide which ranges it may use
  }
  return keys;
}

WorkKeys affected(const Change<Workload>& change, const Stores& stores) {
  WorkKeys keys;
  if (same_for_us(change)) return keys;
  const auto snapshot = stores.group.snapshot();
  std::set<ObjectKey> selecting;
  each_side(change, [&](const Workload& pod) {
    for (const auto& one : allocations_selecting(stores, snapshot, pod.meta.ns, pod.meta.labels)) {
      selecting.insert(one->meta.key());
    }
  });
  for (const ObjectKey& key : selecting) keys.push_back(allocation_work(key));
  // A number may have been taken or given back.
  if (takes_other_host_ports(change)) {
    keys.push_back(ledger_work());
    every_range(stores, keys);
    for (const auto& side : {change.before, change.after}) {
      holders_of_numbers(allocation::Space::kHostPort, host_numbers(side), stores, keys);
    }
  }
  // The last pod of a namespace without allocations lets its default-deny policies go.
  if (!change.after) keys.push_back(namespace_work(change.key().ns));
  return keys;
}

WorkKeys affected(const Change<ExposurePolicy>& change, const Stores& stores) {
  WorkKeys keys = {policy_work(change.key().name)};
  const bool status_only = change.before && change.after && change.before->spec == change.after->spec;
  if (status_only) return keys;
  keys.push_back(ledger_work());
  every_allocation(stores, keys);
  return keys;
}

WorkKeys affected(const Change<ValidatingAdmissionPolicy>& change, const Stores& /*stores*/) {
  return {policy_work(wall::policy_of(change.key().name))};
}

WorkKeys affected(const Change<ValidatingAdmissionPolicyBinding>& change, const Stores& /*stores*/) {
  return {policy_work(wall::policy_of(change.key().name))};
}

bool takes_other_host_ports(const Change<Workload>& change) {
  const auto before = host_numbers(change.before);
  const auto after = host_numbers(change.after);
  if (before.empty() && after.empty()) return false;
  return before != after || change.before->meta.labels != change.after->meta.labels;
}

WorkKeys everything(const Stores& stores) {
  WorkKeys keys = {ledger_work()};
  every_allocation(stores, keys);
  every_range(stores, keys);
  const auto snapshot = stores.group.snapshot();
  for (const ObjectKey& key : stores.exposure_policies.keys(snapshot)) keys.push_back(policy_work(key.name));
  for (const ObjectKey& key : stores.namespaces.keys(snapshot)) keys.push_back(namespace_work(key.name));
  return keys;
}

Duration settle_time(const runtime::WorkKey& key) {
  if (key.kind == kRangeWork || key.kind == kPolicyWork) return Duration(500);
  return Duration(0);
}

Rank rank(const runtime::WorkKey& key, const Stores& stores) {
  if (key.kind == kNamespaceWork) return Rank::kRest;
  if (key.kind != kAllocationWork) return Rank::kServesMany;
  const auto allocation = stores.allocations.get(key.object);
  const bool waits = allocation && !allocation->meta.deleting() && allocation->status.ports.empty();
  return waits ? Rank::kNumbersWanted : Rank::kRest;
}

}  // namespace berth::controller
