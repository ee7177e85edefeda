// Trust: what the API servers believe in, as far as it can be known, and what the registration should say.
//
// Known is what the registration says when it is read. Not known is when each API server has heard of it:
// every one follows the configuration by a watch of its own and tells nobody how far it is. So what stands in
// the registration counts as believed in when it has stood there for a while (`settle`). That time is taken
// by this process's own monotonic clock: replicas' clocks may differ. Thread-safety: values and pure
// functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/model/cluster_objects.h"
#include "webhook/certificate.h"

namespace berth::webhook {

// The authorities that stand in the caBundle of every entry of ours, spelled as http::split_certificates
// does. nullopt: there is no such entry, so nobody asks.
std::optional<std::vector<std::string>> published_authorities(
    const std::optional<ValidatingWebhookConfiguration>& configuration);

// Since when this process has seen what, monotonic.
struct TrustHistory {
  std::map<std::string, Instant> published = {};  // authority -> first seen in the registration
  std::map<std::string, Instant> strange = {};    // there, and not one of ours

  bool operator==(const TrustHistory&) const = default;
};

// What stands there at `monotonic`. `at_once`: the registration was made whole just now, so that no API
// server knows it without these authorities.
TrustHistory observed(TrustHistory history, const std::vector<std::string>& published, bool at_once,
                      Instant monotonic);
// Which of them are not ours.
TrustHistory told_apart(TrustHistory history, const std::vector<std::string>& published,
                        const std::vector<std::string>& ours, Instant monotonic);

// Whether an authority among those has been there for `settle`, to which the certificate leads.
bool settled(const TrustHistory& history, const std::string& chain_pem, Duration settle, Instant monotonic);

// What the caBundle should hold: ours, and for `linger` those that others put there, for a replica may still
// serve a certificate of theirs: one whose files are older, or that holds what stood in a Secret that is
// gone. Expired ones go at once, and the one that `serving` needs stays. At most eight.
std::vector<std::string> authorities_to_publish(const std::vector<std::string>& ours,
                                                const std::vector<std::string>& published,
                                                const TrustHistory& history, const std::string& serving,
                                                Duration linger, Instant monotonic, Instant now);

}  // namespace berth::webhook
