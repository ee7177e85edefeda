// PortRange and PortLedger. Field names: docs/reference/api.md.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, PortBlock& block) {
  member(archive, "name", block.name, Write::kAlways);
  member(archive, "ports", block.ports, Write::kAlways);
  member(archive, "purpose", block.purpose);
  member(archive, "description", block.description);
}

static void describe(Archive& archive, ReservedPorts& reserved) {
  member(archive, "ports", reserved.ports, Write::kAlways);
  member(archive, "reason", reserved.reason, Write::kAlways);
}

static void describe(Archive& archive, PortRangeLimits& limits) {
  member(archive, "perNamespace", limits.per_namespace);
}

static void describe(Archive& archive, PortRangeSpec& spec) {
  member(archive, "space", spec.space);
  member(archive, "ports", spec.ports);
  member(archive, "purpose", spec.purpose);
  member(archive, "description", spec.description);
  member(archive, "blocks", spec.blocks);
  member(archive, "reserved", spec.reserved);
  member(archive, "namespaceSelector", spec.namespace_selector);
  member(archive, "limits", spec.limits);
  member(archive, "order", spec.order);
  member(archive, "reuseAfter", spec.reuse_after);
  member(archive, "perNode", spec.per_node);
  member(archive, "undeclared", spec.undeclared);
}

static void describe(Archive& archive, BlockUsage& usage) {
  member(archive, "name", usage.name, Write::kAlways);
  member(archive, "capacity", usage.capacity, Write::kAlways);
  member(archive, "allocated", usage.allocated, Write::kAlways);
  member(archive, "available", usage.available, Write::kAlways);
}

static void describe(Archive& archive, PortRangeStatus& status) {
  wide_member(archive, "observedGeneration", status.observed_generation, Write::kAlways);
  member(archive, "capacity", status.capacity, Write::kAlways);
  member(archive, "allocated", status.allocated, Write::kAlways);
  member(archive, "available", status.available, Write::kAlways);
  member(archive, "cooling", status.cooling, Write::kAlways);
  member(archive, "reserved", status.reserved, Write::kAlways);
  member(archive, "external", status.external, Write::kAlways);
  member(archive, "draining", status.draining, Write::kAlways);
  member(archive, "largestFreeBlock", status.largest_free_block, Write::kAlways);
  member(archive, "blocks", status.blocks, Write::kAlways);
  member(archive, "conditions", status.conditions, Write::kAlways);
}

void describe(Archive& archive, PortRange& range) {
  member(archive, "metadata", range.meta, Write::kAlways);
  member(archive, "spec", range.spec, Write::kAlways);
  member(archive, "status", range.status);
}

void describe_status(Archive& archive, PortRange& range) { describe(archive, range.status); }

static void describe(Archive& archive, PortLedgerSpec& spec) {
  member(archive, "space", spec.space, Write::kAlways);
  member(archive, "shard", spec.shard, Write::kAlways);
  wide_member(archive, "fence", spec.fence, Write::kAlways);
  wide_member(archive, "nextSeq", spec.next_sequence, Write::kAlways);
  member(archive, "entries", spec.entries);
}

void describe(Archive& archive, PortLedger& ledger) {
  member(archive, "metadata", ledger.meta, Write::kAlways);
  member(archive, "spec", ledger.spec, Write::kAlways);
}

}  // namespace berth::json
