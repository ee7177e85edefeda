#include "kube/http/client_connection.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "kube/http/socket_address.h"

namespace berth::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// A peer that vanished without a word is noticed after 30 + 3 * 10 s (http-stack.md 3.2).
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 10;
constexpr int kKeepAliveProbes = 3;
constexpr int kUserTimeoutMilliseconds = 60'000;

struct Outcome {
  bool done = false;
  error_code ec{};
  std::size_t count = 0;
};

// One type for all completions, so that Asio's operations are instantiated once.
struct Completion {
  Outcome* outcome;
  void operator()(error_code ec, std::size_t count = 0) const { *outcome = {true, ec, count}; }
};

void set_option(int descriptor, int level, int name, int value) {
  // Each only makes a dead peer be noticed earlier; a kernel without it still works.
  (void)::setsockopt(descriptor, level, name, &value, sizeof value);
}

}  // namespace

struct ClientConnection::State {
  Peer peer;
  std::string where{};  // for messages: "10.0.0.1:6443"
  asio::io_context io{1};
  tcp::socket socket{io};
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls{};
  std::atomic<bool> cancelled{false};

  explicit State(const Peer& p)
      : peer(p),
        where(p.host.find(':') == std::string::npos ? p.host + ":" + std::to_string(p.port)
                                                    : "[" + p.host + "]:" + std::to_string(p.port)) {}

  Error failure(Code code, const std::string& what) const { return {code, where + ": " + what}; }

  // Runs one operation to its end or the deadline; then the socket is closed and it ends with that.
  template <class Start>
  Result<Outcome> await(Time deadline, const char* doing, Start start) {
    if (cancelled) return failure(Code::kCancelled, std::string(doing) + " was cancelled");
    Outcome outcome;
    start(Completion{&outcome});
    io.restart();
    while (!outcome.done && io.run_one_until(deadline) > 0) {
    }
    if (!outcome.done) {
      close();
      io.restart();
      while (!outcome.done && io.run_one() > 0) {
      }
      return failure(Code::kTimeout, std::string(doing) + " took too long");
    }
    if (cancelled) return failure(Code::kCancelled, std::string(doing) + " was cancelled");
    return outcome;
  }

  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  Result<std::vector<tcp::endpoint>> resolve(Time deadline) {
    error_code ec;
    const auto address = asio::ip::make_address(peer.host, ec);
    if (!ec) return std::vector{tcp::endpoint(address, peer.port)};
    tcp::resolver resolver(io);
    std::vector<tcp::endpoint> endpoints;
    TRY(const Outcome outcome, await(deadline, "resolving the name", [&](Completion completion) {
          resolver.async_resolve(
              peer.host, std::to_string(peer.port),
              [&endpoints, completion](error_code e, const tcp::resolver::results_type& all) {
                for (const auto& one : all) endpoints.push_back(one.endpoint());
                completion(e);
              });
        }));
    if (outcome.ec) return failure(Code::kUnavailable, "cannot resolve the name: " + outcome.ec.message());
    return endpoints;
  }

  Status connect(Time deadline) {
    const Time limit = std::min(deadline, Clock::now() + peer.connect_limit);
    TRY(const auto endpoints, resolve(limit));
    Error last = failure(Code::kUnavailable, "the name has no address");
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      const auto now = Clock::now();
      const auto share = (limit - now) / static_cast<int>(endpoints.size() - i);
      close();
      const auto outcome = await(now + share, "connecting", [&](Completion completion) {
        socket.async_connect(endpoints[i], completion);
      });
      if (outcome.ok() && !outcome->ec) {
        tune();
        return ok_status();
      }
      last = outcome.ok() ? failure(Code::kUnavailable, "cannot connect: " + outcome->ec.message())
                          : outcome.error();
      if (last.code == Code::kCancelled) break;
    }
    return last;
  }

  void tune() {
    const int descriptor = socket.native_handle();
    // Without it every new connection costs 40 ms (http-stack.md 2, trap 4).
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
    set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMilliseconds);
  }

  Status handshake(Time deadline) {
    TRY(SSL * session, new_client_session(peer.tls, peer.server_name, peer.skip_verify));
    tls = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket, session);
    const Time limit = std::min(deadline, Clock::now() + peer.handshake_limit);
    TRY(const Outcome outcome, await(limit, "the TLS handshake", [&](Completion completion) {
          tls->async_handshake(asio::ssl::stream_base::client, completion);
        }));
    if (!outcome.ec) return ok_status();
    std::string why = outcome.ec.message();
    if (const long verdict = SSL_get_verify_result(session); verdict != X509_V_OK) {
      why = "the server's certificate is not good for '" + peer.server_name +
            "': " + X509_verify_cert_error_string(verdict);
    }
    return failure(Code::kUnavailable, "TLS failed: " + why);
  }
};

ClientConnection::ClientConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}

ClientConnection::~ClientConnection() { state_->close(); }

Result<std::unique_ptr<ClientConnection>> ClientConnection::connect(const Peer& peer, Time deadline) {
  std::unique_ptr<ClientConnection> made(new ClientConnection(std::make_unique<State>(peer)));
  TRY_DONE(made->state_->connect(deadline));
  if (peer.tls) TRY_DONE(made->state_->handshake(deadline));
  return made;
}

Status ClientConnection::write(std::string_view bytes, Time deadline) {
  State& s = *state_;
  while (!bytes.empty()) {
    const auto rest = asio::buffer(bytes.data(), bytes.size());
    TRY(const Outcome outcome, s.await(deadline, "sending", [&](Completion completion) {
      if (s.tls) {
        s.tls->async_write_some(rest, completion);
      } else {
        s.socket.async_write_some(rest, completion);
      }
    }));
    if (outcome.ec) return s.failure(Code::kUnavailable, "cannot send: " + outcome.ec.message());
    bytes.remove_prefix(outcome.count);
  }
  return ok_status();
}

Result<std::size_t> ClientConnection::read(char* room, std::size_t size, Time deadline) {
  State& s = *state_;
  const auto buffer = asio::buffer(room, size);
  TRY(const Outcome outcome, s.await(deadline, "waiting for the answer", [&](Completion completion) {
    if (s.tls) {
      s.tls->async_read_some(buffer, completion);
    } else {
      s.socket.async_read_some(buffer, completion);
    }
  }));
  if (outcome.ec == asio::error::eof) return std::size_t{0};
  // An end without TLS's own farewell may be an attacker's: never taken for the end of a body.
  if (outcome.ec == asio::ssl::error::stream_truncated) {
    return s.failure(Code::kUnavailable, "the connection was cut");
  }
  if (outcome.ec) return s.failure(Code::kUnavailable, "the connection broke: " + outcome.ec.message());
  return outcome.count;
}

bool ClientConnection::is_quiet() {
  State& s = *state_;
  if (!s.socket.is_open() || s.cancelled) return false;
  if (s.tls && SSL_pending(s.tls->native_handle()) > 0) return false;
  pollfd readable{.fd = s.socket.native_handle(), .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&readable, 1, 0) == 0;
}

void ClientConnection::cancel() {
  state_->cancelled = true;
  asio::post(state_->io, [state = state_.get()] { state->close(); });
}

}  // namespace berth::http
