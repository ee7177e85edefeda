#include "core/exposure/neighbourhood.h"

#include <algorithm>

#include "core/exposure/container_ports.h"

namespace berth::exposure {
namespace {

const OwnerReference* controller_of(const Workload& workload) {
  const auto& owners = workload.meta.owner_references;
  const auto found = std::find_if(owners.begin(), owners.end(),
                                  [](const OwnerReference& owner) { return owner.controller; });
  return found == owners.end() ? nullptr : &*found;
}

}  // namespace

bool selects(const Service& service, const Workload& workload) {
  return !service.selector.empty() && matches_labels(service.selector, workload.template_labels);
}

// Without policyTypes a policy is about who comes in (the API server writes that down).
bool isolates(const NetworkPolicy& policy, const Workload& workload) {
  const auto& types = policy.policy_types;
  const bool ingress = types.empty() || std::find(types.begin(), types.end(), "Ingress") != types.end();
  return ingress && !workload.pod.host_network && policy.meta.ns == workload.meta.ns &&
         matches(policy.pod_selector, workload.template_labels);
}

const std::vector<const Service*>& Neighbourhood::services() {
  if (!services_) services_ = facts_.services(ns_);
  return *services_;
}

const std::vector<const Entrance*>& Neighbourhood::entrances() {
  if (!entrances_) entrances_ = facts_.entrances(ns_);
  return *entrances_;
}

const std::vector<const Workload*>& Neighbourhood::workloads() {
  if (!workloads_) workloads_ = facts_.workloads(ns_);
  return *workloads_;
}

const std::vector<const NetworkPolicy*>& Neighbourhood::network_policies() {
  if (!network_policies_) network_policies_ = facts_.network_policies(ns_);
  return *network_policies_;
}

const Service* Neighbourhood::service(std::string_view name) {
  const auto& all = services();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Service* service) { return service->meta.name == name; });
  return found == all.end() ? nullptr : *found;
}

template <class Selects>
std::vector<const Workload*> Neighbourhood::selected(Selects selects) {
  std::vector<const Workload*> selected;
  std::map<const Workload*, std::vector<const Workload*>> seen_of_owner;
  for (const Workload* workload : workloads()) {
    if (!selects(*workload) || has_ended(*workload)) continue;
    if (const Workload* made_by = owner(*workload)) {
      if (workload->kind != "Pod") continue;
      std::vector<const Workload*>& seen = seen_of_owner[made_by];
      const bool known = std::any_of(seen.begin(), seen.end(), [&](const Workload* other) {
        return other->kind == workload->kind && same_ports(other->pod, workload->pod);
      });
      if (known) continue;
      seen.push_back(workload);
    }
    selected.push_back(workload);
  }
  return selected;
}

std::vector<const Workload*> Neighbourhood::selected_by(const Service& service) {
  return selected([&](const Workload& workload) { return selects(service, workload); });
}

std::vector<const Workload*> Neighbourhood::selected_by(const NetworkPolicy& policy) {
  return selected([&](const Workload& workload) { return isolates(policy, workload); });
}

const Workload* Neighbourhood::owner(const Workload& workload) {
  const OwnerReference* reference = controller_of(workload);
  if (reference == nullptr) return nullptr;
  if (!owners_) {
    owners_.emplace();
    for (const Workload* candidate : workloads()) {
      // Pods own no pods, and there are many of them.
      if (candidate->kind == "Pod") continue;
      owners_->emplace(std::pair<std::string_view, std::string_view>(candidate->kind, candidate->meta.name),
                       candidate);
    }
  }
  const auto found = owners_->find({reference->kind, reference->name});
  if (found == owners_->end()) return nullptr;
  const Uid& uid = found->second->meta.uid;
  const bool same = uid.empty() || reference->uid.empty() || uid == reference->uid;
  return same ? found->second : nullptr;
}

}  // namespace berth::exposure
