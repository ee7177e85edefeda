#include "cli/loader/known_kinds.h"

#include <algorithm>
#include <array>
#include <string>

#include "cli/loader/problem.h"
#include "core/base/api_names.h"

namespace berth::cli {
namespace {

constexpr std::array<KnownKind, 28> kKinds = {{
    {Role::kService, "Service", "v1", true},
    {Role::kNamespace, "Namespace", "v1", false},
    {Role::kWorkload, "Pod", "v1", true},
    {Role::kWorkload, "ReplicationController", "v1", true},
    {Role::kWorkload, "PodTemplate", "v1", true},
    {Role::kWorkload, "Deployment", "apps/v1", true},
    {Role::kWorkload, "StatefulSet", "apps/v1", true},
    {Role::kWorkload, "DaemonSet", "apps/v1", true},
    {Role::kWorkload, "ReplicaSet", "apps/v1", true},
    {Role::kWorkload, "Job", "batch/v1", true},
    {Role::kWorkload, "CronJob", "batch/v1", true},
    {Role::kIngress, "Ingress", "networking.k8s.io/v1", true},
    {Role::kGateway, "Gateway", "gateway.networking.k8s.io/v1", true},
    {Role::kGateway, "ListenerSet", "gateway.networking.k8s.io/v1", true},
    {Role::kGateway, "XListenerSet", "gateway.networking.x-k8s.io/v1alpha1", true},
    {Role::kRoute, "HTTPRoute", "gateway.networking.k8s.io/v1", true},
    {Role::kRoute, "GRPCRoute", "gateway.networking.k8s.io/v1", true},
    {Role::kRoute, "TLSRoute", "gateway.networking.k8s.io/v1", true},
    {Role::kRoute, "TCPRoute", "gateway.networking.k8s.io/v1", true},
    {Role::kRoute, "UDPRoute", "gateway.networking.k8s.io/v1", true},
    {Role::kGrant, "ReferenceGrant", "gateway.networking.k8s.io/v1", true},
    {Role::kEndpoints, "EndpointSlice", "discovery.k8s.io/v1", true},
    {Role::kEndpoints, "Endpoints", "v1", true},
    {Role::kNetworkPolicy, "NetworkPolicy", "networking.k8s.io/v1", true},
    {Role::kConfigMap, "ConfigMap", "v1", true},
    {Role::kAllocation, "PortAllocation", kApiVersion, true},
    {Role::kPolicy, "ExposurePolicy", kApiVersion, false},
    {Role::kRange, "PortRange", kApiVersion, false},
}};

// Versions that are not served any more, or not everywhere. Sources: Kubernetes' deprecated API migration
// guide; the Gateway API, whose versions differ in nothing that is read here.
struct Retired {
  std::string_view api_version;
  std::string_view kind;
};
constexpr std::array<Retired, 27> kRetired = {{
    {"extensions/v1beta1", "Deployment"},
    {"extensions/v1beta1", "DaemonSet"},
    {"extensions/v1beta1", "ReplicaSet"},
    {"extensions/v1beta1", "Ingress"},
    {"extensions/v1beta1", "NetworkPolicy"},
    {"networking.k8s.io/v1beta1", "Ingress"},
    {"apps/v1beta1", "Deployment"},
    {"apps/v1beta1", "StatefulSet"},
    {"apps/v1beta2", "Deployment"},
    {"apps/v1beta2", "StatefulSet"},
    {"apps/v1beta2", "DaemonSet"},
    {"apps/v1beta2", "ReplicaSet"},
    {"batch/v1beta1", "CronJob"},
    {"batch/v2alpha1", "CronJob"},
    {"discovery.k8s.io/v1beta1", "EndpointSlice"},
    {"discovery.k8s.io/v1alpha1", "EndpointSlice"},
    {"gateway.networking.k8s.io/v1beta1", "Gateway"},
    {"gateway.networking.k8s.io/v1alpha2", "Gateway"},
    {"gateway.networking.k8s.io/v1beta1", "HTTPRoute"},
    {"gateway.networking.k8s.io/v1alpha2", "HTTPRoute"},
    {"gateway.networking.k8s.io/v1alpha2", "GRPCRoute"},
    {"gateway.networking.k8s.io/v1alpha3", "TLSRoute"},
    {"gateway.networking.k8s.io/v1alpha2", "TLSRoute"},
    {"gateway.networking.k8s.io/v1alpha2", "TCPRoute"},
    {"gateway.networking.k8s.io/v1alpha2", "UDPRoute"},
    {"gateway.networking.k8s.io/v1beta1", "ReferenceGrant"},
    {"gateway.networking.k8s.io/v1alpha2", "ReferenceGrant"},
}};

// Every field that the codec reads of the kinds above.
constexpr std::array<std::string_view, 128> kFields = {
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "generateName",
    "labels",
    "annotations",
    "ownerReferences",
    "deletionTimestamp",
    "spec",
    "status",
    "items",
    "type",
    "selector",
    "ports",
    "port",
    "targetPort",
    "nodePort",
    "protocol",
    "appProtocol",
    "clusterIP",
    "externalIPs",
    "externalName",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "allocateLoadBalancerNodePorts",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "loadBalancer",
    "ingress",
    "ip",
    "hostname",
    "template",
    "jobTemplate",
    "containers",
    "initContainers",
    "ephemeralContainers",
    "hostNetwork",
    "hostPort",
    "hostIP",
    "containerPort",
    "restartPolicy",
    "image",
    "nodeName",
    "ingressClassName",
    "defaultBackend",
    "backend",
    "rules",
    "host",
    "http",
    "paths",
    "path",
    "pathType",
    "service",
    "serviceName",
    "servicePort",
    "number",
    "resource",
    "apiGroup",
    "tls",
    "location",
    "namespaceSelector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "action",
    "networks",
    "cidrs",
    "cidr",
    "network",
    "external",
    "internal",
    "outbound",
    "undeclared",
    "unknown",
    "exceptions",
    "enforce",
    "requirement",
    "condition",
    "purpose",
    "from",
    "to",
    "deprecated",
    "workload",
    "via",
    "owner",
    "reason",
    "expiresAt",
    "rangeName",
    "exposure",
    "allowFrom",
    "allowTo",
    "block",
    "space",
    "blocks",
    "reserved",
    "reuseAfter",
    "perNode",
    "gatewayClassName",
    "listeners",
    "allowedRoutes",
    "parentRefs",
    "parentRef",
    "backendRefs",
    "backendRef",
    "sectionName",
    "hostnames",
    "filters",
    "requestMirror",
    "externalAuth",
    "infrastructure",
    "mode",
    "kinds",
    "addressType",
    "endpoints",
    "addresses",
    "subsets",
    "notReadyAddresses",
    "podSelector",
    "policyTypes",
    "egress",
    "ipBlock",
    "except",
    "endPort",
};

// Below these keys people choose the names, or nothing bears on exposure.
constexpr std::array<std::string_view, 15> kFree = {
    "labels",  "annotations", "matchLabels", "nodeSelector", "data",   "stringData",    "binaryData", "env",
    "volumes", "args",        "command",     "resources",    "limits", "managedFields", "requests",
};

// Equal but for the case of ASCII letters.
bool same_letters(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [&](char a, char b) { return lower(a) == lower(b); });
}

template <std::size_t N>
bool listed(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// The field that `key` is but for its case, "" when it is one itself or none at all.
std::string_view near_field(std::string_view key) {
  if (listed(kFields, key)) return {};
  for (const std::string_view field : kFields) {
    if (same_letters(field, key)) return field;
  }
  return {};
}

// A group that Kubernetes itself serves; others have their own kinds called Service and Ingress.
bool built_in(std::string_view group) {
  return group.find('.') == std::string_view::npos || group.ends_with(".k8s.io") || group == kApiGroup;
}

void collect(const Node& node, std::vector<NearField>& found) {
  if (const Sequence* items = node.sequence()) {
    for (const Node& item : *items) collect(item, found);
  }
  const Mapping* members = node.mapping();
  if (members == nullptr) return;
  for (const Member& member : *members) {
    const std::string_view meant = near_field(member.key);
    if (!meant.empty()) {
      found.push_back({member.mark, "the API server does not know the field " + quoted(member.key) +
                                        " and drops it; did you mean \"" + std::string(meant) + "\"?"});
      continue;
    }
    // A Service's selector is a map of labels, everybody else's has members of its own.
    if (!listed(kFree, member.key) && member.key != "selector") collect(member.value, found);
  }
}

}  // namespace

const KnownKind* find_kind(std::string_view api_version, std::string_view kind) {
  const bool retired = std::any_of(kRetired.begin(), kRetired.end(), [&](const Retired& known) {
    return known.api_version == api_version && known.kind == kind;
  });
  for (const KnownKind& known : kKinds) {
    if (known.kind == kind && (retired || known.api_version == api_version)) return &known;
  }
  return nullptr;
}

std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

std::optional<std::string> near_kind(std::string_view api_version, std::string_view kind) {
  if (!built_in(group_of(api_version))) return std::nullopt;
  for (const KnownKind& known : kKinds) {
    const std::string name(known.kind);
    if (!same_letters(name, kind) && !same_letters(name + "s", kind) && !same_letters(name + "es", kind))
      continue;
    return "the API server knows no kind " + quoted(kind) + " in " + quoted(api_version) +
           ", so it is not judged; did you mean kind \"" + std::string(known.kind) + "\" in \"" +
           std::string(known.api_version) + "\"?";
  }
  return std::nullopt;
}

std::vector<NearField> near_fields(const Node& object) {
  std::vector<NearField> found;
  collect(object, found);
  return found;
}

}  // namespace berth::cli
