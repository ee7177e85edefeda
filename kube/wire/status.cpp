#include "kube/wire/status.h"

#include <algorithm>
#include <charconv>

#include "kube/http/status_error.h"
#include "kube/json/reader.h"

namespace berth::wire {

using json::Archive;
using json::group;
using json::member;

static void describe(Archive& archive, StatusCause& cause) {
  member(archive, "reason", cause.reason);
  member(archive, "field", cause.field);
  member(archive, "message", cause.message);
}

namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_cause(const ApiStatus& status, std::string_view reason) {
  for (const StatusCause& cause : status.causes) {
    if (cause.reason == reason) return true;
  }
  return false;
}

std::string first_field(const ApiStatus& status) {
  for (const StatusCause& cause : status.causes) {
    if (!cause.field.empty()) return cause.field;
  }
  return {};
}

// A list or watch from a version that the server does not have (yet).
bool is_future_version(const ApiStatus& status) {
  return has_cause(status, "ResourceVersionTooLarge") ||
         contains(status.message, "Too large resource version");
}

Code code_of(const ApiStatus& status) {
  if (status.reason == "Expired" || status.reason == "Gone" || status.code == 410) return Code::kGone;
  switch (status.code) {
    case 401:
    case 403:
      return Code::kForbidden;
    case 404:
      return Code::kNotFound;
    case 409:
      return status.reason == "AlreadyExists" ? Code::kExists : Code::kConflict;
    case 408:
      return Code::kTimeout;
    case 422:
      return first_field(status) == "metadata.uid" ? Code::kConflict : Code::kInvalid;
    case 429:
      return Code::kThrottled;
    case 504:
      return is_future_version(status) ? Code::kGone : Code::kTimeout;
    case 500:
      // etcd's own limit: the same body will never fit.
      return contains(status.message, "request is too large") ? Code::kInvalid : Code::kUnavailable;
    default:
      break;
  }
  return status.code >= 400 && status.code < 500 ? Code::kInvalid : Code::kUnavailable;
}

std::string_view cause_message(std::string_view message) {
  constexpr std::string_view kTaken = "provided port is already allocated";
  constexpr std::string_view kOutside = "provided port is not in the valid range";
  if (contains(message, kTaken)) return kTaken;
  if (contains(message, kOutside)) return kOutside;
  return {};
}

}  // namespace

Result<ApiStatus> parse_status(std::string_view text) {
  ApiStatus status;
  std::string kind;
  std::int64_t code = 0;
  std::int64_t retry_after = 0;
  TRY_DONE(json::read_document(text, [&](Archive& archive) {
    member(archive, "kind", kind);
    member(archive, "code", code);
    member(archive, "status", status.status);
    member(archive, "reason", status.reason);
    member(archive, "message", status.message);
    group(archive, "details", false, [&] {
      member(archive, "kind", status.kind);
      member(archive, "name", status.name);
      member(archive, "causes", status.causes);
      member(archive, "retryAfterSeconds", retry_after);
    });
  }));
  if (kind != "Status") {
    return malformed("kind: '" + kind + "' stands here, expected Status", "kind");
  }
  constexpr std::int64_t kHour = 3600;
  status.code = static_cast<int>(code);  // int32 by the reader
  status.retry_after_seconds = static_cast<int>(std::min(std::max<std::int64_t>(retry_after, 0), kHour));
  return status;
}

Error error_from(const ApiStatus& status) {
  Error error;
  error.code = code_of(status);
  error.message = status.message.empty() ? "the API server answered " + std::to_string(status.code) + " " +
                                               (status.reason.empty() ? "without a reason" : status.reason)
                                         : status.message;
  error.field = first_field(status);
  error.retry_after_seconds = status.retry_after_seconds;
  return error;
}

Error error_from(const http::Response& response) {
  Error plain = http::error_from_status(response);
  Result<ApiStatus> status = parse_status(response.body);
  if (!status.ok()) {
    // Plain text, as a 429 has it, or nothing: the code is still judged by the API's rules.
    ApiStatus bare;
    bare.code = response.status;
    bare.message = response.body;
    plain.code = code_of(bare);
    return plain;
  }
  // What the server did stands in the response; the body only says why.
  status->code = response.status;
  Error error = error_from(*status);
  if (plain.retry_after_seconds != 0) error.retry_after_seconds = plain.retry_after_seconds;
  return error;
}

std::optional<NodePortRefusal> node_port_refusal(const Error& error) {
  constexpr std::string_view kPrefix = "spec.ports[";
  constexpr std::string_view kSuffix = "].nodePort";
  const std::string_view field = error.field;
  if (error.code != Code::kInvalid || !field.starts_with(kPrefix) || !field.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const std::string_view digits =
      field.substr(kPrefix.size(), field.size() - kPrefix.size() - kSuffix.size());
  NodePortRefusal refusal;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), refusal.index);
  if (digits.empty() || code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const std::string_view why = cause_message(error.message);
  if (contains(why, "already allocated")) refusal.why = NodePortRefusal::Why::kTaken;
  if (contains(why, "valid range")) refusal.why = NodePortRefusal::Why::kOutOfRange;
  return refusal;
}

std::optional<PortSpan> valid_node_ports(std::string_view message) {
  constexpr std::string_view kSaid = "not in the valid range. The range of valid ports is ";
  const std::size_t at = message.find(kSaid);
  if (at == std::string_view::npos) return {};
  std::string_view span = message.substr(at + kSaid.size());
  span = span.substr(0, span.find_first_not_of("0123456789-"));
  const auto parsed = parse_port_span(span);
  return parsed.ok() ? std::optional<PortSpan>(*parsed) : std::nullopt;
}

}  // namespace berth::wire
