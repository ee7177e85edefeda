#include "operator/stores.h"

#include <utility>

namespace berth::controller {
namespace {

// Pods are by far the most of what is watched, and little of each is read. What a pod template has beside
// them is not here: only pods are watched.
void slim_pod(Workload& pod) {
  Meta meta;
  meta.name = std::move(pod.meta.name);
  meta.ns = std::move(pod.meta.ns);
  meta.uid = std::move(pod.meta.uid);
  meta.resource_version = std::move(pod.meta.resource_version);
  meta.deletion_timestamp = std::move(pod.meta.deletion_timestamp);
  meta.labels = std::move(pod.meta.labels);
  pod.meta = std::move(meta);
  pod.template_labels = {};
  for (auto* containers : {&pod.pod.containers, &pod.pod.init_containers, &pod.pod.ephemeral_containers}) {
    std::erase_if(*containers, [](const Container& container) { return container.ports.empty(); });
    for (Container& container : *containers) container.image = container.name = {};
    containers->shrink_to_fit();
  }
}

template <class T>
typename runtime::Store<T>::Hooks hooks(const StoreListeners& listeners) {
  return {listeners.rewound, {}, {}};
}

}  // namespace

Stores::Stores(const StoreListeners& listeners)
    : ledgers(group, listeners.ledgers, hooks<PortLedger>(listeners)),
      ranges(group, listeners.ranges, hooks<PortRange>(listeners)),
      allocations(group, listeners.allocations, hooks<PortAllocation>(listeners)),
      services(group, listeners.services, hooks<Service>(listeners)),
      policies(group, listeners.policies, hooks<NetworkPolicy>(listeners)),
      config_maps(group, listeners.config_maps, hooks<ConfigMap>(listeners)),
      namespaces(group, listeners.namespaces, hooks<Namespace>(listeners)),
      pods(group, listeners.pods, {listeners.rewound, {}, slim_pod}),
      exposure_policies(group, listeners.exposure_policies, hooks<ExposurePolicy>(listeners)) {}

bool Stores::ready(const runtime::Snapshot& snapshot) const {
  return ledgers.ready(snapshot) && ranges.ready(snapshot) && allocations.ready(snapshot) &&
         services.ready(snapshot) && policies.ready(snapshot) && config_maps.ready(snapshot) &&
         namespaces.ready(snapshot) && pods.ready(snapshot) && exposure_policies.ready(snapshot);
}

}  // namespace berth::controller
