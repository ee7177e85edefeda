// The gate (testing/server_gate.h): clients that come in masses, hold on, vanish or do not read.
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "kube/http/testing/server_gate.h"

namespace berth::http {
namespace {

using test::Answer;
using test::Clock;
using test::connect_to;
using test::eventually;
using test::get;
using test::kHalfHeader;
using test::kHalfHello;
using test::kMaxGrowth;
using test::kSanitized;
using test::milliseconds_since;
using test::post;
using test::RawClient;
using test::Report;
using test::ServerProcess;
using namespace std::chrono_literals;

class ServerGateConnections : public test::ServerGate {};

INSTANTIATE_TEST_SUITE_P(Listener, ServerGateConnections, testing::Values(true, false), test::listener_name);

// One of five ways to vanish.
void vanish(const ServerProcess& server, bool tls, int way) {
  if (way == 0) {  // a port scan
    const int client = connect_to(server.port());
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

TEST_P(ServerGateConnections, DropsHalfOpenConnectionsAtTheirDeadline) {
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
    const int client = connect_to(server.port());
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

TEST_P(ServerGateConnections, MakesRoomForNewClientsWhenItIsFull) {
  auto o = options();  // 512 connections, 10 s for a header: no deadline helps here
  const ServerProcess server(o);
  const long base = server.descriptors();
  std::vector<int> half;
  for (int i = 0; i < 2000; ++i) {
    const int client = connect_to(server.port());
    ASSERT_GE(client, 0);
    const std::string bytes = tls() ? kHalfHello : kHalfHeader;
    // It may have been thrown out already.
    (void)!::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    half.push_back(client);
  }
  expect_healthy(server, 30, "2000 want in where 512 may");
  EXPECT_TRUE(eventually([&] { return server.descriptors() <= base + 514; })) << server.descriptors();
  EXPECT_TRUE(eventually([&] { return ask_report(server).evicted >= 1400; })) << ask_report(server).evicted;
  for (const int client : half) ::close(client);
  expect_descriptors(server, base);
}

TEST_P(ServerGateConnections, GivesEverythingBackAfterTenThousandAbruptClients) {
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

TEST_P(ServerGateConnections, RecoversWhenDescriptorsRunOut) {
  auto o = options();
  o.accept_backoff = 10ms;
  const ServerProcess server(o, 100);
  expect_healthy(server, 5, "nothing else happens");
  const long base = server.descriptors();
  std::vector<int> clients;
  for (int i = 0; i < 160; ++i) clients.push_back(connect_to(server.port()));
  ASSERT_TRUE(eventually([&] { return server.descriptors() >= 100; }));
  for (const int client : clients) ::close(client);
  expect_descriptors(server, base);
  expect_healthy(server, 5, "the descriptors are back");
  const Report r = ask_report(server);
  EXPECT_GE(r.accept_failures, 1U);
  std::printf("  %s: 160 connections at a limit of 100 descriptors, %llu accepts failed, then 5/5\n", kind(),
              static_cast<unsigned long long>(r.accept_failures));
}

TEST_P(ServerGateConnections, ServesOthersWhileClientsHoldTheirBodiesBack) {
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

TEST_P(ServerGateConnections, DropsBodiesThatDripAndClientsThatDoNotRead) {
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
  // Each has its own deadline, and the one that does not read may be the later one.
  EXPECT_TRUE(eventually([&] { return ask_report(server).timeouts == 2; }));
  EXPECT_EQ(ask_report(server).timeouts, 2U);
  expect_descriptors(server, base);
}

TEST_P(ServerGateConnections, AnswersWhatIsInFlightWhenAskedToStop) {
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

}  // namespace
}  // namespace berth::http
