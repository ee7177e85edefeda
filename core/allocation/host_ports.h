// Host ports: which numbers of their nodes pods take, and whose pods they are.
//
// A number counts whatever address (hostIP) it listens on: two pods that share a number on two addresses of
// one node look like one to whoever reads the number. Not here: what becomes of the numbers (occupancy.h).
// Thread-safety: pure functions; every pointer points into the argument.
#pragma once

#include <vector>

#include "core/allocation/space.h"
#include "core/model/port_allocation.h"
#include "core/model/workload.h"

namespace berth::allocation {

// A number of the node that a container of the pod takes.
struct HostPort {
  const Container* container = nullptr;
  const ContainerPort* port = nullptr;
  NumberKey key;  // on the node of the pod; on every node while it has none (or is a template)
};

// Of every container, sidecar and init container (core/v1: ephemeral ones have none). With hostNetwork every
// declared port is one of the node.
std::vector<HostPort> host_ports_of(const Workload& workload);

// The same numbers, each once, in order.
std::vector<NumberKey> host_numbers_of(const Workload& workload);

// Is it a Pod that runs or will run? One that Succeeded or Failed has given its numbers back.
bool is_serving_pod(const Workload& workload);

// Is it in the namespace of the allocation, and does spec.selector take its labels in? An empty selector
// takes nothing.
bool takes_in(const PortAllocation& allocation, const Workload& workload);

}  // namespace berth::allocation
