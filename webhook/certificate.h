// Certificates of the webhook: a CA and a leaf it signs, made here and kept in one Secret.
//
// Not a store and not a clock: reading and writing the Secret is certificate_keeper's business, and `now` is
// a parameter. Keys are P-256. Thread-safety: free functions without state.
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace berth::webhook {

// PEM texts. `ca_certificates` may hold an old CA behind the current one, so that both are trusted while the
// leaf is exchanged (conventions.md E8).
struct CertificateBundle {
  std::string ca_certificates = {};
  std::string ca_key = {};
  std::string certificate = {};
  std::string key = {};

  bool operator==(const CertificateBundle&) const = default;
};

struct Validity {
  Duration ca = std::chrono::hours(24 * 3650);
  Duration leaf = std::chrono::hours(24 * 365);
};

struct CertificateFacts {
  Instant not_before = {};
  Instant not_after = {};
  std::vector<std::string> names = {};  // DNS names and IP addresses of the subject alternative name, sorted
};

// A new CA and a leaf for `names` (IP addresses are recognised as such). Valid from five minutes before
// `now`, for clocks that disagree.
Result<CertificateBundle> make_bundle(const std::vector<std::string>& names, Instant now,
                                      const Validity& validity);

// A new leaf under the CA that `bundle` already has.
Result<CertificateBundle> with_new_leaf(const CertificateBundle& bundle,
                                        const std::vector<std::string>& names, Instant now,
                                        const Validity& validity);

// The first certificate of a PEM text.
Result<CertificateFacts> read_certificate(const std::string& pem);

// Fails unless the leaf is signed by the first CA, the keys belong to their certificates and all of it
// parses.
Status verify_bundle(const CertificateBundle& bundle);

enum class Renewal { kNone, kLeaf, kAll };

// What is due: a certificate is renewed after two thirds of its life, and the leaf when a name is missing.
// Anything that cannot be read or does not belong together is made anew.
Renewal renewal_due(const CertificateBundle& bundle, const std::vector<std::string>& names, Instant now);

// Carries out what renewal_due says. The old CA stays in ca_certificates behind the new one until it expires.
Result<CertificateBundle> renewed(const CertificateBundle& bundle, Renewal renewal,
                                  const std::vector<std::string>& names, Instant now,
                                  const Validity& validity);

}  // namespace berth::webhook
