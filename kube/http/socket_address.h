// Socket addresses as text, descriptors with an owner, and the listening socket.
//
// Inside of kube/http; plain system calls. Thread-safety: pure functions but for listen_on.
#pragma once

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <utility>

#include "core/base/result.h"

namespace berth::http {

// Whether the text is an IPv4 or IPv6 address (without brackets, port or zone).
bool is_ip_address(const std::string& text);

// "203.0.113.9:40123", "[2001:db8::1]:40123"; an IPv4-mapped address is written as the IPv4 one it is.
std::string socket_address_text(const sockaddr_storage& address);

// Closes what nobody has released.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}  // negative: none
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

struct Listener {
  Descriptor descriptor;  // non-blocking, listening
  std::uint16_t port;     // never 0
};

// `address`: numeric, without brackets; "": all addresses of both families, or of IPv4 where there is no
// IPv6. Errors: Malformed (not an address), Unavailable (taken, not ours, not allowed).
Result<Listener> listen_on(const std::string& address, std::uint16_t port);

}  // namespace berth::http
