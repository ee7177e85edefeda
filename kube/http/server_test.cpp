#include "kube/http/server.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "kube/http/testing/authority.h"
#include "kube/http/testing/raw_client.h"

namespace berth::http {
namespace {

using test::Answer;
using test::Authority;
using test::eventually;
using test::get;
using test::post;
using test::RawClient;
using namespace std::chrono_literals;

Reply echo(const ServerRequest& request) {
  return {.body = request.method + " " + request.target + " " + request.content_type + " " + request.body};
}

ServerOptions plain_options() { return {.address = "127.0.0.1", .tls = false}; }

std::unique_ptr<Server> start(const ServerOptions& options, Handler handler = echo) {
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.error().message;
  return std::move(server).value();
}

TEST(Server, AnswersRequestAfterRequestOnOneConnection) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client->ask(post("/a?b=" + std::to_string(i), "{}"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /a?b=" + std::to_string(i) + " application/json {}");
    EXPECT_EQ(answer.headers.count("connection"), 0U);
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    EXPECT_EQ(answer.headers.at("date").size(), 29U);
  }
  EXPECT_EQ(server->stats().requests, 3U);
  EXPECT_EQ(server->stats().accepted, 1U);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  ASSERT_TRUE(client->send(post("/1", "one") + get("/2") + post("/3", "three")));
  EXPECT_EQ(client->answer().body, "POST /1 application/json one");
  EXPECT_EQ(client->answer().body, "GET /2  ");
  EXPECT_EQ(client->answer().body, "POST /3 application/json three");
}

TEST(Server, ReadsARequestThatArrivesByteByByte) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  for (const char c : post("/slow", "body")) ASSERT_TRUE(client->send({&c, 1}));
  EXPECT_EQ(client->answer().body, "POST /slow application/json body");
}

TEST(Server, ReadsChunkedBodies) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  const Answer answer = client->ask(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: "
      "t\r\n\r\n");
  EXPECT_EQ(answer.body, "POST /c  abcde");
  EXPECT_EQ(client->ask(get("/next")).status, 200);
}

TEST(Server, InvitesTheBodyOfAClientThatWaitsForIt) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  ASSERT_TRUE(
      client->send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client->receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client->ask("body").body, "POST /e  body");
}

TEST(Server, RefusesATooLargeBodyBeforeInvitingIt) {
  auto options = plain_options();
  options.max_body_bytes = 1000;
  const auto server = start(options);
  const auto client = RawClient::plain(server->port());
  const Answer answer =
      client->ask("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "the body exceeds 1000 bytes\n");
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(RawClient::plain(server->port())->ask(post("/", std::string(1000, 'x'))).status, 200);
}

TEST(Server, LeavesTheBodyOutOfTheAnswerToHead) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  ASSERT_TRUE(client->send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" + get("/n")));
  const Answer head = client->answer(10s, true);
  EXPECT_EQ(head.headers.at("content-length"), "9");
  EXPECT_EQ(client->answer().body, "GET /n  ");
}

TEST(Server, ClosesOnlyWhenTheClientAsksForIt) {
  const auto server = start(plain_options());
  auto client = RawClient::plain(server->port());
  const Answer answer = client->ask(get("/", true));
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client->ended());
  client.reset();
  EXPECT_TRUE(eventually([&] { return server->stats().connections == 0; }));
}

TEST(Server, ReadsHttp10AndCloses) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  EXPECT_EQ(client->ask("GET /old HTTP/1.0\r\n\r\n").body, "GET /old  ");
  EXPECT_TRUE(client->ended());
}

TEST(Server, TellsTheHandlerWhoAsks) {
  const auto server = start(plain_options(), [](const ServerRequest& r) { return Reply{.body = r.peer}; });
  const auto client = RawClient::plain(server->port());
  EXPECT_TRUE(client->ask(get("/")).body.starts_with("127.0.0.1:"));
}

TEST(Server, AnswersAThrowingHandlerWith500AndGoesOn) {
  const auto server = start(plain_options(), [](const ServerRequest& r) -> Reply {
    if (r.target == "/throw") throw std::runtime_error("secret");
    if (r.target == "/split") return {.headers = {{"X-A", "1\r\nX-B: 2"}}};
    return {.headers = {{"X-A", "1"}}};
  });
  for (const char* target : {"/throw", "/split"}) {
    const auto client = RawClient::plain(server->port());
    const Answer answer = client->ask(get(target));
    EXPECT_EQ(answer.status, 500) << target;
    EXPECT_EQ(answer.body, "internal error\n");
    EXPECT_EQ(answer.headers.count("x-b"), 0U);
    EXPECT_TRUE(client->ended());
  }
  EXPECT_EQ(RawClient::plain(server->port())->ask(get("/")).headers.at("x-a"), "1");
  EXPECT_EQ(server->stats().handler_failures, 2U);
}

TEST(Server, ListensOnBothFamiliesWhenNoAddressIsGiven) {
  const auto server = start({.tls = false});
  EXPECT_EQ(RawClient::plain(server->port())->ask(get("/")).status, 200);
}

TEST(Server, SaysWhyItCannotStart) {
  const auto server = start(plain_options());
  auto taken = plain_options();
  taken.port = server->port();
  EXPECT_EQ(Server::start(taken, echo).error().code, Code::kUnavailable);
  auto name = plain_options();
  name.address = "localhost";
  EXPECT_NE(Server::start(name, echo).error().message.find("'localhost'"), std::string::npos);
  auto none = plain_options();
  none.threads = 0;
  EXPECT_EQ(Server::start(none, echo).error().field, "threads");
  EXPECT_FALSE(Server::start(plain_options(), nullptr).ok());
  auto odd = plain_options();
  odd.certificate = KeyPair{"x", "y"};
  EXPECT_FALSE(Server::start(odd, echo).ok());
}

// TLS.

ServerOptions tls_options(const KeyPair& pair) { return {.address = "127.0.0.1", .certificate = pair}; }

TEST(ServerTls, SpeaksOnlyHttp11AndModernTls) {
  const Authority authority;
  const auto server = start(tls_options(authority.issue("DNS:berth.test")));
  const RawClient::Tls good{.ca_pem = authority.pem(), .server_name = "berth.test"};
  const auto client = RawClient::tls(server->port(), good);
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->alpn(), "http/1.1");
  EXPECT_EQ(client->ask(post("/t", "x")).body, "POST /t application/json x");
  auto none = good;
  none.alpn = "";
  EXPECT_NE(RawClient::tls(server->port(), none), nullptr);
  auto h2 = good;
  h2.alpn = "h2";
  EXPECT_EQ(RawClient::tls(server->port(), h2), nullptr);
  auto tls12 = good;
  tls12.max_version = TLS1_2_VERSION;
  EXPECT_NE(RawClient::tls(server->port(), tls12), nullptr);
  auto tls11 = good;
  tls11.max_version = TLS1_1_VERSION;
  EXPECT_EQ(RawClient::tls(server->port(), tls11), nullptr);
  auto other = good;
  other.server_name = "other.test";
  EXPECT_EQ(RawClient::tls(server->port(), other), nullptr);
}

TEST(ServerTls, RefusesEveryHandshakeUntilItHasACertificate) {
  const Authority authority;
  const auto server = start({.address = "127.0.0.1"});
  EXPECT_EQ(RawClient::tls(server->port()), nullptr);
  ASSERT_TRUE(server->set_certificate(authority.issue("DNS:a")).ok());
  EXPECT_NE(RawClient::tls(server->port()), nullptr);
}

TEST(ServerTls, SwapsTheCertificateForNewConnectionsOnly) {
  const Authority authority;
  const auto server = start(tls_options(authority.issue("DNS:a", "first")));
  const auto old = RawClient::tls(server->port());
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->certificate_name(), "first");
  ASSERT_TRUE(server->set_certificate(authority.issue("DNS:a", "second")).ok());
  EXPECT_EQ(RawClient::tls(server->port())->certificate_name(), "second");
  EXPECT_EQ(old->ask(get("/")).status, 200);
}

TEST(ServerTls, KeepsTheLastGoodCertificate) {
  const Authority authority;
  const KeyPair first = authority.issue("DNS:a", "first");
  const KeyPair other = authority.issue("DNS:a", "other");
  const auto server = start(tls_options(first));
  const std::string cut = other.certificate_pem.substr(0, other.certificate_pem.size() / 2);
  const struct {
    const char* name;
    KeyPair pair;
    const char* says;
  } cases[] = {
      {"a key of another certificate", {other.certificate_pem, first.key_pem}, "does not belong"},
      {"no certificate", {"", other.key_pem}, "holds no PEM certificate"},
      {"half a certificate", {cut, other.key_pem}, "cannot be read"},
      {"a good one and half a one", {other.certificate_pem + cut, other.key_pem}, "cannot be read"},
      {"no key", {other.certificate_pem, ""}, "private key cannot be read"},
      {"a certificate as the key",
       {other.certificate_pem, other.certificate_pem},
       "private key cannot be read"},
  };
  for (const auto& c : cases) {
    const Status status = server->set_certificate(c.pair);
    ASSERT_FALSE(status.ok()) << c.name;
    EXPECT_EQ(status.error().code, Code::kMalformed) << c.name;
    EXPECT_NE(status.error().message.find(c.says), std::string::npos)
        << c.name << ": " << status.error().message;
    const auto client = RawClient::tls(server->port());
    ASSERT_NE(client, nullptr) << c.name;
    EXPECT_EQ(client->certificate_name(), "first") << c.name;
  }
  EXPECT_FALSE(start(plain_options())->set_certificate(first).ok());
}

TEST(ServerTls, PresentsTheChainBehindTheLeaf) {
  const Authority authority;
  KeyPair pair = authority.issue("DNS:a", "leaf");
  pair.certificate_pem += authority.pem();
  const auto server = start(tls_options(pair));
  EXPECT_EQ(RawClient::tls(server->port())->certificate_name(), "leaf");
}

// Drain (conventions.md P17).

TEST(ServerDrain, AnswersWhatIsInFlightAndSaysClose) {
  std::promise<void> entered;
  std::promise<void> leave;
  const auto server = start(plain_options(), [&](const ServerRequest& request) {
    if (request.target == "/slow") {
      entered.set_value();
      leave.get_future().wait();
    }
    return Reply{.body = request.target};
  });
  auto client = RawClient::plain(server->port());
  ASSERT_TRUE(client->send(get("/slow")));
  entered.get_future().wait();
  auto drained = std::async(std::launch::async, [&] { return server->drain(0ms, 10s); });
  // The drain cannot end before the handler does; letting it go only now is what "in flight" means.
  EXPECT_EQ(drained.wait_for(20ms), std::future_status::timeout);
  leave.set_value();
  const Answer answer = client->answer();
  EXPECT_EQ(answer.body, "/slow");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client->ended());
  client.reset();
  EXPECT_TRUE(drained.get());
  EXPECT_EQ(test::connect_to(server->port()), -1);
}

TEST(ServerDrain, TakesNewConnectionsDuringTheDelay) {
  auto options = plain_options();
  options.silence_limit = 100ms;
  const auto server = start(options);
  const auto idle = RawClient::plain(server->port());
  EXPECT_EQ(idle->ask(get("/before")).headers.count("connection"), 0U);
  auto drained = std::async(std::launch::async, [&] { return server->drain(500ms, 5s); });
  int answered = 0;
  while (drained.wait_for(0ms) != std::future_status::ready) {
    const auto client = RawClient::plain(server->port());
    if (!client) break;  // the delay is over
    const Answer answer = client->ask(get("/during"));
    if (answer.status == 0) break;
    if (answer.headers.contains("connection")) ++answered;
  }
  EXPECT_GT(answered, 0);
  EXPECT_TRUE(idle->ended());
  EXPECT_TRUE(drained.get());
}

TEST(ServerDrain, CutsOffWhatDoesNotEndInTime) {
  const auto server = start(plain_options());
  const auto client = RawClient::plain(server->port());
  ASSERT_TRUE(client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"));
  ASSERT_TRUE(eventually([&] { return server->stats().in_flight == 1; }));
  EXPECT_FALSE(server->drain(0ms, 50ms));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server->stats().connections, 0U);
  EXPECT_EQ(server->stats().in_flight, 0U);
  EXPECT_EQ(server->stats().bytes_in_flight, 0U);
  EXPECT_TRUE(server->drain(0ms, 0ms));
}

TEST(ServerDrain, GivesANewConnectionTheTimeToAsk) {
  auto options = plain_options();
  const auto server = start(options);
  auto client = RawClient::plain(server->port());
  ASSERT_TRUE(eventually([&] { return server->stats().connections == 1; }));
  auto drained = std::async(std::launch::async, [&] { return server->drain(0ms, 10s); });
  ASSERT_TRUE(eventually([&] {
    const int probe = test::connect_to(server->port());
    if (probe >= 0) ::close(probe);
    return probe < 0;
  }));
  EXPECT_EQ(client->ask(get("/late")).status, 200);
  EXPECT_TRUE(client->ended());
  client.reset();
  EXPECT_TRUE(drained.get());
}

TEST(ServerDrain, LeavesAConnectionThatWasUsedOpenForLonger) {
  auto options = plain_options();
  options.shutdown_limit = 20ms;
  const auto server = start(options);
  const auto used = RawClient::plain(server->port());
  ASSERT_EQ(used->ask(get("/before")).status, 200);
  const auto fresh = RawClient::plain(server->port());
  ASSERT_TRUE(eventually([&] { return server->stats().connections == 2; }));
  auto drained = std::async(std::launch::async, [&] { return server->drain(0ms, 10s); });
  EXPECT_TRUE(fresh->ended());
  const Answer answer = used->ask(get("/late"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(drained.get());
}

TEST(ServerDrain, ClosesAConnectionThatHasBeenSilentForLong) {
  auto options = plain_options();
  options.silence_limit = 20ms;
  const auto server = start(options);
  const auto used = RawClient::plain(server->port());
  ASSERT_EQ(used->ask(get("/before")).status, 200);
  EXPECT_TRUE(server->drain(0ms, 10s));
  EXPECT_TRUE(used->ended());
}

// A busy server is the one that has not looked yet.
TEST(ServerDrain, AnswersWhatHasComeInBeforeItWasLookedAt) {
  std::promise<void> entered;
  std::promise<void> leave;
  const auto server = start(plain_options(), [&](const ServerRequest& request) {
    if (request.target == "/slow") {
      entered.set_value();
      leave.get_future().wait();
    }
    return Reply{.body = request.target};
  });
  const auto used = RawClient::plain(server->port());
  ASSERT_EQ(used->ask(get("/before")).status, 200);
  const auto busy = RawClient::plain(server->port());
  ASSERT_TRUE(busy->send(get("/slow")));
  entered.get_future().wait();
  const auto fresh = RawClient::plain(server->port());  // connected by the kernel alone
  ASSERT_TRUE(used->send(get("/again")));
  ASSERT_TRUE(fresh->send(get("/first")));
  auto drained = std::async(std::launch::async, [&] { return server->drain(0ms, 10s); });
  EXPECT_EQ(drained.wait_for(20ms), std::future_status::timeout);
  leave.set_value();
  EXPECT_EQ(busy->answer().body, "/slow");
  EXPECT_EQ(used->answer().body, "/again");
  EXPECT_EQ(fresh->answer().body, "/first");
  EXPECT_TRUE(drained.get());
}

}  // namespace
}  // namespace berth::http
