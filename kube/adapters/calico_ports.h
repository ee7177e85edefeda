// The ports and protocols of one of Calico's rules.
//
// Numbers, ranges ("80:90") and names, and what a rule leaves out (notPorts, notProtocol). Source:
// docs.tigera.io/calico, "Network policy", ports and protocols. Thread-safety: pure function.
#pragma once

#include <optional>
#include <vector>

#include "core/model/network_policy.h"
#include "kube/json/tree.h"

namespace berth::adapters {

// Empty: every port. std::nullopt: none that a pod can have (ICMP), or - where `only_certain` - that cannot
// be told; otherwise what cannot be told is taken for more.
std::optional<std::vector<NetworkPolicyPort>> calico_ports(const json::Tree& rule, bool only_certain);

}  // namespace berth::adapters
