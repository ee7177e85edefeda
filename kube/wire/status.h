// ApiStatus: metav1.Status, the API server's word on why it did not do something, and what it means to us.
//
// Source: apimachinery meta/v1 Status; answers measured on v1.36 (429 comes as plain text, a taken nodePort
// as 422 with the field). Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/port.h"
#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::wire {

struct StatusCause {
  std::string reason = {};  // e.g. FieldValueInvalid
  std::string field = {};   // e.g. spec.ports[0].nodePort
  std::string message = {};

  bool operator==(const StatusCause&) const = default;
};

struct ApiStatus {
  int code = 0;             // HTTP status
  std::string status = {};  // Success, Failure
  std::string reason = {};  // e.g. AlreadyExists
  std::string message = {};
  std::string kind = {};  // details: of the object it is about
  std::string name = {};
  std::vector<StatusCause> causes = {};
  int retry_after_seconds = 0;

  bool operator==(const ApiStatus&) const = default;
};

// Malformed when the text is no metav1.Status.
Result<ApiStatus> parse_status(std::string_view text);

// message: the server's; field: of the first cause that has one. Codes by reason first, then by HTTP status:
//   409 AlreadyExists -> Exists, other 409 -> Conflict; 422 about metadata.uid -> Conflict (a failed
//   precondition); 504 whose cause is ResourceVersionTooLarge -> Gone; 410 -> Gone; 401, 403 -> Forbidden;
//   429 -> Throttled; 408, other 504 -> Timeout; 500 "request is too large" -> Invalid; other 5xx ->
//   Unavailable; 404 -> NotFound; every other 4xx -> Invalid (repeating it is useless).
Error error_from(const ApiStatus& status);

// Of an answer that is not 2xx, whatever its body is: Status, plain text, nothing. Retry-After in seconds is
// taken from the header, else from the Status; 0 when there is none or it is a date.
Error error_from(const http::Response& response);

// The index i when the error is about spec.ports[i].nodePort of a Service, and what it says. A nodePort held
// by another Service can become free; one outside --service-node-port-range cannot.
struct NodePortRefusal {
  enum class Why { kTaken, kOutOfRange, kOther };
  std::size_t index = 0;
  Why why = Why::kOther;

  bool operator==(const NodePortRefusal&) const = default;
};
std::optional<NodePortRefusal> node_port_refusal(const Error& error);

// The API server's --service-node-port-range, as it says it when it refuses a number outside of it (no API
// tells it, and a dry run does not check it); nothing when the message says something else.
std::optional<PortSpan> valid_node_ports(std::string_view message);

}  // namespace berth::wire
