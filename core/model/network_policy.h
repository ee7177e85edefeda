// networking.k8s.io/v1 NetworkPolicy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"

namespace berth {

struct NetworkPolicyPeer {
  std::optional<std::string> cidr = {};  // ipBlock.cidr; excludes the selectors
  std::vector<std::string> except = {};
  std::optional<LabelSelector> pod_selector = {};
  std::optional<LabelSelector> namespace_selector = {};

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

  bool operator==(const NetworkPolicyRule&) const = default;
};

struct NetworkPolicy {
  Meta meta = {};
  LabelSelector pod_selector = {};
  std::vector<std::string> policy_types = {};  // Ingress, Egress; Berth always writes them
  std::vector<NetworkPolicyRule> ingress = {};
  std::vector<NetworkPolicyRule> egress = {};

  bool operator==(const NetworkPolicy&) const = default;
};

}  // namespace berth
