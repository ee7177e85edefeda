// Lint: the webhook's judgement over files instead of over a cluster.
//
// Pure over what the loader read: every verdict comes from core's judge(), here it is only decided which
// object is judged against which facts. Thread-safety: free functions over values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/loader/objects.h"
#include "core/admission.h"
#include "core/base/instant.h"

namespace berth::cli {

struct LintInput {
  Loaded judged = {};    // PATH: every object that can open a way out is judged
  Loaded policies = {};  // --policy: only its ExposurePolicies count
  Loaded with = {};      // --with: known to be in the cluster, joined, not judged
  Loaded against = {};   // --against: the same, and the older versions of what is judged
};

// One finding, or one Allow for an object without findings.
struct Entry {
  std::string object = {};  // "Service data/web"
  std::string file = {};
  int line = 0;
  Finding finding = {};  // decision kAllow and nothing else: nothing to say
};

struct Report {
  std::vector<Entry> entries = {};  // in the order of the files, findings of one object together
  std::size_t judged = 0;
  std::size_t denied = 0;  // objects, by their strictest finding that is not only audited
  std::size_t unknown = 0;
  std::size_t warned = 0;
  std::size_t other = 0;  // objects of PATH that cannot open a way out
};

// Objects that stand twice in PATH, and a policy that stands nowhere, are errors in `problems`; the report is
// worthless then. A number that a manifest leaves open (a node port) is not known; status and
// metadata.deletionTimestamp of what is judged are dropped, as the API server drops them.
Report lint(LintInput input, Instant now, Problems& problems);

}  // namespace berth::cli
