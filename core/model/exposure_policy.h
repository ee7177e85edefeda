// ExposurePolicy (berth.dev/v1alpha1, cluster-scoped): what may face the outside. See docs/reference/api.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"

namespace berth {

struct PolicyNetwork {
  std::string name = {};
  std::vector<std::string> cidrs = {};
  std::vector<std::string> load_balancer_classes = {};  // whose load balancers have their addresses in it
  bool node_addresses = false;                          // the nodes have addresses in it

  bool operator==(const PolicyNetwork&) const = default;
};

struct Deprecation {
  std::string remove_in = {};
  std::string after = {};  // date, "2027-01-01"

  bool operator==(const Deprecation&) const = default;
};

// One line of `external` or `internal`: a number (`port`) or a list of spans (`ports`), for one protocol.
struct PolicyPort {
  std::int64_t port = 0;
  std::vector<std::string> ports = {};
  Protocol protocol = Protocol::kTcp;
  std::string service = {};
  std::string requirement = {};  // Required, Recommended, Optional, Conditional
  std::string condition = {};
  std::string purpose = {};
  std::string tls = {};                    // Passthrough
  std::vector<std::string> from = {};      // names of networks: who may connect
  std::vector<std::string> shown_on = {};  // names of networks: where it may be shown
  std::optional<Deprecation> deprecated = {};

  bool operator==(const PolicyPort&) const = default;
};

struct OutboundPort {
  std::int64_t port = 0;
  Protocol protocol = Protocol::kTcp;
  std::vector<std::string> to = {};
  std::string purpose = {};

  bool operator==(const OutboundPort&) const = default;
};

struct WorkloadReference {
  std::string kind = {};
  std::string name = {};

  bool operator==(const WorkloadReference&) const = default;
};

struct ExposureException {
  std::string ns = {};
  WorkloadReference workload = {};
  std::int64_t port = 0;
  Protocol protocol = Protocol::kTcp;
  std::vector<std::string> via = {};  // empty = every way
  std::string owner = {};
  std::string reason = {};
  std::string expires_at = {};  // RFC 3339

  bool operator==(const ExposureException&) const = default;
};

struct PolicyEnforcement {
  bool network_policies = false;
  bool admission_policy = false;

  bool operator==(const PolicyEnforcement&) const = default;
};

struct ExposurePolicySpec {
  std::string location = {};
  LabelSelector namespace_selector = {};
  std::string action = {};  // Deny (default), Warn, Audit
  std::vector<PolicyNetwork> networks = {};
  std::vector<PolicyPort> external = {};
  std::vector<PolicyPort> internal = {};
  std::vector<OutboundPort> outbound = {};
  std::string undeclared = {};  // Deny (default), Warn, Allow
  std::string unknown = {};     // Deny, Warn (default), Allow
  std::vector<ExposureException> exceptions = {};
  PolicyEnforcement enforce = {};

  bool operator==(const ExposurePolicySpec&) const = default;
};

struct ExposurePolicyStatus {
  std::int64_t observed_generation = -1;
  std::optional<std::int64_t> violations = {};  // nothing = not counted
  std::vector<Condition> conditions = {};

  bool operator==(const ExposurePolicyStatus&) const = default;
};

struct ExposurePolicy {
  Meta meta = {};
  ExposurePolicySpec spec = {};
  ExposurePolicyStatus status = {};

  bool operator==(const ExposurePolicy&) const = default;
};

}  // namespace berth
