// In-cluster access: the service account that Kubernetes mounts into a pod.
//
// Source: Kubernetes docs "Accessing the API from a Pod". Thread-safety: free function without state.
#pragma once

#include "core/base/result.h"
#include "kube/client/access.h"

namespace berth::client {

inline constexpr char kServiceAccountFolder[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// From KUBERNETES_SERVICE_HOST and _PORT, and ca.crt, token and namespace of kServiceAccountFolder. The token
// is named, not read: the transport reads it again each minute. Errors: NotFound outside a cluster, Malformed
// for an unusable port, or when the token is missing.
Result<ClusterAccess> in_cluster_access(const Environment& environment);

}  // namespace berth::client
