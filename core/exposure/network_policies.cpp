#include "core/exposure/network_policies.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "core/base/address_set.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/endings.h"

namespace berth::exposure {
namespace {

// Addresses that nobody outside can come from.
constexpr std::array kInside = {"10.0.0.0/8",  "172.16.0.0/12",  "192.168.0.0/16", "100.64.0.0/10",
                                "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",    "::/127",
                                "fc00::/7",    "fe80::/10",      "ff00::/8"};

AddressSet everywhere_but_inside() {
  AddressSet outside;
  for (const char* all : {"0.0.0.0/0", "::/0"}) outside.add(*Cidr::parse(all));
  for (const char* inside : kInside) outside.remove(*Cidr::parse(inside));
  return outside;
}

bool lets_outsiders_come_from(const ExposurePolicySpec& spec, const std::string& network) {
  return std::any_of(spec.external.begin(), spec.external.end(), [&](const PolicyPort& port) {
    return std::find(port.from.begin(), port.from.end(), network) != port.from.end();
  });
}

AddressSet outside_of(const std::vector<const ExposurePolicy*>& policies) {
  static const AddressSet without_policies = everywhere_but_inside();
  AddressSet outside = without_policies;
  for (const ExposurePolicy* policy : policies) {
    for (const PolicyNetwork& network : policy->spec.networks) {
      if (!lets_outsiders_come_from(policy->spec, network.name)) continue;
      for (const std::string& text : network.cidrs) {
        if (const auto cidr = Cidr::parse_loosely(text); cidr.ok()) outside.add(*cidr);
      }
    }
  }
  return outside;
}

bool has_block(const NetworkPolicyRule& rule) {
  return std::any_of(rule.peers.begin(), rule.peers.end(),
                     [](const NetworkPolicyPeer& peer) { return peer.cidr.has_value(); });
}

// Where a port of a rule leads in a pod that declares it.
bool takes(const NetworkPolicyPort& open, const ContainerPort& declared) {
  if (open.protocol != declared.protocol) return false;
  if (!open.name.empty()) return open.name == declared.name;
  const std::int64_t last = std::max(open.port, open.end_port);
  return open.port == 0 || (open.port <= declared.container_port && declared.container_port <= last);
}

bool takes(const NetworkPolicyRule& rule, const ContainerPort& declared) {
  return rule.ports.empty() || std::any_of(rule.ports.begin(), rule.ports.end(),
                                           [&](const auto& open) { return takes(open, declared); });
}

// A rule that lets outsiders in.
struct OpenRule {
  const NetworkPolicy* policy;
  const NetworkPolicyRule* rule;
  std::vector<std::string> sources;
};

std::vector<OpenRule> open_rules(const NetworkPolicy& policy, const Facts& facts) {
  std::vector<OpenRule> open;
  for (const NetworkPolicyRule& rule : policy.ingress) {
    if (!rule.peers.empty() && !has_block(rule)) continue;
    if (auto sources = sources_outside(rule, facts.policies()))
      open.push_back({&policy, &rule, std::move(*sources)});
  }
  return open;
}

WayOut way_by(const OpenRule& open, Protocol protocol, std::int64_t number) {
  WayOut found;
  found.via = Via::kNetworkPolicy;
  found.protocol = protocol;
  found.audience.sources = open.sources;
  found.network_policy = open.policy;
  found.rule = open.rule;
  found.container_port = number;
  return found;
}

using SaysTheSame = std::function<bool(const Workload&)>;

WayOut ending_in(WayOut way, const Workload& workload, const DeclaredPort& end, Neighbourhood& around,
                 const SaysTheSame& is_as_open) {
  way.workload = &reported_as(workload, around, [&](const Workload& above) {
    const std::vector<DeclaredPort> declared = declared_ports(above.pod);
    return is_as_open(above) && std::any_of(declared.begin(), declared.end(), [&](const DeclaredPort& same) {
             return same.port->container_port == end.port->container_port &&
                    same.port->protocol == end.port->protocol;
           });
  });
  way.container = end.container->name;
  return way;
}

// True when the rule leads to anything that the workload declares.
bool add_ends(const OpenRule& open, const NetworkPolicyPort* port, const Workload& workload,
              Neighbourhood& around, WayCollection& ways) {
  bool led = false;
  for (const DeclaredPort& end : declared_ports(workload.pod)) {
    if (port != nullptr ? !takes(*port, *end.port) : !takes(*open.rule, *end.port)) continue;
    led = true;
    ways.add(ending_in(way_by(open, end.port->protocol, end.port->container_port), workload, end, around,
                       [&](const Workload& above) { return isolates(*open.policy, above); }));
  }
  return led;
}

// Of those who declare ports it is believed that they listen at no other.
const Workload* without_ports(const std::vector<const Workload*>& workloads) {
  const auto found = std::find_if(workloads.begin(), workloads.end(), [](const Workload* workload) {
    return declared_ports(workload->pod).empty();
  });
  return found == workloads.end() ? nullptr : *found;
}

// Nobody there declares what the port says.
void add_undeclared(const OpenRule& open, const NetworkPolicyPort& port,
                    const std::vector<const Workload*>& selected, WayCollection& ways) {
  if (port.port != 0 && port.end_port <= port.port) return ways.add(way_by(open, port.protocol, port.port));
  WayOut found = way_by(open, port.protocol, 0);
  if (!port.name.empty()) {
    found.unresolved = "no selected workload has a port named \"" + port.name + "\"";
  } else if (const Workload* silent = without_ports(selected); port.port != 0 && silent != nullptr) {
    found.unresolved = silent->kind + " " + to_string(silent->meta.key()) +
                       " declares no port, and those from " + std::to_string(port.port) + " to " +
                       std::to_string(port.end_port) + " are open";
  } else {
    return;  // whoever comes and declares one is judged then
  }
  ways.add(std::move(found));
}

}  // namespace

std::optional<std::vector<std::string>> sources_outside(const NetworkPolicyRule& rule,
                                                        const std::vector<const ExposurePolicy*>& policies) {
  if (rule.peers.empty()) return std::vector<std::string>();
  AddressSet let_in;
  for (const NetworkPolicyPeer& peer : rule.peers) {
    if (!peer.cidr) continue;
    const auto block = Cidr::parse_loosely(*peer.cidr);
    if (!block.ok()) return std::vector<std::string>();
    AddressSet one;
    one.add(*block);
    for (const std::string& text : peer.except) {
      if (const auto except = Cidr::parse_loosely(text); except.ok()) one.remove(*except);
    }
    let_in.add(one);
  }
  const AddressSet from_outside = let_in.common_with(outside_of(policies));
  if (from_outside.empty()) return std::nullopt;
  std::vector<std::string> sources;
  for (const Cidr& network : from_outside.networks()) sources.push_back(to_string(network));
  return sources;
}

void add_policy_ways(const NetworkPolicy& policy, Neighbourhood& around, WayCollection& ways) {
  const std::vector<OpenRule> rules = open_rules(policy, around.facts());
  if (rules.empty()) return;
  const std::vector<const Workload*> selected = around.selected_by(policy);
  for (const OpenRule& open : rules) {
    if (open.rule->ports.empty()) {
      for (const Workload* workload : selected) add_ends(open, nullptr, *workload, around, ways);
    }
    for (const NetworkPolicyPort& port : open.rule->ports) {
      bool led = false;
      for (const Workload* workload : selected) led = add_ends(open, &port, *workload, around, ways) || led;
      if (!led) add_undeclared(open, port, selected, ways);
    }
  }
}

void add_policy_ways(const Workload& workload, Neighbourhood& around, WayCollection& ways) {
  for (const NetworkPolicy* policy : around.network_policies()) {
    if (!isolates(*policy, workload)) continue;
    for (const OpenRule& open : open_rules(*policy, around.facts())) {
      add_ends(open, nullptr, workload, around, ways);
    }
  }
}

std::vector<WayOut> ways_left_open(const NetworkPolicy& was, const Facts& after) {
  Neighbourhood around(after, was.meta.ns);
  WayCollection ways;
  const auto nobody_isolates = [&](const Workload& workload) {
    const auto& policies = around.network_policies();
    return std::none_of(policies.begin(), policies.end(),
                        [&](const NetworkPolicy* policy) { return isolates(*policy, workload); });
  };
  const std::vector<OpenRule> open = open_rules(was, after);
  const auto was_open = [&](const ContainerPort& port) {
    return std::any_of(open.begin(), open.end(), [&](const auto& each) { return takes(*each.rule, port); });
  };
  for (const Workload* workload : around.selected_by(was)) {
    if (!nobody_isolates(*workload)) continue;
    for (const DeclaredPort& end : declared_ports(workload->pod)) {
      if (was_open(*end.port)) continue;
      WayOut found;
      found.via = Via::kNetworkPolicy;
      found.protocol = end.port->protocol;
      found.network_policy = &was;
      found.container_port = end.port->container_port;
      ways.add(ending_in(std::move(found), *workload, end, around, nobody_isolates));
    }
  }
  return ways.take();
}

}  // namespace berth::exposure
