// The rules: what one policy says of one way out, as an ordered list of named checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/verdict.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// Why a way is objected to; the order in which they are looked for.
enum class Ground {
  kInternal,    // a number on it is internal
  kConnect,     // the same, and the API server is asked to connect there
  kAddress,     // it leads to an address that is no pod's
  kRemoved,     // a deprecated port whose time is over
  kLeftOpen,    // an internal number that no NetworkPolicy would keep outsiders from any more
  kDebug,       // a debug container beside what is exposed, in a pod with an internal port
  kEndsTls,     // tls: Passthrough, and this way ends TLS
  kSources,     // `from`, and the sources of this way are not restricted to it
  kPlace,       // `shownOn`, and this way is shown elsewhere, or nobody knows where
  kUnresolved,  // the container port is not known
  kUndeclared,  // neither listed nor allocated
  kDeprecated,  // will be removed
  kMoved,       // seems to be an internal service that listens elsewhere
};

// Its id in rule_catalogue.h.
const char* rule_of(Ground ground);

struct Objection {
  Ground ground = Ground::kInternal;
  Decision decision = Decision::kDeny;  // after spec.unknown, spec.undeclared and action Warn; never kAllow
  std::int64_t number = 0;              // the number it is about, 0 = not known
  std::string reason = {};              // "port 5432 (PostgreSQL) is internal"
  std::string consequence = {};   // " and would be reachable from outside the cluster"; follows the policy
  std::string allowed_from = {};  // kSources: "10.20.0.0/16"; kPlace: "load balancer class example.org/edge"
  std::string awaited = {};  // kInternal: "StatefulSet data/pg", which has an exception and is not there yet
  bool forbidden = false;    // the decision would be kDeny, were the action Deny
};

// The first rule that objects decides; std::nullopt = the policy lets this way out.
std::optional<Objection> objection(const WayOut& way, const PolicyTable& policy, const Facts& facts,
                                   Instant now);

// A namespace on the way is taken in by the policy's selector. A namespace that is not known counts as taken
// in; kubernetes.io/metadata.name is implied, as the API server sets it on every namespace.
bool in_force(const ExposurePolicy& policy, const std::vector<std::string>& namespaces, const Facts& facts);

}  // namespace berth::exposure
