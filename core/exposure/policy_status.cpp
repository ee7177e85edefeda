#include "core/exposure/policy_status.h"

#include <utility>

#include "core/base/reasons.h"
#include "core/exposure/policy_table.h"

namespace berth::exposure {
namespace {

Condition condition(const ExposurePolicy& policy, const char* type, bool holds, std::string reason,
                    std::string message) {
  return {type, holds ? "True" : "False", policy.meta.generation, "", std::move(reason), std::move(message)};
}

// Nothing but the webhook keeps policies yet: who asks for more must not believe to have it.
Condition enforced(const ExposurePolicy& policy) {
  std::string asked;
  if (policy.spec.enforce.network_policies) asked = "spec.enforce.networkPolicies";
  if (policy.spec.enforce.admission_policy) {
    asked += (asked.empty() ? "" : " and ") + std::string("spec.enforce.admissionPolicy");
  }
  if (asked.empty()) {
    return condition(policy, "Enforced", true, reason::kNothingAsked,
                     "the webhook keeps the policy, as always");
  }
  return condition(policy, "Enforced", false, reason::kEnforceNotSupported,
                   asked +
                       ": not carried out by this version, only the webhook keeps the policy: "
                       "leave it out");
}

Condition in_force(const ExposurePolicy& policy) {
  const PolicyTable table(policy);
  if (table.issues().empty()) {
    return condition(policy, "Ready", true, reason::kInForce, "Every entry is read and in force");
  }
  const Error& first = table.issues().front();
  std::string message = first.field + ": " + first.message;
  if (table.issues().size() > 1) {
    message += " (and " + std::to_string(table.issues().size() - 1) + " more entries that count for nothing)";
  }
  return condition(policy, "Ready", false, reason::kUnreadable, std::move(message));
}

}  // namespace

ExposurePolicyStatus make_policy_status(const ExposurePolicy& policy, Instant now) {
  const Condition enforcement = enforced(policy);
  Condition ready = in_force(policy);
  if (ready.status == "True" && enforcement.status == "False") {
    ready = condition(policy, "Ready", false, enforcement.reason, enforcement.message);
  }
  // Only an edit of the policy helps, and nothing is ever on its way: judging needs no preparation.
  const bool stalled = ready.status == "False";
  std::vector<Condition> conditions = {ready, enforcement,
                                       condition(policy, "Reconciling", false, ready.reason, ready.message),
                                       condition(policy, "Stalled", stalled, ready.reason, ready.message)};
  ExposurePolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.conditions = merged_conditions(policy.status.conditions, std::move(conditions), now);
  return status;
}

}  // namespace berth::exposure
