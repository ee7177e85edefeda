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

Condition enforced(const ExposurePolicy& policy, const Enforcement& enforcement) {
  if (policy.spec.enforce.network_policies) {
    return condition(policy, "Enforced", false, reason::kEnforceNotSupported,
                     "spec.enforce.networkPolicies: not carried out by this version, which closes namespaces "
                     "by their PortAllocations only: leave it out");
  }
  switch (enforcement.state) {
    case Enforcement::State::kRising:
      return condition(policy, "Enforced", false, reason::kWallRising, enforcement.message);
    case Enforcement::State::kStands:
      return condition(policy, "Enforced", true, reason::kWallStands, enforcement.message);
    case Enforcement::State::kRefused:
      return condition(policy, "Enforced", false, reason::kWallRefused, enforcement.message);
    case Enforcement::State::kNotAsked:
      break;
  }
  return condition(policy, "Enforced", true, reason::kNothingAsked,
                   "the webhook keeps the policy, as always");
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

ExposurePolicyStatus make_policy_status(const ExposurePolicy& policy, const Enforcement& enforcement,
                                        Instant now) {
  const Condition enforcing = enforced(policy, enforcement);
  Condition ready = in_force(policy);
  bool rising = false;
  if (ready.status == "True" && enforcing.status == "False") {
    ready = condition(policy, "Ready", false, enforcing.reason, enforcing.message);
    rising = enforcing.reason == reason::kWallRising;
  }
  // Judging needs no preparation: unless the wall is on its way, only an edit of the policy helps.
  const bool stalled = ready.status == "False" && !rising;
  std::vector<Condition> conditions = {ready, enforcing,
                                       condition(policy, "Reconciling", rising, ready.reason, ready.message),
                                       condition(policy, "Stalled", stalled, ready.reason, ready.message)};
  ExposurePolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.conditions = merged_conditions(policy.status.conditions, std::move(conditions), now);
  return status;
}

}  // namespace berth::exposure
