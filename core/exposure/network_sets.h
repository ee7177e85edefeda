// Which sets of networks a policy lets in by selecting them (exposure.md row 58).
//
// A set that is not there lets nobody in; when it comes it is judged by the policies that mean it.
// Thread-safety: pure functions over values.
#pragma once

#include <optional>
#include <vector>

#include "core/base/address_set.h"
#include "core/exposure/facts.h"
#include "core/model/network_policy.h"
#include "core/model/network_set.h"

namespace berth::exposure {

// Those that the facts have and the peer of the policy means.
std::vector<const NetworkSet*> sets_of(const NetworkPolicyPeer& peer, const NetworkPolicy& policy,
                                       const Facts& facts);

// Whom the peer lets in by the set; std::nullopt: nobody can tell, for one of its networks cannot be read.
// What the peer takes out counts where it can be read.
std::optional<AddressSet> addresses_by(const NetworkPolicyPeer& peer, const NetworkSet& set);

// Does one of its rules let the set in, whether or not the facts have it?
bool means(const NetworkPolicy& policy, const NetworkSet& set, const Facts& facts);

// Every policy that does, of all namespaces.
std::vector<const NetworkPolicy*> policies_meaning(const NetworkSet& set, const Facts& facts);

}  // namespace berth::exposure
