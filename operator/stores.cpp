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

}  // namespace

Stores::Stores(const StoreListeners& told)
    : ledgers(group, told.ledgers, {.rewound = told.rewound, .whole = kWholeLedgers}),
      ranges(group, told.ranges, {.rewound = told.rewound}),
      allocations(group, told.allocations, {.rewound = told.rewound, .tags = kTags, .whole = kWhole}),
      services(group, told.services, {.rewound = told.rewound, .tags = kTags, .whole = kWhole}),
      policies(group, told.policies, {.rewound = told.rewound, .whole = kWhole}),
      config_maps(group, told.config_maps, {.rewound = told.rewound, .tags = kTags, .whole = kWhole}),
      namespaces(group, told.namespaces, {.rewound = told.rewound}),
      pods(group, told.pods, {.rewound = told.rewound, .slim = slim_pod, .tags = kTags, .whole = kWhole}),
      exposure_policies(group, told.exposure_policies, {.rewound = told.rewound}),
      admission_policies(group, told.admission_policies, {.rewound = told.rewound}),
      admission_bindings(group, told.admission_bindings, {.rewound = told.rewound}) {}

bool Stores::ready(const runtime::Snapshot& snapshot) const {
  return ledgers.ready(snapshot) && ranges.ready(snapshot) && allocations.ready(snapshot) &&
         services.ready(snapshot) && policies.ready(snapshot) && config_maps.ready(snapshot) &&
         namespaces.ready(snapshot) && pods.ready(snapshot) && exposure_policies.ready(snapshot);
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
