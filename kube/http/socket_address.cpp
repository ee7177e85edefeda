#include "kube/http/socket_address.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace berth::http {
namespace {

// Enough for a burst while every thread is busy; the kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 1024;

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, address, text.data(), text.size()) != nullptr ? text.data() : "?";
}

sockaddr_storage v4_address(in_addr address, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr = address;
  sockaddr_storage storage{};
  std::memcpy(&storage, &v4, sizeof v4);
  return storage;
}

sockaddr_storage v6_address(in6_addr address, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = address;
  sockaddr_storage storage{};
  std::memcpy(&storage, &v6, sizeof v6);
  return storage;
}

// None, with errno.
Descriptor bound_socket(const sockaddr_storage& address, bool both_families) {
  Descriptor made(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int descriptor = made.number();
  if (descriptor < 0) return made;
  const int on = 1;
  const int only = both_families ? 0 : 1;
  const socklen_t size = address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  // A restarted program must not wait for the last one's connections to be forgotten.
  if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (address.ss_family != AF_INET6 ||
       ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0) &&
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
      ::listen(descriptor, kBacklog) == 0) {
    return made;
  }
  return Descriptor(-1);
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  // Both families keep the port at the same place.
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof v4);
  return ntohs(v4.sin_port);
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ < 0) return;
  // Whoever is told of a failure asks for its errno afterwards.
  const int error = errno;
  ::close(number_);
  errno = error;
}

bool is_ip_address(const std::string& text) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

std::string socket_address_text(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return text_of(AF_INET, &v4.sin_addr) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family != AF_INET6) return "?";
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  const std::string port = ":" + std::to_string(ntohs(v6.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return text_of(AF_INET, &v6.sin6_addr.s6_addr[12]) + port;
  return "[" + text_of(AF_INET6, &v6.sin6_addr) + "]" + port;
}

Result<Listener> listen_on(const std::string& address, std::uint16_t port) {
  in_addr v4{};
  in6_addr v6{};
  if (!address.empty() && !is_ip_address(address)) {
    return malformed("'" + address + "' is not an IPv4 or IPv6 address");
  }
  Descriptor descriptor = [&] {
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return bound_socket(v4_address(v4, port), false);
    if (inet_pton(AF_INET6, address.c_str(), &v6) == 1) return bound_socket(v6_address(v6, port), false);
    Descriptor both = bound_socket(v6_address(in6addr_any, port), true);
    if (both.number() >= 0 || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)) return both;
    return bound_socket(v4_address({INADDR_ANY}, port), false);
  }();
  if (descriptor.number() < 0) {
    return Error{Code::kUnavailable, "cannot listen on '" + address + "' port " + std::to_string(port) +
                                         ": " + std::generic_category().message(errno)};
  }
  const std::uint16_t bound = port_of(descriptor.number());
  return Listener{std::move(descriptor), bound};
}

}  // namespace berth::http
