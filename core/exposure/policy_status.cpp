#include "core/exposure/policy_status.h"

#include <utility>

#include "core/exposure/policy_table.h"

namespace berth::exposure {

ExposurePolicyStatus make_policy_status(const ExposurePolicy& policy, Instant now) {
  const PolicyTable table(policy);
  Condition ready{"Ready", "True", policy.meta.generation, "", "InForce", "Every entry is read and in force"};
  if (!table.issues().empty()) {
    const Error& first = table.issues().front();
    ready.status = "False";
    ready.reason = "Unreadable";
    ready.message = first.field + ": " + first.message;
    if (table.issues().size() > 1) {
      ready.message +=
          " (and " + std::to_string(table.issues().size() - 1) + " more entries that count for nothing)";
    }
  }
  ExposurePolicyStatus status = policy.status;
  status.observed_generation = policy.meta.generation;
  status.conditions = merged_conditions(policy.status.conditions, {std::move(ready)}, now);
  return status;
}

}  // namespace berth::exposure
