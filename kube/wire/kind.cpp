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
const Kind kIngress{"networking.k8s.io", "v1", "ingresses", "Ingress", true};
const Kind kNetworkPolicy{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true};
const Kind kLease{"coordination.k8s.io", "v1", "leases", "Lease", true};
const Kind kEvent{"events.k8s.io", "v1", "events", "Event", true};
const Kind kValidatingWebhookConfiguration{"admissionregistration.k8s.io", "v1",
                                           "validatingwebhookconfigurations",
                                           "ValidatingWebhookConfiguration", false};
const Kind kDeployment{"apps", "v1", "deployments", "Deployment", true};
const Kind kStatefulSet{"apps", "v1", "statefulsets", "StatefulSet", true};
const Kind kDaemonSet{"apps", "v1", "daemonsets", "DaemonSet", true};
const Kind kReplicaSet{"apps", "v1", "replicasets", "ReplicaSet", true};
const Kind kReplicationController{"", "v1", "replicationcontrollers", "ReplicationController", true};
const Kind kJob{"batch", "v1", "jobs", "Job", true};
const Kind kCronJob{"batch", "v1", "cronjobs", "CronJob", true};
const Kind kPodTemplate{"", "v1", "podtemplates", "PodTemplate", true};

const std::vector<Kind>& workload_kinds() {
  static const std::vector<Kind> kinds = {kPod,       kDeployment, kStatefulSet,
                                          kDaemonSet, kReplicaSet, kReplicationController,
                                          kJob,       kCronJob,    kPodTemplate};
  return kinds;
}

}  // namespace berth::wire
