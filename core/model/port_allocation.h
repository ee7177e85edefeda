// PortAllocation (berth.dev/v1alpha1, namespaced): an application asks for ports. See docs/reference/api.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"
#include "core/model/service.h"

namespace berth {

// One source or destination. Exactly one of network, cidr, or (namespace | namespace_selector |
// pod_selector).
struct AllocationPeer {
  std::string network = {};  // a network declared by an ExposurePolicy
  std::string cidr = {};
  std::string ns = {};  // `namespace`
  std::optional<LabelSelector> namespace_selector = {};
  std::optional<LabelSelector> pod_selector = {};

  bool operator==(const AllocationPeer&) const = default;
};

struct HealthCheck {
  std::string path = {};

  bool operator==(const HealthCheck&) const = default;
};

// The number that clients still know, served beside the new one while they move.
struct Migration {
  std::int64_t port = 0;
  std::string until = {};  // RFC 3339; "" = until the field is removed

  bool operator==(const Migration&) const = default;
};

struct AllocationPort {
  std::string name = {};
  TargetPort target_port = {};
  Protocol protocol = Protocol::kTcp;
  std::optional<Protocol> also_protocol = {};  // the same number for this one, too
  std::string block = {};
  std::int64_t port = 0;   // the number asked for (with `count` the first), 0 = Berth chooses
  std::int64_t count = 0;  // so many numbers in a row; 0 = 1
  std::optional<Migration> migrate_from = {};
  std::string host_ip = {};   // HostPort only: the address of the node to listen on, "" = all of them
  std::string exposure = {};  // "" = spec.exposure
  std::vector<AllocationPeer> allow_from = {};
  std::string description = {};
  std::optional<HealthCheck> health = {};
  // Not in the API: the port of the spec that this one was made from (`count`, `alsoProtocol`,
  // `migrateFrom`), its own name where others were made from it; "" = nothing was.
  std::string group = {};

  bool operator==(const AllocationPort&) const = default;
};

struct EgressPort {
  std::int64_t port = 0;
  std::int64_t end_port = 0;
  Protocol protocol = Protocol::kTcp;

  bool operator==(const EgressPort&) const = default;
};

struct EgressRule {
  AllocationPeer to = {};  // its fields stand beside `ports` in the API
  std::vector<EgressPort> ports = {};

  bool operator==(const EgressRule&) const = default;
};

struct ServiceTemplate {
  Labels annotations = {};
  std::string load_balancer_class = {};
  std::string type = {};  // "" = follows space and exposure

  bool operator==(const ServiceTemplate&) const = default;
};

// A ConfigMap that tells pods their numbers.
struct NumbersConfigMap {
  std::string name = {};

  bool operator==(const NumbersConfigMap&) const = default;
};

struct PortAllocationSpec {
  std::string range_name = {};
  std::string purpose = {};
  Labels selector = {};
  std::string exposure = {};  // External, Cluster (default), Namespace, Localhost
  std::vector<AllocationPort> ports = {};
  std::vector<EgressRule> allow_to = {};
  ServiceTemplate service = {};
  std::string node_name = {};   // HostPort ranges with perNode: the node whose numbers are asked for
  std::string sticky_for = {};  // how long released numbers wait for an allocation of the same name, "" = not
  std::optional<NumbersConfigMap> config_map = {};

  bool operator==(const PortAllocationSpec&) const = default;
};

struct AllocatedPort {
  std::string name = {};
  std::int64_t port = 0;
  Protocol protocol = Protocol::kTcp;
  TargetPort target_port = {};

  bool operator==(const AllocatedPort&) const = default;
};

struct PortAllocationStatus {
  std::int64_t observed_generation = -1;
  std::string range_name = {};
  std::vector<AllocatedPort> ports = {};
  std::string summary = {};  // "api:24511/TCP wireguard:24510/UDP": printer column PORTS
  std::string service_name = {};
  std::vector<Condition> conditions = {};

  bool operator==(const PortAllocationStatus&) const = default;
};

struct PortAllocation {
  Meta meta = {};
  PortAllocationSpec spec = {};
  PortAllocationStatus status = {};

  bool operator==(const PortAllocation&) const = default;
};

}  // namespace berth
