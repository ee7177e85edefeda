// The load generator: a fixed number of TLS connections that ask one after another for a fixed time.
//
// Plain Asio and one thread; it shares no HTTP code with the servers it measures. Every answer must be, byte
// by byte, what webhook::review() says of the review. A server whose answer is always the same passes too;
// that it took the review in shows at the next request of a connection, which stands behind it and would be
// misread. Usage: load KILOBYTES PORT CONNECTIONS SECONDS keep|close. KILOBYTES 3: a Service, more: a
// Deployment so large. `close`: a connection of its own, with a full handshake, for every request. Prints one
// line: answered requests, seconds, p50 and p99 in microseconds, failures. Usage: load KILOBYTES answer.
// Prints the right answer, for servers that cannot find it out.
#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/sample.h"
#include "webhook/review_handler.h"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

struct Tally {
  std::vector<std::int64_t> latencies = {};  // microseconds
  std::size_t failures = 0;
};

struct Job {
  tcp::endpoint server;
  std::string request;
  std::string ending;  // of every answer: the blank line and the body
  bool keep;
  Clock::time_point end;
};

class Asker : public std::enable_shared_from_this<Asker> {
 private:
  // A handler that goes on when all went well.
  template <class Next>
  auto then(Next next) {
    return [self = shared_from_this(), next](const error_code& error, auto...) {
      if (error) {
        self->fail();
      } else {
        next();
      }
    };
  }

 public:
  Asker(asio::io_context& io, asio::ssl::context& tls, const Job& job, Tally& tally)
      : io_(&io), tls_(&tls), job_(&job), tally_(&tally) {}

  // One request and then the next, on a new connection unless one is kept.
  void ask() {
    started_ = Clock::now();
    if (started_ >= job_->end) return;
    if (stream_) return send();
    stream_.emplace(*io_, *tls_);
    stream_->lowest_layer().async_connect(job_->server, then([this] { greet(); }));
  }

 private:
  void greet() {
    stream_->lowest_layer().set_option(tcp::no_delay(true));
    stream_->async_handshake(asio::ssl::stream_base::client, then([this] { send(); }));
  }

  void send() {
    answer_.clear();
    asio::async_write(*stream_, asio::buffer(job_->request), then([this] { receive_header(); }));
  }

  void receive_header() {
    asio::async_read_until(*stream_, asio::dynamic_buffer(answer_), "\r\n\r\n",
                           then([this] { receive_body(); }));
  }

  void receive_body() {
    const std::size_t header = answer_.find("\r\n\r\n") + 4;
    const std::optional<std::size_t> length = content_length(std::string_view(answer_).substr(0, header));
    if (!answer_.starts_with("HTTP/1.1 200 ") || !length) return fail();
    const std::size_t missing = header + *length - std::min(answer_.size(), header + *length);
    asio::async_read(*stream_, asio::dynamic_buffer(answer_), asio::transfer_exactly(missing),
                     then([this] { finish(); }));
  }

  void finish() {
    if (!std::string_view(answer_).ends_with(job_->ending)) return fail();
    tally_->latencies.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_).count());
    if (!job_->keep) hang_up();
    ask();
  }

  void fail() {
    ++tally_->failures;
    hang_up();
    // Not at once: a server that refuses everybody must not keep this loop from ending.
    asio::post(*io_, [self = shared_from_this()] { self->ask(); });
  }

  void hang_up() {
    error_code ignored;
    stream_->lowest_layer().close(ignored);
    stream_.reset();
  }

  static std::optional<std::size_t> content_length(std::string_view header) {
    constexpr std::string_view kName = "content-length:";
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    const auto* at = std::search(header.begin(), header.end(), kName.begin(), kName.end(), same);
    if (at == header.end()) return std::nullopt;
    at += kName.size();
    while (at != header.end() && *at == ' ') ++at;
    std::size_t length = 0;
    if (std::from_chars(at, header.end(), length).ec != std::errc()) return std::nullopt;
    return length;
  }

  asio::io_context* io_;
  asio::ssl::context* tls_;
  const Job* job_;
  Tally* tally_;
  std::optional<asio::ssl::stream<tcp::socket>> stream_ = {};
  std::string answer_ = {};
  Clock::time_point started_ = {};
};

std::int64_t percentile(const std::vector<std::int64_t>& sorted, std::size_t percent) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

std::string review_of(int kilobytes) {
  return kilobytes == 3 ? berth::bench::exposing_review()
                        : berth::bench::exposing_review_of(static_cast<std::size_t>(kilobytes) * 1000);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const bool only_answer = args.size() == 2 && args[1] == "answer";
  if (!only_answer && (args.size() != 5 || (args[4] != "keep" && args[4] != "close"))) {
    std::cerr << "usage: load KILOBYTES PORT CONNECTIONS SECONDS keep|close\n       load KILOBYTES answer\n";
    return 2;
  }
  const std::string body = review_of(std::stoi(args[0]));
  const auto facts = berth::bench::cluster(10);
  const std::string answer = berth::webhook::review(body, &facts, berth::bench::kNow).answer;
  if (only_answer) {
    std::cout << answer;
    return 0;
  }
  asio::io_context io(1);
  asio::ssl::context tls(asio::ssl::context::tlsv13_client);
  // What an API server asks for first; else each server would choose for itself.
  SSL_CTX_set_ciphersuites(tls.native_handle(), "TLS_AES_128_GCM_SHA256");
  const auto begin = Clock::now();
  const Job job{
      {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(args[1]))},
      "POST /validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body,
      "\r\n\r\n" + answer,
      args[4] == "keep",
      begin + std::chrono::seconds(std::stoi(args[3]))};
  Tally tally;
  for (int i = std::stoi(args[2]); i > 0; --i) std::make_shared<Asker>(io, tls, job, tally)->ask();
  io.run();
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::sort(tally.latencies.begin(), tally.latencies.end());
  std::cout << tally.latencies.size() << ' ' << took.count() << ' ' << percentile(tally.latencies, 50) << ' '
            << percentile(tally.latencies, 99) << ' ' << tally.failures << '\n';
}
