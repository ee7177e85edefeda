// networking.k8s.io/v1 NetworkPolicy, and what is like it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"
#include "core/model/network_set.h"

namespace berth {

inline constexpr char kNetworkPolicyKind[] = "NetworkPolicy";

struct NetworkPolicyPeer {
  std::optional<std::string> cidr = {};  // ipBlock.cidr; excludes the selectors
  std::vector<std::string> except = {};  // of `cidr` or of `sets`
  std::optional<LabelSelector> pod_selector = {};
  std::optional<LabelSelector> namespace_selector = {};
  // Only of policies that are not networking.k8s.io's: the networks of these sets but `except`.
  std::optional<NetworkSetSelector> sets = {};

  bool operator==(const NetworkPolicyPeer&) const = default;
};

// Berth writes numbers only: names resolve per pod and mean nothing beside ipBlock (dataplane.md 2.1).
struct NetworkPolicyPort {
  Protocol protocol = Protocol::kTcp;
  std::int64_t port = 0;      // 0 = by name, or every port of the protocol when there is no name either
  std::int64_t end_port = 0;  // 0 = only `port`
  std::string name = {};      // of container ports

  bool operator==(const NetworkPolicyPort&) const = default;
};

// `peers` absent or empty means every peer, `ports` empty means every port.
struct NetworkPolicyRule {
  std::vector<NetworkPolicyPeer> peers = {};
  std::vector<NetworkPolicyPort> ports = {};
  // Only of policies that are not networking.k8s.io's: whose pods it is about, any of these (empty: all that
  // the policy selects), and what is refused of all that it lets in.
  std::vector<LabelSelector> pods = {};
  std::vector<NetworkPolicyRule> refused = {};

  bool operator==(const NetworkPolicyRule&) const = default;
};

// Of networking.k8s.io, or of another project as far as it says the same (kube/adapters): then with a kind of
// its own, perhaps without a namespace, and with more than one selector.
struct NetworkPolicy {
  std::string kind = kNetworkPolicyKind;  // in messages
  Meta meta = {};
  bool cluster_wide = false;                   // about pods of every namespace,
  std::vector<LabelSelector> namespaces = {};  // or of those with such labels (any of these)
  LabelSelector pod_selector = {};
  std::vector<LabelSelector> or_pods = {};     // or whom one of these selects
  std::vector<std::string> policy_types = {};  // Ingress, Egress; Berth always writes them
  std::vector<NetworkPolicyRule> ingress = {};
  std::vector<NetworkPolicyRule> egress = {};

  bool operator==(const NetworkPolicy&) const = default;
};

// Does it select pods with these labels, whatever their namespace?
bool selects_pods(const NetworkPolicy& policy, const Labels& labels);

// Among those: is the rule about them?
bool is_about_pods(const NetworkPolicyRule& rule, const Labels& labels);

// Is a cluster-wide policy about the pods of the namespace with that name and these labels? nullptr: they are
// not known, but for the one that says the name, and then it may be.
bool is_of_namespace(const NetworkPolicy& policy, std::string_view ns, const Labels* labels);

}  // namespace berth
