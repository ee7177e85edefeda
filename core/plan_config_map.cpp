#include "core/plan_config_map.h"

#include <algorithm>

#include "core/base/reasons.h"
#include "core/desired/config_maps.h"
#include "core/plan_writes.h"

namespace berth::plan_config_map {
namespace {

using desired::Problem;
using plan_writes::append;

// Those of `numbers` that status shows already.
std::vector<AllocatedPort> standing(const std::vector<AllocatedPort>& shown,
                                    const std::vector<AllocatedPort>& numbers) {
  std::vector<AllocatedPort> both;
  std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(both), [&](const AllocatedPort& number) {
    return std::any_of(shown.begin(), shown.end(), [&](const AllocatedPort& port) {
      return port.name == number.name && port.port == number.port && port.protocol == number.protocol;
    });
  });
  return both;
}

bool tells_only(const ConfigMap& present, const ConfigMap& wanted) {
  return std::all_of(present.data.begin(), present.data.end(), [&](const auto& told) {
    const auto entry = wanted.data.find(told.first);
    return entry != wanted.data.end() && entry->second == told.second;
  });
}

// What the API server said of it stands as long as nobody edits the allocation.
std::optional<Problem> told_problem(const Observation& seen) {
  const auto& problem = seen.config_map_problem;
  if (!problem || problem->generation != seen.allocation->meta.generation) return {};
  if (problem->name_taken) return Problem{reason::kNameTaken, problem->message, false};
  return Problem{reason::kRefused, "the API server refused " + problem->object + ": " + problem->message,
                 false};
}

}  // namespace

Writes plan(const Observation& seen, const std::vector<AllocatedPort>& numbers,
            const std::vector<const Service*>& services) {
  const PortAllocation& allocation = *seen.allocation;
  std::vector<ConfigMap> wanted;
  if (allocation.spec.config_map && !numbers.empty()) {
    wanted.push_back(desired::make_config_map(allocation, numbers, services));
  }
  Writes result;
  append(result.before,
         plan_writes::delete_unwanted(plan_writes::generated(seen.config_maps, allocation), wanted));
  if (wanted.empty()) return result;

  const ConfigMap* present = plan_writes::find_named(seen.config_maps, wanted.front().meta.key());
  const bool ours = present != nullptr && desired::told_for(present->meta) == allocation.meta.uid;
  const auto kept = standing(allocation.status.ports, numbers);
  const bool status_changes = kept.size() != numbers.size() || kept.size() != allocation.status.ports.size();
  plan_writes::Writes writes;
  if (ours && status_changes && !tells_only(*present, wanted.front())) {
    const ConfigMap until_then = desired::make_config_map(allocation, kept, services);
    plan_writes::write_wanted(seen.config_maps, until_then, writes);
    append(result.before, std::move(writes.actions));
    result.more = until_then.data != wanted.front().data;
  } else {
    plan_writes::write_wanted(seen.config_maps, wanted.front(), writes);
    result.after = std::move(writes.actions);
    result.restored = std::move(writes.restored);
  }
  if (!writes.clashes.empty()) {
    result.problem = writes.clashes.front();
  } else if (!result.after.empty()) {
    result.problem = told_problem(seen);
    result.refused = result.problem.has_value();
  } else if (result.more) {
    result.problem = Problem{reason::kPublishing, "the ConfigMap is being written", false};
  }
  return result;
}

}  // namespace berth::plan_config_map
