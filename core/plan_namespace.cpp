#include "core/base/api_names.h"
#include "core/desired/policies.h"
#include "core/plan.h"
#include "core/plan_writes.h"

namespace berth {

using namespace plan_writes;

Plan plan_namespace(const NamespaceObservation& observation) {
  Plan plan;
  const Namespace& ns = *observation.ns;
  if (ns.meta.deleting()) return plan;
  const bool managed = desired::is_managed(ns.meta.labels);
  const bool unneeded = !observation.has_allocations && observation.pods == std::size_t{0};
  Writes writes;
  for (const NetworkPolicy& wanted : desired::make_namespace_policies(ns.meta.name)) {
    const NetworkPolicy* present = find_named(observation.policies, wanted.meta.key());
    if (!managed || unneeded) {
      const bool ours = present != nullptr && present->meta.labels.contains(kManagedByLabel) &&
                        present->meta.labels.at(kManagedByLabel) == kManagedByValue;
      if (ours && !present->meta.deleting()) plan.actions.push_back(remove(*present));
    } else if ((observation.has_allocations && !observation.all_held_back) || present != nullptr) {
      write_wanted(observation.policies, wanted, writes);
    }
  }
  append(plan.actions, std::move(writes.actions));
  for (const Problem& clash : writes.clashes) plan.notices.push_back({true, clash.reason, clash.message});
  return plan;
}

}  // namespace berth
