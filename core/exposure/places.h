// Places: on which of a policy's networks a way out is shown.
//
// Plain functions over what manifests say: the class and the addresses that a load balancer asks for,
// external IPs, hostIP, and that node ports are on every address of the nodes. Where a controller shows an
// entrance is for its own configuration, which is not looked into. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/exposure/policy_table.h"
#include "core/exposure/way_out.h"
#include "core/model/service.h"

namespace berth::exposure {

enum class Placement { kWithin, kElsewhere, kUnknown };

// Is the way shown on these networks (names of spec.networks) and on nothing else?
Placement placement(const WayOut& way, const PolicyTable& table, const std::vector<std::string>& networks);

// "load balancer class example.org/edge", "every address of the nodes", "198.51.100.9".
std::string place_text(const WayOut& way);

// By what a way is shown on these networks: "load balancer class a or an address of 198.51.100.0/24".
std::string places_of(const PolicyTable& table, const std::vector<std::string>& networks);

// Annotations by which load balancer controllers are asked for addresses; several are separated by commas.
const std::vector<std::string_view>& address_annotations();

// The addresses that a Service asks its load balancer for: spec.loadBalancerIP and those annotations.
std::vector<std::string> asked_addresses(const Service& service);

}  // namespace berth::exposure
