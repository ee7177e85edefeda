// From ways out to findings: what all policies in force say together.
#pragma once

#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/verdict.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// One finding per way that somebody objects to (a second, audit_only one where an auditing policy objects).
// The strictest decision wins; the message names every policy that took part. The hidden node port of a load
// balancer is not reported beside the load balancer itself when the same is to be said of both.
std::vector<Finding> make_findings(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now);

// The same, with the way that each finding is about; it points into `ways`.
struct JudgedWay {
  const WayOut* way = nullptr;
  Finding finding = {};
};
std::vector<JudgedWay> judged_ways(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now);

}  // namespace berth::exposure
