// A Reply as the bytes of an HTTP/1.1 response.
//
// Inside of kube/http. Thread-safety: pure functions; append_reply reads the clock for Date.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "kube/http/server.h"

namespace berth::http {

// "200" -> "OK"; "" for a status without a name of its own (the phrase is optional, RFC 9112 4).
std::string_view reason_phrase(int status);

// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t seconds);

// Whether status is 200..599 and no header breaks the message (line ends, empty or odd names).
bool is_writable(const Reply& reply);

// Requires is_writable(). `close` adds "Connection: close"; `head` leaves the body out but not its length.
void append_reply(std::string& out, const Reply& reply, bool close, bool head);

}  // namespace berth::http
