// The algebra of networks: what is read reads back the same, and sets keep the laws of sets.
#include "core/base/cidr.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address_set.h"
#include "fuzz/must.h"

namespace berth {
namespace {

std::vector<Cidr> read(std::string_view text) {
  std::vector<Cidr> networks;
  while (!text.empty() && networks.size() < 8) {
    const std::size_t end = text.find_first_of(" \n,");
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto strict = Cidr::parse(word);
    const auto loose = Cidr::parse_loosely(word);
    if (strict.ok()) {
      MUST(loose.ok() && *loose == *strict);
      MUST(to_string(*strict) == to_string(*Cidr::parse(to_string(*strict))));
    }
    if (const auto address = Cidr::parse_address(word); address.ok()) {
      MUST(address->first() == address->last());
      networks.push_back(*address);
    }
    if (loose.ok()) networks.push_back(*loose);
  }
  return networks;
}

AddressSet set_of(const std::vector<Cidr>& networks) {
  AddressSet set;
  for (const Cidr& network : networks) set.add(network);
  return set;
}

void check(const std::vector<Cidr>& networks) {
  const AddressSet all = set_of(networks);
  MUST(set_of({networks.rbegin(), networks.rend()}) == all);
  MUST(set_of(all.networks()) == all);
  MUST(all.common_with(all) == all);
  for (const Cidr& one : networks) {
    MUST(one.contains(one));
    MUST(one.first() <= one.last());
    AddressSet rest = all;
    rest.remove(one);
    const AddressSet alone = set_of({one});
    MUST(rest.common_with(alone).empty());
    rest.add(alone);
    MUST(rest == all);
    for (const Cidr& other : networks) {
      MUST(alone.common_with(set_of({other})) == set_of({other}).common_with(alone));
      if (one.contains(other) && other.contains(one)) MUST(one == other);
    }
  }
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::check(berth::read({reinterpret_cast<const char*>(data), size}));
  return 0;
}
