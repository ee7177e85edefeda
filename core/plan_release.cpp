#include "core/plan.h"
#include "core/plan_writes.h"

namespace berth {

Plan plan_release(const OrphanObservation& observation) {
  Plan plan;
  if (observation.live_owner && observation.live_owner->meta.uid == observation.uid) return plan;
  const auto add = [&](const auto& objects) {
    for (const auto* object : objects) {
      const bool generated = plan_writes::owner_of(*object) == observation.uid;
      if (generated && !object->meta.deleting()) plan.actions.push_back(plan_writes::remove(*object));
    }
  };
  add(observation.config_maps);
  add(observation.services);
  add(observation.policies);
  std::vector<allocation::ReleaseCandidate> candidates;
  for (const allocation::ReleaseCandidate& candidate : observation.candidates) {
    if (candidate.number.entry.owner_uid == observation.uid) candidates.push_back(candidate);
  }
  if (!candidates.empty()) plan.actions.push_back(ReleaseNumbers{std::move(candidates)});
  return plan;
}

}  // namespace berth
