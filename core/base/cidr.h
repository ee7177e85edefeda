// Cidr: a block of IPv4 or IPv6 addresses, and the questions exposure asks of one.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth {

// Stored as 16 bytes; an IPv4 block is kept in the IPv4-mapped form ::ffff:a.b.c.d/96+n so that one algebra
// serves both families.
class Cidr {
 public:
  // "10.20.0.0/16", "2001:db8::/32". Host bits must be zero, as the API server demands of new objects.
  static Result<Cidr> parse(std::string_view text);
  // The same with bits beyond the prefix, which are let go: "10.20.0.7/16", as objects of old may have it.
  static Result<Cidr> parse_loosely(std::string_view text);
  // "203.0.113.9", "::1": one address.
  static Result<Cidr> parse_address(std::string_view text);

  // 16 bytes of an address, in network order; IPv4 as ::ffff:a.b.c.d.
  using Bytes = std::array<std::uint8_t, 16>;
  // The largest block that begins at `first` and ends at `last` or before it. Requires first <= last.
  static Cidr largest_between(const Bytes& first, const Bytes& last);
  [[nodiscard]] const Bytes& first() const { return bytes_; }
  [[nodiscard]] Bytes last() const;

  [[nodiscard]] bool contains(const Cidr& other) const;
  [[nodiscard]] bool is_ipv4() const;
  // 127.0.0.0/8 or ::1: reaches nobody outside the host (exposure.md row 47).
  [[nodiscard]] bool is_loopback() const;

  auto operator<=>(const Cidr&) const = default;
  friend std::string to_string(const Cidr& cidr);

 private:
  Bytes bytes_{};
  std::uint8_t prefix_ = 0;  // 0..128, counted in the mapped form
};

std::string to_string(const Cidr& cidr);

}  // namespace berth
