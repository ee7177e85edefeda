#include "kube/adapters/cilium_policy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/adapters/cilium_selector.h"
#include "kube/adapters/path.h"
#include "kube/adapters/policy_parts.h"

namespace berth::adapters {
namespace {

using json::Tree;

// Whether what cannot be known counts: of what lets in it does, of what refuses it does not.
enum class Doubt { kCounts, kDoesNot };

// Of these a list without elements names nobody.
constexpr std::array kPeerLists = {"fromEndpoints", "fromNodes", "fromEntities", "fromCIDR", "fromCIDRSet"};

void add_entity(const std::string& entity, std::vector<NetworkPolicyPeer>& peers) {
  if (entity == "world-ipv4") return peers.push_back(block_of(kEveryAddress[0]));
  if (entity == "world-ipv6") return peers.push_back(block_of(kEveryAddress[1]));
  peers.push_back(somebody_inside());
}

// CiliumCIDRGroups, by their name or their labels; std::nullopt: everybody, perhaps.
std::optional<NetworkSetSelector> groups_of(const Tree& element) {
  NetworkSetSelector groups;
  groups.project = PolicyProject::kCilium;
  groups.name = element.text_at({"cidrGroupRef"});
  if (!groups.name.empty()) return groups;
  const Tree* selector = element.find({"cidrGroupSelector"});
  auto labels = selector == nullptr ? std::nullopt : cilium_groups(*selector);
  if (!labels) return std::nullopt;
  groups.all_of = {{{*std::move(labels), {}}}};
  return groups;
}

void add_cidr_set(const Tree& element, std::vector<NetworkPolicyPeer>& peers) {
  const std::string cidr = element.text_at({"cidr"});
  auto groups = cidr.empty() ? groups_of(element) : std::nullopt;
  const std::string shown = cidr.empty() ? "CiliumCIDRGroups" : cidr;
  peers.push_back(block_of(shown, texts_at(element, {"except"})));
  if (!groups) return;
  peers.back().cidr.reset();
  peers.back().sets = std::move(groups);
}

bool names_everybody(const Tree& rule, Doubt doubt) {
  const auto entities = texts_at(rule, {"fromEntities"});
  const auto& endpoints = list_at(rule, {"fromEndpoints"});
  return std::any_of(entities.begin(), entities.end(),
                     [](const std::string& entity) { return entity == "all" || entity == "world"; }) ||
         std::any_of(endpoints.begin(), endpoints.end(), [&](const Tree& selector) {
           return cilium_selects_world(selector, doubt == Doubt::kCounts);
         });
}

std::vector<NetworkPolicyPeer> named_peers(const Tree& rule) {
  std::vector<NetworkPolicyPeer> peers;
  for (const char* inside : {"fromEndpoints", "fromNodes", "fromServices"}) {
    if (says_something(rule, inside)) peers.push_back(somebody_inside());
  }
  for (const std::string& entity : texts_at(rule, {"fromEntities"})) add_entity(entity, peers);
  for (const std::string& cidr : texts_at(rule, {"fromCIDR"})) peers.push_back(block_of(cidr));
  for (const Tree& element : list_at(rule, {"fromCIDRSet"})) add_cidr_set(element, peers);
  if (says_something(rule, "fromGroups")) peers.push_back(block_of("a group of the cloud"));
  return peers;
}

// No peers: everybody; std::nullopt: nobody.
std::optional<std::vector<NetworkPolicyPeer>> peers_of(const Tree& rule, Doubt doubt) {
  const bool has_empty_list = std::any_of(kPeerLists.begin(), kPeerLists.end(), [&](const char* member) {
    const Tree* found = rule.find({member});
    return found != nullptr && found->as_list() != nullptr && found->as_list()->empty();
  });
  if (has_empty_list) return std::nullopt;
  if (names_everybody(rule, doubt)) return std::vector<NetworkPolicyPeer>();
  auto peers = named_peers(rule);
  if (peers.empty() && list_at(rule, {"toPorts"}).empty()) return std::nullopt;
  return peers;
}

std::string in_case(std::string text, int (*changed)(int)) {
  for (char& c : text) c = static_cast<char>(changed(static_cast<unsigned char>(c)));
  return text;
}

// Empty: one that has no ports, such as ICMP.
std::vector<Protocol> protocols_of(const Tree& port) {
  const std::string text = in_case(port.text_at({"protocol"}), std::toupper);
  if (text.empty() || text == "ANY") return {kEveryProtocol.begin(), kEveryProtocol.end()};
  for (const Protocol protocol : kEveryProtocol) {
    if (text == to_string(protocol)) return {protocol};
  }
  return {};
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_name(const std::string& text) {
  return std::any_of(text.begin(), text.end(), is_letter) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

// Which port of every protocol; std::nullopt: it cannot be read.
std::optional<NetworkPolicyPort> port_of(const Tree& written) {
  const Tree* found = written.find({"port"});
  const std::string text = found == nullptr ? "" : text_of(*found);
  NetworkPolicyPort port;
  if (text == "0") return port;
  port.port = port_number(text);
  if (port.port != 0) {
    port.end_port = written.number_at({"endPort"});
    return port;
  }
  if (!is_name(text)) return std::nullopt;
  port.name = in_case(text, std::tolower);
  return port;
}

// Empty: every port; std::nullopt: none.
std::optional<std::vector<NetworkPolicyPort>> ports_of(const Tree& rule, Doubt doubt) {
  const auto& all = list_at(rule, {"toPorts"});
  std::vector<NetworkPolicyPort> ports;
  if (all.empty()) return says_something(rule, "icmps") ? std::nullopt : std::optional(std::move(ports));
  for (const Tree& some : all) {
    const auto& written = list_at(some, {"ports"});
    if (written.empty() && doubt == Doubt::kCounts) return std::vector<NetworkPolicyPort>();
    for (const Tree& element : written) {
      auto port = port_of(element);
      if (!port && doubt == Doubt::kDoesNot) continue;
      for (const Protocol protocol : protocols_of(element)) {
        ports.push_back(port.value_or(NetworkPolicyPort()));
        ports.back().protocol = protocol;
      }
    }
  }
  return ports.empty() ? std::nullopt : std::optional(std::move(ports));
}

std::optional<NetworkPolicyRule> rule_of(const Tree& written, Doubt doubt) {
  auto peers = peers_of(written, doubt);
  auto ports = ports_of(written, doubt);
  if (!peers || !ports) return std::nullopt;
  NetworkPolicyRule rule;
  rule.peers = *std::move(peers);
  rule.ports = *std::move(ports);
  return rule;
}

// One `spec` that has to do with who comes in.
struct Part {
  CiliumSubject subject;
  std::vector<NetworkPolicyRule> rules;
};

bool isolates(const Tree& spec) {
  const Tree* said = spec.find({"enableDefaultDeny", "ingress"});
  const bool* isolates = said == nullptr ? nullptr : std::get_if<bool>(&said->value);
  if (isolates != nullptr) return *isolates;
  return !list_at(spec, {"ingress"}).empty() || !list_at(spec, {"ingressDeny"}).empty();
}

std::optional<Part> part_of(const Tree& spec, Refusals& refusals) {
  const Tree* nodes = spec.find({"nodeSelector"});
  if (nodes != nullptr && !nodes->is_null()) return std::nullopt;
  const Tree* selector = spec.find({"endpointSelector"});
  auto subject = selector == nullptr ? CiliumSubject() : cilium_subject(*selector);
  if (!subject) return std::nullopt;
  Part part{*std::move(subject), {}};
  refusals.forget();
  for (const Tree& written : list_at(spec, {"ingressDeny"})) {
    if (auto refused = rule_of(written, Doubt::kDoesNot)) refusals.add(*std::move(refused));
  }
  for (const Tree& written : list_at(spec, {"ingress"})) {
    auto rule = rule_of(written, Doubt::kCounts);
    if (!rule) continue;
    refusals.give_to(*rule);
    part.rules.push_back(*std::move(rule));
  }
  // One that isolates nobody opens nothing that is closed, but it says who may come.
  if (part.rules.empty() && !isolates(spec)) return std::nullopt;
  return part;
}

std::vector<Part> parts_of(const Tree& object) {
  std::vector<Part> parts;
  Refusals refusals;
  const auto add = [&](const Tree& spec) {
    if (!spec.is_object()) return;
    if (auto part = part_of(spec, refusals)) parts.push_back(*std::move(part));
  };
  if (const Tree* spec = object.find({"spec"})) add(*spec);
  for (const Tree& spec : list_at(object, {"specs"})) add(spec);
  return parts;
}

// Those of all parts; one that names none is about all of them.
std::vector<LabelSelector> namespaces_of(const std::vector<Part>& parts) {
  std::vector<LabelSelector> namespaces;
  for (const Part& part : parts) {
    if (part.subject.namespaces.empty()) return {};
    namespaces.push_back(part.subject.namespaces);
  }
  return namespaces;
}

// Whose pods the rules are about, which need not be said when there is only one part. An object from outside
// may have many rules and a long selector; then they are about all that the policy selects.
void say_pods(Part& part) {
  constexpr std::size_t kMost = 100'000;
  std::size_t length = 1;
  for (const LabelRequirement& each : part.subject.pods.match_expressions) length += 1 + each.values.size();
  if (length * part.rules.size() > kMost) return;
  for (NetworkPolicyRule& rule : part.rules) rule.pods = {part.subject.pods};
}

}  // namespace

NetworkPolicy read_cilium_policy(const Tree& object) {
  NetworkPolicy policy;
  std::vector<Part> parts = parts_of(object);
  policy.policy_types = {parts.empty() ? "Egress" : "Ingress"};
  policy.namespaces = namespaces_of(parts);
  for (Part& part : parts) {
    if (parts.size() > 1) say_pods(part);
    std::move(part.rules.begin(), part.rules.end(), std::back_inserter(policy.ingress));
    if (&part == &parts.front()) {
      policy.pod_selector = part.subject.pods;
    } else {
      policy.or_pods.push_back(part.subject.pods);
    }
  }
  return policy;
}

}  // namespace berth::adapters
