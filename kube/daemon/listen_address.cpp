#include "kube/daemon/listen_address.h"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace berth::daemon {
namespace {

Error wrong(std::string_view text, const std::string& why) {
  return malformed("'" + std::string(text) + "' is not an address to listen on: " + why +
                   "; write for example ':8443', '127.0.0.1:8443' or '[::1]:8443'");
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc() || end != digits.data() + digits.size() || padded) {
    return wrong(text, "the port must be a number of 0 to 65535");
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host;
  in_addr v4{};
  in6_addr v6{};
  if (host.empty()) return address;
  if (::inet_pton(AF_INET, address.host.c_str(), &v4) == 1 && !bracketed) return address;
  if (::inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
    if (bracketed) return address;
    return wrong(text, "an IPv6 address stands in brackets");
  }
  return wrong(text, "the part before the port must be a numeric address or empty");
}

std::string to_string(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace berth::daemon
