#include "kube/http/tls_transport.h"

#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kube/http/testing/authority.h"
#include "kube/http/testing/scripted_server.h"
#include "kube/http/testing/transport_fixture.h"

namespace berth::http {
namespace {

using test::Authority;
using test::count_requests;
using test::kGet;
using test::kPost;
using test::make;
using test::ok;
using test::plain;
using test::ScriptedServer;
using Peer = ScriptedServer::Peer;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST(TlsTransport, SendsWhatARequestSays) {
  std::promise<std::string> seen;
  ScriptedServer server([&](Peer& peer, int) {
    seen.set_value(peer.read_request());
    peer.send("HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nhi");
  });
  auto options = plain(server.port());
  options.user_agent = "berth-test/1";
  options.token = [] { return "secret"; };
  const auto transport = make(std::move(options));
  const auto response = transport->exchange(kPost, 10s);
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "hi");
  EXPECT_EQ(response->headers.at("x-a"), "1, 2");
  EXPECT_EQ(seen.get_future().get(),
            "POST /api HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nUser-Agent: berth-test/1\r\nAccept: application/json\r\nAuthorization: Bearer secret\r\n"
                "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(TlsTransport, AnyStatusIsAResponse) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto transport = make(plain(server.port()));
  const auto busy = transport->exchange(kGet, 10s);
  EXPECT_EQ(busy->status, 503);
  EXPECT_EQ(busy->headers.at("retry-after"), "3");
  EXPECT_EQ(transport->exchange(kGet, 10s)->status, 204);
}

TEST(TlsTransport, KeepsConnectionsAlive) {
  ScriptedServer server(count_requests);
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "0.0");
  EXPECT_EQ(transport->exchange(kPost, 10s)->body, "0.1");
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "0.2");
}

TEST(TlsTransport, UsesAConnectionPerCallAtATime) {
  ScriptedServer server(count_requests);
  const auto transport = make(plain(server.port()));
  std::atomic<int> good{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 20; ++i) good += transport->exchange(kPost, 10s).ok() ? 1 : 0;
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(good, 120);
}

TEST(TlsTransport, DropsConnectionsThatWereIdleTooLong) {
  ScriptedServer server(count_requests);
  auto options = plain(server.port());
  options.idle_limit = 0ms;
  const auto transport = make(options);
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "0.0");
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "1.0");
}

TEST(TlsTransport, NoticesThatAnIdleConnectionWasClosed) {
  std::promise<void> closed;
  ScriptedServer server([&](Peer& peer, int connection) {
    if (connection > 0) return count_requests(peer, connection);
    peer.read_request();
    peer.send(ok("first"));
    peer.end();
    closed.set_value();
    peer.gone();
  });
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "first");
  closed.get_future().wait();
  // Even a write is safe: nothing of it has been sent on the closed one.
  EXPECT_EQ(transport->exchange(kPost, 10s)->body, "1.0");
}

// The server closes a kept connection as the next request arrives on it.
void close_at_second_request(Peer& peer, int connection) {
  if (connection > 0) return count_requests(peer, connection);
  peer.read_request();
  peer.send(ok("first"));
  peer.read_request();
}

TEST(TlsTransport, RepeatsAReadOnAFreshConnectionWhenAKeptOneFails) {
  ScriptedServer server(close_at_second_request);
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "first");
  const auto again = transport->exchange(kGet, 10s);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->body, "1.0");
}

TEST(TlsTransport, NeverRepeatsAWrite) {
  ScriptedServer server(close_at_second_request);
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "first");
  const auto write = transport->exchange(kPost, 10s);
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().code, Code::kUnavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST(TlsTransport, NeverRepeatsAReadWhoseAnswerHasBegun) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.send(ok("first"));
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "first");
  EXPECT_EQ(transport->exchange(kGet, 10s).error().code, Code::kUnavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST(TlsTransport, NeverRepeatsOnAFreshConnection) {
  ScriptedServer server([](Peer& peer, int) { peer.read_request(); });
  const auto transport = make(plain(server.port()));
  EXPECT_EQ(transport->exchange(kGet, 10s).error().code, Code::kUnavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST(TlsTransport, EndsAtTheDeadlineWhateverTheServerDoesNot) {
  std::promise<void> over;
  const auto wait = over.get_future().share();
  const struct {
    const char* name;
    ScriptedServer::Script script;
  } cases[] = {
      {"says nothing", [](Peer& peer, int) { peer.gone(); }},
      {"stops in the header",
       [](Peer& peer, int) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-");
         peer.gone();
       }},
      {"stops in the body",
       [](Peer& peer, int) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal");
         peer.gone();
       }},
      {"drips",
       [](Peer& peer, int) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
         while (!peer.gone(5ms) && peer.send("x")) {
         }
       }},
  };
  for (const auto& c : cases) {
    ScriptedServer server(c.script);
    const auto transport = make(plain(server.port()));
    const auto before = Clock::now();
    const auto response = transport->exchange(kGet, 100ms);
    ASSERT_FALSE(response.ok()) << c.name;
    EXPECT_EQ(response.error().code, Code::kTimeout) << c.name << ": " << response.error().message;
    EXPECT_LT(Clock::now() - before, 5s) << c.name;
  }
  over.set_value();
}

TEST(TlsTransport, ReportsAServerThatDoesNotTakeItsRequest) {
  ScriptedServer server([](Peer& peer, int) { peer.gone(); });
  const auto transport = make(plain(server.port()));
  Request large = kPost;
  large.body.assign(64U << 20U, 'x');
  EXPECT_EQ(transport->exchange(large, 200ms).error().code, Code::kTimeout);
}

TEST(TlsTransport, ReadsTheRefusalOfABodyThatIsNotTakenWhole) {
  ScriptedServer server([](Peer& peer, int) {
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    peer.end();
    peer.gone(200ms);
  });
  const auto transport = make(plain(server.port()));
  Request large = kPost;
  large.body.assign(1U << 20U, 'x');
  const auto response = transport->exchange(large, 5s);
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(response->body, "big");
}

TEST(TlsTransport, SaysWhoRefusedTheConnection) {
  std::uint16_t port = 0;
  {
    port = ScriptedServer([](Peer&, int) {}).port();
  }
  const auto response = make(plain(port))->exchange(kGet, 10s);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_NE(response.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST(TlsTransport, ResolvesNames) {
  ScriptedServer server(count_requests);
  auto options = plain(server.port());
  options.host = "localhost";
  EXPECT_TRUE(make(options)->exchange(kGet, 10s).ok());
  options.host = "no-such-host.invalid";
  EXPECT_EQ(make(options)->exchange(kGet, 10s).error().code, Code::kUnavailable);
}

TEST(TlsTransport, BoundsTheAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    const std::string request = peer.read_request();
    if (request.find("/header") != std::string::npos) {
      peer.send("HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\nContent-Length: 0\r\n\r\n");
    } else if (request.find("/many") != std::string::npos) {
      peer.send("HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 3000 && peer.send("X" + std::to_string(i) + ": y\r\n"); ++i) {
      }
    } else if (request.find("/chunked") != std::string::npos) {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      while (peer.send("400\r\n" + std::string(1024, 'x') + "\r\n")) {
      }
    } else if (request.find("/end") != std::string::npos) {
      peer.send("HTTP/1.1 200 OK\r\n\r\n");
      while (peer.send(std::string(1024, 'x'))) {
      }
    } else {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n");
    }
    peer.gone();
  });
  auto options = plain(server.port());
  options.max_header_bytes = 4096;
  options.max_body_bytes = 100000;
  const auto transport = make(options);
  for (const char* target : {"/length", "/chunked", "/end"}) {
    const auto response = transport->exchange({.target = target}, 10s);
    ASSERT_FALSE(response.ok()) << target;
    EXPECT_EQ(response.error().code, Code::kMalformed) << target;
    EXPECT_NE(response.error().message.find("100000 bytes"), std::string::npos) << response.error().message;
  }
  for (const char* target : {"/header", "/many"}) {
    EXPECT_EQ(transport->exchange({.target = target}, 10s).error().code, Code::kUnavailable) << target;
  }
}

TEST(TlsTransport, RefusesRequestsThatWouldBecomeTwo) {
  const auto transport = make(plain(1));
  const Request cases[] = {
      {.target = "/a\r\nX: y"},
      {.target = "/a b"},
      {.target = "a"},
      {.target = ""},
      {.method = "GET /x", .target = "/"},
      {.method = "get", .target = "/"},
      {.target = "/", .content_type = "a\r\nX: y"},
      {.target = "/", .accept = "a\nb"},
      {.target = "/\xC3\xA4"},
  };
  for (const Request& request : cases) {
    EXPECT_EQ(transport->exchange(request, 1s).error().code, Code::kMalformed) << request.target;
  }
}

TEST(TlsTransport, RefusesOptionsThatCannotBe) {
  EXPECT_FALSE(TlsTransport::make({.host = "a b", .plain = true}).ok());
  EXPECT_FALSE(TlsTransport::make({.host = "", .plain = true}).ok());
  EXPECT_FALSE(TlsTransport::make({.host = "a", .port = 0}).ok());
  EXPECT_FALSE(TlsTransport::make({.host = "a", .token = [] { return ""; }, .token_file = "/x"}).ok());
  EXPECT_FALSE(TlsTransport::make({.host = "a", .tls = {.ca_pem = "no PEM"}}).ok());
  const Authority authority;
  EXPECT_FALSE(TlsTransport::make({.host = "a", .tls = {.certificate_pem = authority.pem()}}).ok());
  EXPECT_FALSE(make(plain(1))->set_tls({}).ok());
}

}  // namespace
}  // namespace berth::http
