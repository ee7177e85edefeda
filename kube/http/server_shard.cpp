#include "kube/http/server_shard.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <future>
#include <list>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>

#include "kube/http/reply_text.h"
#include "kube/http/request_parser.h"
#include "kube/http/socket_address.h"

namespace berth::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// How much of what a refused client still sends is thrown away, so that it can read the refusal: closing with
// bytes unread would reset the connection (RFC 9112 9.6).
constexpr std::size_t kMaxLinger = 4UL << 20U;
// A buffer that grew beyond this for one reply is not kept for the next.
constexpr std::size_t kMaxKeptReply = 64UL << 10U;
// Accepts in a row before other work of the shard gets its turn.
constexpr int kAcceptBatch = 64;
// What a kernel queues at most (somaxconn), so that clients cannot keep a server that stops.
constexpr int kMostQueued = 4096;

}  // namespace

struct Shard::State {
  ServerShared& shared;
  std::size_t max_connections;
  std::list<Connection*> connections{};  // each is kept alive by what it waits for
  bool finishing = false;
  bool ended = false;
  std::function<void(Descriptor, std::string)> accepted{};

  asio::io_context io{1};
  asio::steady_timer reaper{io};
  asio::posix::stream_descriptor listener{io};
  asio::steady_timer accept_pause{io};
  std::thread thread{};

  State(ServerShared& shared_, std::size_t max) : shared(shared_), max_connections(max) {}

  void reap();
  void wait_accept();
  void accept_some();
  int accept_up_to(int count);
  void make_room();
  void take(Descriptor descriptor, std::string peer);
};

class Shard::Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Phase : std::uint8_t { kHandshake, kIdle, kHeader, kBody, kReply, kClosing };

  Connection(Shard::State& shard, Descriptor descriptor, std::string peer, TlsContext tls)
      : shard_(shard),
        tls_context_(std::move(tls)),
        socket_(shard.io),
        peer_(std::move(peer)),
        parser_(options().max_header_bytes, options().max_body_bytes),
        input_(std::make_unique_for_overwrite<char[]>(options().max_header_bytes)) {
    error_code ec;
    const bool v6 = peer_.starts_with('[');
    // On an error the descriptor is closed and the first read fails.
    socket_.assign(v6 ? tcp::v6() : tcp::v4(), descriptor.release(), ec);
    socket_.set_option(tcp::no_delay(true), ec);
    socket_.non_blocking(true, ec);
    position_ = shard_.connections.insert(shard_.connections.end(), this);
    ++counters().connections;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { drop(); }

  void start() {
    if (!options().tls) return wait_for_request();
    enter(Phase::kHandshake, options().handshake_limit);
    SSL* session = tls_context_ ? SSL_new(tls_context_.get()) : nullptr;
    if (session == nullptr) {
      ++counters().handshake_failures;
      return drop();
    }
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, session);
    tls_->async_handshake(asio::ssl::stream_base::server, then(&Connection::on_handshake));
  }

  // Closes the socket; what is pending ends, and then nothing holds this any more.
  void drop() {
    if (dropped_) return;
    dropped_ = true;
    error_code ignored;
    socket_.close(ignored);
    shard_.connections.erase(position_);
    end_request();
    {
      const std::lock_guard lock(shard_.shared.mutex);
      --counters().connections;
    }
    shard_.shared.fewer.notify_all();
  }

  void drop_if_late(Clock::time_point now) {
    if (now < deadline_ || (shard_.finishing && phase_ == Phase::kIdle && has_unread())) return;
    if (phase_ != Phase::kClosing) ++counters().timeouts;
    drop();
  }

  void finish(Clock::time_point now) {
    if (phase_ != Phase::kIdle && phase_ != Phase::kHandshake) return;
    // One that was used a moment ago is likely to be used in the next: its client must not find it closed.
    const auto close_at = served_ > 0 ? since_ + options().silence_limit : now + options().shutdown_limit;
    deadline_ = std::min(deadline_, close_at);
    drop_if_late(now);
  }

  // A request that has come in and was not looked at yet: its sender may not send it again.
  [[nodiscard]] bool has_unread() {
    error_code ec;
    return socket_.available(ec) > 0 || (tls_ && SSL_pending(tls_->native_handle()) > 0);
  }

  // Who makes room first; nullopt: nobody may be taken out of its reply. Clients that never sent a whole
  // request go before those that did, and among equals the one that has had most time.
  [[nodiscard]] std::optional<std::pair<int, Clock::time_point>> eviction_rank() const {
    if (phase_ == Phase::kReply) return std::nullopt;
    if (phase_ == Phase::kClosing) return std::pair{0, since_};
    if (served_ == 0) return std::pair{1, born_};
    return std::pair{phase_ == Phase::kIdle ? 2 : 3, since_};
  }

 private:
  // One type for all completions, so that Asio's operations are instantiated once.
  using Method = void (Connection::*)(error_code, std::size_t);
  struct Completion {
    std::shared_ptr<Connection> self;
    Method method;
    void operator()(error_code ec, std::size_t count = 0) const {
      if (!self->dropped_) ((*self).*method)(ec, count);
    }
  };
  Completion then(Method method) { return {shared_from_this(), method}; }

  [[nodiscard]] const ServerOptions& options() const { return shard_.shared.options; }
  [[nodiscard]] ServerCounters& counters() const { return shard_.shared.counters; }

  void enter(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    since_ = Clock::now();
    deadline_ = since_ + limit;
  }

  void on_handshake(error_code ec, std::size_t /*count*/) {
    if (ec) {
      ++counters().handshake_failures;
      return drop();
    }
    wait_for_request();
  }

  void wait_for_request() {
    enter(Phase::kIdle, options().idle_limit);
    if (shard_.finishing) deadline_ = std::min(deadline_, since_ + options().shutdown_limit);
    if (begin_ < end_) return process();
    read();
  }

  void read() {
    if (begin_ > 0) {
      std::copy(input_.get() + begin_, input_.get() + end_, input_.get());
      end_ -= begin_;
      begin_ = 0;
    }
    const auto room = asio::buffer(input_.get() + end_, options().max_header_bytes - end_);
    if (tls_) {
      tls_->async_read_some(room, then(&Connection::on_read));
    } else {
      socket_.async_read_some(room, then(&Connection::on_read));
    }
  }

  void on_read(error_code ec, std::size_t count) {
    if (ec) return drop();
    end_ += count;
    process();
  }

  void process() {
    if (phase_ == Phase::kIdle) {
      enter(Phase::kHeader, options().header_limit);
      ++counters().in_flight;
      in_flight_ = true;
    }
    for (;;) {
      std::size_t used = 0;
      const auto step = parser_.read({input_.get() + begin_, end_ - begin_}, used);
      begin_ += used;
      if (step == RequestParser::Step::kRefused) return refuse(parser_.refusal());
      if (!account_body()) {
        return refuse({.status = 503,
                       .content_type = "text/plain; charset=utf-8",
                       .body = "too many requests are being read at once\n",
                       .headers = {{"Retry-After", "1"}}});
      }
      if (step == RequestParser::Step::kDone) return answer();
      if (step == RequestParser::Step::kHeader) {
        enter(Phase::kBody, options().body_limit);
        if (parser_.expects_continue() && begin_ == end_) return invite_body();
      } else if (used == 0 || begin_ == end_) {
        return read();
      }
    }
  }

  // Books the bytes of the body that came in; false when all bodies together are too many.
  bool account_body() {
    const std::size_t size = parser_.body_size();
    const std::size_t grown = size - booked_;
    booked_ = size;
    return counters().bytes_in_flight.fetch_add(grown) + grown <= options().max_bytes_in_flight;
  }

  void end_request() {
    counters().bytes_in_flight -= std::exchange(booked_, 0);
    if (std::exchange(in_flight_, false)) --counters().in_flight;
  }

  void invite_body() {
    output_ = "HTTP/1.1 100 Continue\r\n\r\n";
    after_output_ = &Connection::read;
    write();
  }

  void answer() {
    enter(Phase::kReply, options().write_limit);
    const bool head = parser_.is_head();
    bool close = !parser_.keep_alive();
    ServerRequest& request = parser_.request();
    request.peer = peer_;
    Reply reply;
    try {
      reply = shard_.shared.handler(request);
    } catch (const std::exception&) {
      reply.status = 0;
    }
    if (is_writable(reply)) {
      ++counters().requests;
    } else {
      ++counters().handler_failures;
      reply = {.status = 500, .content_type = "text/plain; charset=utf-8", .body = "internal error\n"};
      close = true;
    }
    ++served_;
    counters().bytes_in_flight -= std::exchange(booked_, 0);
    parser_.reset();
    // Asked as late as can be: a drain may have begun while the handler worked.
    close = close || shard_.finishing || shard_.shared.draining.load();
    output_.clear();
    append_reply(output_, reply, close, head);
    after_output_ = close ? &Connection::begin_closing : &Connection::next_request;
    write();
  }

  void refuse(const Reply& reply) {
    enter(Phase::kReply, options().write_limit);
    ++counters().refused;
    output_.clear();
    append_reply(output_, reply, true, false);
    counters().bytes_in_flight -= std::exchange(booked_, 0);
    parser_.reset();
    after_output_ = &Connection::begin_closing;
    write();
  }

  void write() {
    const auto rest = asio::buffer(output_.data() + written_, output_.size() - written_);
    if (tls_) {
      tls_->async_write_some(rest, then(&Connection::on_write));
    } else {
      socket_.async_write_some(rest, then(&Connection::on_write));
    }
  }

  void on_write(error_code ec, std::size_t count) {
    if (ec) return drop();
    written_ += count;
    if (written_ < output_.size()) return write();
    written_ = 0;
    if (output_.capacity() > kMaxKeptReply) output_ = {};
    (this->*after_output_)();
  }

  void next_request() {
    end_request();
    wait_for_request();
  }

  // Says that nothing more comes, and waits for the client to see it.
  void begin_closing() {
    end_request();
    enter(Phase::kClosing, options().shutdown_limit);
    // Asio hands TLS's farewell to the kernel within this call, and then waits for the client's.
    if (tls_) tls_->async_shutdown(then(&Connection::on_tls_closed));
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    if (ec) return drop();
    if (!tls_) linger({}, 0);
  }

  // Whatever came of it: the client may still be sending.
  void on_tls_closed(error_code /*ec*/, std::size_t /*count*/) { linger({}, 0); }

  void linger(error_code ec, std::size_t count) {
    lingered_ += count;
    if (ec || lingered_ > kMaxLinger) return drop();
    socket_.async_read_some(asio::buffer(input_.get(), options().max_header_bytes),
                            then(&Connection::linger));
  }

  Shard::State& shard_;
  TlsContext tls_context_;  // must live longer than tls_
  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_{};
  std::string peer_;
  std::list<Connection*>::iterator position_{};
  bool dropped_ = false;

  Phase phase_ = Phase::kHandshake;
  Clock::time_point born_ = Clock::now();
  Clock::time_point since_ = born_;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::uint64_t served_ = 0;

  RequestParser parser_;
  std::unique_ptr<char[]> input_;  // max_header_bytes; [begin_, end_) is not yet parsed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t booked_ = 0;  // of bytes_in_flight
  bool in_flight_ = false;
  std::string output_{};
  std::size_t written_ = 0;
  void (Connection::*after_output_)() = nullptr;
  std::size_t lingered_ = 0;
};

void Shard::State::reap() {
  reaper.expires_after(deadline_check_interval(shared.options));
  reaper.async_wait([this](error_code ec) {
    if (ec || ended) return;
    const auto now = Clock::now();
    for (auto next = connections.begin(); next != connections.end();) (*next++)->drop_if_late(now);
    reap();
  });
}

void Shard::State::wait_accept() {
  listener.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code ec) {
    if (!ec && listener.is_open()) accept_some();
  });
}

// Of those that the kernel has connected. 0: there may be more; EAGAIN: there are none; otherwise why it
// failed.
int Shard::State::accept_up_to(int count) {
  for (int i = 0; i < count; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Descriptor descriptor(::accept4(listener.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (descriptor.number() >= 0) {
      ++shared.counters.accepted;
      accepted(std::move(descriptor), socket_address_text(from));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return errno;
    }
  }
  return 0;
}

void Shard::State::accept_some() {
  const int failure = accept_up_to(kAcceptBatch);
  if (failure == 0 || failure == EAGAIN) return wait_accept();
  // No descriptors or memory: the connection stays in the kernel's queue; without a pause we would spin.
  ++shared.counters.accept_failures;
  accept_pause.expires_after(shared.options.accept_backoff);
  accept_pause.async_wait([this](error_code ec) {
    if (!ec && listener.is_open()) wait_accept();
  });
}

void Shard::State::make_room() {
  Connection* first = nullptr;
  std::pair<int, Clock::time_point> best{};
  for (Connection* connection : connections) {
    const auto rank = connection->eviction_rank();
    if (rank && (first == nullptr || *rank < best)) {
      first = connection;
      best = *rank;
    }
  }
  if (first == nullptr) return;
  ++shared.counters.evicted;
  first->drop();
}

void Shard::State::take(Descriptor descriptor, std::string peer) {
  if (ended) return;
  if (connections.size() >= max_connections) make_room();
  if (connections.size() >= max_connections) {
    ++shared.counters.rejected;
    return;
  }
  TlsContext tls;
  if (shared.options.tls) {
    const std::lock_guard lock(shared.mutex);
    tls = shared.tls;
  }
  std::make_shared<Connection>(*this, std::move(descriptor), std::move(peer), std::move(tls))->start();
}

Shard::Shard(ServerShared& shared, std::size_t max_connections)
    : state_(std::make_unique<State>(shared, max_connections)) {
  state_->reap();
  state_->thread = std::thread([this] { state_->io.run(); });
}

Shard::~Shard() {
  // With nothing left to wait for, the thread's run() returns.
  asio::post(state_->io, [state = state_.get()] {
    error_code ignored;
    state->ended = true;
    state->reaper.cancel();
    state->accept_pause.cancel();
    state->listener.close(ignored);
    while (!state->connections.empty()) state->connections.front()->drop();
  });
  state_->thread.join();
}

void Shard::adopt(Descriptor descriptor, std::string peer) {
  asio::post(state_->io,
             [state = state_.get(), owned = std::move(descriptor), from = std::move(peer)]() mutable {
               state->take(std::move(owned), std::move(from));
             });
}

void Shard::listen(Descriptor listener, std::function<void(Descriptor, std::string)> accepted) {
  asio::post(state_->io,
             [state = state_.get(), owned = std::move(listener), f = std::move(accepted)]() mutable {
               state->accepted = std::move(f);
               error_code ignored;
               state->listener.assign(owned.release(), ignored);
               state->wait_accept();
             });
}

void Shard::stop_listening() {
  std::promise<void> done;
  asio::post(state_->io, [state = state_.get(), &done] {
    error_code ignored;
    state->accept_pause.cancel();
    // Closing the listener would reset those that the kernel has connected already.
    if (state->listener.is_open()) state->accept_up_to(kMostQueued);
    state->listener.close(ignored);
    done.set_value();
  });
  done.get_future().wait();
}

void Shard::finish() {
  asio::post(state_->io, [state = state_.get()] {
    state->finishing = true;
    const auto now = Clock::now();
    for (auto next = state->connections.begin(); next != state->connections.end();) (*next++)->finish(now);
  });
}

}  // namespace berth::http
