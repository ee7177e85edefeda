// The gate a server must pass before it may stand in front of an API server: what hostile, broken and
// vanishing clients do to it. Each test runs the server in a process of its own, so that its memory and
// descriptors can be counted, over TLS and plain. The figures are printed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "kube/http/server.h"
#include "kube/http/test_support.h"

#if defined(__SANITIZE_ADDRESS__)
// Freed memory is held back from use for a while, by default 256 MB of it: more than would be leaked here.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=8"; }
#endif

namespace berth::http {
namespace {

using test::Answer;
using test::Authority;
using test::eventually;
using test::get;
using test::post;
using test::RawClient;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
constexpr long kMaxGrowth = 48L << 20U;
#else
constexpr bool kSanitized = false;
constexpr long kMaxGrowth = 5L << 20U;
#endif

constexpr std::size_t kLargeReply = 16U << 20U;

// What the server says of itself.
Reply report(const ServerStats& s) {
  std::ostringstream out;
  out << s.evicted << ' ' << s.accept_failures << ' ' << s.timeouts << ' ' << s.connections << ' '
      << s.in_flight << ' ' << s.bytes_in_flight;
  return {.content_type = "text/plain", .body = out.str()};
}

struct Report {
  std::uint64_t evicted = 0, accept_failures = 0, timeouts = 0, connections = 0, in_flight = 0,
                body_bytes = 0;
};

long milliseconds_since(Clock::time_point start) {
  return static_cast<long>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count());
}

// As the programs do it: SIGTERM drains.
[[noreturn]] void serve(const ServerOptions& options, rlim_t descriptors, int port_pipe) {
  sigset_t set{};
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (descriptors > 0) {
    const rlimit limit{.rlim_cur = descriptors, .rlim_max = descriptors};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) std::_Exit(3);
  }
  Server* self = nullptr;
  auto server = Server::start(options, [&self](const ServerRequest& request) {
    if (request.target == "/stats") return report(self->stats());
    if (request.target == "/large") return Reply{.body = std::string(kLargeReply, 'x')};
    return Reply{.body = std::to_string(request.body.size())};
  });
  if (!server.ok()) std::_Exit(4);
  self = server->get();
  const std::uint16_t port = self->port();
  if (::write(port_pipe, &port, sizeof port) != sizeof port) std::_Exit(5);
  int signal = 0;
  sigwait(&set, &signal);
  const bool clean = self->drain(200ms, 5s);
  server->reset();
  std::_Exit(clean ? 0 : 1);
}

class ServerProcess {
 public:
  explicit ServerProcess(const ServerOptions& options, rlim_t descriptors = 0) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) serve(options, descriptors, ends[1]);
    ::close(ends[1]);
    EXPECT_EQ(::read(ends[0], &port_, sizeof port_), static_cast<ssize_t>(sizeof port_));
    ::close(ends[0]);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  [[nodiscard]] long resident() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    long total = 0;
    long pages = 0;
    file >> total >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
  }
  [[nodiscard]] long descriptors() const {
    return static_cast<long>(
        std::distance(std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd"),
                      std::filesystem::directory_iterator()));
  }
  void ask_to_stop() const { ::kill(pid_, SIGTERM); }
  // The exit status, -1 when it did not end within 10 s or by a signal.
  int ended() {
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

class ServerGate : public testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite() {
    // Two thousand clients need as many descriptors; the soft limit is often 1024.
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }

  [[nodiscard]] static bool tls() { return GetParam(); }
  [[nodiscard]] static const char* kind() { return tls() ? "TLS" : "plain"; }

  [[nodiscard]] ServerOptions options() const {
    ServerOptions options{.address = "127.0.0.1", .tls = tls(), .shutdown_limit = 500ms};
    if (tls()) options.certificate = authority_.issue("IP:127.0.0.1");
    return options;
  }

  [[nodiscard]] static std::unique_ptr<RawClient> connect(const ServerProcess& server) {
    return tls() ? RawClient::tls(server.port()) : RawClient::plain(server.port());
  }

  static Report ask_report(const ServerProcess& server) {
    const auto client = connect(server);
    std::istringstream words(client ? client->ask(get("/stats", true)).body : "");
    Report r;
    words >> r.evicted >> r.accept_failures >> r.timeouts >> r.connections >> r.in_flight >> r.body_bytes;
    EXPECT_TRUE(words) << "no report";
    return r;
  }

  // `count` well-behaved clients, one after another, each on a connection of its own.
  static void expect_healthy(const ServerProcess& server, int count, const char* while_what) {
    std::vector<long> times;
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      const auto client = connect(server);
      ASSERT_NE(client, nullptr) << while_what;
      ASSERT_EQ(client->ask(post("/", "{}")).body, "2") << while_what;
      times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
    }
    std::ranges::sort(times);
    std::printf("  %s: %d/%d healthy clients while %s, median %.1f ms, worst %.1f ms\n", kind(), count, count,
                while_what, static_cast<double>(times[times.size() / 2]) / 1000,
                static_cast<double>(times.back()) / 1000);
    EXPECT_LT(times.back(), 5'000'000) << while_what;
  }

  static void expect_descriptors(const ServerProcess& server, long base) {
    EXPECT_TRUE(eventually([&] { return server.descriptors() <= base + 2; }))
        << server.descriptors() << " descriptors, " << base << " at first";
  }

  // Sends piece after piece until there is an answer or `most` bytes are sent; how much was sent.
  static std::size_t send_until_answered(RawClient& client, const std::string& piece, std::size_t most,
                                         Answer& answer) {
    std::size_t sent = 0;
    while (sent < most) {
      if (client.has_news() || !client.send(piece)) break;
      sent += piece.size();
    }
    answer = client.answer();
    return sent;
  }

  const Authority authority_{};
};

std::string name_of(const testing::TestParamInfo<bool>& info) { return info.param ? "Tls" : "Plain"; }
INSTANTIATE_TEST_SUITE_P(Listener, ServerGate, testing::Values(true, false), name_of);

const std::string kHalfHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half", 15);
const char kHalfHeader[] = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Le";

TEST_P(ServerGate, DropsHalfOpenConnectionsAtTheirDeadline) {
  auto o = options();
  o.max_connections = 3000;
  o.handshake_limit = 600ms;
  o.header_limit = 600ms;
  const ServerProcess server(o);
  expect_healthy(server, 5, "nothing else happens");
  const long base = server.descriptors();
  std::vector<int> half;
  std::vector<std::unique_ptr<RawClient>> shaken;
  for (int i = 0; i < 2000; ++i) {
    const int client = test::connect_to(server.port());
    ASSERT_GE(client, 0);
    const std::string bytes = tls() ? kHalfHello : kHalfHeader;
    ASSERT_GT(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    half.push_back(client);
  }
  for (int i = 0; tls() && i < 100; ++i) {
    shaken.push_back(connect(server));
    ASSERT_NE(shaken.back(), nullptr);
    ASSERT_TRUE(shaken.back()->send(kHalfHeader));
  }
  const auto start = Clock::now();
  expect_healthy(server, 30, "2000 are half open");
  // The clients hold on; only the server can have let go.
  EXPECT_TRUE(
      eventually([&] { return server.descriptors() <= base + 2; }, 600ms + 1s + (kSanitized ? 3s : 0s)));
  std::printf("  %s: all dropped %ld ms after the last came\n", kind(), milliseconds_since(start));
  EXPECT_GE(ask_report(server).timeouts, 2000U);
  for (const int client : half) ::close(client);
}

TEST_P(ServerGate, MakesRoomForNewClientsWhenItIsFull) {
  auto o = options();  // 512 connections, 10 s for a header: no deadline helps here
  const ServerProcess server(o);
  const long base = server.descriptors();
  std::vector<int> half;
  for (int i = 0; i < 2000; ++i) {
    const int client = test::connect_to(server.port());
    ASSERT_GE(client, 0);
    const std::string bytes = tls() ? kHalfHello : kHalfHeader;
    // It may have been thrown out already.
    (void)!::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    half.push_back(client);
  }
  expect_healthy(server, 30, "2000 want in where 512 may");
  EXPECT_LE(server.descriptors(), base + 514);
  EXPECT_GE(ask_report(server).evicted, 1400U);
  for (const int client : half) ::close(client);
  expect_descriptors(server, base);
}

// One of five ways to vanish.
void vanish(const ServerProcess& server, bool tls, int way) {
  if (way == 0) {  // a port scan
    const int client = test::connect_to(server.port());
    if (client >= 0) ::close(client);
    return;
  }
  if (way == 1) {  // within the first bytes
    const auto client = RawClient::plain(server.port());
    if (!client) return;
    client->send(tls ? std::string_view(kHalfHello) : std::string_view("PO"));
    client->reset_on_close();
    return;
  }
  const auto client = tls ? RawClient::tls(server.port()) : RawClient::plain(server.port());
  if (!client) return;
  if (way == 2) {  // within the header
    client->send(kHalfHeader);
  } else if (way == 3) {  // within the body, hard
    client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + std::string(1000, 'x'));
    client->reset_on_close();
  } else {  // before the reply, hard
    client->send(post("/", "{}"));
    client->reset_on_close();
  }
}

TEST_P(ServerGate, GivesEverythingBackAfterTenThousandAbruptClients) {
  const ServerProcess server(options());
  expect_healthy(server, 5, "nothing else happens");
  const long base = server.descriptors();
  // A first wave brings the server to its working size; what the second adds is what it loses.
  const int wave = kSanitized && tls() ? 500 : 5000;
  long resident[2];
  const auto start = Clock::now();
  for (long& after : resident) {
    for (int i = 0; i < wave; ++i) vanish(server, tls(), i % 5);
    expect_descriptors(server, base);
    after = server.resident();
  }
  std::printf("  %s: %d abrupt clients in %ld ms, memory %.1f -> %.1f MB, descriptors %ld -> %ld\n", kind(),
              2 * wave, milliseconds_since(start), static_cast<double>(resident[0]) / 1e6,
              static_cast<double>(resident[1]) / 1e6, base, server.descriptors());
  EXPECT_LE(resident[1] - resident[0], kMaxGrowth);
  expect_healthy(server, 5, "the abrupt ones are gone");
  EXPECT_TRUE(eventually([&] {
    const Report r = ask_report(server);
    return r.connections == 1 && r.in_flight == 1 && r.body_bytes == 0;
  })) << "only the one that asks";
}

TEST_P(ServerGate, RecoversWhenDescriptorsRunOut) {
  auto o = options();
  o.accept_backoff = 10ms;
  const ServerProcess server(o, 100);
  expect_healthy(server, 5, "nothing else happens");
  const long base = server.descriptors();
  std::vector<int> clients;
  for (int i = 0; i < 160; ++i) clients.push_back(test::connect_to(server.port()));
  ASSERT_TRUE(eventually([&] { return server.descriptors() >= 100; }));
  for (const int client : clients) ::close(client);
  expect_descriptors(server, base);
  expect_healthy(server, 5, "the descriptors are back");
  const Report r = ask_report(server);
  EXPECT_GE(r.accept_failures, 1U);
  std::printf("  %s: 160 connections at a limit of 100 descriptors, %llu accepts failed, then 5/5\n", kind(),
              static_cast<unsigned long long>(r.accept_failures));
}

TEST_P(ServerGate, ServesOthersWhileClientsHoldTheirBodiesBack) {
  const ServerProcess server(options());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(connect(server));
    ASSERT_NE(slow.back(), nullptr);
    ASSERT_TRUE(slow.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"));
  }
  ASSERT_TRUE(eventually([&] { return ask_report(server).in_flight == 61; }));
  expect_healthy(server, 30, "60 hold their bodies back");
  for (const auto& client : slow) EXPECT_EQ(client->ask("body").body, "4");
}

TEST_P(ServerGate, DropsBodiesThatDripAndClientsThatDoNotRead) {
  auto o = options();
  o.body_limit = 300ms;
  o.write_limit = 300ms;
  const ServerProcess server(o);
  const long base = server.descriptors();
  const auto drip = connect(server);
  const auto deaf = connect(server);
  ASSERT_TRUE(drip->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
  ASSERT_TRUE(deaf->send(get("/large")));
  // A byte now and then does not move the deadline.
  const auto start = Clock::now();
  while (drip->send("x") && !drip->ended(5ms) && milliseconds_since(start) < 10'000) {
  }
  EXPECT_LT(milliseconds_since(start), 5'000);
  expect_descriptors(server, base);
  EXPECT_EQ(ask_report(server).timeouts, 2U);
}

TEST_P(ServerGate, RefusesAHundredMegabytesWithoutReadingThem) {
  const ServerProcess server(options());
  expect_healthy(server, 1, "nothing else happens");
  const long before = server.resident();
  const auto client = connect(server);
  ASSERT_TRUE(client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"));
  Answer answer;
  const std::size_t sent = send_until_answered(*client, std::string(64U << 10U, 'x'), 100U << 20U, answer);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers["connection"], "close");
  EXPECT_LT(sent, 16U << 20U);
  EXPECT_LE(server.resident() - before, kMaxGrowth);
  std::printf("  %s: 413 after %.2f of 100 MB, memory %+.1f MB\n", kind(), static_cast<double>(sent) / 1e6,
              static_cast<double>(server.resident() - before) / 1e6);
  // One who does not listen is cut off.
  const auto deaf = connect(server);
  ASSERT_TRUE(deaf->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"));
  std::size_t pushed = 0;
  const std::string piece(64U << 10U, 'x');
  while (pushed < (100U << 20U) && deaf->send(piece)) pushed += piece.size();
  EXPECT_LT(pushed, 32U << 20U);
  EXPECT_LE(server.resident() - before, kMaxGrowth);
}

TEST_P(ServerGate, BoundsWhatHasNoEnd) {
  const ServerProcess server(options());
  expect_healthy(server, 1, "nothing else happens");
  const long before = server.resident();
  const struct {
    const char* name;
    const char* first;
    std::string piece;
    int status;
    std::size_t most;
  } cases[] = {
      {"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
       "10000\r\n" + std::string(65536, 'x') + "\r\n", 413, 32U << 20U},
      {"tiny chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"",
       std::string(4096, 'x'), 400, 16U << 20U},
      {"header", "GET / HTTP/1.1\r\nHost: x\r\nA: ", std::string(4096, 'x'), 431, 16U << 20U},
      {"headers", "GET / HTTP/1.1\r\nHost: x\r\n", "A: bcdefghijklmnop\r\nB: c\r\n", 431, 16U << 20U},
      {"target", "GET /", std::string(4096, 'x'), 431, 16U << 20U},
      {"trailers", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
       std::string(4096, 'x'), 400, 16U << 20U},
  };
  for (const auto& c : cases) {
    const auto client = connect(server);
    ASSERT_TRUE(client->send(c.first)) << c.name;
    Answer answer;
    const std::size_t sent = send_until_answered(*client, c.piece, 300U << 20U, answer);
    EXPECT_EQ(answer.status, c.status) << c.name;
    EXPECT_LT(sent, c.most) << c.name;
    std::printf("  %s: endless %s: %d after %.2f MB\n", kind(), c.name, answer.status,
                static_cast<double>(sent) / 1e6);
  }
  // The body of the first one may have been as large as bodies may be.
  EXPECT_LE(server.resident() - before, kMaxGrowth + (10L << 20U));
  expect_healthy(server, 5, "the endless ones are refused");
}

TEST_P(ServerGate, RefusesWhatIsMalformedAndCloses) {
  const ServerProcess server(options());
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "A" + std::to_string(i) + ": b\r\n";
  const struct {
    const char* name;
    std::string bytes;
    int status = 400;
  } cases[] = {
      {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"length and chunks",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n"},
      {"Host with a blank", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
      {"NUL", std::string("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 36)},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
      {"huge chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
       413},
      {"no chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc"},
      {"unknown encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc", 501},
      {"10000 headers", "GET / HTTP/1.1\r\nHost: x\r\n" + many + "\r\n", 431},
      {"another protocol", "\x05\x01\x02\r\n\r\n"},
      {"a second request smuggled",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 30\r\n\r\naGET / HTTP/1.1\r\n\r\n"},
  };
  for (const auto& c : cases) {
    const auto client = connect(server);
    ASSERT_NE(client, nullptr) << c.name;
    client->send(c.bytes);
    EXPECT_EQ(client->answer().status, c.status) << c.name;
    EXPECT_TRUE(client->ended()) << c.name;
  }
  expect_healthy(server, 5, "the malformed ones are refused");
}

TEST_P(ServerGate, ShedsBodiesBeyondItsMemory) {
  auto o = options();
  o.max_bytes_in_flight = 1U << 20U;
  const ServerProcess server(o);
  const std::string most(900U << 10U, 'x');
  const auto first = connect(server);
  ASSERT_TRUE(first->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 921601\r\n\r\n" + most));
  ASSERT_TRUE(eventually([&] { return ask_report(server).body_bytes == most.size(); }));
  const auto second = connect(server);
  ASSERT_TRUE(second->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 921600\r\n\r\n"));
  Answer shed;
  send_until_answered(*second, std::string(16U << 10U, 'x'), most.size(), shed);
  EXPECT_EQ(shed.status, 503);
  EXPECT_EQ(shed.headers["retry-after"], "1");
  expect_healthy(server, 5, "another's body fills the memory");
  EXPECT_EQ(first->ask("x").body, "921601");
  EXPECT_EQ(connect(server)->ask(post("/", most)).body, "921600");
}

TEST_P(ServerGate, AnswersWhatIsInFlightWhenAskedToStop) {
  ServerProcess server(options());
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect(server));
    ASSERT_TRUE(clients.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf"));
  }
  const auto idle = connect(server);
  ASSERT_EQ(idle->ask(get("/")).status, 200);
  ASSERT_TRUE(eventually([&] { return ask_report(server).in_flight == 21; }));
  server.ask_to_stop();
  // During the delay new clients are served, and told to go elsewhere.
  ASSERT_TRUE(eventually([&] {
    const auto client = connect(server);
    return client && client->ask(get("/")).headers.contains("connection");
  }));
  EXPECT_TRUE(idle->ended());
  for (auto& client : clients) {
    const Answer answer = client->ask("half");
    EXPECT_EQ(answer.body, "8");
    EXPECT_EQ(answer.headers.count("connection"), 1U);
    client.reset();
  }
  EXPECT_EQ(server.ended(), 0);
}

// In this process, so that the thread sanitizer sees both sides.
TEST(ServerGateSwap, LosesNoConnectionWhileItsCertificateIsSwapped) {
  const Authority authority;
  const KeyPair first = authority.issue("DNS:berth.test", "first");
  const KeyPair second = authority.issue("DNS:berth.test", "second");
  auto server = std::move(*Server::start({.address = "127.0.0.1", .certificate = first, .threads = 2},
                                         [](const ServerRequest&) { return Reply{.body = "fine"}; }));
  const RawClient::Tls tls{.ca_pem = authority.pem(), .server_name = "berth.test"};
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        const auto client = RawClient::tls(server->port(), tls);
        const bool fine = client && client->ask(get("/", true)).body == "fine";
        ++(fine ? good : bad);
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(server->set_certificate({second.certificate_pem, first.key_pem}).ok());
    EXPECT_TRUE(server->set_certificate(i % 2 == 0 ? second : first).ok());
    const int before = good;
    // No assertion that returns: the clients still run.
    if (!eventually([&] { return good > before; }, 60s)) {
      ADD_FAILURE() << "no connection succeeded after a swap";
      break;
    }
  }
  stop = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(bad, 0);
  std::printf("  120 swaps, half of them refused, under %d connections: %d failed\n", good.load(),
              bad.load());
}

// In this process too: many threads of clients against several threads of the server.
TEST(ServerGateThreads, KeepsCountWithManyClientsAndThreads) {
  auto server = std::move(*Server::start({.address = "127.0.0.1", .tls = false, .threads = 3},
                                         [](const ServerRequest& r) { return Reply{.body = r.body}; }));
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto client = RawClient::plain(server->port());
        const std::string body(static_cast<std::size_t>(1 + i * 997 * (t + 1)), 'x');
        good += client->ask(post("/", body)).body == body ? 1 : 0;
        good += client->ask(get("/")).status == 200 ? 1 : 0;
        (void)server->stats();
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 400);
  EXPECT_TRUE(eventually([&] { return server->stats().connections == 0; }));
  EXPECT_EQ(server->stats().requests, 400U);
  EXPECT_EQ(server->stats().in_flight, 0U);
  EXPECT_EQ(server->stats().bytes_in_flight, 0U);
}

}  // namespace
}  // namespace berth::http
