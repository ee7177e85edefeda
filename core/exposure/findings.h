// From ways out to findings: what all policies in force say together.
#pragma once

#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/overlay.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/verdict.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// One finding per way that somebody objects to (a second, audit_only one where an auditing policy objects).
// The strictest decision wins; the message names every policy that took part. The hidden node port of a load
// balancer is not reported beside the load balancer itself when the same is to be said of both.
std::vector<Finding> make_findings(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now);

// Numbers of `object` that are no port, as denials, except those that `old_object` has in the same place. The
// API server refuses them; in a pipeline nobody else does (exposure.md row 67).
std::vector<Finding> make_number_findings(const Subject& object, const std::optional<Subject>& old_object);

}  // namespace berth::exposure
