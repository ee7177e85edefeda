#include "kube/http/testing/message_text.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace berth::http::test {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string get(const std::string& target, bool close) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + (close ? "Connection: close\r\n" : "") + "\r\n";
}

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

Headers headers_of(std::string_view head) {
  Headers headers;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t next = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    if (const auto colon = line.find(": "); colon != std::string_view::npos) {
      headers[lower(std::string(line.substr(0, colon)))] = line.substr(colon + 2);
    }
    at = next;
  }
  return headers;
}

std::size_t content_length(const Headers& headers) {
  const auto found = headers.find("content-length");
  return found == headers.end() ? 0
                                : static_cast<std::size_t>(std::strtoull(found->second.c_str(), nullptr, 10));
}

}  // namespace berth::http::test
