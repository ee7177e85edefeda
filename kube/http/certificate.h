// Certificates: X.509 made and looked at, as PEM texts.
//
// Whoever needs one without an authority outside: the webhook's own authority and its leaves, and a listener
// that signs for itself. Keys are P-256. `now` is a parameter. Thread-safety: free functions without state.
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/http/server.h"

namespace berth::http {

// Every certificate made here is valid from this long before `now`: clocks may differ by an hour in either
// direction, the maker's and the reader's, and a certificate from the future is refused.
inline constexpr Duration kBackdate = std::chrono::hours(2);

struct CertificateFacts {
  Instant not_before = {};
  Instant not_after = {};
  std::vector<std::string> names = {};  // DNS names and IP addresses of the subject alternative name, sorted
};

// A certificate that signs others (CA:TRUE, pathlen 0), and its key.
Result<KeyPair> make_authority(const std::string& common_name, Instant now, Duration life);

// A server's certificate for `names` (IP addresses are recognised as such), signed by `authority`. It ends
// with its authority at the latest. Errors: Malformed without a name.
Result<KeyPair> issue_certificate(const KeyPair& authority, const std::string& common_name,
                                  const std::vector<std::string>& names, Instant now, Duration life);

// A server's certificate that signs itself: it protects from listeners, not from impostors.
Result<KeyPair> make_self_signed(const std::string& common_name, const std::vector<std::string>& names,
                                 Instant now, Duration life);

// The first certificate of a PEM text.
Result<CertificateFacts> read_certificate(const std::string& pem);

// Every certificate of a PEM text, each by itself and spelled alike, so that equal ones are equal texts.
// Errors: Malformed when one cannot be read; none at all is an empty list.
Result<std::vector<std::string>> split_certificates(const std::string& pem);

// Malformed unless both can be read and the key is the certificate's.
Status check_pair(const KeyPair& pair);

// Whether the first certificate of `chain_pem` leads, by way of the others, to one of `authorities` (PEM,
// each trusted as it stands, as Go's crypto/x509 does it). Says nothing of time and names.
bool leads_to(const std::string& chain_pem, const std::vector<std::string>& authorities);

// When a certificate has lived two thirds of its life, counted from when it was made.
Instant renewal_due(const CertificateFacts& facts);

}  // namespace berth::http
