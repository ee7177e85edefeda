// How far the second wall of a policy stands, and what to do next.
//
// A binding is made only for what the API server has type-checked without a complaint: an expression that
// fails would refuse everything it matches. What stands already is put right at once. Thread-safety: pure
// functions.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/exposure/policy_status.h"
#include "core/model/admission_policy.h"
#include "core/wall/wall.h"

namespace berth::wall {

// What the cluster has of one ExposurePolicy; all of it carries kWallLabel and is owned by it.
struct Standing {
  std::vector<std::shared_ptr<const ValidatingAdmissionPolicy>> policies = {};
  std::vector<std::shared_ptr<const ValidatingAdmissionPolicyBinding>> bindings = {};
};

template <class T>
struct Create {
  T object;
};
// `object` carries the resourceVersion of what it takes the place of.
template <class T>
struct Replace {
  T object;
};
template <class T>
struct Remove {
  std::string name;
  Uid uid;
};

using Action = std::variant<Remove<ValidatingAdmissionPolicyBinding>, Create<ValidatingAdmissionPolicy>,
                            Replace<ValidatingAdmissionPolicy>, Create<ValidatingAdmissionPolicyBinding>,
                            Replace<ValidatingAdmissionPolicyBinding>, Remove<ValidatingAdmissionPolicy>>;

struct Work {
  std::vector<Action> actions = {};  // in this order
  exposure::Enforcement enforcement = {};
};

// `wanted` with the identity and the version of `present`, and with what others have marked it with.
ValidatingAdmissionPolicy in_place_of(const ValidatingAdmissionPolicy& present,
                                      ValidatingAdmissionPolicy wanted);
ValidatingAdmissionPolicyBinding in_place_of(const ValidatingAdmissionPolicyBinding& present,
                                             ValidatingAdmissionPolicyBinding wanted);

// `asked`: the policy wants the wall; otherwise all of it goes, the bindings first.
Work work_on(const Wall& wall, bool asked, const Standing& standing);

}  // namespace berth::wall
