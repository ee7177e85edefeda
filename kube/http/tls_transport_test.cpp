#include "kube/http/tls_transport.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "kube/http/test_support.h"

namespace berth::http {
namespace {

using test::Authority;
using test::ScriptedServer;
using Peer = ScriptedServer::Peer;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TransportOptions plain(std::uint16_t port) { return {.host = "127.0.0.1", .port = port, .plain = true}; }

std::unique_ptr<TlsTransport> make(TransportOptions options) {
  auto made = TlsTransport::make(std::move(options));
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::move(made).value();
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Answers every request with its number on the connection and the connection's own.
void count_requests(Peer& peer, int connection) {
  for (int i = 0; !peer.read_request().empty(); ++i) {
    peer.send(ok(std::to_string(connection) + "." + std::to_string(i)));
  }
}

const Request kGet{.target = "/api"};
const Request kPost{.method = "POST", .target = "/api", .content_type = "application/json", .body = "{}"};

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

// Tokens.

struct TokenPath {
  std::string path = testing::TempDir() + "berth-token-" + std::to_string(::getpid());
  void write(const std::string& text) const { std::ofstream(path) << text; }
  ~TokenPath() { std::remove(path.c_str()); }
};

// Answers 401 to the token "old", else 200 with the token.
void check_token(Peer& peer, int /*connection*/) {
  for (std::string request; !(request = peer.read_request()).empty();) {
    const std::size_t at = request.find("Bearer ");
    const std::string token =
        at == std::string::npos ? "" : request.substr(at + 7, request.find('\r', at) - at - 7);
    peer.send(token == "old" ? "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" : ok(token));
  }
}

TEST(TlsTransportToken, IsReadAgainWhenTheServerRefusesIt) {
  ScriptedServer server(check_token);
  const TokenPath token;
  token.write("old\n");
  auto options = plain(server.port());
  options.token_file = token.path;
  const auto transport = make(options);
  EXPECT_EQ(transport->exchange(kGet, 10s)->status, 401);
  token.write("  new \n");
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "new");
  token.write("newer");
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "new") << "younger than token_max_age";
}

TEST(TlsTransportToken, IsReadAgainWhenItIsOld) {
  ScriptedServer server(check_token);
  const TokenPath token;
  token.write("one");
  auto options = plain(server.port());
  options.token_file = token.path;
  options.token_max_age = 0ms;
  const auto transport = make(options);
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "one");
  token.write("two");
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "two");
  std::remove(token.path.c_str());
  EXPECT_EQ(transport->exchange(kGet, 10s)->body, "two") << "the last one stays in use";
}

TEST(TlsTransportToken, ThatIsMissingIsAnErrorWithItsPath) {
  auto options = plain(1);
  options.token_file = "/no/such/token";
  const auto error = make(options)->exchange(kGet, 1s).error();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_NE(error.message.find("/no/such/token"), std::string::npos);
}

TEST(TlsTransportToken, IsNeverShownNotEvenAWrongOne) {
  auto options = plain(1);
  options.token = [] { return "canary\r\nX: y"; };
  const auto error = make(options)->exchange(kGet, 1s).error();
  EXPECT_EQ(error.code, Code::kMalformed);
  EXPECT_EQ(error.message.find("canary"), std::string::npos);
}

// TLS.

TransportOptions secure(const ScriptedServer& server, const Authority& authority) {
  return {.host = "127.0.0.1", .port = server.port(), .tls = {.ca_pem = authority.pem()}};
}

TEST(TlsTransportTls, AcceptsOnlyACertificateForTheHost) {
  const Authority authority;
  const Authority stranger("another CA");
  const struct {
    const char* name;
    const char* host;
    const char* server_name;
    KeyPair pair;
    bool good;
  } cases[] = {
      {"its address", "127.0.0.1", "", authority.issue("IP:127.0.0.1"), true},
      {"another address", "127.0.0.1", "", authority.issue("IP:127.0.0.2"), false},
      {"an address as a name", "127.0.0.1", "", authority.issue("DNS:127.0.0.1"), false},
      {"its name", "localhost", "", authority.issue("DNS:localhost"), true},
      {"another name", "localhost", "", authority.issue("DNS:otherhost"), false},
      {"the name given", "127.0.0.1", "kubernetes.default.svc", authority.issue("DNS:kubernetes.default.svc"),
       true},
      {"a wildcard", "127.0.0.1", "a.berth.test", authority.issue("DNS:*.berth.test"), true},
      {"a partial wildcard", "127.0.0.1", "ab.berth.test", authority.issue("DNS:a*.berth.test"), false},
      {"only a common name", "localhost", "", authority.issue("", "localhost"), true},
      {"expired", "127.0.0.1", "", authority.issue("IP:127.0.0.1", "leaf", true), false},
      {"another authority", "127.0.0.1", "", stranger.issue("IP:127.0.0.1"), false},
  };
  for (const auto& c : cases) {
    ScriptedServer server(count_requests, c.pair);
    auto options = secure(server, authority);
    options.host = c.host;
    options.tls.server_name = c.server_name;
    const auto response = make(options)->exchange(kGet, 10s);
    EXPECT_EQ(response.ok(), c.good) << c.name;
    if (!response.ok()) {
      EXPECT_EQ(response.error().code, Code::kUnavailable) << c.name;
      EXPECT_NE(response.error().message.find("certificate is not good for"), std::string::npos)
          << c.name << ": " << response.error().message;
    }
    options.tls.skip_verify = true;
    EXPECT_TRUE(make(options)->exchange(kGet, 10s).ok()) << c.name;
  }
}

TEST(TlsTransportTls, ShowsItsCertificate) {
  const Authority authority;
  ScriptedServer server(count_requests, authority.issue("IP:127.0.0.1"), authority.pem());
  auto options = secure(server, authority);
  EXPECT_FALSE(make(options)->exchange(kGet, 10s).ok());
  const KeyPair ours = authority.issue("", "berth");
  options.tls.certificate_pem = ours.certificate_pem;
  options.tls.key_pem = ours.key_pem;
  const auto transport = make(options);
  EXPECT_EQ(transport->exchange(kGet, 10s)->status, 200);
  EXPECT_EQ(transport->exchange(kGet, 10s)->body.back(), '1') << "kept alive over TLS too";
}

TEST(TlsTransportTls, TakesANewAuthorityWithoutARestart) {
  const Authority first;
  const Authority second("the next CA");
  ScriptedServer server(count_requests, second.issue("IP:127.0.0.1"));
  const auto transport = make(secure(server, first));
  EXPECT_FALSE(transport->exchange(kGet, 10s).ok());
  EXPECT_FALSE(transport->set_tls({.ca_pem = "nonsense"}).ok());
  ASSERT_TRUE(transport->set_tls({.ca_pem = second.pem()}).ok());
  EXPECT_TRUE(transport->exchange(kGet, 10s).ok());
  // Connections greeted under the old options are not used any more.
  ASSERT_TRUE(transport->set_tls({.ca_pem = first.pem()}).ok());
  EXPECT_FALSE(transport->exchange(kGet, 10s).ok());
}

TEST(TlsTransportTls, DoesNotTakeACutForAnEnd) {
  const Authority authority;
  // The body ends with the connection, which ends without TLS's farewell.
  ScriptedServer server(
      [](Peer& peer, int connection) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nhalf a list");
        if (connection > 0) peer.end();
      },
      authority.issue("IP:127.0.0.1"));
  const auto transport = make(secure(server, authority));
  EXPECT_EQ(transport->exchange(kPost, 10s).error().code, Code::kUnavailable);
  EXPECT_EQ(transport->exchange(kPost, 10s)->body, "half a list");
}

TEST(TlsTransportTls, LimitsTheHandshake) {
  ScriptedServer server([](Peer& peer, int) { peer.gone(); });  // plain: it never answers the greeting
  const Authority authority;
  auto options = secure(server, authority);
  options.handshake_limit = 50ms;
  EXPECT_EQ(make(options)->exchange(kGet, 10s).error().code, Code::kTimeout);
}

// Streams.

std::string chunk(const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Stream, DeliversBytesAsTheyComeAndThenTheEnd) {
  const Authority authority;
  std::promise<void> next;
  ScriptedServer server(
      [&](Peer& peer, int) {
        peer.read_request();
        peer.send(kChunkedHead);
        peer.send(chunk("one\n"));
        next.get_future().wait();
        peer.send(chunk("two\n") + "0\r\n\r\n");
        peer.gone();
      },
      authority.issue("IP:127.0.0.1"));
  const auto transport = make(secure(server, authority));
  auto stream = transport->open({.target = "/watch"}, 10s);
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
  next.set_value();
  EXPECT_EQ(*(*stream)->read(10s), "two\n");
  EXPECT_EQ(*(*stream)->read(10s), "");
  EXPECT_EQ(*(*stream)->read(10s), "");
}

TEST(Stream, OutlivesItsTransport) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead + chunk("one\n"));
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
}

TEST(Stream, DeliversWhatCameBeforeAFailureFirst) {
  ScriptedServer server([&](Peer& peer, int connection) {
    peer.read_request();
    if (connection == 0) {
      peer.send(kChunkedHead + chunk("one\n") + "5\r\ntw");  // and breaks off
    } else {
      peer.send(kChunkedHead + chunk("one\n") + "5\r\ntw" + "o, and more" + "no chunk");
      peer.gone();
    }
  });
  const auto transport = make(plain(server.port()));
  for (int i = 0; i < 2; ++i) {
    auto stream = transport->open(kGet, 10s);
    ASSERT_TRUE(stream.ok());
    std::string all;
    Result<std::string> last = std::string();
    do {
      last = (*stream)->read(10s);
      if (last.ok()) all += *last;
    } while (last.ok() && !last->empty());
    ASSERT_FALSE(last.ok()) << i;
    EXPECT_EQ(last.error().code, Code::kUnavailable) << i;
    EXPECT_EQ(all.substr(0, 6), "one\ntw") << i;
    EXPECT_FALSE((*stream)->read(10s).ok()) << "a failure stays";
  }
}

TEST(Stream, FailsWhenNothingComesForTooLong) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead + chunk("one\n"));
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
  EXPECT_EQ((*stream)->read(30ms).error().code, Code::kTimeout);
}

TEST(Stream, IsCancelledFromAnotherThread) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead);
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  ASSERT_TRUE(stream.ok());
  std::promise<void> reading;
  auto read = std::async(std::launch::async, [&] {
    reading.set_value();
    return (*stream)->read(60s);
  });
  reading.get_future().wait();
  (*stream)->cancel();
  ASSERT_EQ(read.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(read.get().error().code, Code::kCancelled);
  EXPECT_EQ((*stream)->read(60s).error().code, Code::kCancelled);
}

TEST(Stream, HoldsBackAServerThatIsFasterThanItsReader) {
  std::atomic<std::size_t> sent{0};
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead);
    const std::string piece = chunk(std::string(64U << 10U, 'x'));
    while (sent < (256U << 20U) && peer.send(piece)) sent += piece.size();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  ASSERT_TRUE((*stream)->read(10s).ok());
  // The pipe fills and the server gets stuck: what it has sent stops growing far below all it wants to send.
  std::size_t before = 0;
  ASSERT_TRUE(test::eventually([&] {
    std::this_thread::sleep_for(20ms);
    return std::exchange(before, sent.load()) == sent.load();
  }));
  EXPECT_LT(sent.load(), 64U << 20U);
  (*stream)->cancel();
  stream = Error{};
}

TEST(Stream, IsNotOpenedByAStatusOtherThan200) {
  ScriptedServer server([](Peer& peer, int connection) {
    peer.read_request();
    if (connection == 0) peer.send("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\ntoo old");
    if (connection == 1) peer.send("HTTP/1.1 429 Slow\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n");
    if (connection == 2) peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nyou may not");
    if (connection == 3) {
      peer.send("HTTP/1.1 500 Sorry\r\n\r\n");
      while (peer.send(std::string(1024, 'x'))) {
      }
    }
  });
  const auto transport = make(plain(server.port()));
  const auto gone = transport->open(kGet, 10s).error();
  EXPECT_EQ(gone.code, Code::kGone);
  EXPECT_NE(gone.message.find("too old"), std::string::npos);
  const auto slow = transport->open(kGet, 10s).error();
  EXPECT_EQ(slow.code, Code::kThrottled);
  EXPECT_EQ(slow.retry_after_seconds, 4);
  const auto forbidden = transport->open(kGet, 10s).error();
  EXPECT_EQ(forbidden.code, Code::kForbidden) << "the body broke off, the status did not";
  EXPECT_NE(forbidden.message.find("you may not"), std::string::npos);
  EXPECT_EQ(transport->open(kGet, 10s).error().code, Code::kUnavailable);
}

TEST(Stream, WaitsForItsHeaderNoLongerThanTheDeadline) {
  ScriptedServer server([](Peer& peer, int) { peer.gone(); });
  EXPECT_EQ(make(plain(server.port()))->open(kGet, 50ms).error().code, Code::kTimeout);
}

}  // namespace
}  // namespace berth::http
