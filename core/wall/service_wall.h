// What a Service alone shows to the outside, in CEL.
#pragma once

#include <string>

#include "core/model/admission_policy.h"
#include "core/wall/internal_numbers.h"

namespace berth::wall {

// Adds variables to `spec`; the last, `added`, are the sentences about internal numbers that the object opens
// and the old one did not. `why` stands between the number and the path. Reads `variables.versions`, the
// object and then the old one, if there is any, and `variables.each`, their indexes.
void add_service_openings(const InternalNumbers& numbers, const std::string& why,
                          ValidatingAdmissionPolicySpec& spec);

}  // namespace berth::wall
