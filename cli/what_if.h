// What-if: what a change of policies would mean for what stands in a cluster.
//
// Thread-safety: pure function over the scene.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/inputs.h"
#include "cli/lint.h"
#include "core/base/instant.h"
#include "core/policy_change.h"

namespace berth::cli {

struct WhatIf {
  std::size_t ways = 0;  // that stand
  PolicyChange change = {};
};

// Puts the policies of `policies` into the picture, in the place of those of the same name. Namespaces that
// are excluded from judgement are left out.
WhatIf what_if(cluster::Picture& picture, const Loaded& policies,
               const std::vector<std::string>& excluded_namespaces, Instant now);

// Something would newly be denied.
bool denies(const WhatIf& result);

// Stricter ways are entries with what would be said; milder ones are Allow, with what was said.
Report report_of(const WhatIf& result);

// "41 ways out stand: 3 would newly be denied, ...", with its end of line.
std::string summary(const WhatIf& result);

}  // namespace berth::cli
