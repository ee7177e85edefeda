// review(): an AdmissionReview's text in, the answer's text out.
//
// A request that cannot be read is denied with the field path: never allowed, never an HTTP error, never a
// crash. Until the cluster has been read once nothing can be judged, so that everything is denied with that
// reason. Thread-safety: pure function; `facts` must not change during the call.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/admission.h"
#include "core/number_books.h"
#include "kube/adapters/table.h"

namespace berth::webhook {

struct Reviewed {
  std::string answer = {};  // AdmissionReview text for the API server
  Decision decision = Decision::kAllow;
  bool understood = true;     // false: denied because it could not be read
  std::string resource = {};  // "services", "deployments.apps": few values, for metrics
  std::string object = {};    // "Service data/web", for the log
  std::string user = {};
  bool dry_run = false;
  Outcome outcome = {};
  // What it was denied for: rule (rule_catalogue.h) and kind of way (via.h) of each finding, each pair once.
  std::set<std::pair<std::string, std::string>> denied_by = {};
};

// `facts` is nullptr until the first lists of every watched kind are complete; `books` are read together with
// them, nullptr = there are none. `table` reads the kinds that no code of ours does.
Reviewed review(std::string_view text, const exposure::Facts* facts, Instant now,
                const NumberBooks* books = nullptr, const adapters::Table& table = adapters::builtin());

}  // namespace berth::webhook
