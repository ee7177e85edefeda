// A Request as the bytes of an HTTP/1.1 request.
//
// Inside of kube/http. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::http {

// The Host of a URL: brackets around an IPv6 address, the port unless it is the scheme's own.
std::string host_header(const std::string& host, std::uint16_t port, bool plain);

// Errors: Malformed when a part cannot stand in a request (line ends, blanks, controls), so that nothing from
// outside can add a header or a second request. `token` "" adds no Authorization.
Result<std::string> request_text(const Request& request, const std::string& host,
                                 const std::string& user_agent, const std::string& token);

}  // namespace berth::http
