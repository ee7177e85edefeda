// ExposurePolicy. Field names: docs/reference/api.md.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, PolicyNetwork& network) {
  member(archive, "name", network.name, Write::kAlways);
  member(archive, "cidrs", network.cidrs, Write::kAlways);
  member(archive, "loadBalancerClasses", network.load_balancer_classes);
  member(archive, "nodeAddresses", network.node_addresses);
}

static void describe(Archive& archive, Deprecation& deprecation) {
  member(archive, "removeIn", deprecation.remove_in);
  member(archive, "after", deprecation.after);
}

static void describe(Archive& archive, PolicyPort& port) {
  member(archive, "port", port.port);
  member(archive, "ports", port.ports);
  member(archive, "protocol", port.protocol);
  member(archive, "service", port.service);
  member(archive, "requirement", port.requirement);
  member(archive, "condition", port.condition);
  member(archive, "purpose", port.purpose);
  member(archive, "tls", port.tls);
  member(archive, "from", port.from);
  member(archive, "shownOn", port.shown_on);
  member(archive, "deprecated", port.deprecated);
}

static void describe(Archive& archive, OutboundPort& port) {
  member(archive, "port", port.port, Write::kAlways);
  member(archive, "protocol", port.protocol);
  member(archive, "to", port.to);
  member(archive, "purpose", port.purpose);
}

static void describe(Archive& archive, WorkloadReference& workload) {
  member(archive, "kind", workload.kind, Write::kAlways);
  member(archive, "name", workload.name, Write::kAlways);
}

static void describe(Archive& archive, ExposureException& exception) {
  member(archive, "namespace", exception.ns);
  member(archive, "workload", exception.workload);
  member(archive, "port", exception.port);
  member(archive, "protocol", exception.protocol);
  member(archive, "via", exception.via);
  member(archive, "owner", exception.owner);
  member(archive, "reason", exception.reason);
  member(archive, "expiresAt", exception.expires_at);
}

static void describe(Archive& archive, PolicyEnforcement& enforce) {
  member(archive, "networkPolicies", enforce.network_policies);
  member(archive, "admissionPolicy", enforce.admission_policy);
}

static void describe(Archive& archive, ExposurePolicySpec& spec) {
  member(archive, "location", spec.location);
  member(archive, "namespaceSelector", spec.namespace_selector);
  member(archive, "action", spec.action);
  member(archive, "networks", spec.networks);
  member(archive, "external", spec.external);
  member(archive, "internal", spec.internal);
  member(archive, "outbound", spec.outbound);
  member(archive, "undeclared", spec.undeclared);
  member(archive, "unknown", spec.unknown);
  member(archive, "exceptions", spec.exceptions);
  member(archive, "enforce", spec.enforce);
}

static void describe(Archive& archive, ExposurePolicyStatus& status) {
  wide_member(archive, "observedGeneration", status.observed_generation, Write::kAlways);
  member(archive, "violations", status.violations);
  member(archive, "conditions", status.conditions, Write::kAlways);
}

void describe(Archive& archive, ExposurePolicy& policy) {
  member(archive, "metadata", policy.meta, Write::kAlways);
  member(archive, "spec", policy.spec, Write::kAlways);
  member(archive, "status", policy.status);
}

void describe_status(Archive& archive, ExposurePolicy& policy) { describe(archive, policy.status); }

}  // namespace berth::json
