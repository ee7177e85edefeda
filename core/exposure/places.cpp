#include "core/exposure/places.h"

#include <algorithm>

#include "core/base/cidr.h"
#include "core/exposure/way_collection.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

Placement placed(bool within) { return within ? Placement::kWithin : Placement::kElsewhere; }

bool all_inside(const std::vector<std::string>& addresses, const PolicyTable& table,
                const std::vector<std::string>& networks) {
  return std::all_of(addresses.begin(), addresses.end(), [&](const std::string& text) {
    const Result<Cidr> address = Cidr::parse_address(text);
    return address.ok() && table.inside(*address, networks);
  });
}

// Every network on which the nodes have addresses is one of these; where none is said to be, nobody knows
// what the nodes are on.
bool nodes_inside(const PolicyTable& table, const std::vector<std::string>& networks) {
  bool any = false;
  for (const PolicyNetwork& network : table.policy().spec.networks) {
    if (!network.node_addresses) continue;
    if (!has(networks, network.name)) return false;
    any = true;
  }
  return any;
}

bool class_inside(const std::string& name, const PolicyTable& table,
                  const std::vector<std::string>& networks) {
  const auto& declared = table.policy().spec.networks;
  return std::any_of(declared.begin(), declared.end(), [&](const PolicyNetwork& network) {
    return has(networks, network.name) && has(network.load_balancer_classes, name);
  });
}

// A class that no network has says nothing of where it is.
bool class_elsewhere(const std::string& name, const PolicyTable& table,
                     const std::vector<std::string>& networks) {
  const auto& declared = table.policy().spec.networks;
  return std::any_of(declared.begin(), declared.end(), [&](const PolicyNetwork& network) {
    return !has(networks, network.name) && has(network.load_balancer_classes, name);
  });
}

Placement of_load_balancer(const WayOut& way, const PolicyTable& table,
                           const std::vector<std::string>& networks) {
  const std::string& name = way.service->load_balancer_class;
  if (class_elsewhere(name, table, networks) && !class_inside(name, table, networks))
    return Placement::kElsewhere;
  const std::vector<std::string>& asked = way.audience.addresses;
  if (!asked.empty()) return placed(all_inside(asked, table, networks));
  return placed(!name.empty() && class_inside(name, table, networks));
}

}  // namespace

Placement placement(const WayOut& way, const PolicyTable& table, const std::vector<std::string>& networks) {
  if (way.entrance != nullptr) return Placement::kUnknown;
  switch (way.via) {
    case Via::kLoadBalancer:
      return of_load_balancer(way, table, networks);
    case Via::kExternalIp:
      return placed(all_inside(way.audience.addresses, table, networks));
    case Via::kHostPort: {
      const std::vector<std::string>& ips = way.audience.addresses;
      const bool everywhere = ips.empty() || has(ips, "") || has(ips, "0.0.0.0") || has(ips, "::");
      return placed(everywhere ? nodes_inside(table, networks) : all_inside(ips, table, networks));
    }
    case Via::kNodePort:
    case Via::kHostNetwork:
      return placed(nodes_inside(table, networks));
    case Via::kIngress:
    case Via::kGateway:
    case Via::kConfigMap:
    case Via::kAnnotation:
    case Via::kExport:
    case Via::kNetworkPolicy:
    case Via::kConnect:
    case Via::kCustom:
      break;
  }
  return Placement::kUnknown;
}

std::string place_text(const WayOut& way) {
  if (way.via == Via::kNodePort || way.via == Via::kHostNetwork) return "every address of the nodes";
  if (way.via == Via::kHostPort) {
    const std::vector<std::string>& ips = way.audience.addresses;
    return ips.empty() || has(ips, "") ? "every address of the nodes" : joined(ips);
  }
  if (!way.audience.addresses.empty()) return joined(way.audience.addresses);
  if (way.via == Via::kLoadBalancer) {
    const std::string& name = way.service->load_balancer_class;
    return name.empty() ? "whatever address its load balancer chooses"
                        : "load balancer class " + one_line(name);
  }
  return "a network that is not known";
}

std::string places_of(const PolicyTable& table, const std::vector<std::string>& networks) {
  std::vector<std::string> classes;
  std::vector<std::string> blocks;
  for (const PolicyNetwork& network : table.policy().spec.networks) {
    if (!has(networks, network.name)) continue;
    for (const std::string& name : network.load_balancer_classes) add_sorted(classes, name);
    for (const std::string& block : network.cidrs) blocks.push_back(block);
  }
  std::string text = classes.empty() ? "" : "load balancer class " + joined(classes);
  if (!blocks.empty()) text += (text.empty() ? "" : " or ") + ("an address of " + joined(blocks));
  return text;
}

const std::vector<std::string_view>& address_annotations() {
  static const std::vector<std::string_view> keys = {
      "io.cilium/lb-ipam-ips",      "kube-vip.io/loadbalancerIPs",         "lbipam.cilium.io/ips",
      "metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs",
  };
  return keys;
}

std::vector<std::string> asked_addresses(const Service& service) {
  std::vector<std::string> addresses;
  const auto add = [&](const std::string& list) {
    std::size_t begin = 0;
    while (begin <= list.size()) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      const std::size_t first = list.find_first_not_of(' ', begin);
      if (first < end) {
        const std::size_t last = list.find_last_not_of(' ', end - 1);
        add_sorted(addresses, list.substr(first, last - first + 1));
      }
      begin = end + 1;
    }
  };
  add(service.load_balancer_ip);
  for (const std::string_view key : address_annotations()) {
    const auto found = service.meta.annotations.find(std::string(key));
    if (found != service.meta.annotations.end()) add(found->second);
  }
  return addresses;
}

}  // namespace berth::exposure
