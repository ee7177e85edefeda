#include "operator/stores.h"

#include <utility>

namespace berth::controller {
namespace {

template <class T>
typename runtime::Store<T>::Hooks hooks(const StoreListeners& listeners) {
  return {listeners.rewound, {}};
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
      pods(group, listeners.pods, hooks<Workload>(listeners)),
      exposure_policies(group, listeners.exposure_policies, hooks<ExposurePolicy>(listeners)) {}

bool Stores::ready(const runtime::Snapshot& snapshot) const {
  return ledgers.ready(snapshot) && ranges.ready(snapshot) && allocations.ready(snapshot) &&
         services.ready(snapshot) && policies.ready(snapshot) && config_maps.ready(snapshot) &&
         namespaces.ready(snapshot) && pods.ready(snapshot) && exposure_policies.ready(snapshot);
}

}  // namespace berth::controller
