// Lookups: what the operator's stores are asked for beside names, as tags of their objects.
//
// A tag only finds candidates: compare what comes. Thread-safety: pure functions, and reads under a snapshot.
#pragma once

#include <memory>
#include <vector>

#include "operator/stores.h"

namespace berth::controller {

// What each kind is found by.
runtime::Tags tags_of(const Workload& pod);
runtime::Tags tags_of(const PortAllocation& allocation);
runtime::Tags tags_of(const Service& service);
runtime::Tags tags_of(const ConfigMap& config_map);

using Allocations = std::vector<std::shared_ptr<const PortAllocation>>;

// The pods of a namespace that a selector takes in (an empty one all), as matches_labels() says.
std::vector<std::shared_ptr<const Workload>> pods_selected(const Stores& stores,
                                                           const runtime::Snapshot& snapshot,
                                                           std::string_view ns, const Labels& selector);
// The allocations whose selector takes these labels in.
Allocations allocations_selecting(const Stores& stores, const runtime::Snapshot& snapshot,
                                  std::string_view ns, const Labels& labels);
// Those that ask for a ConfigMap of that name.
Allocations allocations_telling(const Stores& stores, const runtime::Snapshot& snapshot,
                                const ObjectKey& config_map);
// Everything that has a name which Berth gives to what it generates for the allocation, whoever made it.
template <class T>
std::vector<std::shared_ptr<const T>> named_for(const runtime::Store<T>& store,
                                                const runtime::Snapshot& snapshot,
                                                const ObjectKey& allocation);
// Services that were generated for the allocation or wait to be adopted by it.
std::vector<std::shared_ptr<const Service>> services_of(const Stores& stores,
                                                        const runtime::Snapshot& snapshot,
                                                        const PortAllocation& allocation);
// Services that wait to be adopted by the allocation.
std::vector<std::shared_ptr<const Service>> services_waiting_for(const Stores& stores,
                                                                 const runtime::Snapshot& snapshot,
                                                                 const ObjectKey& allocation);
// ConfigMaps that were generated for the allocation.
std::vector<std::shared_ptr<const ConfigMap>> config_maps_of(const Stores& stores,
                                                             const runtime::Snapshot& snapshot,
                                                             const PortAllocation& allocation);

}  // namespace berth::controller
