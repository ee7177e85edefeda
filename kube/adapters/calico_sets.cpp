#include "kube/adapters/calico_sets.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kube/adapters/calico_selector.h"
#include "kube/adapters/policy_parts.h"

namespace berth::adapters {
namespace {

using json::Tree;

constexpr char kServiceAccount[] = "projectcalico.org/serviceaccount";
constexpr char kLabelsOfServiceAccount[] = "pcsa.";

std::vector<NetworkSetTerm> terms_of_selector(const std::string& expression) {
  std::vector<NetworkSetTerm> terms;
  for (const LabelSelector& alternative : calico_alternatives(expression)) {
    NetworkSetTerm& term = terms.emplace_back();
    for (const LabelRequirement& requirement : alternative.match_expressions) {
      const bool of_namespace = is_of_calico_namespace(requirement.key);
      LabelSelector& whose = of_namespace ? term.namespaces : term.labels;
      whose.match_expressions.push_back(requirement);
      if (of_namespace) whose.match_expressions.back().key = label_of_calico_namespace(requirement.key);
    }
  }
  return terms;
}

std::vector<NetworkSetTerm> terms_of_namespaces(const std::string& expression) {
  std::vector<NetworkSetTerm> terms;
  for (LabelSelector& alternative : calico_namespaces(expression)) {
    for (LabelRequirement& requirement : alternative.match_expressions) {
      requirement.key = label_of_calico_namespace(std::move(requirement.key));
    }
    terms.push_back({{}, std::move(alternative)});
  }
  return terms;
}

std::vector<NetworkSetTerm> terms_of_accounts(const std::string& expression) {
  std::vector<NetworkSetTerm> terms;
  for (LabelSelector& alternative : calico_alternatives(expression)) {
    for (LabelRequirement& requirement : alternative.match_expressions) {
      requirement.key.insert(0, kLabelsOfServiceAccount);
    }
    terms.push_back({std::move(alternative), {}});
  }
  return terms;
}

std::size_t length_of(const LabelSelector& selector) {
  std::size_t length = 0;
  for (const LabelRequirement& each : selector.match_expressions) length += 1 + each.values.size();
  return length;
}

}  // namespace

void CalicoSetReader::add(NetworkSetSelector& sets, std::vector<NetworkSetTerm> any_of) {
  constexpr std::size_t kMost = 100'000;
  std::size_t length = 0;
  bool is_every = false;
  for (const NetworkSetTerm& term : any_of) {
    length += 1 + length_of(term.labels) + length_of(term.namespaces);
    is_every = is_every || (term.labels.empty() && term.namespaces.empty());
  }
  if (is_every || length_ + length > kMost) return;
  length_ += length;
  sets.all_of.push_back(std::move(any_of));
}

std::optional<NetworkPolicyPeer> CalicoSetReader::read(const Tree& source,
                                                       const std::vector<std::string>& nets,
                                                       const std::vector<std::string>& except) {
  const std::string selector = source.text_at({"selector"});
  const std::string of_namespaces = source.text_at({"namespaceSelector"});
  const std::vector<std::string> accounts = texts_at(source, {"serviceAccounts", "names"});
  const std::string of_accounts = source.text_at({"serviceAccounts", "selector"});
  if (selector.empty() && of_namespaces.empty() && accounts.empty() && of_accounts.empty())
    return std::nullopt;
  NetworkPolicyPeer peer;
  NetworkSetSelector& sets = peer.sets.emplace();
  sets.of_own_namespace = of_namespaces.empty();
  if (!selector.empty()) add(sets, terms_of_selector(selector));
  if (!of_namespaces.empty()) add(sets, terms_of_namespaces(of_namespaces));
  if (!of_accounts.empty()) add(sets, terms_of_accounts(of_accounts));
  if (!accounts.empty()) add(sets, {{{{}, {{kServiceAccount, "In", accounts}}}, {}}});
  for (const std::string& net : nets) sets.within.push_back(network_text(net));
  for (const std::string& net : except) peer.except.push_back(network_text(net));
  return peer;
}

}  // namespace berth::adapters
