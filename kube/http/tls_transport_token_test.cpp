// The bearer token of a TlsTransport: where it comes from, when it is read again.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "kube/http/testing/scripted_server.h"
#include "kube/http/testing/transport_fixture.h"

namespace berth::http {
namespace {

using test::kGet;
using test::make;
using test::ok;
using test::plain;
using test::ScriptedServer;
using Peer = ScriptedServer::Peer;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace berth::http
