#include "core/model/via.h"

namespace berth {

const char* to_string(Via via) {
  switch (via) {
    case Via::kLoadBalancer:
      return "LoadBalancer";
    case Via::kNodePort:
      return "NodePort";
    case Via::kExternalIp:
      return "ExternalIP";
    case Via::kIngress:
      return "Ingress";
    case Via::kGateway:
      return "Gateway";
    case Via::kConfigMap:
      return "ConfigMap";
    case Via::kHostPort:
      return "HostPort";
    case Via::kHostNetwork:
      return "HostNetwork";
    case Via::kAnnotation:
      return "Annotation";
    case Via::kExport:
      return "Export";
    case Via::kNetworkPolicy:
      return "NetworkPolicy";
    case Via::kConnect:
      return "Connect";
    case Via::kCustom:
      return "Custom";
  }
  return "";
}

}  // namespace berth
