#include "core/wall/standing.h"

#include <algorithm>
#include <utility>

namespace berth::wall {
namespace {

using exposure::Enforcement;
using State = Enforcement::State;

template <class T>
const T* find(const std::vector<std::shared_ptr<const T>>& present, const std::string& name) {
  const auto found =
      std::find_if(present.begin(), present.end(), [&](const auto& one) { return one->meta.name == name; });
  return found == present.end() ? nullptr : found->get();
}

bool same_marks(const Meta& wanted, const Meta& present) {
  return matches_labels(wanted.labels, present.labels) && wanted.owner_references == present.owner_references;
}

bool is_as_wanted(const ValidatingAdmissionPolicy& wanted, const ValidatingAdmissionPolicy& present) {
  return same_marks(wanted.meta, present.meta) && wanted.spec == present.spec;
}

bool is_as_wanted(const ValidatingAdmissionPolicyBinding& wanted,
                  const ValidatingAdmissionPolicyBinding& present) {
  return same_marks(wanted.meta, present.meta) && wanted.policy_name == present.policy_name &&
         wanted.param_ref == present.param_ref && wanted.match_resources == present.match_resources &&
         wanted.validation_actions == present.validation_actions;
}

// What others have marked it with stays.
Meta with_marks(Meta present, const Meta& wanted) {
  for (const auto& [key, label] : wanted.labels) present.labels[key] = label;
  present.owner_references = wanted.owner_references;
  return present;
}

}  // namespace

ValidatingAdmissionPolicy in_place_of(const ValidatingAdmissionPolicy& present,
                                      ValidatingAdmissionPolicy wanted) {
  wanted.meta = with_marks(present.meta, wanted.meta);
  return wanted;
}

ValidatingAdmissionPolicyBinding in_place_of(const ValidatingAdmissionPolicyBinding& present,
                                             ValidatingAdmissionPolicyBinding wanted) {
  wanted.meta = with_marks(present.meta, wanted.meta);
  return wanted;
}

namespace {

template <class T>
void remove_surplus(const std::vector<T>& wanted, const std::vector<std::shared_ptr<const T>>& present,
                    std::vector<Action>& actions) {
  for (const auto& one : present) {
    const bool kept = std::any_of(wanted.begin(), wanted.end(),
                                  [&](const T& each) { return each.meta.name == one->meta.name; });
    if (!kept && !one->meta.deleting()) actions.push_back(Remove<T>{one->meta.name, one->meta.uid});
  }
}

bool is_checked(const ValidatingAdmissionPolicy& policy) {
  return policy.status.type_checking && policy.status.observed_generation == policy.meta.generation;
}

// "spec.validations[0].expression: undefined field 'x'", of the first complaint.
std::string complaint(const ValidatingAdmissionPolicy& policy) {
  const ExpressionWarning& first = policy.status.type_checking->expression_warnings.front();
  return "ValidatingAdmissionPolicy " + policy.meta.name + ": " + first.field_ref + ": " + first.warning;
}

Enforcement stands(std::size_t policies) {
  if (policies == 0)
    return {State::kStands, "the policy lists nothing internal, so there is nothing to refuse"};
  return {State::kStands,
          std::to_string(policies) +
              " ValidatingAdmissionPolicies refuse internal ports even while the webhook is away"};
}

}  // namespace

Work work_on(const Wall& wall, bool asked, const Standing& standing) {
  const Wall wanted = asked ? wall : Wall();
  Work work;
  remove_surplus(wanted.bindings, standing.bindings, work.actions);
  std::size_t standing_now = 0;
  std::string refused;
  for (std::size_t i = 0; i < wanted.policies.size(); ++i) {
    const ValidatingAdmissionPolicy& policy = wanted.policies[i];
    const ValidatingAdmissionPolicy* present = find(standing.policies, policy.meta.name);
    const bool right = present != nullptr && is_as_wanted(policy, *present);
    if (present == nullptr) {
      work.actions.emplace_back(Create<ValidatingAdmissionPolicy>{policy});
    } else if (!right) {
      work.actions.emplace_back(Replace<ValidatingAdmissionPolicy>{in_place_of(*present, policy)});
    }
    const bool checked = right && is_checked(*present);
    const bool complained = checked && !present->status.type_checking->expression_warnings.empty();
    if (complained && refused.empty()) refused = complaint(*present);

    const ValidatingAdmissionPolicyBinding& binding = wanted.bindings[i];
    const ValidatingAdmissionPolicyBinding* bound = find(standing.bindings, binding.meta.name);
    if (bound == nullptr) {
      if (checked && !complained)
        work.actions.emplace_back(Create<ValidatingAdmissionPolicyBinding>{binding});
    } else if (!is_as_wanted(binding, *bound)) {
      work.actions.emplace_back(Replace<ValidatingAdmissionPolicyBinding>{in_place_of(*bound, binding)});
    } else if (right) {
      ++standing_now;
    }
  }
  remove_surplus(wanted.policies, standing.policies, work.actions);
  if (!asked) return work;
  if (!refused.empty()) {
    work.enforcement = {State::kRefused, refused};
  } else if (standing_now == wanted.policies.size()) {
    work.enforcement = stands(standing_now);
  } else {
    work.enforcement = {State::kRising,
                        std::to_string(standing_now) + " of " + std::to_string(wanted.policies.size()) +
                            " ValidatingAdmissionPolicies stand; each is bound once the API server has "
                            "checked its types"};
  }
  return work;
}

}  // namespace berth::wall
