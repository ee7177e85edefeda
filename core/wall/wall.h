// The second wall: an ExposurePolicy as ValidatingAdmissionPolicies, which the API server keeps by itself.
//
// It refuses what one object alone shows: an internal number that a Service of type NodePort or LoadBalancer,
// an external IP, a claimed address or a health check puts outside, and hostPort and hostNetwork of pods and
// of pod templates. Whatever it refuses the webhook refuses, too; it sees neither named targetPorts nor what
// other objects lead there, lets through every number for which an exception is in force in the namespace,
// and what a controller makes from a template that stands. docs/admission-policies.md says so to users.
// Source: KEP-3488, KEP-5793 (static policies). Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/model/admission_policy.h"
#include "core/model/exposure_policy.h"

namespace berth::wall {

// Who keeps the objects in place.
enum class Keeper {
  kOperator,   // they are owned by the ExposurePolicy, and put right when somebody changes them
  kUser,       // applied like any other manifest
  kApiServer,  // read by it from its own disk, under names of their own: nobody can change them by the API
};

struct WallOptions {
  std::vector<std::string> excluded_namespaces = {};
  std::string operator_user = {};  // whose Services are judged where they are planned; "" = nobody's
  Keeper keeper = Keeper::kOperator;
};

struct Wall {
  // Of each policy the binding of the same name, in the same order; both empty when nothing is internal.
  std::vector<ValidatingAdmissionPolicy> policies = {};
  std::vector<ValidatingAdmissionPolicyBinding> bindings = {};
  std::optional<Instant> changes_at = {};  // an exception ends, and it must be built anew
};

// The ExposurePolicy that an admission policy or binding of this name is made of; "" = of none.
std::string policy_of(const std::string& name);

// With every field that the API server would set by itself, so that what stands compares equal.
Wall make_wall(const ExposurePolicy& policy, const WallOptions& options, Instant now);

}  // namespace berth::wall
