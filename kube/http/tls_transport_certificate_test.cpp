// Whom a TlsTransport believes, and as whom it shows itself.
#include <chrono>
#include <gtest/gtest.h>
#include <string>

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
using test::ScriptedServer;
using test::secure;
using Peer = ScriptedServer::Peer;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace berth::http
