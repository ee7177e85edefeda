// Via: what opens a way out of the cluster. The names are the `via` values of ExposurePolicy
// (docs/reference/api.md, spec.exceptions[].via).
#pragma once

namespace berth {

enum class Via {
  kLoadBalancer,
  kNodePort,
  kExternalIp,
  kIngress,
  kGateway,
  kConfigMap,
  kHostPort,
  kHostNetwork,
  kAnnotation,
  kExport,
  kNetworkPolicy,
  kConnect,  // the API server, asked to connect somebody; no name of the API, for no exception is by this
             // alone
  kCustom    // a program in the pod that leads out by itself
};

// "LoadBalancer", ...
const char* to_string(Via via);

}  // namespace berth
