// Cilium's endpoint selectors: label selectors whose keys have a source ("k8s:app", "reserved:world"), and
// that say the namespace by labels, too.
//
// Source: docs.cilium.io, "Endpoints based", "Using Kubernetes Constructs In Policy". Thread-safety: pure
// functions.
#pragma once

#include <optional>

#include "core/model/meta.h"
#include "kube/json/tree.h"

namespace berth::adapters {

struct CiliumSubject {
  LabelSelector pods = {};
  LabelSelector namespaces = {};
};

// Whom a policy is about; what cannot be known of a pod (its service account) is taken for more.
// std::nullopt: endpoints that are no pods (reserved:ingress, reserved:health).
std::optional<CiliumSubject> cilium_subject(const json::Tree& selector);

// Does a selector of peers mean everybody outside, too? `doubtful`: what holds when nobody can tell.
bool cilium_selects_world(const json::Tree& selector, bool doubtful);

// Which CiliumCIDRGroups a selector means, by their labels. std::nullopt: others, too, for Cilium looks for
// these labels at everybody, and nothing that it asks for must be there.
std::optional<LabelSelector> cilium_groups(const json::Tree& selector);

}  // namespace berth::adapters
