// Explain: every way out that an object takes part in, and what each policy says of it and why.
//
// Lint tells what is wrong with a change; this tells how things are. Thread-safety: free functions.
#pragma once

#include <string>
#include <vector>

#include "cli/resource.h"
#include "cli/scene.h"
#include "core/base/instant.h"
#include "core/exposure/account.h"

namespace berth::cli {

struct ExplainedWay {
  std::string path = {};
  std::string via = {};
  Decision decision = Decision::kAllow;          // the strictest of those that do not only audit
  std::vector<exposure::Account> accounts = {};  // one per policy, by name
};

struct Explained {
  std::string object = {};  // "Service data/web"
  std::vector<ExplainedWay> ways = {};
};

// The objects of PATH that can open a way out, as they would be, in the order of the files.
std::vector<Explained> explain_files(const Scene& scene, Instant now);

// The objects of those names in the namespace, as they stand. An error in `problems` for one that is not
// there.
std::vector<Explained> explain_objects(const Scene& scene, const std::vector<Resource>& resources,
                                       const std::string& ns, Instant now, Problems& problems);

// `colour`: decisions in ANSI colours.
std::string to_table(const std::vector<Explained>& explained, bool colour);
std::string to_json(const std::vector<Explained>& explained);

}  // namespace berth::cli
