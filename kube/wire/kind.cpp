#include "kube/wire/kind.h"

#include "core/base/api_names.h"

namespace berth::wire {

const Kind kPortRange{kApiGroup, "v1alpha1", "portranges", "PortRange", false};
const Kind kPortAllocation{kApiGroup, "v1alpha1", "portallocations", "PortAllocation", true};
const Kind kExposurePolicy{kApiGroup, "v1alpha1", "exposurepolicies", "ExposurePolicy", false};
const Kind kPortLedger{kApiGroup, "v1alpha1", "portledgers", "PortLedger", false};
const Kind kService{"", "v1", "services", "Service", true};
const Kind kNamespace{"", "v1", "namespaces", "Namespace", false};
const Kind kPod{"", "v1", "pods", "Pod", true};
const Kind kSecret{"", "v1", "secrets", "Secret", true};
const Kind kConfigMap{"", "v1", "configmaps", "ConfigMap", true};
const Kind kEndpointSlice{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true};
const Kind kEndpoints{"", "v1", "endpoints", "Endpoints", true};
const Kind kIngress{"networking.k8s.io", "v1", "ingresses", "Ingress", true};
const Kind kNetworkPolicy{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true};
const Kind kLease{"coordination.k8s.io", "v1", "leases", "Lease", true};
const Kind kEvent{"events.k8s.io", "v1", "events", "Event", true};
const Kind kValidatingWebhookConfiguration{"admissionregistration.k8s.io", "v1",
                                           "validatingwebhookconfigurations",
                                           "ValidatingWebhookConfiguration", false};
const Kind kValidatingAdmissionPolicy{"admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
                                      "ValidatingAdmissionPolicy", false};
const Kind kValidatingAdmissionPolicyBinding{"admissionregistration.k8s.io", "v1",
                                             "validatingadmissionpolicybindings",
                                             "ValidatingAdmissionPolicyBinding", false};
const Kind kReport{"openreports.io", "v1alpha1", "reports", "Report", true};
const Kind kDeployment{"apps", "v1", "deployments", "Deployment", true};
const Kind kStatefulSet{"apps", "v1", "statefulsets", "StatefulSet", true};
const Kind kDaemonSet{"apps", "v1", "daemonsets", "DaemonSet", true};
const Kind kReplicaSet{"apps", "v1", "replicasets", "ReplicaSet", true};
const Kind kReplicationController{"", "v1", "replicationcontrollers", "ReplicationController", true};
const Kind kJob{"batch", "v1", "jobs", "Job", true};
const Kind kCronJob{"batch", "v1", "cronjobs", "CronJob", true};
const Kind kPodTemplate{"", "v1", "podtemplates", "PodTemplate", true};

namespace {

Versions in_versions(const std::string& group, const std::vector<std::string>& versions,
                     const std::string& plural, const std::string& kind) {
  Versions all;
  for (const std::string& version : versions) all.push_back({group, version, plural, kind, true});
  return all;
}

constexpr char kGateways[] = "gateway.networking.k8s.io";

}  // namespace

const std::vector<Versions>& gateway_kinds() {
  static const std::vector<Versions> kinds = {
      in_versions(kGateways, {"v1", "v1beta1"}, "gateways", "Gateway"),
      in_versions(kGateways, {"v1"}, "listenersets", "ListenerSet"),
      in_versions("gateway.networking.x-k8s.io", {"v1alpha1"}, "xlistenersets", "XListenerSet"),
  };
  return kinds;
}

const std::vector<Versions>& route_kinds() {
  static const std::vector<Versions> kinds = {
      in_versions(kGateways, {"v1", "v1beta1"}, "httproutes", "HTTPRoute"),
      in_versions(kGateways, {"v1", "v1alpha2"}, "grpcroutes", "GRPCRoute"),
      in_versions(kGateways, {"v1", "v1alpha3", "v1alpha2"}, "tlsroutes", "TLSRoute"),
      in_versions(kGateways, {"v1", "v1alpha2"}, "tcproutes", "TCPRoute"),
      in_versions(kGateways, {"v1", "v1alpha2"}, "udproutes", "UDPRoute"),
  };
  return kinds;
}

const Versions& reference_grant() {
  static const Versions versions =
      in_versions(kGateways, {"v1", "v1beta1"}, "referencegrants", "ReferenceGrant");
  return versions;
}

const std::vector<Kind>& workload_kinds() {
  static const std::vector<Kind> kinds = {kPod,       kDeployment, kStatefulSet,
                                          kDaemonSet, kReplicaSet, kReplicationController,
                                          kJob,       kCronJob,    kPodTemplate};
  return kinds;
}

}  // namespace berth::wire
