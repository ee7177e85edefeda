// Which LoadBalancer Services stay inside: what clouds call an internal load balancer.
#pragma once

#include <span>
#include <string_view>

#include "core/model/service.h"

namespace berth::exposure {

// What an annotation with this value says of a load balancer. A value of "*" stands for any text but the
// empty one; others are compared without regard to case, as the cloud controllers do.
struct LoadBalancerSign {
  enum class Meaning { kInternal, kPublic };
  std::string_view annotation;
  std::string_view value;
  Meaning meaning;
};

// The table: one sign of kPublic outweighs all of kInternal.
std::span<const LoadBalancerSign> load_balancer_signs();
// loadBalancerClass values that name an internal load balancer and nothing else, and such that answer to
// public networks whatever the annotations say.
std::span<const std::string_view> internal_load_balancer_classes();
std::span<const std::string_view> public_load_balancer_classes();

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
