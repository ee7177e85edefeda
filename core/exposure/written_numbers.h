// Numbers as they are written in an object, wherever they lead: those that are no port, and those that go
// away.
//
// Not about ways out: a ClusterIP Service with such a number is told as well. Thread-safety: pure.
#pragma once

#include <optional>
#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/overlay.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/verdict.h"

namespace berth::exposure {

// Numbers of `object` that are no port, as denials, except those that `old_object` has in the same place. The
// API server refuses them; in a pipeline nobody else does (exposure.md row 67).
std::vector<Finding> make_number_findings(const Subject& object, const std::optional<Subject>& old_object);

// Numbers that a policy lists as internal and deprecated and that `old_object` does not use yet: a warning,
// from `deprecated.after` on a denial. Objects that a controller made are passed over: their owner was told.
// `policies` are those in force.
std::vector<Finding> make_deprecation_findings(const Subject& object,
                                               const std::optional<Subject>& old_object,
                                               const std::vector<PolicyTable>& policies, Instant now);

}  // namespace berth::exposure
