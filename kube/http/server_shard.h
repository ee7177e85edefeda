// Shard: one thread of the server, with the connections it serves.
//
// Inside of kube/http; all of Asio's sockets on the server side are behind it. A connection stays with its
// shard, so nothing of it is shared. One timer per shard looks at all deadlines: a timer per operation costs
// a fifth of a small request (http-stack.md 1.2).
// Thread-safety: every function may be called from any thread; ServerShared is what all shards share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "kube/http/server.h"
#include "kube/http/socket_address.h"
#include "kube/http/tls_context.h"

namespace berth::http {

struct ServerCounters {
  std::atomic<std::uint64_t> accepted{0}, rejected{0}, evicted{0}, accept_failures{0}, handshake_failures{0},
      timeouts{0}, requests{0}, refused{0}, handler_failures{0}, connections{0}, in_flight{0},
      bytes_in_flight{0};
};

struct ServerShared {
  ServerOptions options;
  Handler handler;
  ServerCounters counters{};
  std::atomic<bool> draining{false};  // replies say "Connection: close"

  std::mutex mutex{};
  TlsContext tls{};                 // guarded by mutex; null: none yet
  std::condition_variable fewer{};  // with mutex: a connection has ended
};

// How often deadlines are looked at: a quarter of the shortest, from 5 to 250 ms. Pure.
std::chrono::milliseconds deadline_check_interval(const ServerOptions& options);

class Shard {
 public:
  // Requires that `shared` outlives this. Starts the thread.
  Shard(ServerShared& shared, std::size_t max_connections);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  // Ends the thread and closes what is open, at once.
  ~Shard();

  // Takes over a connected, non-blocking socket.
  void adopt(Descriptor descriptor, std::string peer);

  // Accepts from the listening, non-blocking `listener` until stop_listening(), which closes it, and hands
  // each connection, non-blocking, to `accepted` on the shard's thread.
  void listen(Descriptor listener, std::function<void(Descriptor, std::string peer)> accepted);
  // Returns when no accept will happen any more; whoever was connected by then has been accepted.
  void stop_listening();

  // Closes the connections that have waited for a further request for shutdown_limit, the others as soon as
  // they have, and each after its next reply. One that is new gets shutdown_limit to send its first request:
  // the client has reason to believe in it.
  void finish();

 private:
  class Connection;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace berth::http
