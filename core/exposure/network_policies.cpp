#include "core/exposure/network_policies.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/address_set.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/endings.h"
#include "core/exposure/network_sets.h"

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

bool may_be_outside(const NetworkPolicyRule& rule) {
  return rule.peers.empty() || std::any_of(rule.peers.begin(), rule.peers.end(),
                                           [](const auto& peer) { return peer.cidr || peer.sets; });
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

// Whom a peer with a block means; std::nullopt: nobody can tell.
std::optional<AddressSet> addresses_of(const NetworkPolicyPeer& peer) {
  const auto block = Cidr::parse_loosely(*peer.cidr);
  if (!block.ok()) return std::nullopt;
  AddressSet addresses;
  addresses.add(*block);
  for (const std::string& text : peer.except) {
    if (const auto except = Cidr::parse_loosely(text); except.ok()) addresses.remove(*except);
  }
  return addresses;
}

// Takes away whom `refused` means; false: everybody. What cannot be read refuses nobody.
bool take_away(AddressSet& let_in, const NetworkPolicyRule& refused) {
  if (refused.peers.empty()) return false;
  for (const NetworkPolicyPeer& peer : refused.peers) {
    if (!peer.cidr) continue;
    if (const auto addresses = addresses_of(peer)) let_in.remove(*addresses);
  }
  return true;
}

std::vector<std::string> texts_of(const std::vector<Cidr>& networks) {
  std::vector<std::string> texts;
  for (const Cidr& network : networks) texts.push_back(to_string(network));
  return texts;
}

std::vector<std::string> texts_of(const AddressSet& addresses) { return texts_of(addresses.networks()); }

// A rule that lets outsiders in.
struct OpenRule {
  const NetworkPolicy* policy;
  const NetworkPolicyRule* rule;
  std::vector<std::string> sources;  // the networks outside, each as short as can be; empty: everybody
  std::vector<OpenSet> sets;         // by which it does
};

void append(std::vector<Cidr>& networks, const std::vector<Cidr>& more) {
  networks.insert(networks.end(), more.begin(), more.end());
}

// Adds whom the sets of the peer let in from outside; false: everybody.
bool add_sets(const NetworkPolicyPeer& peer, const NetworkPolicy& policy, const Facts& facts,
              const AddressSet& outside, std::vector<Cidr>& let_in, std::vector<OpenSet>& sets) {
  bool readable = true;
  for (const NetworkSet* set : sets_of(peer, policy, facts)) {
    const auto addresses = addresses_by(peer, *set);
    if (!addresses) {
      readable = false;
      sets.push_back({set, {}});
      continue;
    }
    const AddressSet from_outside = addresses->common_with(outside);
    if (from_outside.empty()) continue;
    std::vector<Cidr> networks = from_outside.networks();
    append(let_in, networks);
    networks.resize(std::min(networks.size(), OpenSet::kMostNetworks));
    sets.push_back({set, texts_of(networks)});
  }
  return readable;
}

// Outside is what is no private, shared, loopback, link-local or multicast address (RFC 1918, 4193, 6598),
// and every network from which an ExposurePolicy lets an external port be used. A block that cannot be read
// restricts nobody. std::nullopt: nobody comes from there.
std::optional<OpenRule> opened_by(const NetworkPolicyRule& rule, const NetworkPolicy& policy,
                                  const Facts& facts) {
  if (!may_be_outside(rule)) return std::nullopt;
  OpenRule open{&policy, &rule, {}, {}};
  if (rule.peers.empty()) return open;
  const AddressSet outside = outside_of(facts.policies());
  std::vector<Cidr> let_in;
  bool is_everybody = false;
  for (const NetworkPolicyPeer& peer : rule.peers) {
    if (peer.sets && !add_sets(peer, policy, facts, outside, let_in, open.sets)) is_everybody = true;
    if (!peer.cidr) continue;
    const auto addresses = addresses_of(peer);
    if (!addresses) is_everybody = true;
    if (addresses) append(let_in, addresses->networks());
  }
  if (is_everybody) return open;
  AddressSet all;
  all.add(let_in);
  const AddressSet from_outside = all.common_with(outside);
  if (from_outside.empty()) return std::nullopt;
  open.sources = texts_of(from_outside);
  return open;
}

std::vector<OpenRule> open_rules(const NetworkPolicy& policy, const Facts& facts) {
  std::vector<OpenRule> open;
  for (const NetworkPolicyRule& rule : policy.ingress) {
    if (auto one = opened_by(rule, policy, facts)) open.push_back(*std::move(one));
  }
  return open;
}

// Who is left of them when the rule's refusals of that port are taken away; std::nullopt: nobody.
std::optional<std::vector<std::string>> sources_at(const OpenRule& open, const ContainerPort& port,
                                                   const Facts& facts) {
  AddressSet left;
  for (const char* all : {"0.0.0.0/0", "::/0"}) left.add(*Cidr::parse(all));
  bool any = false;
  for (const NetworkPolicyRule& refused : open.rule->refused) {
    if (!takes(refused, port)) continue;
    any = true;
    if (!take_away(left, refused)) return std::nullopt;
  }
  if (!any) return open.sources;
  if (open.sources.empty()) {
    left = left.common_with(outside_of(facts.policies()));
  } else {
    std::vector<Cidr> sources;
    for (const std::string& source : open.sources) sources.push_back(*Cidr::parse(source));
    AddressSet let_in;
    let_in.add(sources);
    left = left.common_with(let_in);
  }
  if (left.empty()) return std::nullopt;
  return texts_of(left);
}

WayOut way_by(const OpenRule& open, std::vector<std::string> sources, Protocol protocol,
              std::int64_t number) {
  WayOut found;
  found.via = Via::kNetworkPolicy;
  found.protocol = protocol;
  found.audience.sources = std::move(sources);
  found.network_policy = open.policy;
  found.rule = open.rule;
  found.network_sets = open.sets;
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
  if (!is_about_pods(*open.rule, workload.template_labels)) return false;
  bool led = false;
  for (const DeclaredPort& end : declared_ports(workload.pod)) {
    if (port != nullptr ? !takes(*port, *end.port) : !takes(*open.rule, *end.port)) continue;
    led = true;
    auto sources = sources_at(open, *end.port, around.facts());
    if (!sources) continue;
    ways.add(ending_in(way_by(open, std::move(*sources), end.port->protocol, end.port->container_port),
                       workload, end, around,
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
                    const std::vector<const Workload*>& selected, const Facts& facts, WayCollection& ways) {
  ContainerPort meant;
  meant.name = port.name;
  meant.container_port = port.port;
  meant.protocol = port.protocol;
  auto sources = sources_at(open, meant, facts);
  if (!sources) return;
  if (port.port != 0 && port.end_port <= port.port) {
    return ways.add(way_by(open, std::move(*sources), port.protocol, port.port));
  }
  WayOut found = way_by(open, std::move(*sources), port.protocol, 0);
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

std::vector<std::string> namespaces_of(const NetworkPolicy& policy, const Facts& facts) {
  if (!policy.cluster_wide) return {policy.meta.ns};
  std::vector<std::string> all = facts.namespaces();
  std::erase_if(
      all, [&](const std::string& ns) { return !is_of_namespace(policy, ns, facts.namespace_labels(ns)); });
  return all;
}

// Returns those that nobody declares. A name, or a range, for several protocols is declared when it is for
// one of them, and counts once.
static std::vector<const NetworkPolicyPort*> add_port_ends(const OpenRule& open,
                                                           const std::vector<const Workload*>& selected,
                                                           Neighbourhood& around, WayCollection& ways) {
  const auto as_written = [](const NetworkPolicyPort& port) {
    return std::tuple(std::string_view(port.name), port.port, port.end_port);
  };
  std::vector<const NetworkPolicyPort*> undeclared;
  std::set<std::tuple<std::string_view, std::int64_t, std::int64_t>> known;
  for (const NetworkPolicyPort& port : open.rule->ports) {
    bool led = false;
    for (const Workload* workload : selected) led = add_ends(open, &port, *workload, around, ways) || led;
    if (led) known.insert(as_written(port));
    if (!led) undeclared.push_back(&port);
  }
  std::erase_if(undeclared, [&](const NetworkPolicyPort* port) {
    const bool is_number = port->port != 0 && port->end_port <= port->port;
    return !is_number && !known.insert(as_written(*port)).second;
  });
  return undeclared;
}

void add_policy_ways(const NetworkPolicy& policy, Neighbourhood& around, WayCollection& ways) {
  const std::vector<OpenRule> rules = open_rules(policy, around.facts());
  if (rules.empty()) return;
  const std::vector<const Workload*> selected = around.selected_by(policy);
  for (const OpenRule& open : rules) {
    if (open.rule->ports.empty()) {
      for (const Workload* workload : selected) add_ends(open, nullptr, *workload, around, ways);
    }
    // Of all namespaces somebody else may have such a port.
    const std::vector<const NetworkPolicyPort*> undeclared = add_port_ends(open, selected, around, ways);
    if (policy.cluster_wide) continue;
    for (const NetworkPolicyPort* port : undeclared) {
      add_undeclared(open, *port, selected, around.facts(), ways);
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

static void add_ways_left_open(const NetworkPolicy& was, Neighbourhood& around, WayCollection& ways) {
  const auto nobody_isolates = [&](const Workload& workload) {
    const auto& policies = around.network_policies();
    return std::none_of(policies.begin(), policies.end(),
                        [&](const NetworkPolicy* policy) { return isolates(*policy, workload); });
  };
  const std::vector<OpenRule> open = open_rules(was, around.facts());
  const auto was_open = [&](const Workload& workload, const ContainerPort& port) {
    return std::any_of(open.begin(), open.end(), [&](const OpenRule& each) {
      return takes(*each.rule, port) && is_about_pods(*each.rule, workload.template_labels) &&
             sources_at(each, port, around.facts());
    });
  };
  for (const Workload* workload : around.selected_by(was)) {
    if (!nobody_isolates(*workload)) continue;
    for (const DeclaredPort& end : declared_ports(workload->pod)) {
      if (was_open(*workload, *end.port)) continue;
      WayOut found;
      found.via = Via::kNetworkPolicy;
      found.protocol = end.port->protocol;
      found.network_policy = &was;
      found.container_port = end.port->container_port;
      ways.add(ending_in(std::move(found), *workload, end, around, nobody_isolates));
    }
  }
}

std::vector<WayOut> ways_left_open(const NetworkPolicy& was, const std::string& ns, const Facts& after) {
  WayCollection ways;
  Neighbourhood around(after, ns);
  add_ways_left_open(was, around, ways);
  return ways.take();
}

std::vector<WayOut> ways_left_open(const NetworkPolicy& was, const Facts& after) {
  WayCollection ways;
  for (const std::string& ns : namespaces_of(was, after)) {
    Neighbourhood around(after, ns);
    add_ways_left_open(was, around, ways);
  }
  return ways.take();
}

}  // namespace berth::exposure
