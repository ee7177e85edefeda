// The gate for a server with several threads, in this process, so that the thread sanitizer sees both sides.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kube/http/server.h"
#include "kube/http/testing/authority.h"
#include "kube/http/testing/raw_client.h"

namespace berth::http {
namespace {

using test::Authority;
using test::eventually;
using test::get;
using test::post;
using test::RawClient;
using namespace std::chrono_literals;

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

// Many threads of clients against several threads of the server.
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
