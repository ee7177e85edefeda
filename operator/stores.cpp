#include "operator/stores.h"

#include <utility>

#include "core/allocation/host_ports.h"
#include "operator/lookups.h"

namespace berth::controller {
namespace {

// Pods are by far the most of what is watched, and little of each is read. What a pod template has beside
// them is not here: only pods are watched.
void slim_pod(Workload& pod) {
  Meta meta;
  meta.name = std::move(pod.meta.name);
  meta.ns = std::move(pod.meta.ns);
  // Only of who holds a number it matters who exactly that is.
  if (!allocation::host_ports_of(pod).empty()) meta.uid = std::move(pod.meta.uid);
  meta.resource_version = std::move(pod.meta.resource_version);
  meta.deletion_timestamp = std::move(pod.meta.deletion_timestamp);
  meta.labels = std::move(pod.meta.labels);
  pod.meta = std::move(meta);
  pod.template_labels = {};
  pod.addresses = {};
  for (auto* containers : {&pod.pod.containers, &pod.pod.init_containers, &pod.pod.ephemeral_containers}) {
    std::erase_if(*containers, [](const Container& container) { return container.ports.empty(); });
    for (Container& container : *containers) container.image = container.name = {};
    containers->shrink_to_fit();
  }
}

// Of the kinds with an object or more for each application so many are kept as they are: enough that small
// clusters never wait for one to be unpacked.
constexpr std::size_t kWhole = 100;

// Ledgers are few and long, and read when one has changed only.
constexpr std::size_t kWholeLedgers = 4;

constexpr auto kTags = [](const auto& object) { return tags_of(object); };

template <class T>
typename runtime::Store<T>::Hooks by_namespace(const StoreListeners& told, const NamespaceScope& scope,
                                               std::function<runtime::Tags(const T&)> tags = {},
                                               std::function<void(T&)> slim = {}) {
  return {told.rewound, told.listed, std::move(slim), std::move(tags), kWhole, scope.watched()};
}

// Of each namespaced kind, what tells of that namespace.
bool all_listed(const Stores& stores, const runtime::Snapshot& snapshot, const std::string& ns) {
  return stores.allocations.listed(snapshot, ns) && stores.services.listed(snapshot, ns) &&
         stores.policies.listed(snapshot, ns) && stores.config_maps.listed(snapshot, ns) &&
         stores.pods.listed(snapshot, ns);
}

}  // namespace

Stores::Stores(const StoreListeners& told, NamespaceScope covered)
    : scope(std::move(covered)),
      ledgers(group, told.ledgers, {.rewound = told.rewound, .whole = kWholeLedgers}),
      ranges(group, told.ranges, {.rewound = told.rewound}),
      allocations(group, told.allocations, by_namespace<PortAllocation>(told, scope, kTags)),
      services(group, told.services, by_namespace<Service>(told, scope, kTags)),
      policies(group, told.policies, by_namespace<NetworkPolicy>(told, scope)),
      config_maps(group, told.config_maps, by_namespace<ConfigMap>(told, scope, kTags)),
      namespaces(group, told.namespaces, {.rewound = told.rewound}),
      pods(group, told.pods, by_namespace<Workload>(told, scope, kTags, slim_pod)),
      exposure_policies(group, told.exposure_policies, {.rewound = told.rewound}),
      admission_policies(group, told.admission_policies, {.rewound = told.rewound}),
      admission_bindings(group, told.admission_bindings, {.rewound = told.rewound}) {}

bool Stores::ready(const runtime::Snapshot& snapshot) const {
  const bool of_the_cluster = ledgers.ready(snapshot) && ranges.ready(snapshot) &&
                              namespaces.ready(snapshot) && exposure_policies.ready(snapshot);
  return of_the_cluster && (!scope.everywhere || all_listed(*this, snapshot, ""));
}

bool Stores::sees(const runtime::Snapshot& snapshot, const std::string& ns) const {
  if (!scope.covers(ns)) return false;
  if (all_listed(*this, snapshot, ns)) return true;
  return !scope.everywhere && namespaces.ready(snapshot) && namespaces.get(snapshot, {"", ns}) == nullptr;
}

NamespaceScope Stores::seen(const runtime::Snapshot& snapshot) const {
  if (scope.everywhere) return scope;
  NamespaceScope seen{{}, false};
  for (const std::string& ns : scope.named) {
    if (sees(snapshot, ns)) seen.named.insert(ns);
  }
  return seen;
}

}  // namespace berth::controller

namespace berth::runtime {

template class Store<PortLedger>;
template class Store<PortRange>;
template class Store<PortAllocation>;
template class Store<Service>;
template class Store<NetworkPolicy>;
template class Store<ConfigMap>;
template class Store<Namespace>;
template class Store<Workload>;
template class Store<ExposurePolicy>;
template class Store<ValidatingAdmissionPolicy>;
template class Store<ValidatingAdmissionPolicyBinding>;

}  // namespace berth::runtime
