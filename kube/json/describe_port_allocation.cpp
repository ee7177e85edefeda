// PortAllocation. Field names: docs/reference/api.md.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, AllocationPeer& peer) {
  member(archive, "network", peer.network);
  member(archive, "cidr", peer.cidr);
  member(archive, "namespace", peer.ns);
  member(archive, "namespaceSelector", peer.namespace_selector);
  member(archive, "podSelector", peer.pod_selector);
}

static void describe(Archive& archive, HealthCheck& health) {
  member(archive, "path", health.path, Write::kAlways);
}

static void describe(Archive& archive, Migration& migration) {
  member(archive, "port", migration.port, Write::kAlways);
  member(archive, "until", migration.until);
}

static void describe(Archive& archive, AllocationPort& port) {
  member(archive, "name", port.name, Write::kAlways);
  member(archive, "targetPort", port.target_port);
  member(archive, "protocol", port.protocol);
  member(archive, "alsoProtocol", port.also_protocol);
  member(archive, "block", port.block);
  member(archive, "port", port.port);
  member(archive, "count", port.count);
  member(archive, "migrateFrom", port.migrate_from);
  member(archive, "hostIP", port.host_ip);
  member(archive, "exposure", port.exposure);
  member(archive, "allowFrom", port.allow_from);
  member(archive, "description", port.description);
  member(archive, "health", port.health);
}

static void describe(Archive& archive, EgressPort& port) {
  member(archive, "port", port.port, Write::kAlways);
  member(archive, "endPort", port.end_port);
  member(archive, "protocol", port.protocol);
}

// The peer's fields stand beside `ports`.
static void describe(Archive& archive, EgressRule& rule) {
  describe(archive, rule.to);
  member(archive, "ports", rule.ports);
}

static void describe(Archive& archive, ServiceTemplate& service) {
  member(archive, "annotations", service.annotations);
  member(archive, "loadBalancerClass", service.load_balancer_class);
  member(archive, "type", service.type);
}

static void describe(Archive& archive, NumbersConfigMap& config_map) {
  member(archive, "name", config_map.name, Write::kAlways);
}

static void describe(Archive& archive, PortAllocationSpec& spec) {
  member(archive, "rangeName", spec.range_name);
  member(archive, "purpose", spec.purpose);
  member(archive, "selector", spec.selector);
  member(archive, "exposure", spec.exposure);
  member(archive, "ports", spec.ports);
  member(archive, "allowTo", spec.allow_to);
  member(archive, "service", spec.service);
  member(archive, "nodeName", spec.node_name);
  member(archive, "stickyFor", spec.sticky_for);
  member(archive, "configMap", spec.config_map);
}

static void describe(Archive& archive, AllocatedPort& port) {
  member(archive, "name", port.name, Write::kAlways);
  member(archive, "port", port.port, Write::kAlways);
  member(archive, "protocol", port.protocol);
  member(archive, "targetPort", port.target_port);
}

static void describe(Archive& archive, PortAllocationStatus& status) {
  wide_member(archive, "observedGeneration", status.observed_generation, Write::kAlways);
  member(archive, "rangeName", status.range_name, Write::kAlways);
  member(archive, "ports", status.ports, Write::kAlways);
  member(archive, "summary", status.summary, Write::kAlways);
  member(archive, "serviceName", status.service_name, Write::kAlways);
  member(archive, "conditions", status.conditions, Write::kAlways);
}

void describe(Archive& archive, PortAllocation& allocation) {
  member(archive, "metadata", allocation.meta, Write::kAlways);
  member(archive, "spec", allocation.spec, Write::kAlways);
  member(archive, "status", allocation.status);
}

void describe_status(Archive& archive, PortAllocation& allocation) { describe(archive, allocation.status); }

}  // namespace berth::json
