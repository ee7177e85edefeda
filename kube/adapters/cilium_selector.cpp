#include "kube/adapters/cilium_selector.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/api_names.h"
#include "kube/adapters/path.h"
#include "kube/adapters/policy_parts.h"

namespace berth::adapters {
namespace {

using json::Tree;

constexpr std::string_view kNamespaceKey = "io.kubernetes.pod.namespace";
constexpr std::string_view kNamespaceLabels = "io.cilium.k8s.namespace.labels.";
constexpr std::string_view kOthersOfCilium = "io.cilium.k8s.policy.";
constexpr std::string_view kWorld = "world";  // and world-ipv4, world-ipv6
constexpr std::array<std::string_view, 4> kOperators = {"In", "NotIn", "Exists", "DoesNotExist"};

// Where the label comes from; "": it is not said.
struct Key {
  std::string source;
  std::string name;
};

Key key_of(const std::string& written) {
  const std::size_t colon = written.find(':');
  if (colon == std::string::npos) return {"", written};
  return {written.substr(0, colon), written.substr(colon + 1)};
}

bool is_of_kubernetes(const Key& key) {
  return key.source.empty() || key.source == "k8s" || key.source == "any";
}

bool is_of_namespace(const Key& key) {
  return is_of_kubernetes(key) && (key.name == kNamespaceKey || key.name.starts_with(kNamespaceLabels));
}

bool is_positive(const LabelRequirement& requirement) {
  return requirement.op == "In" || requirement.op == "Exists";
}

// As they are written; what is none is left out.
std::vector<LabelRequirement> requirements_of(const Tree& selector) {
  std::vector<LabelRequirement> all;
  const Tree* labels = selector.find({"matchLabels"});
  if (const auto* members = labels == nullptr ? nullptr : labels->as_object()) {
    for (const auto& [key, value] : *members) {
      if (value.as_text() != nullptr) all.push_back({key, "In", {*value.as_text()}});
    }
  }
  for (const Tree& expression : list_at(selector, {"matchExpressions"})) {
    LabelRequirement requirement{expression.text_at({"key"}), expression.text_at({"operator"}), {}};
    for (const Tree& value : list_at(expression, {"values"})) requirement.values.push_back(text_of(value));
    const bool known = std::find(kOperators.begin(), kOperators.end(), requirement.op) != kOperators.end();
    if (known && !requirement.key.empty()) all.push_back(std::move(requirement));
  }
  return all;
}

// Of somebody outside, who has the label reserved:world and no other.
bool holds_for_world(const LabelRequirement& requirement, bool doubtful) {
  const Key key = key_of(requirement.key);
  if (key.source == "reserved") return is_positive(requirement) == key.name.starts_with(kWorld);
  if (!is_of_kubernetes(key)) return doubtful;  // cidr:...
  return !is_positive(requirement) && doubtful;
}

}  // namespace

std::optional<CiliumSubject> cilium_subject(const Tree& selector) {
  CiliumSubject subject;
  for (LabelRequirement& requirement : requirements_of(selector)) {
    Key key = key_of(requirement.key);
    if (key.source == "reserved" && is_positive(requirement)) return std::nullopt;
    if (!is_of_kubernetes(key) || key.name.starts_with(kOthersOfCilium)) continue;
    LabelSelector& whose = is_of_namespace(key) ? subject.namespaces : subject.pods;
    if (key.name == kNamespaceKey) key.name = kNamespaceNameLabel;
    if (key.name.starts_with(kNamespaceLabels)) key.name.erase(0, kNamespaceLabels.size());
    requirement.key = std::move(key.name);
    whose.match_expressions.push_back(std::move(requirement));
  }
  return subject;
}

// Cilium adds the namespace of the policy, or that there is any, to selectors that say neither a namespace
// nor a reserved label; so those select pods.
bool cilium_selects_world(const Tree& selector, bool doubtful) {
  const std::vector<LabelRequirement> all = requirements_of(selector);
  const bool is_as_written = std::any_of(all.begin(), all.end(), [](const LabelRequirement& requirement) {
    const Key key = key_of(requirement.key);
    return key.source == "reserved" || is_of_namespace(key);
  });
  return is_as_written && std::all_of(all.begin(), all.end(), [&](const LabelRequirement& requirement) {
           return holds_for_world(requirement, doubtful);
         });
}

std::optional<LabelSelector> cilium_groups(const Tree& selector) {
  LabelSelector groups{{}, requirements_of(selector)};
  const auto& all = groups.match_expressions;
  return std::any_of(all.begin(), all.end(), is_positive) ? std::optional(std::move(groups)) : std::nullopt;
}

}  // namespace berth::adapters
