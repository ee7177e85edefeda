#include "core/model/advertisement.h"

#include <algorithm>

#include "core/base/cidr.h"

namespace berth {
namespace {

bool holds(const std::string& network, const std::string& ip) {
  const auto block = Cidr::parse_loosely(network);
  const auto address = Cidr::parse_address(ip);
  return !block.ok() || !address.ok() || block->contains(*address);
}

}  // namespace

bool advertises(const Advertisement& advertisement, const Service& service) {
  if (service.type == "ExternalName" || service.cluster_ip == "None") return false;
  return std::any_of(advertisement.addresses.begin(), advertisement.addresses.end(), [&](const auto& part) {
    if (!matches(part.selector, service.meta.labels)) return false;
    return part.networks.empty() ||
           std::any_of(part.networks.begin(), part.networks.end(),
                       [&](const std::string& network) { return holds(network, service.cluster_ip); });
  });
}

}  // namespace berth
