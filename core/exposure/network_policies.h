// NetworkPolicies as ways out: whom they let in from outside of the cluster, and whom they keep out no
// longer.
//
// A pod that no policy isolates takes connections from everywhere, so a policy opens nothing that would be
// closed without any. But it is where somebody says that outsiders may come, and policies add up: one that
// lets everybody in makes every other void (docs/reference/network-policies.md; exposure.md rows 54 to 57).
// Thread-safety: functions over one Neighbourhood, which one judgement owns.
#pragma once

#include <string>
#include <vector>

#include "core/exposure/neighbourhood.h"
#include "core/exposure/way_collection.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// Those that it may be about.
std::vector<std::string> namespaces_of(const NetworkPolicy& policy, const Facts& facts);

// To whatever the policy isolates there; at a number that nobody declares it leads nowhere that is known.
void add_policy_ways(const NetworkPolicy& policy, Neighbourhood& around, WayCollection& ways);

// To what the workload declares, by every policy of its namespace.
void add_policy_ways(const Workload& workload, Neighbourhood& around, WayCollection& ways);

// To what workloads declare that `was` kept outsiders from, and that no policy of `after` isolates.
std::vector<WayOut> ways_left_open(const NetworkPolicy& was, const Facts& after);
// The same in one namespace, which `was` may not be about any more.
std::vector<WayOut> ways_left_open(const NetworkPolicy& was, const std::string& ns, const Facts& after);

}  // namespace berth::exposure
