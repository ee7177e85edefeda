#include "cli/loader/policy_check.h"

#include <algorithm>
#include <array>
#include <string>

#include "cli/loader/nearest.h"
#include "cli/loader/problem.h"
#include "core/exposure/policy_table.h"

namespace berth::cli {
namespace {

constexpr std::string_view kProtocols = "TCP|UDP|SCTP";
constexpr std::string_view kRequirements = "Required|Recommended|Optional|Conditional";

constexpr std::array kFields = std::to_array<PolicyField>({
    {"spec.location"},
    {"spec.namespaceSelector"},
    {"spec.namespaceSelector.matchLabels"},
    {"spec.namespaceSelector.matchExpressions"},
    {"spec.namespaceSelector.matchExpressions[].key"},
    {"spec.namespaceSelector.matchExpressions[].operator", "In|NotIn|Exists|DoesNotExist"},
    {"spec.namespaceSelector.matchExpressions[].values"},
    {"spec.action", "Deny|Warn|Audit"},
    {"spec.networks"},
    {"spec.networks[].name"},
    {"spec.networks[].cidrs"},
    {"spec.networks[].loadBalancerClasses"},
    {"spec.networks[].nodeAddresses"},
    {"spec.external"},
    {"spec.external[].port"},
    {"spec.external[].protocol", kProtocols},
    {"spec.external[].requirement", kRequirements},
    {"spec.external[].condition"},
    {"spec.external[].purpose"},
    {"spec.external[].from"},
    {"spec.external[].shownOn"},
    {"spec.external[].tls", "Passthrough"},
    {"spec.internal"},
    {"spec.internal[].port"},
    {"spec.internal[].ports"},
    {"spec.internal[].protocol", kProtocols},
    {"spec.internal[].service"},
    {"spec.internal[].requirement", kRequirements},
    {"spec.internal[].condition"},
    {"spec.internal[].deprecated"},
    {"spec.internal[].deprecated.removeIn"},
    {"spec.internal[].deprecated.after"},
    {"spec.outbound"},
    {"spec.outbound[].port"},
    {"spec.outbound[].protocol", kProtocols},
    {"spec.outbound[].to"},
    {"spec.outbound[].purpose"},
    {"spec.undeclared", "Deny|Warn|Allow"},
    {"spec.unknown", "Deny|Warn|Allow"},
    {"spec.exceptions"},
    {"spec.exceptions[].namespace"},
    {"spec.exceptions[].workload"},
    {"spec.exceptions[].workload.kind"},
    {"spec.exceptions[].workload.name"},
    {"spec.exceptions[].port"},
    {"spec.exceptions[].protocol", kProtocols},
    {"spec.exceptions[].via",
     "LoadBalancer|NodePort|ExternalIP|Ingress|Gateway|HostPort|HostNetwork|EndpointSlice|ConfigMap|"
     "Annotation|"
     "Export|NetworkPolicy|Custom"},
    {"spec.exceptions[].owner"},
    {"spec.exceptions[].reason"},
    {"spec.exceptions[].expiresAt"},
    {"spec.enforce"},
    {"spec.enforce.networkPolicies"},
    {"spec.enforce.admissionPolicy"},
});

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t bar = text.find('|');
    parts.push_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    text.remove_prefix(bar + 1);
  }
}

class Checker {
 public:
  std::vector<PolicyFault> take() { return std::move(faults_); }

  // `path` without indexes, as in the table.
  void check(const Node& node, const std::string& path) {
    if (path == "spec.namespaceSelector.matchLabels") return;  // keys of people's own
    if (const Sequence* items = node.sequence()) {
      for (const Node& item : *items) {
        if (item.text() != nullptr) {
          check_choice(item, path);
        } else {
          check(item, path + "[]");
        }
      }
    }
    check_choice(node, path);
    const Mapping* members = node.mapping();
    if (members == nullptr) return;
    for (const Member& member : *members) {
      const std::string below = path + "." + member.key;
      const bool known = std::any_of(kFields.begin(), kFields.end(),
                                     [&](const PolicyField& field) { return field.path == below; });
      if (known) {
        check(member.value, below);
      } else {
        faults_.push_back({member.mark, "an ExposurePolicy has no field " + quoted(below) +
                                            " and would protect nothing by it" +
                                            did_you_mean(siblings(path + "."), member.key)});
      }
    }
  }

 private:
  static std::vector<std::string_view> siblings(std::string_view prefix) {
    std::vector<std::string_view> names;
    for (const PolicyField& field : kFields) {
      if (!field.path.starts_with(prefix)) continue;
      const std::string_view name = field.path.substr(prefix.size());
      if (name.find_first_of(".[") == std::string_view::npos) names.push_back(name);
    }
    return names;
  }

  void check_choice(const Node& node, std::string_view path) {
    const std::string* text = node.text();
    if (text == nullptr) return;
    const auto field = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const PolicyField& known) { return known.path == path; });
    if (field == kFields.end() || field->values.empty()) return;
    const std::vector<std::string_view> choices = split(field->values);
    if (std::find(choices.begin(), choices.end(), *text) != choices.end()) return;
    std::string list;
    for (const std::string_view choice : choices) list += (list.empty() ? "" : ", ") + std::string(choice);
    faults_.push_back({node.mark, std::string(path) + " is " + quoted(*text) + "; write one of " + list});
  }

  std::vector<PolicyFault> faults_;
};

}  // namespace

std::span<const PolicyField> policy_fields() { return kFields; }

std::vector<PolicyFault> check_policy(const Node& root, const ExposurePolicy& policy) {
  Checker checker;
  if (const Node* spec = find(root, "spec")) checker.check(*spec, "spec");
  std::vector<PolicyFault> faults = checker.take();
  const exposure::PolicyTable table(policy);
  for (const Error& issue : table.issues()) {
    faults.push_back({locate(root, issue.field).mark, issue.message});
  }
  return faults;
}

}  // namespace berth::cli
