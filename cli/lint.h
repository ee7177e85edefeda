// Lint: the webhook's judgement over files instead of over a cluster.
//
// Pure over what was read: every verdict comes from core's judge(), here it is only decided which
// object is judged against which facts. Thread-safety: free functions over values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/scene.h"
#include "core/admission.h"
#include "core/base/instant.h"

namespace berth::cli {

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

// Every object of PATH that can open a way out is judged: as if all of PATH were applied, and where it is
// known what was there before, also in the order of PATH, for what only two objects make together. A number
// that a manifest leaves open (a node port) is not known.
Report lint(Scene& scene, Instant now);

}  // namespace berth::cli
