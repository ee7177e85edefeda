// Services that publish an allocation.
//
// | space    | exposure              | Service                                                        |
// |----------|-----------------------|----------------------------------------------------------------|
// | NodePort | External              | NodePort, nodePort = port = the number                         |
// | Service  | External              | LoadBalancer without node ports, port = the number             |
// | HostPort | any                   | none: the pods' own hostPort publishes                         |
// | any      | Cluster, Namespace    | ClusterIP, port = the number                                   |
// | any      | Localhost             | no Service port at all                                         |
// spec.service.type overrides the type for External ports. Outside and inside ports in one allocation make
// two Services, "<name>" and "<name>-internal"; inside ports alone make "<name>". No ports, no Service.
// externalTrafficPolicy is Local when a port is restricted to addresses: otherwise the policy would see node
// addresses (dataplane.md 2.2, R4). Thread-safety: pure.
#pragma once

#include <vector>

#include "core/allocation/space.h"
#include "core/desired/ports.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"

namespace berth::desired {

// Labels and the controller reference that every object generated for the allocation carries.
Meta generated_meta(const PortAllocation& allocation, std::string name);

// Zero, one or two Services, the outside one first.
std::vector<Service> make_services(const PortAllocation& allocation, allocation::Space space,
                                   const std::vector<ResolvedPort>& ports);

}  // namespace berth::desired
