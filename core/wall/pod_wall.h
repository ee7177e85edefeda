// What a pod spec alone shows on the addresses of its node, in CEL.
#pragma once

#include <string>

#include "core/model/admission_policy.h"
#include "core/wall/internal_numbers.h"

namespace berth::wall {

// As add_service_openings, but `added` are lists of sentences, none of them empty; `path` is where the pod
// spec stands, "spec.template.spec".
void add_pod_openings(const InternalNumbers& numbers, const std::string& why, const std::string& path,
                      ValidatingAdmissionPolicySpec& spec);

}  // namespace berth::wall
