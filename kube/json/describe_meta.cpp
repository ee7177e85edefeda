// Source: apimachinery meta/v1.
#include "kube/json/describe.h"

namespace berth::json {

// generation and the two timestamps are the server's: read, never sent.
void describe(Archive& archive, Meta& meta) {
  member(archive, "name", meta.name);
  member(archive, "generateName", meta.generate_name);
  member(archive, "namespace", meta.ns);
  member(archive, "uid", meta.uid);
  member(archive, "resourceVersion", meta.resource_version);
  if (archive.complete()) {
    wide_member(archive, "generation", meta.generation);
    member(archive, "creationTimestamp", meta.creation_timestamp);
    member(archive, "deletionTimestamp", meta.deletion_timestamp);
  }
  member(archive, "labels", meta.labels);
  member(archive, "annotations", meta.annotations);
  member(archive, "ownerReferences", meta.owner_references);
  member(archive, "finalizers", meta.finalizers);
}

void describe(Archive& archive, OwnerReference& owner) {
  member(archive, "apiVersion", owner.api_version);
  member(archive, "kind", owner.kind);
  member(archive, "name", owner.name);
  member(archive, "uid", owner.uid);
  member(archive, "controller", owner.controller);
  member(archive, "blockOwnerDeletion", owner.block_owner_deletion);
}

void describe(Archive& archive, LabelRequirement& requirement) {
  member(archive, "key", requirement.key, Write::kAlways);
  member(archive, "operator", requirement.op, Write::kAlways);
  member(archive, "values", requirement.values);
}

void describe(Archive& archive, LabelSelector& selector) {
  member(archive, "matchLabels", selector.match_labels);
  member(archive, "matchExpressions", selector.match_expressions);
}

void describe(Archive& archive, Condition& condition) {
  member(archive, "type", condition.type, Write::kAlways);
  member(archive, "status", condition.status, Write::kAlways);
  wide_member(archive, "observedGeneration", condition.observed_generation);
  member(archive, "lastTransitionTime", condition.last_transition_time, Write::kAlways);
  member(archive, "reason", condition.reason, Write::kAlways);
  member(archive, "message", condition.message, Write::kAlways);
}

}  // namespace berth::json
