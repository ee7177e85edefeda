#include "kube/http/status_error.h"

#include <charconv>
#include <string>
#include <string_view>

namespace berth::http {
namespace {

constexpr std::size_t kMaxBodyInMessage = 1024;
constexpr int kMaxRetryAfterSeconds = 3600;

Code code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kForbidden;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kConflict;
    case 410:
      return Code::kGone;
    case 422:
      return Code::kInvalid;
    case 429:
      return Code::kThrottled;
    default:
      return status >= 500 && status <= 599 ? Code::kUnavailable : Code::kMalformed;
  }
}

// The start of a body as one line: at most kMaxBodyInMessage bytes, whole characters, no control characters.
std::string excerpt(std::string_view body) {
  if (body.size() > kMaxBodyInMessage) {
    std::size_t end = kMaxBodyInMessage;
    while (end > 0 && (static_cast<unsigned char>(body[end]) & 0xC0U) == 0x80U) --end;
    body = body.substr(0, end);
  }
  std::string line(body);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  const auto last = line.find_last_not_of(' ');
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

int retry_after(const Response& response) {
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end()) return 0;
  const std::string& text = header->second;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range && text.front() != '-') return kMaxRetryAfterSeconds;
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return 0;
  return seconds < kMaxRetryAfterSeconds ? seconds : kMaxRetryAfterSeconds;
}

}  // namespace

Error error_from_status(const Response& response) {
  Error error;
  error.code = code_of(response.status);
  error.message = "the server answered with HTTP status " + std::to_string(response.status);
  if (const std::string text = excerpt(response.body); !text.empty()) error.message += ": " + text;
  if (error.code == Code::kThrottled || error.code == Code::kUnavailable) {
    error.retry_after_seconds = retry_after(response);
  }
  return error;
}

}  // namespace berth::http
