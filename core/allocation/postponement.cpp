#include "core/allocation/postponement.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace berth::allocation {

std::vector<Grant> postpone_last_shard(ClaimPlan& plan, const std::set<Uid>& not_again) {
  if (plan.writes.size() < 2) return {};
  const PortLedger& last = plan.writes.back().object;
  if (last.spec.entries.size() >= static_cast<std::size_t>(kShardSize)) return {};
  const std::string& shard = last.meta.name;
  const auto stands_on_it = [&](const Grant& grant) {
    return std::find(grant.shards.begin(), grant.shards.end(), shard) != grant.shards.end();
  };
  const auto can_wait = [&](const Grant& grant) {
    return grant.shards.size() == 1 && grant.recovered.empty() && !not_again.contains(grant.uid);
  };
  const bool all_can_wait = std::all_of(plan.grants.begin(), plan.grants.end(), [&](const Grant& grant) {
    return !stands_on_it(grant) || can_wait(grant);
  });
  if (!all_can_wait) return {};
  const auto first = std::stable_partition(plan.grants.begin(), plan.grants.end(),
                                           [&](const Grant& grant) { return !stands_on_it(grant); });
  std::vector<Grant> postponed(std::make_move_iterator(first), std::make_move_iterator(plan.grants.end()));
  plan.grants.erase(first, plan.grants.end());
  plan.writes.pop_back();
  return postponed;
}

}  // namespace berth::allocation
