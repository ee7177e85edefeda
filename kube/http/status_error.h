// The Error a response stands for, judged by its status code alone.
//
// The body is not parsed here: kube/wire reads the API's Status out of it and starts from this.
#pragma once

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::http {

// 401 and 403 Forbidden, 404 NotFound, 409 Conflict, 410 Gone, 422 Invalid, 429 Throttled, 5xx Unavailable,
// anything else Malformed. The message holds the status and at most the first 1024 bytes of the body, without
// control characters and never cut inside a UTF-8 character. 429 and 5xx carry Retry-After when it is a plain
// number of seconds (RFC 9110 10.2.3; the API server sends no dates), at most one hour.
Error error_from_status(const Response& response);

}  // namespace berth::http
