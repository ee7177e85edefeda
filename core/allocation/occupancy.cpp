#include "core/allocation/occupancy.h"

#include <algorithm>

#include "core/allocation/host_ports.h"
#include "core/base/api_names.h"

namespace berth::allocation {
namespace {

bool is_generated_name(const std::string& name, const std::string& owner) {
  for (const char* suffix : {"", kInternalServiceSuffix, kIngressPolicySuffix, kEgressPolicySuffix}) {
    if (name == owner + suffix) return true;
  }
  return false;
}

bool is_ours(const OwnerReference& reference) {
  return reference.kind == "PortAllocation" &&
         reference.api_version.starts_with(std::string(kApiGroup) + "/");
}

// Adds (number, protocol) when it is a port at all; 0 means none.
void add_number(std::vector<NumberKey>& keys, Space space, std::int64_t number, Protocol protocol) {
  const auto port = Port::checked(number);
  if (!port.ok()) return;
  const NumberKey key = key_of(space, *port, protocol);
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
}

using AllocationsByNamespace = std::map<std::string, std::vector<const PortAllocation*>>;

std::vector<const PortAllocation*> owners_of(const Workload& pod, const AllocationsByNamespace& allocations) {
  std::vector<const PortAllocation*> owners;
  const auto neighbours = allocations.find(pod.meta.ns);
  if (neighbours == allocations.end()) return owners;
  for (const PortAllocation* allocation : neighbours->second) {
    if (takes_in(*allocation, pod)) owners.push_back(allocation);
  }
  return owners;
}

// A pod that has no node yet is meant for the one whose numbers its allocation holds; otherwise it may come
// to any.
std::string expected_node(const std::vector<const PortAllocation*>& owners) {
  if (owners.empty()) return "";
  const std::string& node = owners.front()->spec.node_name;
  const bool agreed = std::all_of(owners.begin(), owners.end(),
                                  [&](const PortAllocation* owner) { return owner->spec.node_name == node; });
  return agreed ? node : "";
}

// What a Service uses: use(space, key, Use); and what it shows: show(owner, space, key).
template <class UseIt, class ShowIt>
void visit_service(const Service& service, UseIt use, ShowIt show) {
  const std::string name = "Service " + to_string(service.meta.key());
  const Uid uid = generated_for(service.meta);
  const std::vector<Uid> owners = uid.empty() ? std::vector<Uid>{} : std::vector<Uid>{uid};
  for (const NumberKey& key : numbers_of(service, Space::kNodePort)) {
    // The API server chose the health check's number: it is never one that we granted.
    const bool health = key.port.number() == service.health_check_node_port;
    use(Space::kNodePort, key,
        health ? Use{name + " (healthCheckNodePort)", {}} : Use{name + " (nodePort)", owners});
  }
  for (const NumberKey& key : numbers_of(service, Space::kService)) {
    use(Space::kService, key, Use{name + " (LoadBalancer)", owners});
  }
  if (uid.empty()) return;
  for (const Space space : {Space::kNodePort, Space::kService}) {
    for (const NumberKey& key : numbers_shown(service, space)) show(uid, space, key);
  }
}

bool belongs_to(const Use& use, const Uid& owner) {
  return !owner.empty() && std::find(use.owners.begin(), use.owners.end(), owner) != use.owners.end();
}

}  // namespace

Uid generated_for(const Meta& meta) {
  for (const OwnerReference& reference : meta.owner_references) {
    if (!reference.controller) continue;
    return is_ours(reference) && is_generated_name(meta.name, reference.name) ? reference.uid : Uid{};
  }
  const auto uid = meta.labels.find(kOwnerUidLabel);
  const auto name = meta.labels.find(kOwnerNameLabel);
  if (uid == meta.labels.end() || name == meta.labels.end()) return {};
  return is_generated_name(meta.name, name->second) ? Uid{uid->second} : Uid{};
}

std::vector<NumberKey> numbers_of(const Service& service, Space space) {
  std::vector<NumberKey> keys;
  if (space == Space::kHostPort || service.type == "ExternalName") return keys;
  if (space == Space::kService && service.type != "LoadBalancer") return keys;
  for (const ServicePort& port : service.ports) {
    add_number(keys, space, space == Space::kNodePort ? port.node_port : port.port, port.protocol);
  }
  if (space == Space::kNodePort) add_number(keys, space, service.health_check_node_port, Protocol::kTcp);
  return keys;
}

std::vector<NumberKey> numbers_shown(const Service& service, Space space) {
  std::vector<NumberKey> keys;
  if (space == Space::kHostPort) return keys;
  for (const ServicePort& port : service.ports) {
    add_number(keys, space, port.port, port.protocol);
    if (space == Space::kNodePort) add_number(keys, space, port.node_port, port.protocol);
  }
  return keys;
}

Uses::Uses(const std::vector<const Service*>& services) {
  Edit edit(*this);
  for (const Service* service : services) edit.add(*service);
}

Uses::Uses(const std::vector<const Service*>& services, const std::vector<const Workload*>& pods,
           const std::vector<const PortAllocation*>& allocations)
    : Uses(services) {
  add_pods(pods, allocations);
}

void Uses::add_pods(const std::vector<const Workload*>& pods,
                    const std::vector<const PortAllocation*>& allocations) {
  if (pods.empty()) return;
  AllocationsByNamespace by_namespace;
  for (const PortAllocation* allocation : allocations)
    by_namespace[allocation->meta.ns].push_back(allocation);
  Edit edit(*this);
  for (const Workload* pod : pods) {
    if (!is_serving_pod(*pod)) continue;
    const std::vector<NumberKey> keys = host_numbers_of(*pod);
    if (keys.empty()) continue;
    const auto owners = owners_of(*pod, by_namespace);
    const std::string expected = expected_node(owners);
    Use use{"Pod " + to_string(pod->meta.key()) + " (hostPort)", {}};
    for (const PortAllocation* owner : owners) use.owners.push_back(owner->meta.uid);
    for (NumberKey key : keys) {
      if (key.node.empty()) key.node = expected;
      edit.use(Space::kHostPort, key, use);
      for (const Uid& owner : use.owners) edit.shown_.add(owner, Space::kHostPort, key);
    }
  }
}

Uses::Edit::Edit(Uses& uses)
    : uses_{ByNumber::Editor(uses.uses_[0]), ByNumber::Editor(uses.uses_[1]),
            ByNumber::Editor(uses.uses_[2])},
      shown_(uses.shown_) {}

void Uses::Edit::add(const Service& service) {
  visit_service(
      service, [&](Space space, const NumberKey& key, Use used) { use(space, key, std::move(used)); },
      [&](const Uid& owner, Space space, const NumberKey& key) { shown_.add(owner, space, key); });
}

void Uses::Edit::remove(const Service& service) {
  visit_service(
      service, [&](Space space, const NumberKey& key, const Use& used) { use_no_more(space, key, used); },
      [&](const Uid& owner, Space space, const NumberKey& key) { shown_.remove(owner, space, key); });
}

void Uses::Edit::use(Space space, const NumberKey& key, Use use) {
  std::vector<Use>& uses = in(space).part(key)[key];
  // Sorted, so that messages do not depend on the order of observation.
  uses.insert(std::upper_bound(uses.begin(), uses.end(), use), std::move(use));
}

void Uses::Edit::use_no_more(Space space, const NumberKey& key, const Use& use) {
  auto& part = in(space).part(key);
  const auto uses = part.find(key);
  if (uses == part.end()) return;
  const auto found = std::find(uses->second.begin(), uses->second.end(), use);
  if (found != uses->second.end()) uses->second.erase(found);
  if (uses->second.empty()) part.erase(uses);
}

void Uses::adopt(const Service& service, const Uid& owner) {
  const std::string name = "Service " + to_string(service.meta.key());
  adopters_.insert(owner);
  Edit edit(*this);
  for (const Space space : {Space::kNodePort, Space::kService}) {
    for (const NumberKey& key : numbers_shown(service, space)) edit.shown_.add(owner, space, key);
    const std::string holder = name + (space == Space::kNodePort ? " (nodePort)" : " (LoadBalancer)");
    for (const NumberKey& key : numbers_of(service, space)) {
      for (Use& use : edit.in(space).part(key)[key]) {
        if (use.holder == holder && use.owners.empty()) use.owners = {owner};
      }
    }
  }
}

const Use* Uses::other_than(const Uid& owner, Space space, const NumberKey& key) const {
  const Use* other = nullptr;
  any_conflicting(in(space).part(key), key, [&](const NumberKey&, const std::vector<Use>& uses) {
    const auto found =
        std::find_if(uses.begin(), uses.end(), [&](const Use& use) { return !belongs_to(use, owner); });
    if (found != uses.end()) other = &*found;
    return other != nullptr;
  });
  return other;
}

const Use* Uses::external(const Ledger& ledger, const NumberKey& key) const {
  const auto* uses = in(ledger.space()).find(key);
  if (uses == nullptr) return nullptr;
  // Of a number per node each node has its own holder: whoever holds it where it is used may use it.
  std::vector<const Entry*> held;
  for (const auto& [held_key, entry] : ledger.conflicting(key)) {
    if (entry->held()) held.push_back(entry);
  }
  const auto foreign = std::find_if(uses->begin(), uses->end(), [&](const Use& use) {
    return std::none_of(held.begin(), held.end(),
                        [&](const Entry* entry) { return belongs_to(use, entry->owner_uid); });
  });
  return foreign == uses->end() ? nullptr : &*foreign;
}

std::vector<NumberKey> Uses::keys(Space space) const {
  std::vector<NumberKey> keys;
  in(space).for_each([&](const NumberKey& key, const std::vector<Use>&) { keys.push_back(key); });
  return keys;
}

InternalNumbers::InternalNumbers(const std::vector<const ExposurePolicy*>& policies) {
  for (const ExposurePolicy* policy : policies) {
    Policy compiled{policy->meta.name, policy->spec.namespace_selector, {}};
    const auto add = [&](const PolicyPort& line, bool internal) {
      if (const auto port = Port::checked(line.port); port.ok()) {
        compiled.lines.push_back({{*port, *port}, line.protocol, internal, line.service});
      }
      for (const std::string& text : line.ports) {
        const auto span = parse_port_span(text);
        if (span.ok()) {
          compiled.lines.push_back({*span, line.protocol, internal, line.service});
        } else if (internal) {
          // A line that cannot be read must not open what it was meant to close.
          compiled.lines.push_back(
              {{Port::of(Port::kMin), Port::of(Port::kMax)}, line.protocol, true, line.service});
        }
      }
    };
    for (const PolicyPort& line : policy->spec.external) add(line, false);
    for (const PolicyPort& line : policy->spec.internal) add(line, true);
    policies_.push_back(std::move(compiled));
  }
  std::sort(policies_.begin(), policies_.end(),
            [](const Policy& a, const Policy& b) { return a.name < b.name; });
}

std::optional<InternalNumbers::Finding> InternalNumbers::find(Port port, Protocol protocol) const {
  return find(port, protocol, nullptr);
}

std::optional<InternalNumbers::Finding> InternalNumbers::find(Port port, Protocol protocol,
                                                              const Labels* namespace_labels) const {
  for (const Policy& policy : policies_) {
    if (namespace_labels != nullptr && !matches(policy.namespace_selector, *namespace_labels)) continue;
    const Line* best = nullptr;  // exact before span, internal before external
    const auto beats = [](const Line& a, const Line& b) {
      const bool a_exact = a.span.size() == 1;
      const bool b_exact = b.span.size() == 1;
      return a_exact != b_exact ? a_exact : a.internal && !b.internal;
    };
    for (const Line& line : policy.lines) {
      if (line.protocol != protocol || !line.span.contains(port)) continue;
      if (best == nullptr || beats(line, *best)) best = &line;
    }
    if (best != nullptr && best->internal) return Finding{policy.name, best->service};
  }
  return {};
}

}  // namespace berth::allocation
