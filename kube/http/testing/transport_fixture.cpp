#include "kube/http/testing/transport_fixture.h"

#include <gtest/gtest.h>
#include <utility>

namespace berth::http::test {

TransportOptions plain(std::uint16_t port) { return {.host = "127.0.0.1", .port = port, .plain = true}; }

TransportOptions secure(const ScriptedServer& server, const Authority& authority) {
  return {.host = "127.0.0.1", .port = server.port(), .tls = {.ca_pem = authority.pem()}};
}

std::unique_ptr<TlsTransport> make(TransportOptions options) {
  auto made = TlsTransport::make(std::move(options));
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::move(made).value();
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void count_requests(ScriptedServer::Peer& peer, int connection) {
  for (int i = 0; !peer.read_request().empty(); ++i) {
    peer.send(ok(std::to_string(connection) + "." + std::to_string(i)));
  }
}

}  // namespace berth::http::test
