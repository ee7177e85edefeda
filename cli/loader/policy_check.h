// What the CRD's schema refuses in an ExposurePolicy, for policies that come from files.
//
// A misspelt field of a policy protects nothing and nobody notices: on a cluster the API server refuses it,
// here this does. The schema in crds/ stays the authority (a test compares the fields); lengths and list
// sizes are left to it. Thread-safety: pure functions.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/loader/node.h"
#include "core/model/exposure_policy.h"

namespace berth::cli {

struct PolicyField {
  std::string_view path;         // "spec.internal[].port"
  std::string_view values = {};  // "Deny|Warn|Audit"; "" = not a choice
};

// Every field below spec, parents before their members.
std::span<const PolicyField> policy_fields();

struct PolicyFault {
  Mark mark = {};
  std::string message = {};
};

// Unknown fields and values that are none of the choices, and what the policy engine cannot read (numbers,
// spans, address blocks, times). `root` is the manifest that was decoded to `policy`.
std::vector<PolicyFault> check_policy(const Node& root, const ExposurePolicy& policy);

}  // namespace berth::cli
