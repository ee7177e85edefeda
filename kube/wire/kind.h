// Kind: how a Kubernetes kind is addressed, and the kinds Berth talks about.
//
// Thread-safety: values and constants.
#pragma once

#include <string>
#include <vector>

#include "core/base/object_key.h"

namespace berth::wire {

struct Kind {
  std::string group = {};  // "" = core
  std::string version = {};
  std::string plural = {};  // lower case, as in the URL
  std::string kind = {};
  bool namespaced = true;

  auto operator<=>(const Kind&) const = default;

  // "v1" or "apps/v1".
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

extern const Kind kPortRange;
extern const Kind kPortAllocation;
extern const Kind kExposurePolicy;
extern const Kind kPortLedger;
extern const Kind kService;
extern const Kind kNamespace;
extern const Kind kPod;
extern const Kind kSecret;
extern const Kind kConfigMap;
extern const Kind kEndpointSlice;
extern const Kind kEndpoints;
extern const Kind kIngress;
extern const Kind kNetworkPolicy;
extern const Kind kLease;
extern const Kind kEvent;  // events.k8s.io/v1
extern const Kind kValidatingWebhookConfiguration;
extern const Kind kValidatingAdmissionPolicy;
extern const Kind kValidatingAdmissionPolicyBinding;
extern const Kind kReport;  // openreports.io, if it is installed
extern const Kind kDeployment;
extern const Kind kStatefulSet;
extern const Kind kDaemonSet;
extern const Kind kReplicaSet;
extern const Kind kReplicationController;
extern const Kind kJob;
extern const Kind kCronJob;
extern const Kind kPodTemplate;

// A kind of an add-on in every version that was ever served, the newest first.
using Versions = std::vector<Kind>;
// gateway.networking.k8s.io: Gateways and ListenerSets; routes; ReferenceGrants.
const std::vector<Versions>& gateway_kinds();
const std::vector<Versions>& route_kinds();
const Versions& reference_grant();

// Pod and every kind with a pod template above, Pod first: all decode into model Workload.
const std::vector<Kind>& workload_kinds();

}  // namespace berth::wire
