// Every name Berth puts into a cluster stands here once: API group, managers, labels, annotations, objects.
#pragma once

namespace berth {

inline constexpr char kApiGroup[] = "berth.dev";
inline constexpr char kApiVersion[] = "berth.dev/v1alpha1";

// Field managers: one stable name per component, so that server-side apply can tell them apart.
inline constexpr char kOperatorManager[] = "berth-operator";
inline constexpr char kWebhookManager[] = "berth-webhook";

// Labels on generated objects. The UID label is the identity that release and repair compare.
inline constexpr char kManagedByLabel[] = "app.kubernetes.io/managed-by";
inline constexpr char kManagedByValue[] = "berth";
inline constexpr char kOwnerUidLabel[] = "berth.dev/allocation-uid";
inline constexpr char kOwnerNameLabel[] = "berth.dev/allocation";
// On a Namespace: "unmanaged" keeps the default-deny policies out of it.
inline constexpr char kNetworkPolicyLabel[] = "berth.dev/network-policy";
inline constexpr char kNetworkPolicyUnmanaged[] = "unmanaged";

// On a generated ConfigMap: its own name. The operator watches only ConfigMaps that have it.
inline constexpr char kConfigMapLabel[] = "berth.dev/config-map";

// On a Service that Berth did not make: the PortAllocation of its namespace that shall take it over.
inline constexpr char kAdoptAnnotation[] = "berth.dev/adopt";
// On an adopted Service: what of its form is kept (core/allocation/adoption.h).
inline constexpr char kAdoptedFormAnnotation[] = "berth.dev/adopted-form";

// Annotation keys of ours on a generated Service, so that one taken out of the allocation is taken off again.
inline constexpr char kOwnedAnnotations[] = "berth.dev/owned-annotations";

inline constexpr char kNamespaceNameLabel[] = "kubernetes.io/metadata.name";

// discovery.k8s.io/v1: of an EndpointSlice, the Service it is for and who keeps it.
inline constexpr char kServiceNameLabel[] = "kubernetes.io/service-name";
inline constexpr char kEndpointSliceManagerLabel[] = "endpointslice.kubernetes.io/managed-by";
inline constexpr char kEndpointSliceController[] = "endpointslice-controller.k8s.io";

inline constexpr char kDenyIngressPolicy[] = "berth-default-deny-ingress";
inline constexpr char kDenyEgressPolicy[] = "berth-default-deny-egress";
inline constexpr char kAllowDnsPolicy[] = "berth-allow-dns";
// Suffixes of the policies of one allocation: "<allocation>-ingress", "<allocation>-egress".
inline constexpr char kIngressPolicySuffix[] = "-ingress";
inline constexpr char kEgressPolicySuffix[] = "-egress";
// A second Service for the inside ports of an allocation that also has outside ports.
inline constexpr char kInternalServiceSuffix[] = "-internal";

// Of an ExposurePolicy: "<policy>.<form>.<suffix>", with the form in the label. The operator watches only
// admission policies that have it.
inline constexpr char kWallSuffix[] = "exposure.berth.dev";
inline constexpr char kWallLabel[] = "berth.dev/admission-policy";

// Who and what is never judged, unless options say otherwise: the namespaces of the cluster itself, and the
// operator, which judges its own Services by the same engine.
inline constexpr const char* kExcludedNamespaces[] = {"kube-system", "kube-node-lease", "kube-public",
                                                      "berth-system"};
inline constexpr char kOperatorUser[] = "system:serviceaccount:berth-system:berth-operator";

inline constexpr char kOperatorLease[] = "berth-operator";
inline constexpr char kAuditLease[] = "berth-audit";
// The openreports.io Report of each namespace in which something stands that a policy forbids.
inline constexpr char kAuditReport[] = "berth-exposure";
inline constexpr char kWebhookSecret[] = "berth-webhook-tls";
inline constexpr char kWebhookConfiguration[] = "berth-exposure";
inline constexpr char kWebhookName[] = "exposure.berth.dev";
inline constexpr char kGeneratedWebhookName[] = "generated.exposure.berth.dev";
inline constexpr char kChosenWebhookName[] = "chosen.exposure.berth.dev";
inline constexpr char kIsolationWebhookName[] = "isolation.exposure.berth.dev";
inline constexpr char kLabelsWebhookName[] = "labels.exposure.berth.dev";

}  // namespace berth
