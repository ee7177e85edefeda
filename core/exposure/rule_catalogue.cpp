#include "core/exposure/rule_catalogue.h"

namespace berth::exposure {

const std::vector<RuleText>& rule_catalogue() {
  static const std::vector<RuleText> rules = {
      {rule::kInternalPort, "A way from outside the cluster leads to a port that a policy calls internal.",
       "Whoever finds the way talks to the database itself.",
       "Service data/web (LoadBalancer) port 443 -> targetPort 5432 -> StatefulSet data/pg container "
       "postgres port "
       "5432",
       "Close the way at its beginning, or ask for an exception."},
      {rule::kConnect,
       "Somebody asks the API server to connect him to an internal port, in a namespace that forbids it "
       "(`berth.dev/connect: Deny`).",
       "The API server itself connects: no Service, no gateway and hardly a NetworkPolicy stands in between.",
       "kubectl port-forward to Pod data/db-0 port 5432",
       "Connect from a pod of the cluster, or ask for an exception."},
      {rule::kSpecialAddress,
       "A slice that somebody wrote leads an exposed Service to a loopback, link-local, multicast or "
       "unspecified "
       "address, or to a name.",
       "Behind it is the node itself, or the metadata of a cloud (CVE-2021-25737).",
       "Service data/web (LoadBalancer) port 443 -> EndpointSlice data/web-1 (169.254.169.254) port 80",
       "Lead the slice to the addresses of pods."},
      {rule::kRemovedPort, "A deprecated port is exposed after the day from which it is refused.",
       "What listened there is gone, or is not kept up any more.",
       "Service data/legacy (LoadBalancer) port 4006", "Move to the port that replaces it."},
      {rule::kLeftOpen,
       "The last NetworkPolicy that isolated a pod with an internal port goes, or selects other pods.",
       "Whether addresses of pods can be reached from outside cannot be seen in manifests.",
       "NetworkPolicy data/default-deny no longer isolates StatefulSet data/pg container postgres port 5432",
       "Keep a NetworkPolicy that isolates the pods."},
      {rule::kLeavesPolicy,
       "The labels of a namespace change so that an ExposurePolicy is no longer in force there.",
       "What the policy calls internal is judged there no more.", "Namespace data",
       "Keep the labels that `spec.namespaceSelector` of the policy asks for."},
      {rule::kDebugContainer,
       "An ephemeral container comes into a pod that is exposed and that declares an internal port.",
       "It shares the ports of the pod, and can lead from the one that is open to any other.",
       "Pod data/web-1 container debugger runs a debug container",
       "Debug a copy of the pod (kubectl debug --copy-to), or one that is not exposed."},
      {rule::kEndsTls, "A way to a port with `tls: Passthrough` ends TLS before the container.",
       "The container cannot see the certificate of who connects.",
       "Ingress data/front (a.example.org) -> Service data/web port 8443",
       "Use a layer-4 way, or a listener that passes TLS through."},
      {rule::kOpenSources, "A port that is for some networks only is shown without a restriction to them.",
       "Everybody can connect to what is meant for administrators.",
       "Service data/admin (LoadBalancer) port 9443",
       "Set loadBalancerSourceRanges within those networks, or allocate the port with allowFrom."},
      {rule::kOtherNetwork,
       "A port that is to be shown on some networks only (`shownOn`) is shown on others, or nobody knows "
       "where.",
       "What is meant for the management network can be reached from the transport network, and the other "
       "way "
       "round.",
       "Service data/ike (LoadBalancer) port 500/UDP",
       "Ask for a loadBalancerClass or a loadBalancerIP of those networks, without node ports."},
      {rule::kUnresolved, "It is not known which container port a way opens.",
       "It may be an internal one; `spec.unknown` of the policy decides.",
       "Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> ?",
       "Create what is named first, or write the port as a number."},
      {rule::kUndeclaredPort,
       "A port is exposed that the policy does not list as external and nobody allocated.",
       "What nobody declared nobody watches; `spec.undeclared` of the policy decides.",
       "Service data/web (NodePort) node port 30080 -> port 8080",
       "Allocate the port, list it under spec.external, or close the way."},
      {rule::kDeprecatedPort, "A deprecated port is used.", "From a certain day on it is refused.",
       "Service data/legacy spec.ports[0].port", "Move to the port that replaces it."},
      {rule::kMovedService,
       "A way leads to a container whose image is usually an internal service, at another number than the "
       "usual.",
       "A number can be moved, and the service behind it stays what it is; a guess, so only a warning.",
       "Service data/web (LoadBalancer) port 8080 -> StatefulSet data/pg container postgres port 8080",
       "Close the way, or ask for an exception."},
      {rule::kNoPort, "A number is written that is no port.",
       "The API server refuses it, or something cuts it.", "Service data/web spec.ports[0].targetPort",
       "Write a number from 1 to 65535."},
      {rule::kUnallocatedNumber, "A number of a declared range is used without an allocation.",
       "Somebody else may be given it; `spec.undeclared` of the range decides.",
       "Service data/web (NodePort) nodePort 24511", "Ask for the number with a PortAllocation."},
  };
  return rules;
}

}  // namespace berth::exposure
