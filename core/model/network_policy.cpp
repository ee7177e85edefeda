#include "core/model/network_policy.h"

#include <algorithm>

#include "core/model/namespace_selector.h"

namespace berth {
namespace {

bool any_matches(const std::vector<LabelSelector>& selectors, const Labels& labels) {
  return std::any_of(selectors.begin(), selectors.end(),
                     [&](const LabelSelector& selector) { return matches(selector, labels); });
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
  return std::any_of(policy.namespaces.begin(), policy.namespaces.end(),
                     [&](const LabelSelector& selector) { return matches_namespace(selector, ns, labels); });
}

}  // namespace berth
