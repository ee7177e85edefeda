#include "core/desired/policies.h"

#include <algorithm>

#include "core/base/api_names.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

NetworkPolicy policy_of(const PortAllocation& allocation, const char* suffix, const char* direction) {
  NetworkPolicy policy;
  policy.meta = generated_meta(allocation, allocation.meta.name + suffix);
  policy.pod_selector.match_labels = allocation.spec.selector;
  policy.policy_types = {direction};
  return policy;
}

NetworkPolicy namespace_policy(const std::string& ns, const char* name, const char* direction) {
  NetworkPolicy policy;
  policy.meta.name = name;
  policy.meta.ns = ns;
  policy.meta.labels = {{kManagedByLabel, kManagedByValue}};
  policy.policy_types = {direction};
  return policy;
}

NetworkPolicy make_ingress(const PortAllocation& allocation, const std::vector<ResolvedPort>& ports) {
  NetworkPolicy policy = policy_of(allocation, kIngressPolicySuffix, "Ingress");
  for (const ResolvedPort& port : ports) {
    if (!port.opens()) continue;
    NetworkPolicyRule rule;
    rule.peers = port.peers;  // empty only for `anyone`
    for (const std::int64_t number : port.containers) rule.ports.push_back({port.protocol, number, 0});
    // An old number leads to the same container port for the same clients as the new one.
    const auto& rules = policy.ingress;
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) policy.ingress.push_back(std::move(rule));
  }
  return policy;
}

NetworkPolicy make_egress(const PortAllocation& allocation, const Networks& networks,
                          std::vector<Problem>& problems) {
  NetworkPolicy policy = policy_of(allocation, kEgressPolicySuffix, "Egress");
  for (std::size_t i = 0; i < allocation.spec.allow_to.size(); ++i) {
    const EgressRule& wish = allocation.spec.allow_to[i];
    NetworkPolicyRule rule;
    std::vector<std::string> cidrs;
    auto problem = resolve_peer(wish.to, networks, "allowTo[" + std::to_string(i) + "]", rule.peers, cidrs);
    if (problem) {
      // A rule without peers would open everything.
      problems.push_back(*std::move(problem));
      continue;
    }
    for (const EgressPort& port : wish.ports) {
      rule.ports.push_back({port.protocol, port.port, port.end_port == port.port ? 0 : port.end_port});
    }
    policy.egress.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace

WantedPolicies make_network_policies(const PortAllocation& allocation, const std::vector<ResolvedPort>& ports,
                                     const Networks& networks) {
  WantedPolicies wanted;
  // An empty selector would isolate every pod of the namespace.
  if (allocation.spec.selector.empty()) return wanted;
  wanted.policies.push_back(make_ingress(allocation, ports));
  if (!allocation.spec.allow_to.empty()) {
    wanted.policies.push_back(make_egress(allocation, networks, wanted.problems));
  }
  return wanted;
}

std::vector<NetworkPolicy> make_namespace_policies(const std::string& ns) {
  NetworkPolicy dns = namespace_policy(ns, kAllowDnsPolicy, "Egress");
  NetworkPolicyPeer servers;
  servers.namespace_selector = LabelSelector{{{kNamespaceNameLabel, "kube-system"}}, {}};
  servers.pod_selector = LabelSelector{{{"k8s-app", "kube-dns"}}, {}};
  dns.egress = {{{servers}, {{Protocol::kUdp, 53, 0}, {Protocol::kTcp, 53, 0}}}};
  return {namespace_policy(ns, kDenyIngressPolicy, "Ingress"),
          namespace_policy(ns, kDenyEgressPolicy, "Egress"), std::move(dns)};
}

bool is_managed(const Labels& namespace_labels) {
  const auto label = namespace_labels.find(kNetworkPolicyLabel);
  return label == namespace_labels.end() || label->second != kNetworkPolicyUnmanaged;
}

}  // namespace berth::desired
