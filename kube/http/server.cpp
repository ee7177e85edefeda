#include "kube/http/server.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kube/http/server_shard.h"
#include "kube/http/socket_address.h"

namespace berth::http {
namespace {

Status check(const ServerOptions& o) {
  const auto positive = [](std::chrono::milliseconds limit) { return limit.count() > 0; };
  if (o.threads < 1 || o.threads > 256) return malformed("threads must be 1 to 256", "threads");
  if (o.max_connections < static_cast<std::size_t>(o.threads)) {
    return malformed("max_connections must be at least one per thread", "max_connections");
  }
  if (o.max_header_bytes < 256 || o.max_header_bytes > (1UL << 20U)) {
    return malformed("max_header_bytes must be 256 to 1048576", "max_header_bytes");
  }
  if (!positive(o.handshake_limit) || !positive(o.header_limit) || !positive(o.body_limit) ||
      !positive(o.idle_limit) || !positive(o.write_limit) || !positive(o.shutdown_limit) ||
      !positive(o.silence_limit) || !positive(o.accept_backoff)) {
    return malformed("every limit of time must be longer than 0 ms");
  }
  return ok_status();
}

}  // namespace

struct Server::State {
  ServerShared shared;
  std::uint16_t port = 0;
  std::vector<std::unique_ptr<Shard>> shards{};
  std::size_t next_shard = 0;  // only the first shard's thread looks at it
  bool drained = false;

  State(const ServerOptions& options, Handler handler)
      : shared{.options = options, .handler = std::move(handler)} {}
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  TRY_DONE(check(options));
  if (!handler) return malformed("a server needs a handler");
  auto state = std::make_unique<State>(options, std::move(handler));
  if (options.certificate) {
    if (!options.tls) return malformed("a plain listener has no use for a certificate", "certificate");
    TRY(state->shared.tls, make_server_context(*options.certificate));
  }
  TRY(Listener listener, listen_on(options.address, options.port));
  state->port = listener.port;
  const auto threads = static_cast<std::size_t>(options.threads);
  for (std::size_t i = 0; i < threads; ++i) {
    state->shards.push_back(std::make_unique<Shard>(state->shared, options.max_connections / threads));
  }
  state->shards.front()->listen(
      std::move(listener.descriptor), [s = state.get()](Descriptor descriptor, std::string peer) {
        s->shards[s->next_shard++ % s->shards.size()]->adopt(std::move(descriptor), std::move(peer));
      });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  // The first shard hands connections to the others, so it must end first.
  for (auto& shard : state_->shards) shard.reset();
}

std::uint16_t Server::port() const { return state_->port; }

Status Server::set_certificate(const KeyPair& pair) {
  if (!state_->shared.options.tls) return malformed("a plain listener has no use for a certificate");
  TRY(TlsContext context, make_server_context(pair));
  const std::lock_guard lock(state_->shared.mutex);
  // The old one is freed behind the lock's end when no connection uses it.
  state_->shared.tls.swap(context);
  return ok_status();
}

bool Server::drain(std::chrono::milliseconds delay, std::chrono::milliseconds limit) {
  ServerShared& shared = state_->shared;
  if (std::exchange(state_->drained, true)) return true;
  shared.draining = true;
  {
    // Nothing wakes this: the news that we leave needs this time to spread.
    std::unique_lock lock(shared.mutex);
    shared.fewer.wait_for(lock, delay, [] { return false; });
  }
  state_->shards.front()->stop_listening();
  for (auto& shard : state_->shards) shard->finish();
  std::unique_lock lock(shared.mutex);
  shared.fewer.wait_for(lock, limit, [&] { return shared.counters.connections == 0; });
  const bool clean = shared.counters.in_flight == 0;
  lock.unlock();
  for (auto& shard : state_->shards) shard.reset();
  return clean;
}

ServerStats Server::stats() const {
  const ServerCounters& c = state_->shared.counters;
  return {.accepted = c.accepted,
          .rejected = c.rejected,
          .evicted = c.evicted,
          .accept_failures = c.accept_failures,
          .handshake_failures = c.handshake_failures,
          .timeouts = c.timeouts,
          .requests = c.requests,
          .refused = c.refused,
          .handler_failures = c.handler_failures,
          .connections = c.connections,
          .in_flight = c.in_flight,
          .bytes_in_flight = c.bytes_in_flight};
}

std::chrono::milliseconds deadline_check_interval(const ServerOptions& options) {
  using std::chrono::milliseconds;
  const auto shortest = std::min({options.handshake_limit, options.header_limit, options.body_limit,
                                  options.idle_limit, options.write_limit, options.shutdown_limit});
  return std::clamp(std::chrono::duration_cast<milliseconds>(shortest) / 4, milliseconds(5),
                    milliseconds(250));
}

}  // namespace berth::http
