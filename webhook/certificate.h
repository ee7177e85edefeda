// The webhook's own certificates: an authority and a leaf it signs, and what is due next.
//
// Pure: reading and writing the Secret is certificate_keeper's business, and `now` is a parameter. An
// authority is exchanged in stages that every replica works out alike from the Secret (conventions.md E8):
// first the new one stands in front of the old one and signs nothing that is served; when API servers are
// known to believe in it, a leaf of it takes the place of the old leaf; the old one goes when it has expired.
// Thread-safety: free functions without state.
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace berth::webhook {

// PEM texts, as the Secret has them.
struct CertificateBundle {
  std::string ca_certificates = {};  // the one whose key is ca_key first, then those that signed before it
  std::string ca_key = {};
  std::string certificate = {};  // by any of them
  std::string key = {};
  // The leaf was made before its authority was known to be believed in, as when everything was lost: who
  // serves it first has to wait (annotation kUnprovenAnnotation).
  bool unproven = false;

  bool operator==(const CertificateBundle&) const = default;
};

struct Validity {
  Duration ca = std::chrono::hours(24 * 3650);
  Duration leaf = std::chrono::hours(24 * 365);
};

// A new authority and a leaf for `names` (IP addresses are recognised as such).
Result<CertificateBundle> make_bundle(const std::vector<std::string>& names, Instant now,
                                      const Validity& validity);

// What is known of the API servers' belief in the authority that stands first.
enum class Belief {
  kNobodyAsks,  // there is no registration to be seen: who asks, if anybody, is not known
  kNotYet,      // it is not in the registration, or not long enough for every API server to have heard
  kSettled,
};

enum class Stage {
  kServe,              // nothing is due
  kAwait,              // a new authority is waiting to be believed in
  kMakeAll,            // nothing here can be used
  kAddAuthority,       // the one that signs is due
  kIssueLeaf,          // under the authority that stands first
  kForgetAuthorities,  // some have expired
  kConfirm,            // what was unproven is believed in by now
};

// "authority", "leaf", ...: for metrics and logs.
const char* to_string(Stage stage);

// Certificates are due after two thirds of their lives, and the leaf when a name is missing. A leaf of an
// older authority is exchanged when the new one is believed in; where nobody is seen to ask, when five sixths
// of its life are over; and when it cannot be used any more.
Stage next_stage(const CertificateBundle& bundle, Belief belief, const std::vector<std::string>& names,
                 Instant now);

// The bundle when that stage is carried out. At most four authorities are kept.
Result<CertificateBundle> advanced(const CertificateBundle& bundle, Stage stage, Belief belief,
                                   const std::vector<std::string>& names, Instant now,
                                   const Validity& validity);

}  // namespace berth::webhook
