#include "core/model/network_policy.h"

#include <algorithm>

#include "core/base/api_names.h"

namespace berth {
namespace {

bool any_matches(const std::vector<LabelSelector>& selectors, const Labels& labels) {
  return std::any_of(selectors.begin(), selectors.end(),
                     [&](const LabelSelector& selector) { return matches(selector, labels); });
}

// A namespace of which nothing is known but its name.
bool may_match(LabelSelector selector, std::string_view ns) {
  std::erase_if(selector.match_labels, [](const auto& label) { return label.first != kNamespaceNameLabel; });
  std::erase_if(selector.match_expressions,
                [](const LabelRequirement& requirement) { return requirement.key != kNamespaceNameLabel; });
  return matches(selector, {{kNamespaceNameLabel, std::string(ns)}});
}

}  // namespace

bool selects_pods(const NetworkPolicy& policy, const Labels& labels) {
  return matches(policy.pod_selector, labels) || any_matches(policy.or_pods, labels);
}

bool is_about_pods(const NetworkPolicyRule& rule, const Labels& labels) {
  return rule.pods.empty() || any_matches(rule.pods, labels);
}

bool is_of_namespace(const NetworkPolicy& policy, std::string_view ns, const Labels* labels) {
  if (!policy.cluster_wide) return false;
  if (policy.namespaces.empty()) return true;
  if (labels != nullptr) return any_matches(policy.namespaces, *labels);
  return std::any_of(policy.namespaces.begin(), policy.namespaces.end(),
                     [&](const LabelSelector& selector) { return may_match(selector, ns); });
}

}  // namespace berth
