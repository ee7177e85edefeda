// NetworkPolicies: closed by default, opened for exactly what is declared.
//
// Rules R1-R4 of dataplane.md 5: one object per direction (an object with rules for both can be bypassed),
// numeric container ports, "from anywhere" is a rule without `from`, policyTypes always written.
// Thread-safety: pure.
#pragma once

#include <string>
#include <vector>

#include "core/desired/ports.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"

namespace berth::desired {

struct WantedPolicies {
  std::vector<NetworkPolicy> policies = {};  // "<name>-ingress"; "<name>-egress" when allowTo is given
  std::vector<Problem> problems = {};

  bool operator==(const WantedPolicies&) const = default;
};

// The ingress object exists even when it opens nothing: it then isolates the selected pods.
WantedPolicies make_network_policies(const PortAllocation& allocation, const std::vector<ResolvedPort>& ports,
                                     const Networks& networks);

// The objects of a managed namespace: default deny in, default deny out, DNS out (kube-dns pods of
// kube-system, UDP and TCP 53). Without owner: they stay when an allocation goes.
std::vector<NetworkPolicy> make_namespace_policies(const std::string& ns);

// A Namespace whose label berth.dev/network-policy says unmanaged keeps the namespace policies out.
bool is_managed(const Labels& namespace_labels);

}  // namespace berth::desired
