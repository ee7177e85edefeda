// Postponement: what of a claim plan may wait for the next one, so that in a burst most shards are written
// once, when they are full.
//
// The steps of a burst fill shard after shard, and each would write the one that it only begins, for the next
// one to write it again. Thread-safety: pure function.
#pragma once

#include <set>
#include <vector>

#include "core/allocation/chooser.h"

namespace berth::allocation {

// Takes the last shard's write and the grants that stand on it out of `plan`, and returns those grants: their
// requests are to be asked again. Nothing is taken when no other shard is written, when the last one is full
// now, when one of those grants stands on another shard too or recovers what was shown already, or when one
// of their owners is in `not_again` (who was postponed before: nobody waits twice).
std::vector<Grant> postpone_last_shard(ClaimPlan& plan, const std::set<Uid>& not_again);

}  // namespace berth::allocation
