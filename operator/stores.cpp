#include "operator/stores.h"

#include <utility>

#include "operator/lookups.h"

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

// Of the kinds with an object or more for each application so many are kept as they are: enough that small
// clusters never wait for one to be unpacked. Services stay whole however many: all of them are read at once
// (Observer::read_uses).
constexpr std::size_t kWhole = 500;

template <class T>
typename runtime::Store<T>::Hooks hooks(const StoreListeners& listeners) {
  typename runtime::Store<T>::Hooks made;
  made.rewound = listeners.rewound;
  return made;
}

template <class T>
typename runtime::Store<T>::Hooks tagged(typename runtime::Store<T>::Hooks made) {
  made.tags = [](const T& object) { return tags_of(object); };
  return made;
}

template <class T>
typename runtime::Store<T>::Hooks packed(typename runtime::Store<T>::Hooks made) {
  made.whole = kWhole;
  return made;
}

runtime::Store<Workload>::Hooks slim_pods(runtime::Store<Workload>::Hooks made) {
  made.slim = slim_pod;
  return made;
}

}  // namespace

Stores::Stores(const StoreListeners& listeners)
    : ledgers(group, listeners.ledgers, hooks<PortLedger>(listeners)),
      ranges(group, listeners.ranges, hooks<PortRange>(listeners)),
      allocations(group, listeners.allocations,
                  packed<PortAllocation>(tagged<PortAllocation>(hooks<PortAllocation>(listeners)))),
      services(group, listeners.services, tagged<Service>(hooks<Service>(listeners))),
      policies(group, listeners.policies, packed<NetworkPolicy>(hooks<NetworkPolicy>(listeners))),
      config_maps(group, listeners.config_maps,
                  packed<ConfigMap>(tagged<ConfigMap>(hooks<ConfigMap>(listeners)))),
      namespaces(group, listeners.namespaces, hooks<Namespace>(listeners)),
      pods(group, listeners.pods, packed<Workload>(tagged<Workload>(slim_pods(hooks<Workload>(listeners))))),
      exposure_policies(group, listeners.exposure_policies, hooks<ExposurePolicy>(listeners)) {}

bool Stores::ready(const runtime::Snapshot& snapshot) const {
  return ledgers.ready(snapshot) && ranges.ready(snapshot) && allocations.ready(snapshot) &&
         services.ready(snapshot) && policies.ready(snapshot) && config_maps.ready(snapshot) &&
         namespaces.ready(snapshot) && pods.ready(snapshot) && exposure_policies.ready(snapshot);
}

}  // namespace berth::controller
