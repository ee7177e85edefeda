// Calico's policies (projectcalico.org/v3 and crd.projectcalico.org/v1 NetworkPolicy and GlobalNetworkPolicy)
// as NetworkPolicies: whom they select, whom they let in from outside of the cluster, and what rules before
// refuse.
//
// What cannot be read or known is taken for more, never for less: a selector for every pod or set of
// networks, and a refusal for none. Policies of one object only: what another refuses before, by its order or
// its tier, is not looked at. A selector of sources means pods and, by calico_sets.h, sets of networks.
// Source: docs.tigera.io/calico, "Network policy", "Global network policy". Thread-safety: pure function.
#pragma once

#include "core/model/network_policy.h"
#include "kube/json/tree.h"

namespace berth::adapters {

// `object` has the member `spec`. Kind and metadata are left out; `namespaces` is for the policies that have
// no namespace themselves.
NetworkPolicy read_calico_policy(const json::Tree& object);

}  // namespace berth::adapters
