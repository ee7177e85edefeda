#include "kube/http/testing/server_gate.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
// Freed memory is held back from use for a while, by default 256 MB of it: more than would be leaked here.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=8"; }
#endif

namespace berth::http::test {

long milliseconds_since(Clock::time_point start) {
  return static_cast<long>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count());
}

void ServerGate::SetUpTestSuite() {
  // Two thousand clients need as many descriptors; the soft limit is often 1024.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

ServerOptions ServerGate::options() const {
  ServerOptions options{
      .address = "127.0.0.1", .tls = tls(), .shutdown_limit = 500ms, .silence_limit = 500ms};
  if (tls()) options.certificate = authority_.issue("IP:127.0.0.1");
  return options;
}

std::unique_ptr<RawClient> ServerGate::connect(const ServerProcess& server) {
  return tls() ? RawClient::tls(server.port()) : RawClient::plain(server.port());
}

Report ServerGate::ask_report(const ServerProcess& server) {
  const auto client = connect(server);
  return read_report(client ? client->ask(get("/stats", true)).body : "");
}

void ServerGate::expect_healthy(const ServerProcess& server, int count, const char* while_what) {
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

void ServerGate::expect_descriptors(const ServerProcess& server, long base) {
  EXPECT_TRUE(eventually([&] { return server.descriptors() <= base + 2; }))
      << server.descriptors() << " descriptors, " << base << " at first";
}

std::size_t ServerGate::send_until_answered(RawClient& client, const std::string& piece, std::size_t most,
                                            Answer& answer) {
  std::size_t sent = 0;
  while (sent < most) {
    if (client.has_news() || !client.send(piece)) break;
    sent += piece.size();
  }
  answer = client.answer();
  return sent;
}

std::string listener_name(const ::testing::TestParamInfo<bool>& info) { return info.param ? "Tls" : "Plain"; }

}  // namespace berth::http::test
