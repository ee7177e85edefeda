#include "core/exposure/addresses.h"

#include <array>

#include "core/base/cidr.h"

namespace berth::exposure {
namespace {

struct SpecialRange {
  std::string_view cidr;
  std::string_view what;
};

// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; the first three are what the API server
// refuses in an EndpointSlice of today.
constexpr std::array<SpecialRange, 8> kSpecial = {{
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"224.0.0.0/4", "multicast"},
    {"0.0.0.0/8", "unspecified"},
    {"::1/128", "loopback"},
    {"fe80::/10", "link-local"},
    {"ff00::/8", "multicast"},
    {"::/128", "unspecified"},
}};

}  // namespace

std::string_view nobodys_address(std::string_view address) {
  if (address.empty()) return {};
  const Result<Cidr> one = Cidr::parse_address(address);
  if (!one) return "a name and no address";
  for (const SpecialRange& special : kSpecial) {
    const Result<Cidr> range = Cidr::parse(special.cidr);
    if (range.ok() && range->contains(*one)) return special.what;
  }
  return {};
}

std::string canonical_address(std::string_view address) {
  const Result<Cidr> one = Cidr::parse_address(address);
  if (!one) return std::string(address);
  const std::string text = to_string(*one);
  return text.substr(0, text.find('/'));
}

}  // namespace berth::exposure
