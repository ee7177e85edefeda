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
  return ingress && !workload.pod.host_network &&
         (policy.cluster_wide || policy.meta.ns == workload.meta.ns) &&
         selects_pods(policy, workload.template_labels);
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

const Service* Neighbourhood::service(std::string_view name) { return facts_.service(ns_, name); }

template <class Selects>
std::vector<const Workload*> Neighbourhood::selected(const std::vector<const Workload*>& candidates,
                                                     Selects selects) {
  std::vector<const Workload*> selected;
  std::map<const Workload*, std::vector<const Workload*>> seen_of_owner;
  for (const Workload* workload : candidates) {
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
  if (service.selector.empty()) return {};
  return selected(facts_.workloads_with(ns_, service.selector),
                  [&](const Workload& workload) { return selects(service, workload); });
}

std::vector<const Workload*> Neighbourhood::selected_by(const NetworkPolicy& policy) {
  return selected(workloads(), [&](const Workload& workload) { return isolates(policy, workload); });
}

const Workload* Neighbourhood::owner(const Workload& workload) {
  const OwnerReference* reference = controller_of(workload);
  if (reference == nullptr) return nullptr;
  // Pods own no pods.
  const Workload* found =
      reference->kind == "Pod" ? nullptr : facts_.workload(ns_, reference->kind, reference->name);
  if (found == nullptr) return nullptr;
  const Uid& uid = found->meta.uid;
  const bool same = uid.empty() || reference->uid.empty() || uid == reference->uid;
  return same ? found : nullptr;
}

}  // namespace berth::exposure
