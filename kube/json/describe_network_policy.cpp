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

// Read, port 0 means absent or named: a policy of somebody else may name its ports, and Berth neither judges
// nor rewrites those. What Berth writes is numeric (dataplane.md 2.1).
void describe(Archive& archive, NetworkPolicyPort& port) {
  member(archive, "protocol", port.protocol);
  TargetPort number;
  if (port.port != 0) number = port.port;
  member(archive, "port", number);
  const std::int64_t* numeric = std::get_if<std::int64_t>(&number);
  if (archive.reading() && numeric != nullptr) port.port = *numeric;
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
