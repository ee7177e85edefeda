// TlsTransport: the Transport that speaks HTTP/1.1 to the API server, over TLS or plain TCP.
//
// It keeps a few idle connections alive and gives every watch one of its own. It follows no redirect, uses no
// proxy and asks for no compression. It knows nothing of Kubernetes.
// Thread-safety: all functions may be called from several threads at once; each call waits in its own thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::http {

// How the server is recognised, and what we show it.
struct TlsClientOptions {
  std::string ca_pem = {};           // one or more certificates; "": the system's
  std::string certificate_pem = {};  // ours, with its chain; "": none is shown
  std::string key_pem = {};          // of certificate_pem
  std::string server_name = {};      // checked in place of the host (and sent as SNI unless it is an address)
  bool skip_verify = false;          // accepts any certificate: for people's kubeconfigs, never in a cluster

  bool operator==(const TlsClientOptions&) const = default;
};

struct TransportOptions {
  std::string host;  // a name, or an address (IPv6 without brackets)
  std::uint16_t port = 443;
  bool plain = false;  // no TLS at all; `tls` is then not looked at
  TlsClientOptions tls = {};
  std::string user_agent = "berth";

  // At most one of the two. The function is asked for every request. The file is read again when what we hold
  // is older than token_max_age or was answered with 401; while it cannot be read the last token stays in
  // use.
  std::function<std::string()> token = {};
  std::string token_file = {};
  std::chrono::milliseconds token_max_age{60'000};

  // Parts of a request's deadline; the deadline of the request itself always holds too. A host that is a name
  // is resolved by the system, whose own limits (resolv.conf) apply to that step.
  std::chrono::milliseconds connect_limit{10'000};
  std::chrono::milliseconds handshake_limit{10'000};

  // The API server drops idle connections after 90 s; we must be first.
  std::chrono::milliseconds idle_limit{45'000};
  std::size_t max_idle_connections = 4;

  std::size_t max_header_bytes = 64UL << 10U;
  std::size_t max_body_bytes =
      256UL << 20U;  // of exchange(); a stream has no limit, but holds at most 64 KiB
};

class TlsTransport final : public Transport {
 public:
  // Touches no network. Errors: Malformed when the options contradict each other or a PEM cannot be used.
  static Result<std::unique_ptr<TlsTransport>> make(TransportOptions options);

  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;
  ~TlsTransport() override;

  // A GET that fails on a connection used before, before any byte of the answer, is sent once more on a fresh
  // one. Anything else is sent at most once. Errors: Unavailable, Timeout; Malformed when the answer exceeds
  // max_body_bytes or the request cannot be written as HTTP.
  Result<Response> exchange(const Request& request, std::chrono::milliseconds deadline) override;

  // The error of a status other than 200 is error_from_status() of at most 64 KiB of its body. After an error
  // of read() the stream is over. The stream may outlive the transport.
  Result<std::unique_ptr<Stream>> open(const Request& request, std::chrono::milliseconds deadline) override;

  // From now on new connections use these; open streams live on. Errors leave all as it was.
  Status set_tls(const TlsClientOptions& tls);

 private:
  struct State;
  explicit TlsTransport(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::http
