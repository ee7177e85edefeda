// What a workload opens by itself, without any Service.
//
// Thread-safety: functions over one Neighbourhood, which one judgement owns.
#pragma once

#include "core/exposure/neighbourhood.h"
#include "core/exposure/way_collection.h"

namespace berth::exposure {

// Ports on the addresses of its node: hostPort, and what it declares with hostNetwork.
void add_node_openings(const Workload& workload, Neighbourhood& around, WayCollection& ways);

// Containers that lead out by connections of their own (exposure.md row 50): where to, no port shows.
void add_tunnels(const Workload& workload, Neighbourhood& around, WayCollection& ways);

// Ephemeral containers of a pod that is exposed by one of `ways` (exposure.md row 49): the API refuses them
// ports of their own, but they share those of the pod and can lead from the one that is open to any other.
void add_debug_containers(const Workload& workload, WayCollection& ways);

}  // namespace berth::exposure
