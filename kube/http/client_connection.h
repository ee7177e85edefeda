// ClientConnection: one TCP or TLS connection of ours, used by waiting with a deadline.
//
// Inside of kube/http; all of Asio on the client side is behind it. It knows bytes, not HTTP.
// Thread-safety: one thread at a time, but for cancel().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "kube/http/tls_context.h"

namespace berth::http {

struct Peer {
  std::string host;
  std::uint16_t port;
  TlsContext tls;           // null: plain
  std::string server_name;  // who the certificate must be for
  bool skip_verify;
  std::chrono::milliseconds connect_limit;
  std::chrono::milliseconds handshake_limit;
};

class ClientConnection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Every address of a name gets its share of connect_limit.
  static Result<std::unique_ptr<ClientConnection>> connect(const Peer& peer, Time deadline);

  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
  ~ClientConnection();

  // All errors: Timeout, Unavailable, Cancelled. After one the connection is of no more use, except that what
  // the server said may still be read after a failed write.
  Status write(std::string_view bytes, Time deadline);
  // At least one byte, or 0 at the end of a connection that ended in good order.
  Result<std::size_t> read(char* room, std::size_t size, Time deadline);

  // Open, and nothing to be read: what an idle connection should be.
  bool is_quiet();

  // May be called from any thread: what waits, and every later call, fails with Cancelled.
  void cancel();

 private:
  struct State;
  explicit ClientConnection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::http
