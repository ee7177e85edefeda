// Plan of the ConfigMap: what is due so that it tells exactly the numbers that status shows.
//
// Part of plan() (core/plan.h). A number is told only after it stands in status, and is no longer told before
// it leaves status, so that at every moment a pod reads numbers that are held. Thread-safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/plan.h"

namespace berth::plan_config_map {

struct Writes {
  std::vector<Action> before = {};  // before the status is written
  std::vector<Action> after = {};   // once status shows the numbers
  bool refused = false;             // `after` was refused before: told first, tried again then
  bool more = false;                // the rest is due when these are done and observed
  std::optional<desired::Problem> problem = {};
  std::vector<std::string> restored = {};  // as of plan_writes::Writes

  bool operator==(const Writes&) const = default;
};

// `numbers`: what the next status shows. `services`: what will offer them.
Writes plan(const Observation& seen, const std::vector<AllocatedPort>& numbers,
            const std::vector<const Service*>& services);

}  // namespace berth::plan_config_map
