#include "kube/adapters/calico_policy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/adapters/calico_ports.h"
#include "kube/adapters/calico_selector.h"
#include "kube/adapters/calico_sets.h"
#include "kube/adapters/policy_parts.h"

namespace berth::adapters {
namespace {

using json::Tree;

constexpr std::string_view kOfCalico = "projectcalico.org/";  // labels that no pod has in Kubernetes
constexpr std::string_view kLabelsOfServiceAccount = "pcsa.";

// What an expression says of pods, and of their namespaces beside.
struct Subject {
  std::vector<LabelSelector> pods = {};
  std::vector<LabelSelector> namespaces = {};  // empty: all
};

// Of what Calico adds to the labels of a pod only the namespace can be known.
Subject subject_of(const std::string& expression) {
  Subject subject;
  bool every_namespace = false;
  for (const LabelSelector& alternative : calico_alternatives(expression)) {
    LabelSelector pods;
    LabelSelector namespaces;
    for (const LabelRequirement& requirement : alternative.match_expressions) {
      const std::string& key = requirement.key;
      if (is_of_calico_namespace(key)) {
        namespaces.match_expressions.push_back(
            {label_of_calico_namespace(key), requirement.op, requirement.values});
      } else if (!key.starts_with(kOfCalico) && !key.starts_with(kLabelsOfServiceAccount)) {
        pods.match_expressions.push_back(requirement);
      }
    }
    subject.pods.push_back(std::move(pods));
    every_namespace = every_namespace || namespaces.empty();
    subject.namespaces.push_back(std::move(namespaces));
  }
  if (every_namespace) subject.namespaces.clear();
  return subject;
}

std::vector<LabelSelector> namespaces_of(const std::string& expression) {
  std::vector<LabelSelector> namespaces = calico_alternatives(expression);
  for (LabelSelector& alternative : namespaces) {
    for (LabelRequirement& requirement : alternative.match_expressions) {
      requirement.key = label_of_calico_namespace(std::move(requirement.key));
    }
  }
  if (namespaces.empty()) return {nobody()};
  const bool every = std::any_of(namespaces.begin(), namespaces.end(),
                                 [](const LabelSelector& each) { return each.empty(); });
  return every ? std::vector<LabelSelector>() : namespaces;
}

bool names_inside(const Tree& source) {
  const Tree* accounts = source.find({"serviceAccounts"});
  const bool by_account =
      accounts != nullptr && (says_something(*accounts, "names") || says_something(*accounts, "selector"));
  return by_account || says_something(source, "selector") || says_something(source, "namespaceSelector") ||
         says_something(source, "services");
}

bool is_of_version(std::string_view network, const Tree& rule) {
  const std::int64_t version = rule.number_at({"ipVersion"});
  return version == 0 || (version == 6) == (network.find(':') != std::string_view::npos);
}

bool has_too_many_networks(const Tree& rule) {
  constexpr std::size_t kMost = 1024;
  return list_at(rule, {"source", "nets"}).size() * list_at(rule, {"source", "notNets"}).size() > kMost;
}

// By addresses alone. No peers: everybody.
std::vector<NetworkPolicyPeer> blocks_of(const Tree& rule) {
  std::vector<std::string> nets = texts_at(rule, {"source", "nets"});
  std::vector<std::string> except = texts_at(rule, {"source", "notNets"});
  // Each of the one would have each of the other.
  if (has_too_many_networks(rule)) except.clear();
  if (nets.empty() && except.empty() && rule.number_at({"ipVersion"}) == 0) return {};
  if (nets.empty()) nets.assign(kEveryAddress.begin(), kEveryAddress.end());
  std::vector<NetworkPolicyPeer> peers;
  for (const std::string& net : nets) {
    if (is_of_version(net, rule)) peers.push_back(block_of(net, except));
  }
  if (peers.empty()) peers.push_back(somebody_inside());
  return peers;
}

// The networks of sets that the source selects; std::nullopt: it selects none.
std::optional<NetworkPolicyPeer> sets_of(const Tree& rule, const Tree& source, CalicoSetReader& reader) {
  std::vector<std::string> nets = texts_at(source, {"nets"});
  if (nets.empty() && rule.number_at({"ipVersion"}) != 0)
    nets.assign(kEveryAddress.begin(), kEveryAddress.end());
  const bool any = nets.empty();
  std::erase_if(nets, [&](const std::string& net) { return !is_of_version(net, rule); });
  if (!any && nets.empty()) return std::nullopt;
  return reader.read(source, nets, texts_at(source, {"notNets"}));
}

std::vector<NetworkPolicyPeer> peers_of(const Tree& rule, CalicoSetReader& reader) {
  const Tree* source = rule.find({"source"});
  if (source == nullptr || !names_inside(*source)) return blocks_of(rule);
  std::vector<NetworkPolicyPeer> peers = {somebody_inside()};
  if (auto sets = sets_of(rule, *source, reader)) peers.push_back(*std::move(sets));
  return peers;
}

// There may be many rules, and a short expression can need many selectors.
bool is_long(const std::vector<LabelSelector>& alternatives) {
  constexpr std::size_t kMost = 16;
  std::size_t length = 0;
  for (const LabelSelector& each : alternatives) length += 1 + each.match_expressions.size();
  return length > kMost;
}

std::optional<NetworkPolicyRule> allowed(const Tree& written, CalicoSetReader& reader) {
  auto ports = calico_ports(written, false);
  if (!ports) return std::nullopt;
  NetworkPolicyRule rule;
  rule.ports = *std::move(ports);
  rule.peers = peers_of(written, reader);
  const std::string destination = written.text_at({"destination", "selector"});
  if (destination.empty()) return rule;
  rule.pods = subject_of(destination).pods;
  if (rule.pods.empty()) return std::nullopt;
  if (is_long(rule.pods)) rule.pods.clear();  // about all that the policy selects, then
  return rule;
}

bool has_only(const Tree& tree, std::initializer_list<std::string_view> members) {
  const auto* all = tree.as_object();
  return all == nullptr || std::all_of(all->begin(), all->end(), [&](const auto& entry) {
           return says_nothing(entry.second) ||
                  std::find(members.begin(), members.end(), entry.first) != members.end();
         });
}

// Only where nothing narrows it that the model cannot say.
std::optional<NetworkPolicyRule> refused(const Tree& written) {
  const Tree* source = written.find({"source"});
  const Tree* destination = written.find({"destination"});
  if (!has_only(written,
                {"action", "ipVersion", "protocol", "notProtocol", "source", "destination", "metadata"}) ||
      (source != nullptr && !has_only(*source, {"nets", "notNets"})) ||
      (destination != nullptr && !has_only(*destination, {"ports", "notPorts"})) ||
      has_too_many_networks(written)) {
    return std::nullopt;
  }
  auto ports = calico_ports(written, true);
  if (!ports) return std::nullopt;
  NetworkPolicyRule rule;
  rule.ports = *std::move(ports);
  rule.peers = blocks_of(written);
  return rule;
}

// In their order: whoever is refused before comes in no more.
std::vector<NetworkPolicyRule> rules_of(const Tree& spec) {
  std::vector<NetworkPolicyRule> rules;
  Refusals refusals;
  CalicoSetReader reader;
  for (const Tree& written : list_at(spec, {"ingress"})) {
    const std::string action = written.text_at({"action"});
    // Pass leaves it to other policies.
    if (action == "Log" || action == "Pass") continue;
    if (action == "Deny") {
      if (auto rule = refused(written)) refusals.add(*std::move(rule));
    } else if (auto rule = allowed(written, reader)) {
      refusals.give_to(*rule);
      rules.push_back(*std::move(rule));
    }
  }
  return rules;
}

// As Calico computes them when they are not written.
std::vector<std::string> types_of(const Tree& spec) {
  std::vector<std::string> types = texts_at(spec, {"types"});
  if (!types.empty()) return types;
  const bool egress = !list_at(spec, {"egress"}).empty();
  if (!egress || !list_at(spec, {"ingress"}).empty()) types.emplace_back("Ingress");
  if (egress) types.emplace_back("Egress");
  return types;
}

}  // namespace

NetworkPolicy read_calico_policy(const Tree& object) {
  NetworkPolicy policy;
  const Tree* spec = object.find({"spec"});
  if (spec == nullptr) return policy;
  policy.policy_types = types_of(*spec);
  policy.ingress = rules_of(*spec);
  Subject subject = subject_of(spec->text_at({"selector"}));
  const std::string of_namespaces = spec->text_at({"namespaceSelector"});
  policy.namespaces = of_namespaces.empty() ? std::move(subject.namespaces) : namespaces_of(of_namespaces);
  if (subject.pods.empty()) subject.pods.push_back(nobody());
  policy.pod_selector = std::move(subject.pods.front());
  policy.or_pods.assign(std::make_move_iterator(subject.pods.begin() + 1),
                        std::make_move_iterator(subject.pods.end()));
  return policy;
}

}  // namespace berth::adapters
