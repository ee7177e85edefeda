// Diff: what must be written so that a present object carries what we own, and nothing else of it changes.
//
// Owned of a Service: our labels, the annotations of spec.service.annotations (and those we put there
// before), our ownerReference, type, the whole port list, the whole selector, externalTrafficPolicy,
// allocateLoadBalancerNodePorts, loadBalancerSourceRanges, externalIPs (none). Of a NetworkPolicy: our
// labels, our ownerReference and the spec. Of a ConfigMap: our labels, our ownerReference and the whole data.
// Values that the API server defaults or assigns are no difference.
//
// Edits are meant for one JSON merge patch (RFC 7386) that carries metadata.resourceVersion and
// metadata.uid: stale objects are then refused (409, 422), lists are replaced whole and absent fields stay.
// Thread-safety: pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/config_map.h"
#include "core/model/network_policy.h"
#include "core/model/service.h"

namespace berth::desired {

// An absent value removes the key (null in the patch).
struct LabelEdit {
  std::string key = {};
  std::optional<std::string> value = {};
  bool operator==(const LabelEdit&) const = default;
};
struct AnnotationEdit {
  std::string key = {};
  std::optional<std::string> value = {};
  bool operator==(const AnnotationEdit&) const = default;
};
// The whole list, foreign references included.
struct OwnerReferencesEdit {
  std::vector<OwnerReference> all = {};
  bool operator==(const OwnerReferencesEdit&) const = default;
};
// spec.type
struct TypeEdit {
  std::string type = {};
  bool operator==(const TypeEdit&) const = default;
};
// spec.ports, the whole list; nodePort 0 is left out.
struct PortsEdit {
  std::vector<ServicePort> all = {};
  bool operator==(const PortsEdit&) const = default;
};
// One key of spec.selector.
struct SelectorEdit {
  std::string key = {};
  std::optional<std::string> value = {};
  bool operator==(const SelectorEdit&) const = default;
};
// spec.externalTrafficPolicy; absent = null.
struct ExternalTrafficPolicyEdit {
  std::optional<std::string> value = {};
  bool operator==(const ExternalTrafficPolicyEdit&) const = default;
};
// spec.allocateLoadBalancerNodePorts; absent = null.
struct AllocateNodePortsEdit {
  std::optional<bool> value = {};
  bool operator==(const AllocateNodePortsEdit&) const = default;
};
// spec.loadBalancerClass; only together with a change of type to LoadBalancer.
struct LoadBalancerClassEdit {
  std::string value = {};
  bool operator==(const LoadBalancerClassEdit&) const = default;
};
// spec.loadBalancerSourceRanges, the whole list; empty = null.
struct SourceRangesEdit {
  std::vector<std::string> all = {};
  bool operator==(const SourceRangesEdit&) const = default;
};
// spec.externalIPs = null: an outside way that nobody declared.
struct ExternalIpsEdit {
  bool operator==(const ExternalIpsEdit&) const = default;
};
// spec.podSelector: matchLabels and matchExpressions as in `all`, and the keys of matchLabels to remove.
struct PodSelectorEdit {
  LabelSelector all = {};
  std::vector<std::string> removed_labels = {};
  bool operator==(const PodSelectorEdit&) const = default;
};
struct PolicyTypesEdit {
  std::vector<std::string> all = {};
  bool operator==(const PolicyTypesEdit&) const = default;
};
// spec.ingress and spec.egress, the whole list; empty = null (no rule: closed).
struct IngressEdit {
  std::vector<NetworkPolicyRule> all = {};
  bool operator==(const IngressEdit&) const = default;
};
struct EgressEdit {
  std::vector<NetworkPolicyRule> all = {};
  bool operator==(const EgressEdit&) const = default;
};

// One key of data of a ConfigMap.
struct DataEdit {
  std::string key = {};
  std::optional<std::string> value = {};
  bool operator==(const DataEdit&) const = default;
};

using Edit =
    std::variant<LabelEdit, AnnotationEdit, OwnerReferencesEdit, TypeEdit, PortsEdit, SelectorEdit,
                 ExternalTrafficPolicyEdit, AllocateNodePortsEdit, LoadBalancerClassEdit, SourceRangesEdit,
                 ExternalIpsEdit, PodSelectorEdit, PolicyTypesEdit, IngressEdit, EgressEdit, DataEdit>;

// Nothing to do.
struct Settled {
  bool operator==(const Settled&) const = default;
};
// POST; AlreadyExists means: look again.
struct Create {
  bool operator==(const Create&) const = default;
};
struct Patch {
  std::vector<Edit> edits = {};
  bool operator==(const Patch&) const = default;
};
// The name is taken by an object that is not ours, or a field that cannot be changed differs.
struct Clash {
  std::string reason = {};
  std::string message = {};
  bool operator==(const Clash&) const = default;
};

using Difference = std::variant<Settled, Create, Patch, Clash>;

// What would have to change, whosever the Service is. Not in it: a loadBalancerClass that differs.
std::vector<Edit> edits_to(const Service& present, const Service& wanted);

// `present` nullptr: there is none. Ours: generated for the same allocation as `wanted` (occupancy.h,
// generated_for); for objects without owner: the managed-by label.
Difference diff(const Service* present, const Service& wanted);
Difference diff(const NetworkPolicy* present, const NetworkPolicy& wanted);
// Ours: told_for() names the allocation of `wanted` (desired/config_maps.h).
Difference diff(const ConfigMap* present, const ConfigMap& wanted);

}  // namespace berth::desired
