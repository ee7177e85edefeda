// Server: HTTP/1.1 on a TLS or plain listener, made to be left alone with hostile clients.
//
// Every wait has a deadline, every buffer a bound. It routes nothing: one handler answers every request, on
// the thread that read it, so a handler must not block. HTTP/2 and client certificates are not offered.
// Thread-safety: all functions may be called from any thread except from the handler; the handler is called
// from `threads` threads at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace berth::http {

struct ServerRequest {
  std::string method = {};        // in upper case, one of the methods of RFC 9110 and PATCH
  std::string target = {};        // as sent: path and query, not decoded
  std::string content_type = {};  // "" when there is none
  std::string body = {};
  std::string peer = {};           // "203.0.113.9:40123", "[2001:db8::1]:40123"
  std::string authorization = {};  // the header of that name: a secret, never to be shown
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  // Further headers. Names and values are the program's own, never a client's.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// An exception out of a handler is answered with 500 and counted.
using Handler = std::function<Reply(const ServerRequest&)>;

struct KeyPair {
  std::string certificate_pem;  // leaf first, then its chain
  std::string key_pem;
};

struct ServerOptions {
  std::string address = {};  // a numeric address without brackets; "": all, IPv6 and IPv4
  std::uint16_t port = 0;    // 0: the system chooses, see Server::port()
  bool tls = true;
  std::optional<KeyPair> certificate =
      {};  // with tls; without one every handshake is refused until it is set

  int threads = 1;
  std::size_t max_connections = 512;              // beyond it the one that has waited longest makes room
  std::size_t max_bytes_in_flight = 64UL << 20U;  // bodies held at once; beyond it 503 and Retry-After: 1
  std::size_t max_body_bytes = 7UL << 20U;        // controller-runtime's figure; beyond it 413
  std::size_t max_header_bytes = 16UL << 10U;     // request line and headers; beyond it 431

  std::chrono::milliseconds handshake_limit{5'000};
  std::chrono::milliseconds header_limit{10'000};  // from the first byte of the request
  std::chrono::milliseconds body_limit{10'000};    // from the end of its header
  // Between requests; longer than Go's clients keep one (90 s), so that they close first and lose nothing.
  std::chrono::milliseconds idle_limit{120'000};
  std::chrono::milliseconds write_limit{10'000};
  std::chrono::milliseconds shutdown_limit{2'000};  // for the client to close after us
  // In a drain a connection that was used is closed when it has been silent for this long. Its client cannot
  // be told beforehand (RFC 9112 9.6), and what it sends in that very moment is lost: the longer, the less
  // likely.
  std::chrono::milliseconds silence_limit{8'000};
  std::chrono::milliseconds accept_backoff{100};  // after an accept that failed, e.g. for want of descriptors
};

// Counts since the start, but for the ones that say "now".
struct ServerStats {
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;         // closed at once: max_connections, all of them busy
  std::uint64_t evicted = 0;          // closed while waiting, to make room for a newer one
  std::uint64_t accept_failures = 0;  // accept(2) said no
  std::uint64_t handshake_failures = 0;
  std::uint64_t timeouts = 0;          // deadlines that passed
  std::uint64_t requests = 0;          // answered by the handler
  std::uint64_t refused = 0;           // answered 4xx or 503 without the handler
  std::uint64_t handler_failures = 0;  // exceptions
  std::uint64_t connections = 0;       // open now
  std::uint64_t in_flight = 0;         // requests now, from first byte to last byte of the reply
  std::uint64_t bytes_in_flight = 0;   // bodies held now

  bool operator==(const ServerStats&) const = default;
};

class Server {
 public:
  // Binds, listens and serves. Errors: Malformed (options, certificate), Unavailable (the address is taken).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Closes everything at once and waits for the threads; drain() first for an orderly end.
  ~Server();

  // The port that is listened on.
  [[nodiscard]] std::uint16_t port() const;

  // New connections are greeted with this one; open ones keep theirs. On an error (unreadable, or the key is
  // not the certificate's) the old one stays in use.
  Status set_certificate(const KeyPair& pair);

  // The orderly end (conventions.md P17): from now on every reply says "Connection: close"; for `delay` new
  // connections are still taken, as the news that we leave needs time to spread; then the listener closes,
  // what is in flight is finished within `limit`, and the threads end. Blocks for delay and at most limit.
  // True when nothing had to be cut off. A second call does nothing.
  bool drain(std::chrono::milliseconds delay, std::chrono::milliseconds limit);

  [[nodiscard]] ServerStats stats() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::http
