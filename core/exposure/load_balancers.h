// Which LoadBalancer Services stay inside: what clouds call an internal load balancer.
#pragma once

#include "core/model/service.h"

namespace berth::exposure {

// The load balancer itself is reachable only from private networks, by its class or by an annotation of one
// of the known clouds. False whenever another annotation contradicts, and for everything not in the table.
// Says nothing of the node ports that such a Service may open as well.
bool is_internal_load_balancer(const Service& service);

// The same of annotations alone, wherever they are put for the cloud to read.
bool says_internal_load_balancer(const Labels& annotations);

// A type LoadBalancer Service opens a node port for `port`: always, unless allocateLoadBalancerNodePorts is
// false and none is written (KEP-1864).
bool opens_node_port(const Service& service, const ServicePort& port);

}  // namespace berth::exposure
