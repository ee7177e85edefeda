#include "kube/http/tls_transport.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/http/client_connection.h"
#include "kube/http/request_text.h"
#include "kube/http/response_parser.h"
#include "kube/http/status_error.h"
#include "kube/http/tls_context.h"
#include "kube/http/token_file.h"

namespace berth::http {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// Of the body of an answer to open() that is not a stream.
constexpr std::uint64_t kMaxErrorBody = 64UL << 10U;

// An answer on its way through a connection: feeds the parser with what arrives.
class Reader {
 public:
  Reader(ClientConnection& connection, ResponseParser& parser, std::size_t room)
      : connection_(connection), parser_(parser), buffer_(room, '\0') {}

  // Reads on until the parser says something other than kNeedMore. Errors: those of the connection and of the
  // parser; the body read before one is in the parser.
  Result<ResponseParser::Step> next(Time deadline, bool until_some_body = false) {
    for (;;) {
      if (begin_ < end_) {
        std::size_t used = 0;
        const auto step = parser_.read({buffer_.data() + begin_, end_ - begin_}, used);
        begin_ += used;
        if (step == ResponseParser::Step::kBroken) return parser_.failure();
        if (step != ResponseParser::Step::kNeedMore) return step;
        if (until_some_body && !parser_.response().body.empty()) return step;
      }
      std::copy(buffer_.data() + begin_, buffer_.data() + end_, buffer_.data());
      end_ -= std::exchange(begin_, 0);
      TRY(const std::size_t count, connection_.read(buffer_.data() + end_, buffer_.size() - end_, deadline));
      got_some_ = got_some_ || count > 0;
      end_ += count;
      if (count > 0) continue;
      const auto step = parser_.read_end();
      if (step == ResponseParser::Step::kBroken) return parser_.failure();
      return step;
    }
  }

  // Whether any byte of the answer has come.
  [[nodiscard]] bool got_some() const { return got_some_; }
  // Whether something came behind the answer, which nobody asked for.
  [[nodiscard]] bool has_rest() const { return begin_ < end_; }

 private:
  ClientConnection& connection_;
  ResponseParser& parser_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool got_some_ = false;
};

// The whole answer. The body, or what of it came before the error, is in the parser.
Status read_whole(Reader& reader, Time deadline) {
  for (;;) {
    TRY(const auto step, reader.next(deadline));
    if (step == ResponseParser::Step::kDone) return ok_status();
  }
}

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<ClientConnection> connection, std::unique_ptr<ResponseParser> parser,
            std::unique_ptr<Reader> reader, bool done)
      : connection_(std::move(connection)),
        parser_(std::move(parser)),
        reader_(std::move(reader)),
        done_(done) {}

  Result<std::string> read(std::chrono::milliseconds silence) override {
    if (cancelled_) return Error{Code::kCancelled, "the stream was cancelled"};
    const Time deadline = Clock::now() + silence;
    while (parser_->response().body.empty()) {
      if (done_) return std::string();
      if (failure_) return *failure_;
      const auto step = reader_->next(deadline, true);
      if (!step.ok()) failure_ = step.error();
      done_ = step.ok() && *step == ResponseParser::Step::kDone;
    }
    if (cancelled_) return Error{Code::kCancelled, "the stream was cancelled"};
    return std::exchange(parser_->response().body, {});
  }

  void cancel() override {
    cancelled_ = true;
    connection_->cancel();
  }

 private:
  std::unique_ptr<ClientConnection> connection_;
  std::unique_ptr<ResponseParser> parser_;
  std::unique_ptr<Reader> reader_;  // refers to the two above
  bool done_;
  std::optional<Error> failure_{};
  std::atomic<bool> cancelled_{false};
};

}  // namespace

struct TlsTransport::State {
  struct Idle {
    std::unique_ptr<ClientConnection> connection;
    Time since;
    std::uint64_t generation;
  };
  struct Lease {
    std::unique_ptr<ClientConnection> connection{};
    std::uint64_t generation = 0;
    bool reused = false;
  };

  explicit State(TransportOptions o)
      : options(std::move(o)), host(host_header(options.host, options.port, options.plain)) {
    if (!options.token_file.empty()) token_file.emplace(options.token_file, options.token_max_age);
  }

  const TransportOptions options;  // of options.tls only what it was at first
  const std::string host;
  std::optional<TokenFile> token_file{};

  std::mutex mutex{};  // guards what follows
  TlsClientOptions tls{};
  TlsContext context{};
  std::uint64_t generation = 0;  // of tls and context
  std::vector<Idle> idle{};      // the one used last is the last

  Result<std::string> token() {
    if (options.token) return options.token();
    if (token_file) return token_file->token(Clock::now());
    return std::string();
  }

  Result<std::string> text(const Request& request) {
    TRY(const std::string bearer, token());
    return request_text(request, host, options.user_agent, bearer);
  }

  std::optional<Lease> take_idle() {
    std::vector<Idle> dropped;  // closed after the lock
    const std::lock_guard lock(mutex);
    const Time oldest = Clock::now() - options.idle_limit;
    while (!idle.empty()) {
      Idle last = std::move(idle.back());
      idle.pop_back();
      if (last.since >= oldest && last.generation == generation && last.connection->is_quiet()) {
        return Lease{std::move(last.connection), last.generation, true};
      }
      dropped.push_back(std::move(last));
    }
    return std::nullopt;
  }

  Result<Lease> connect(Time deadline) {
    Lease lease;
    Peer peer{.host = options.host,
              .port = options.port,
              .tls = {},
              .server_name = {},
              .skip_verify = false,
              .connect_limit = options.connect_limit,
              .handshake_limit = options.handshake_limit};
    {
      const std::lock_guard lock(mutex);
      peer.tls = context;
      peer.server_name = tls.server_name.empty() ? options.host : tls.server_name;
      peer.skip_verify = tls.skip_verify;
      lease.generation = generation;
    }
    TRY(lease.connection, ClientConnection::connect(peer, deadline));
    return lease;
  }

  void give_back(Lease lease) {
    std::vector<Idle> dropped;
    const std::lock_guard lock(mutex);
    if (lease.generation != generation || options.max_idle_connections == 0) return;
    const Time now = Clock::now();
    idle.push_back({std::move(lease.connection), now, lease.generation});
    const auto stale =
        std::ranges::find_if(idle, [&](const Idle& one) { return one.since >= now - options.idle_limit; });
    std::move(idle.begin(), stale, std::back_inserter(dropped));
    idle.erase(idle.begin(), stale);
    if (idle.size() > options.max_idle_connections) {
      dropped.push_back(std::move(idle.front()));
      idle.erase(idle.begin());
    }
  }

  void see_status(int status) {
    if (status == 401 && token_file) token_file->expire();
  }

  // One try on one connection; `answered`: at least one byte of an answer came.
  Result<Response> attempt(Lease lease, const std::string& bytes, bool head, Time deadline, bool& answered) {
    ResponseParser parser(options.max_header_bytes, options.max_body_bytes, head);
    Reader reader(*lease.connection, parser, options.max_header_bytes);
    const Status sent = lease.connection->write(bytes, deadline);
    // A server that refuses a body midway (413) has said why before it closed: that is worth a second.
    const Time limit =
        sent.ok() ? deadline : std::min(deadline, Clock::now() + std::chrono::milliseconds(1000));
    const Status read = read_whole(reader, limit);
    answered = reader.got_some();
    if (!read.ok()) return sent.ok() ? read.error() : sent.error();
    if (sent.ok() && parser.keep_alive() && !reader.has_rest()) give_back(std::move(lease));
    see_status(parser.response().status);
    return std::move(parser.response());
  }
};

TlsTransport::TlsTransport(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsTransport::~TlsTransport() = default;

Result<std::unique_ptr<TlsTransport>> TlsTransport::make(TransportOptions options) {
  if (options.token && !options.token_file.empty()) {
    return malformed("a token function and a token file exclude each other", "token_file");
  }
  if (options.host.empty()) return malformed("a host to connect to is a name or an address", "host");
  if (options.port == 0) return malformed("a port to connect to is 1 to 65535", "port");
  if (options.max_header_bytes < 256 || options.max_header_bytes > (1UL << 30U)) {
    return malformed("max_header_bytes must be 256 to 1073741824", "max_header_bytes");
  }
  const TlsClientOptions tls = options.tls;
  std::unique_ptr<TlsTransport> made(new TlsTransport(std::make_unique<State>(std::move(options))));
  TRY_DONE(request_text({.target = "/"}, made->state_->host, made->state_->options.user_agent, ""));
  if (!made->state_->options.plain) TRY_DONE(made->set_tls(tls));
  return made;
}

Status TlsTransport::set_tls(const TlsClientOptions& tls) {
  if (state_->options.plain) return malformed("a plain connection has no use for TLS options");
  TRY(TlsContext context, make_client_context(tls));
  std::vector<State::Idle> dropped;
  const std::lock_guard lock(state_->mutex);
  state_->tls = tls;
  state_->context.swap(context);
  ++state_->generation;
  dropped.swap(state_->idle);
  return ok_status();
}

Result<Response> TlsTransport::exchange(const Request& request, std::chrono::milliseconds deadline) {
  State& s = *state_;
  const Time until = Clock::now() + deadline;
  TRY(const std::string bytes, s.text(request));
  const bool head = request.method == "HEAD";
  if (auto lease = s.take_idle()) {
    bool answered = false;
    auto response = s.attempt(std::move(*lease), bytes, head, until, answered);
    // The server may have closed the connection as we wrote. Only what changes nothing is said twice.
    const bool again =
        !response.ok() && response.error().code == Code::kUnavailable && !answered && request.method == "GET";
    if (!again) return response;
  }
  TRY(auto lease, s.connect(until));
  bool answered = false;
  return s.attempt(std::move(lease), bytes, head, until, answered);
}

Result<std::unique_ptr<Stream>> TlsTransport::open(const Request& request,
                                                   std::chrono::milliseconds deadline) {
  State& s = *state_;
  const Time until = Clock::now() + deadline;
  TRY(const std::string bytes, s.text(request));
  TRY(auto lease, s.connect(until));
  auto parser = std::make_unique<ResponseParser>(s.options.max_header_bytes, ResponseParser::kNoLimit, false);
  auto reader = std::make_unique<Reader>(*lease.connection, *parser, s.options.max_header_bytes);
  TRY_DONE(lease.connection->write(bytes, until));
  TRY(auto step, reader->next(until));
  Response& response = parser->response();
  s.see_status(response.status);
  if (response.status == 200) {
    return std::unique_ptr<Stream>(std::make_unique<TlsStream>(std::move(lease.connection), std::move(parser),
                                                               std::move(reader),
                                                               step == ResponseParser::Step::kDone));
  }
  // The status is what counts: a body that breaks off is shown as far as it came.
  while (step != ResponseParser::Step::kDone && response.body.size() < kMaxErrorBody) {
    const auto next = reader->next(until, true);
    if (!next.ok()) break;
    step = *next;
  }
  return error_from_status(response);
}

}  // namespace berth::http
