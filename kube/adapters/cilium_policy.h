// Cilium's policies (cilium.io/v2 CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy) as NetworkPolicies:
// whom they select, whom they let in from outside of the cluster, and what they refuse.
//
// What only names pods, nodes or Services lets in nobody from outside and comes out as a rule whose peers are
// pods. What cannot be read or known is taken for more, never for less: a selector for every pod, a group of
// addresses for everybody, and a refusal for none. As Cilium does it, a rule that says neither whom nor which
// ports lets in nobody, and so does an empty list of peers; a rule with ports and without peers lets
// everybody in; what is refused is refused whatever else is allowed. What another object refuses is not
// looked at. Source: docs.cilium.io, "Layer 3 Policies", "Layer 4 Policies", "Deny Policies", and pkg/policy
// of github.com/cilium/cilium. Thread-safety: pure function.
#pragma once

#include "core/model/network_policy.h"
#include "kube/json/tree.h"

namespace berth::adapters {

// `object` has the members `spec` and `specs` as far as they are written. Kind and metadata are left out;
// `namespaces` is for the policies that have no namespace themselves.
NetworkPolicy read_cilium_policy(const json::Tree& object);

}  // namespace berth::adapters
