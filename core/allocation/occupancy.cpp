#include "core/allocation/occupancy.h"

#include <algorithm>

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

bool is_serving_pod(const Workload& workload) {
  return workload.kind == "Pod" && workload.phase != "Succeeded" && workload.phase != "Failed";
}

std::vector<Uid> owners_of(const Workload& pod, const std::vector<const PortAllocation*>& allocations) {
  std::vector<Uid> owners;
  for (const PortAllocation* allocation : allocations) {
    if (allocation->meta.ns == pod.meta.ns && !allocation->spec.selector.empty() &&
        matches_labels(allocation->spec.selector, pod.meta.labels)) {
      owners.push_back(allocation->meta.uid);
    }
  }
  return owners;
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
  for (const Service* service : services) add_service(*service);
}

Uses::Uses(const std::vector<const Service*>& services, const std::vector<const Workload*>& pods,
           const std::vector<const PortAllocation*>& allocations)
    : Uses(services) {
  for (const Workload* pod : pods) {
    if (!is_serving_pod(*pod)) continue;
    std::vector<NumberKey> keys;
    for (const auto* containers : {&pod->pod.containers, &pod->pod.init_containers}) {
      for (const Container& container : *containers) {
        for (const ContainerPort& port : container.ports) {
          add_number(keys, Space::kHostPort, port.host_port, port.protocol);
        }
      }
    }
    if (keys.empty()) continue;
    const Use use{"Pod " + to_string(pod->meta.key()) + " (hostPort)", owners_of(*pod, allocations)};
    for (const NumberKey& key : keys) add(Space::kHostPort, key, use);
  }
}

void Uses::add(Space space, const NumberKey& key, Use use) {
  std::vector<Use>& uses = uses_[space][key];
  // Sorted, so that messages do not depend on the order of observation.
  uses.insert(std::upper_bound(uses.begin(), uses.end(), use), std::move(use));
}

void Uses::add_service(const Service& service) {
  const std::string name = "Service " + to_string(service.meta.key());
  const Uid uid = generated_for(service.meta);
  const std::vector<Uid> owners = uid.empty() ? std::vector<Uid>{} : std::vector<Uid>{uid};
  for (const NumberKey& key : numbers_of(service, Space::kNodePort)) {
    // The API server chose the health check's number: it is never one that we granted.
    const bool health = key.port.number() == service.health_check_node_port;
    const Use use = health ? Use{name + " (healthCheckNodePort)", {}} : Use{name + " (nodePort)", owners};
    add(Space::kNodePort, key, use);
  }
  for (const NumberKey& key : numbers_of(service, Space::kService)) {
    add(Space::kService, key, {name + " (LoadBalancer)", owners});
  }
  if (uid.empty()) return;
  for (const Space space : {Space::kNodePort, Space::kService}) {
    for (const NumberKey& key : numbers_shown(service, space)) shown_[uid].insert({space, key});
  }
}

const Use* Uses::other_than(const Uid& owner, Space space, const NumberKey& key) const {
  const auto in_space = uses_.find(space);
  if (in_space == uses_.end()) return nullptr;
  const auto uses = in_space->second.find(key);
  if (uses == in_space->second.end()) return nullptr;
  const auto other = std::find_if(uses->second.begin(), uses->second.end(),
                                  [&](const Use& use) { return !belongs_to(use, owner); });
  return other == uses->second.end() ? nullptr : &*other;
}

bool Uses::used_by(const Uid& owner, Space space, const NumberKey& key) const {
  const auto shown = shown_.find(owner);
  return shown != shown_.end() && shown->second.contains({space, key});
}

const Use* Uses::external(const Ledger& ledger, const NumberKey& key) const {
  const Entry* entry = ledger.find(key);
  const bool held = entry != nullptr && entry->held();
  return other_than(held ? entry->owner_uid : Uid{}, ledger.space(), key);
}

std::vector<NumberKey> Uses::keys(Space space) const {
  std::vector<NumberKey> keys;
  const auto in_space = uses_.find(space);
  if (in_space == uses_.end()) return keys;
  for (const auto& [key, uses] : in_space->second) keys.push_back(key);
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
