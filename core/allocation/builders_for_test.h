// Builders of small objects for the tests of allocation, desired and plan. Not part of the product.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/allocation/adoption.h"
#include "core/allocation/chooser.h"
#include "core/base/api_names.h"
#include "core/model/port_allocation.h"
#include "core/model/port_range.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::testing {

inline PortRange range(std::string name, std::string space, std::vector<std::string> ports) {
  PortRange object;
  object.meta.name = std::move(name);
  object.meta.generation = 1;
  object.spec.space = std::move(space);
  object.spec.ports = std::move(ports);
  return object;
}

inline AllocationPort port(std::string name, std::int64_t number = 0, Protocol protocol = Protocol::kTcp) {
  AllocationPort object;
  object.name = std::move(name);
  object.target_port = std::int64_t{8080};
  object.protocol = protocol;
  object.port = number;
  return object;
}

// UID "uid-<name>", namespace "mesh", created in the given second.
inline PortAllocation allocation(std::string name, std::vector<AllocationPort> ports, int second = 0,
                                 std::string range_name = "mesh") {
  PortAllocation object;
  object.meta.ns = "mesh";
  object.meta.uid.text = "uid-" + name;
  object.meta.name = std::move(name);
  object.meta.generation = 1;
  object.meta.resource_version = "1";
  object.meta.creation_timestamp = to_rfc3339(Instant{1'763'700'000'000 + second * 1000});
  object.spec.range_name = std::move(range_name);
  object.spec.selector = {{"app", object.meta.name}};
  object.spec.exposure = "External";
  object.spec.ports = std::move(ports);
  return object;
}

inline allocation::Entry entry(const PortAllocation& owner, const std::string& slot, std::int64_t sequence,
                               Protocol protocol = Protocol::kTcp, const std::string& range_name = "mesh") {
  allocation::Entry object;
  object.owner = owner.meta.key();
  object.owner_uid = owner.meta.uid;
  object.slots = {{slot, protocol}};
  object.sequence = sequence;
  object.range = range_name;
  return object;
}

inline Service service(std::string ns, std::string name, std::string type, std::vector<ServicePort> ports) {
  Service object;
  object.meta.ns = std::move(ns);
  object.meta.name = std::move(name);
  object.type = std::move(type);
  object.ports = std::move(ports);
  return object;
}

inline ServicePort service_port(std::string name, std::int64_t number, std::int64_t node_port,
                                Protocol protocol = Protocol::kTcp) {
  ServicePort object;
  object.name = std::move(name);
  object.protocol = protocol;
  object.port = number;
  object.target_port = std::int64_t{8080};
  object.node_port = node_port;
  return object;
}

// A pod of the allocation on a node, with its host port.
inline Workload host_pod(const PortAllocation& owner, std::string name, std::string node, std::int64_t number,
                         Protocol protocol = Protocol::kTcp) {
  Workload pod;
  pod.kind = "Pod";
  pod.meta.ns = owner.meta.ns;
  pod.meta.name = std::move(name);
  pod.meta.labels = owner.spec.selector;
  pod.template_labels = owner.spec.selector;
  pod.pod.node_name = std::move(node);
  pod.pod.containers = {{"c", "", "", {{"", 8080, number, "", protocol}}}};
  return pod;
}

// Makes an object look generated for the allocation.
inline void own(Meta& meta, const PortAllocation& owner) {
  meta.labels[kManagedByLabel] = kManagedByValue;
  meta.labels[kOwnerNameLabel] = owner.meta.name;
  meta.labels[kOwnerUidLabel] = owner.meta.uid.text;
  meta.owner_references = {{kApiVersion, "PortAllocation", owner.meta.name, owner.meta.uid, true}};
}

// A cluster as claims see it: everything by value, with the API server's compare-and-swap on shards.
struct Cluster {
  std::vector<PortRange> ranges = {};
  std::vector<PortAllocation> allocations = {};
  std::vector<Service> services = {};
  std::vector<Workload> pods = {};
  std::vector<std::int64_t> contested =
      {};  // nodePorts that the API server says are taken, nobody sees by whom
  std::vector<ExposurePolicy> policies = {};
  Labels namespace_labels = {};
  std::map<std::string, PortLedger> stored = {};  // the API server's truth
  allocation::Ledgers ledgers = {};               // what the leader has read
  allocation::RestClock rest = {};
  Instant monotonic = {0};
  Instant now = {1'763'800'000'000};
  std::int64_t fence = 1;
  std::int64_t versions = 100;

  template <class T>
  static std::vector<const T*> pointers(const std::vector<T>& objects) {
    std::vector<const T*> result;
    for (const T& object : objects) result.push_back(&object);
    return result;
  }

  [[nodiscard]] allocation::Ranges compiled() const { return allocation::Ranges(pointers(ranges)); }
  [[nodiscard]] allocation::Uses uses() const {
    allocation::Uses uses(pointers(services), pointers(pods), pointers(allocations));
    for (const Service& service : services) {
      for (const PortAllocation& object : allocations) {
        if (allocation::waits_for_adoption(service, object.meta.key())) uses.adopt(service, object.meta.uid);
      }
    }
    for (const std::int64_t number : contested) {
      uses.contest(allocation::Space::kNodePort, {Port::of(static_cast<int>(number))});
    }
    return uses;
  }

  // Puts an entry into its shard as if it had always been there.
  void put(allocation::Space space, std::int64_t number, allocation::Entry record,
           Protocol protocol = Protocol::kTcp) {
    const auto key = allocation::key_of(space, Port::of(number), protocol);
    const std::string name = allocation::shard_name(space, allocation::shard_of(key.port));
    PortLedger& shard = stored[name];
    shard.meta.name = name;
    shard.meta.resource_version = std::to_string(++versions);
    shard.spec.space = allocation::to_string(space);
    shard.spec.shard = allocation::shard_of(key.port);
    shard.spec.next_sequence = std::max(shard.spec.next_sequence, record.sequence + 1);
    shard.spec.entries[allocation::to_string(key)] = allocation::encode(record);
    (void)ledgers.put(shard);
  }

  allocation::ClaimPlan claim_all() const {
    std::vector<allocation::Request> requests;
    const auto service_pointers = pointers(services);
    for (const PortAllocation& object : allocations) {
      requests.push_back({&object, &namespace_labels, service_pointers});
    }
    return claim(requests);
  }

  allocation::ClaimPlan claim(const std::vector<allocation::Request>& requests) const {
    const auto compiled_ranges = compiled();
    const auto used = uses();
    const allocation::InternalNumbers internal(pointers(policies));
    return allocation::claim(requests,
                             {ledgers, compiled_ranges, used, internal, rest, monotonic, now, fence});
  }

  // The API server's answer to one shard write: false = conflict, nothing changed.
  bool write(const allocation::ShardWrite& write) {
    const auto present = stored.find(write.object.meta.name);
    const bool fits = present == stored.end()
                          ? write.creates()
                          : present->second.meta.resource_version == write.object.meta.resource_version;
    if (!fits) return false;
    PortLedger object = write.object;
    object.meta.resource_version = std::to_string(++versions);
    stored[object.meta.name] = object;
    (void)ledgers.put(object);
    return true;
  }

  void write_all(const std::vector<allocation::ShardWrite>& writes) {
    for (const allocation::ShardWrite& shard : writes) (void)write(shard);
    const allocation::Uses used = uses();
    rest.observe(ledgers, monotonic, &used);
  }

  // A new leader reads everything from the API server.
  void read_ledgers() {
    ledgers = {};
    for (const auto& [name, object] : stored) (void)ledgers.put(object);
  }
};

inline const allocation::Grant* grant_for(const allocation::ClaimPlan& plan, const std::string& name) {
  for (const allocation::Grant& grant : plan.grants) {
    if (grant.allocation.name == name) return &grant;
  }
  return nullptr;
}

inline const allocation::Refusal* refusal_for(const allocation::ClaimPlan& plan, const std::string& name) {
  for (const allocation::Refusal& refusal : plan.refusals) {
    if (refusal.allocation.name == name) return &refusal;
  }
  return nullptr;
}

// "api:24500 db:24501", or the reason of the refusal, or "nothing".
inline std::string outcome_for(const allocation::ClaimPlan& plan, const std::string& name) {
  if (const auto* refusal = refusal_for(plan, name)) return to_string(refusal->reason);
  const auto* grant = grant_for(plan, name);
  if (grant == nullptr) return "nothing";
  std::string text;
  for (const allocation::Holding& holding : grant->ports) {
    text += (text.empty() ? "" : " ") + holding.slot.name + ":" + to_string(holding.number);
  }
  return text;
}

}  // namespace berth::testing
