#include "core/exposure/neighbourhood.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "core/exposure/container_ports.h"

namespace berth::exposure {
namespace {

const OwnerReference* controller_of(const Workload& workload) {
  const auto& owners = workload.meta.owner_references;
  const auto found = std::find_if(owners.begin(), owners.end(),
                                  [](const OwnerReference& owner) { return owner.controller; });
  return found == owners.end() ? nullptr : &*found;
}

// Pods that differ in nothing that a judgement looks at but their names; those of one owner are told as it,
// so that only their ports matter. There may be thousands in a namespace, most of them like the one before,
// or each another so that judging takes long.
class LikePods {
 public:
  explicit LikePods(bool of_one_owner) : of_one_owner_(of_one_owner) {}

  // Was there one like it? Else it is from now on.
  bool has_seen(const Workload& pod) {
    if (last_ != nullptr && alike(*last_, pod)) return true;
    last_ = &pod;
    const std::size_t hash = hash_of(pod);
    const auto [first, end] = seen_.equal_range(hash);
    if (std::any_of(first, end, [&](const auto& entry) { return alike(*entry.second, pod); })) return true;
    seen_.emplace(hash, &pod);
    return false;
  }

 private:
  [[nodiscard]] bool alike(const Workload& left, const Workload& right) const {
    if (!same_ports(left.pod, right.pod)) return false;
    return of_one_owner_ ||
           (left.template_labels == right.template_labels && same_images(left.pod, right.pod));
  }

  // Of everything that alike() looks at and that somebody could vary a thousand times.
  [[nodiscard]] std::size_t hash_of(const Workload& pod) const {
    std::size_t hash = 0;
    const auto mix = [&](std::size_t more) { hash = hash * 31 + more; };
    const auto mix_text = [&](std::string_view text) { mix(std::hash<std::string_view>()(text)); };
    if (!of_one_owner_) {
      for (const auto& [key, value] : pod.template_labels) {
        mix_text(key);
        mix_text(value);
      }
    }
    for (const auto* containers :
         {&pod.pod.containers, &pod.pod.init_containers, &pod.pod.ephemeral_containers}) {
      for (const Container& container : *containers) {
        mix_text(container.name);
        if (!of_one_owner_) mix_text(container.image);
        for (const ContainerPort& port : container.ports) {
          mix_text(port.name);
          mix_text(port.host_ip);
          mix(static_cast<std::size_t>(port.container_port));
          mix(static_cast<std::size_t>(port.host_port));
          mix(static_cast<std::size_t>(port.protocol));
        }
      }
    }
    return hash;
  }

  bool of_one_owner_;
  const Workload* last_ = nullptr;
  std::unordered_multimap<std::size_t, const Workload*> seen_;
};

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

bool Neighbourhood::pods_are_named() {
  const auto names_pod = [&](const ExposureException& exception) {
    return exception.workload.kind == "Pod" && exception.ns == ns_;
  };
  if (!pods_are_named_) {
    const std::vector<const ExposurePolicy*> policies = facts_.policies();
    pods_are_named_ = std::any_of(policies.begin(), policies.end(), [&](const ExposurePolicy* policy) {
      return std::any_of(policy->spec.exceptions.begin(), policy->spec.exceptions.end(), names_pod);
    });
  }
  return *pods_are_named_;
}

template <class Selects>
std::vector<const Workload*> Neighbourhood::selected(const std::vector<const Workload*>& candidates,
                                                     Selects selects) {
  std::vector<const Workload*> selected;
  std::map<const Workload*, LikePods> seen;  // by owner, nullptr = nobody
  for (const Workload* workload : candidates) {
    if (!selects(*workload) || has_ended(*workload)) continue;
    const Workload* made_by = owner(*workload);
    const bool is_pod = workload->kind == "Pod";
    if (made_by != nullptr && !is_pod) continue;
    if (is_pod && !pods_are_named()) {
      LikePods& others = seen.try_emplace(made_by, made_by != nullptr).first->second;
      if (others.has_seen(*workload)) continue;
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
