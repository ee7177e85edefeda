// What plan() calls its actions and objects.
#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/plan.h"
#include "core/plan_writes.h"

namespace berth {

using plan_writes::kind_name;

std::string describe(const Action& action) {
  return std::visit(
      Overloaded{[](const WriteStatus& write) {
                   return "write status of PortAllocation " + to_string(write.allocation);
                 },
                 [](const CreateService& create) {
                   return "create Service " + to_string(create.service.meta.key());
                 },
                 [](const CreatePolicy& create) {
                   return "create NetworkPolicy " + to_string(create.policy.meta.key());
                 },
                 [](const CreateConfigMap& create) {
                   return "create ConfigMap " + to_string(create.config_map.meta.key());
                 },
                 [](const PatchObject& patch) {
                   return std::string("patch ") + kind_name(patch.kind) + " " + to_string(patch.key);
                 },
                 [](const DeleteObject& removal) {
                   return std::string("delete ") + kind_name(removal.kind) + " " + to_string(removal.key);
                 },
                 [](const ReleaseNumbers& release) {
                   return "release " + std::to_string(release.candidates.size()) + " numbers";
                 }},
      action);
}

std::vector<ObjectKey> generated_services(const ObjectKey& allocation) {
  return {allocation, {allocation.ns, allocation.name + kInternalServiceSuffix}};
}

std::vector<ObjectKey> generated_policies(const ObjectKey& allocation) {
  return {{allocation.ns, allocation.name + kIngressPolicySuffix},
          {allocation.ns, allocation.name + kEgressPolicySuffix},
          {allocation.ns, kDenyIngressPolicy},
          {allocation.ns, kDenyEgressPolicy},
          {allocation.ns, kAllowDnsPolicy}};
}

}  // namespace berth
