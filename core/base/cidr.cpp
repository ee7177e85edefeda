#include "core/base/cidr.h"

#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace berth {
namespace {

constexpr int kMappedPrefix = 96;
constexpr int kBits = 128;

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool ipv4 = false;
};

std::optional<Address> read_address(std::string_view text) {
  // inet_pton wants a terminated string; the longest IPv6 text has 45 characters.
  if (text.size() > 45) return std::nullopt;
  const std::string copy(text);
  Address address;
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) {
    address.ipv4 = true;
    address.bytes[10] = address.bytes[11] = 0xff;
    for (std::size_t i = 0; i < four.size(); ++i) address.bytes[12 + i] = four[i];
    return address;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

bool bit(const std::array<std::uint8_t, 16>& bytes, int index) {
  return ((bytes[static_cast<std::size_t>(index) / 8] >> (7 - index % 8)) & 1) != 0;
}

void set_bit(std::array<std::uint8_t, 16>& bytes, int index, bool value) {
  std::uint8_t& byte = bytes[static_cast<std::size_t>(index) / 8];
  const auto mask = static_cast<std::uint8_t>(0x80U >> (static_cast<unsigned>(index) % 8U));
  byte = static_cast<std::uint8_t>(value ? byte | mask : byte & ~mask);
}

bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, int length) {
  for (int i = 0; i < length; ++i) {
    if (bit(a, i) != bit(b, i)) return false;
  }
  return true;
}

}  // namespace

Result<Cidr> Cidr::parse_loosely(std::string_view text) {
  const Error wrong = malformed("'" + std::string(text.substr(0, 64)) +
                                "' is not a network: write it as in '10.20.0.0/16' or '2001:db8::/32'");
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong;
  const auto address = read_address(text.substr(0, slash));
  if (!address) return wrong;
  const std::string_view digits = text.substr(slash + 1);
  int length = 0;
  const auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (code != std::errc() || stop != digits.data() + digits.size() || leading_zero || length < 0)
    return wrong;
  if (length > (address->ipv4 ? 32 : 128)) return wrong;
  const int prefix = address->ipv4 ? length + kMappedPrefix : length;
  Cidr cidr;
  cidr.bytes_ = address->bytes;
  for (int i = prefix; i < kBits; ++i) set_bit(cidr.bytes_, i, false);
  cidr.prefix_ = static_cast<std::uint8_t>(prefix);
  return cidr;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  TRY(Cidr cidr, parse_loosely(text));
  if (read_address(text.substr(0, text.find('/')))->bytes != cidr.bytes_) {
    return malformed("'" + std::string(text) +
                     "' has bits beyond its prefix length: write the network's first address");
  }
  return cidr;
}

Cidr::Bytes Cidr::last() const {
  Bytes bytes = bytes_;
  for (int i = prefix_; i < kBits; ++i) set_bit(bytes, i, true);
  return bytes;
}

Cidr Cidr::largest_between(const Bytes& first, const Bytes& last) {
  Cidr block;
  block.bytes_ = first;
  block.prefix_ = kBits;
  while (block.prefix_ > 0 && !bit(first, block.prefix_ - 1)) {
    Cidr larger = block;
    --larger.prefix_;
    if (larger.last() > last) break;
    block = larger;
  }
  return block;
}

Result<Cidr> Cidr::parse_address(std::string_view text) {
  const auto address = read_address(text);
  if (!address) {
    return malformed("'" + std::string(text.substr(0, 64)) +
                     "' is not an address: write it as in '203.0.113.9' or '2001:db8::1'");
  }
  Cidr cidr;
  cidr.bytes_ = address->bytes;
  cidr.prefix_ = 128;
  return cidr;
}

bool Cidr::contains(const Cidr& other) const {
  return prefix_ <= other.prefix_ && same_prefix(bytes_, other.bytes_, prefix_);
}

bool Cidr::is_ipv4() const {
  std::array<std::uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  return prefix_ >= kMappedPrefix && same_prefix(bytes_, mapped, kMappedPrefix);
}

bool Cidr::is_loopback() const {
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  if (prefix_ == 128 && bytes_ == one) return true;
  return is_ipv4() && prefix_ >= kMappedPrefix + 8 && bytes_[12] == 127;
}

std::string to_string(const Cidr& cidr) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (cidr.is_ipv4()) {
    inet_ntop(AF_INET, cidr.bytes_.data() + 12, text.data(), text.size());
    return std::string(text.data()) + "/" + std::to_string(cidr.prefix_ - kMappedPrefix);
  }
  inet_ntop(AF_INET6, cidr.bytes_.data(), text.data(), text.size());
  return std::string(text.data()) + "/" + std::to_string(cidr.prefix_);
}

}  // namespace berth
