// The descriptions of core/model: how each struct stands in JSON, once for reader and writer.
//
// Internal to kube/json; programs use codec.h. describe() lists the members of an object that has begun,
// without apiVersion and kind; describe_status() those of an object's `status`.
#pragma once

#include "core/model/admission_policy.h"
#include "core/model/cluster_objects.h"
#include "core/model/config_map.h"
#include "core/model/custom_object.h"
#include "core/model/endpoint_slice.h"
#include "core/model/exposure_policy.h"
#include "core/model/gateway.h"
#include "core/model/meta.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "core/model/report.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/json/archive.h"

namespace berth::json {

// A struct for several kinds, or for several versions of one, says which it is.
template <class T>
concept SaysItsKind = requires(T object) {
  object.api_version;
  object.kind;
  object.meta;
};

void describe(Archive& archive, Meta& meta);
void describe(Archive& archive, OwnerReference& owner);
void describe(Archive& archive, LabelRequirement& requirement);
void describe(Archive& archive, LabelSelector& selector);
void describe(Archive& archive, Condition& condition);

void describe(Archive& archive, PortRange& range);
void describe(Archive& archive, PortAllocation& allocation);
void describe(Archive& archive, ExposurePolicy& policy);
void describe(Archive& archive, PortLedger& ledger);

void describe(Archive& archive, ServicePort& port);
void describe(Archive& archive, Service& service);
void describe(Archive& archive, Ingress& ingress);
void describe(Archive& archive, Namespace& ns);
void describe(Archive& archive, Workload& workload);

void describe(Archive& archive, NetworkPolicyPeer& peer);
void describe(Archive& archive, NetworkPolicyPort& port);
void describe(Archive& archive, NetworkPolicy& policy);
// One rule of spec.ingress (`peers` "from") or spec.egress ("to").
void describe_rule(Archive& archive, NetworkPolicyRule& rule, std::string_view peers);

void describe(Archive& archive, EndpointSlice& slice);

void describe(Archive& archive, Gateway& gateway);
void describe(Archive& archive, Route& route);
void describe(Archive& archive, ReferenceGrant& grant);

void describe(Archive& archive, CustomObject& object);

void describe(Archive& archive, ObjectReference& reference);
void describe(Archive& archive, Lease& lease);
void describe(Archive& archive, Event& event);
void describe(Archive& archive, Secret& secret);
void describe(Archive& archive, ConfigMap& config_map);
void describe(Archive& archive, MatchCondition& condition);
void describe(Archive& archive, ValidatingWebhookConfiguration& configuration);
void describe(Archive& archive, ValidatingAdmissionPolicy& policy);
void describe(Archive& archive, ValidatingAdmissionPolicyBinding& binding);
void describe(Archive& archive, Report& report);

// Kinds with a status subresource that Berth (or the fake API server) writes. Everything is written, also
// what is empty: a merge patch would otherwise leave the old value.
void describe_status(Archive& archive, PortRange& range);
void describe_status(Archive& archive, PortAllocation& allocation);
void describe_status(Archive& archive, ExposurePolicy& policy);
void describe_status(Archive& archive, Service& service);
void describe_status(Archive& archive, Namespace& ns);
void describe_status(Archive& archive, Workload& workload);

}  // namespace berth::json
