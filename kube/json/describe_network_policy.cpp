// NetworkPolicy. Source: networking.k8s.io/v1.
#include "kube/json/describe.h"

namespace berth::json {

void describe(Archive& archive, NetworkPolicyPeer& peer) {
  group(archive, "ipBlock", peer.cidr.has_value(), [&] {
    if (archive.reading()) peer.cidr.emplace();
    member(archive, "cidr", *peer.cidr, Write::kAlways);
    member(archive, "except", peer.except);
  });
  member(archive, "podSelector", peer.pod_selector);
  member(archive, "namespaceSelector", peer.namespace_selector);
}

void describe(Archive& archive, NetworkPolicyPort& port) {
  member(archive, "protocol", port.protocol);
  TargetPort written;
  if (port.port != 0) written = port.port;
  if (!port.name.empty()) written = port.name;
  member(archive, "port", written);
  if (archive.reading()) {
    if (const auto* number = std::get_if<std::int64_t>(&written)) port.port = *number;
    if (const auto* name = std::get_if<std::string>(&written)) port.name = *name;
  }
  member(archive, "endPort", port.end_port);
}

void describe_rule(Archive& archive, NetworkPolicyRule& rule, std::string_view peers) {
  member(archive, peers, rule.peers);
  member(archive, "ports", rule.ports);
}

void describe(Archive& archive, NetworkPolicy& policy) {
  member(archive, "metadata", policy.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "podSelector", policy.pod_selector, Write::kAlways);
    member(archive, "policyTypes", policy.policy_types, Write::kAlways);
    group_list(archive, "ingress", policy.ingress,
               [&](NetworkPolicyRule& rule) { describe_rule(archive, rule, "from"); });
    group_list(archive, "egress", policy.egress,
               [&](NetworkPolicyRule& rule) { describe_rule(archive, rule, "to"); });
  });
}

}  // namespace berth::json
