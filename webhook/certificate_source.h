// CertificateSource: where the webhook's certificate comes from.
//
// Its own Secret (certificate_keeper.h), or files that somebody else keeps (certificate_directory.h).
// Thread-safety: one thread calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/http/server.h"
#include "webhook/trust.h"

namespace berth::webhook {

// What is offered to be served and believed in.
struct OfferedCertificate {
  http::KeyPair pair = {};
  std::vector<std::string> authorities = {};  // to be believed in, spelled as http::split_certificates does
  // Whoever offers it has seen to it that every API server believes in its authority.
  bool proven = false;
  bool waiting = false;  // the next one waits to be believed in: look again soon
};

// What is known of the API servers at the moment.
struct Outlook {
  std::optional<std::vector<std::string>> published = {};  // published_authorities()
  TrustHistory history = {};
  Duration settle{};
  Instant monotonic = {};
};

class CertificateSource {
 public:
  virtual ~CertificateSource() = default;

  // Errors: why there is none at the moment; what was offered before may be served on. Conflict: another
  // replica was faster, ask again.
  virtual Result<OfferedCertificate> step(const Outlook& outlook) = 0;

  // Whether step() would offer something else, as far as that can be told without asking anybody.
  virtual bool has_news() { return false; }
};

}  // namespace berth::webhook
