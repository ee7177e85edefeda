#include "kube/http/request_text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace berth::http {
namespace {

bool visible(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

bool has_upper_letters_only(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string host_header(const std::string& host, std::uint16_t port, bool plain) {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text = v6 ? "[" + host + "]" : host;
  if (port != (plain ? 80 : 443)) text += ":" + std::to_string(port);
  return text;
}

Result<std::string> request_text(const Request& request, const std::string& host,
                                 const std::string& user_agent, const std::string& token) {
  if (!has_upper_letters_only(request.method)) return malformed("not a method: '" + request.method + "'");
  if (!request.target.starts_with('/') || !visible(request.target)) {
    return malformed("a request target starts with '/' and is percent-encoded", "target");
  }
  if (host.empty() || !visible(host)) return malformed("not a host: '" + host + "'", "host");
  if (!printable(request.content_type)) return malformed("not a media type", "content_type");
  if (!printable(request.accept)) return malformed("not a media type", "accept");
  if (!printable(user_agent)) return malformed("not a user agent", "user_agent");
  // Never show the token, not even a wrong one.
  if (!visible(token)) return malformed("the bearer token holds blanks or control characters", "token");

  std::string text;
  text.reserve(request.body.size() + request.target.size() + token.size() + 512);
  text += request.method;
  text += ' ';
  text += request.target;
  text += " HTTP/1.1\r\nHost: ";
  text += host;
  if (!user_agent.empty()) text.append("\r\nUser-Agent: ").append(user_agent);
  if (!request.accept.empty()) text.append("\r\nAccept: ").append(request.accept);
  if (!token.empty()) text.append("\r\nAuthorization: Bearer ").append(token);
  if (!request.content_type.empty()) text.append("\r\nContent-Type: ").append(request.content_type);
  // RFC 9110 8.6: methods that mean something by a body say its length even when there is none.
  const bool meant = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (meant || !request.body.empty()) {
    text.append("\r\nContent-Length: ").append(std::to_string(request.body.size()));
  }
  text += "\r\n\r\n";
  text += request.body;
  return text;
}

}  // namespace berth::http
