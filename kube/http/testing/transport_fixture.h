// Transports to a ScriptedServer, and the requests and answers that go through them.
//
// Thread-safety: pure functions and constants.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kube/http/testing/authority.h"
#include "kube/http/testing/scripted_server.h"
#include "kube/http/tls_transport.h"

namespace berth::http::test {

inline const Request kGet{.target = "/api"};
inline const Request kPost{
    .method = "POST", .target = "/api", .content_type = "application/json", .body = "{}"};

TransportOptions plain(std::uint16_t port);
// Believes what `authority` has signed.
TransportOptions secure(const ScriptedServer& server, const Authority& authority);
// Requires options that can be.
std::unique_ptr<TlsTransport> make(TransportOptions options);

// A whole response: 200 with this body.
std::string ok(const std::string& body);
// A script: answers every request with its number on the connection and the connection's own ("0.0", "0.1").
void count_requests(ScriptedServer::Peer& peer, int connection);

}  // namespace berth::http::test
