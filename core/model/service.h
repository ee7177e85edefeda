// core/v1 Service, networking.k8s.io/v1 Ingress, core/v1 Namespace: what leads traffic to workloads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"

namespace berth {

// IntOrString of a targetPort: a number, a container port name, or absent ("" and 0 mean absent too: the API
// server then uses the Service port, exposure.md row 5).
using TargetPort = std::variant<std::monostate, std::int64_t, std::string>;

std::string to_string(const TargetPort& target);

struct ServicePort {
  std::string name = {};
  Protocol protocol = Protocol::kTcp;
  std::optional<std::string> app_protocol = {};
  std::int64_t port = 0;
  TargetPort target_port = {};
  std::int64_t node_port = 0;  // 0 = none

  bool operator==(const ServicePort&) const = default;
};

struct LoadBalancerIngress {
  std::string ip = {};
  std::string hostname = {};

  bool operator==(const LoadBalancerIngress&) const = default;
};

struct Service {
  Meta meta = {};
  std::string type = {};  // "" = ClusterIP; ClusterIP, NodePort, LoadBalancer, ExternalName
  Labels selector = {};
  std::vector<ServicePort> ports = {};
  std::string cluster_ip = {};  // "None" = headless
  std::vector<std::string> external_ips = {};
  std::string external_name = {};
  std::string external_traffic_policy = {};
  std::int64_t health_check_node_port = 0;
  std::optional<bool> allocate_load_balancer_node_ports = {};  // absent = true
  std::string load_balancer_class = {};
  std::string load_balancer_ip = {};
  std::vector<std::string> load_balancer_source_ranges = {};
  std::vector<LoadBalancerIngress> load_balancer_status = {};  // status.loadBalancer.ingress

  bool operator==(const Service&) const = default;
};

// backend.service.port: by number or by the Service port's name.
struct IngressBackend {
  std::string service = {};  // "" when the backend is a resource
  std::int64_t port_number = 0;
  std::string port_name = {};
  std::string resource = {};  // "apiGroup/kind/name" of backend.resource, "" otherwise

  bool operator==(const IngressBackend&) const = default;
};

struct IngressPath {
  std::string path = {};
  std::string path_type = {};
  IngressBackend backend = {};

  bool operator==(const IngressPath&) const = default;
};

struct IngressRule {
  std::string host = {};  // "" = every host
  std::vector<IngressPath> paths = {};

  bool operator==(const IngressRule&) const = default;
};

struct Ingress {
  Meta meta = {};
  std::string ingress_class = {};
  std::optional<IngressBackend> default_backend = {};
  std::vector<IngressRule> rules = {};
  bool tls = false;  // spec.tls has an entry

  bool operator==(const Ingress&) const = default;
};

// A Service of the same namespace and one of its ports, by whatever names them.
struct ServiceReference {
  std::string service = {};
  TargetPort port = {};

  bool operator==(const ServiceReference&) const = default;
};

struct Namespace {
  Meta meta = {};
  std::string phase = {};

  bool operator==(const Namespace&) const = default;
};

}  // namespace berth
