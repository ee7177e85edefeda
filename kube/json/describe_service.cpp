// Service, Namespace and Ingress. Source: core/v1, networking.k8s.io/v1.
#include "kube/json/describe.h"

namespace berth::json {

void describe(Archive& archive, ServicePort& port) {
  member(archive, "name", port.name);
  member(archive, "protocol", port.protocol);
  member(archive, "appProtocol", port.app_protocol);
  member(archive, "port", port.port, Write::kAlways);
  member(archive, "targetPort", port.target_port);
  member(archive, "nodePort", port.node_port);
}

static void describe(Archive& archive, LoadBalancerIngress& ingress) {
  member(archive, "ip", ingress.ip);
  member(archive, "hostname", ingress.hostname);
}

void describe_status(Archive& archive, Service& service) {
  group(archive, "loadBalancer", true,
        [&] { member(archive, "ingress", service.load_balancer_status, Write::kAlways); });
}

void describe(Archive& archive, Service& service) {
  member(archive, "metadata", service.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "type", service.type);
    member(archive, "selector", service.selector);
    member(archive, "ports", service.ports);
    member(archive, "clusterIP", service.cluster_ip);
    member(archive, "externalIPs", service.external_ips);
    member(archive, "externalName", service.external_name);
    member(archive, "externalTrafficPolicy", service.external_traffic_policy);
    member(archive, "healthCheckNodePort", service.health_check_node_port);
    member(archive, "allocateLoadBalancerNodePorts", service.allocate_load_balancer_node_ports);
    member(archive, "loadBalancerClass", service.load_balancer_class);
    member(archive, "loadBalancerIP", service.load_balancer_ip);
    member(archive, "loadBalancerSourceRanges", service.load_balancer_source_ranges);
  });
  group(archive, "status", !service.load_balancer_status.empty(), [&] { describe_status(archive, service); });
}

void describe_status(Archive& archive, Namespace& ns) { member(archive, "phase", ns.phase); }

void describe(Archive& archive, Namespace& ns) {
  member(archive, "metadata", ns.meta, Write::kAlways);
  group(archive, "status", !ns.phase.empty(), [&] { describe_status(archive, ns); });
}

// The model keeps a resource backend as "apiGroup/kind/name"; neither group nor kind can hold a slash.
static void describe_resource(Archive& archive, std::string& resource) {
  std::string api_group;
  std::string kind;
  std::string name;
  const bool there = !resource.empty();
  if (!archive.reading() && there) {
    const std::size_t first = resource.find('/');
    const std::size_t second = first == std::string::npos ? first : resource.find('/', first + 1);
    if (second == std::string::npos) return archive.fail("a resource backend is apiGroup/kind/name");
    api_group = resource.substr(0, first);
    kind = resource.substr(first + 1, second - first - 1);
    name = resource.substr(second + 1);
  }
  group(archive, "resource", there, [&] {
    member(archive, "apiGroup", api_group);
    member(archive, "kind", kind, Write::kAlways);
    member(archive, "name", name, Write::kAlways);
    if (archive.reading()) resource = api_group + "/" + kind + "/" + name;
  });
}

static void describe(Archive& archive, IngressBackend& backend) {
  // Without a name (no server sends that) the port still says that a service was meant.
  const bool named = !backend.service.empty() || !backend.port_name.empty() || backend.port_number != 0;
  group(archive, "service", named, [&] {
    member(archive, "name", backend.service, Write::kAlways);
    group(archive, "port", true, [&] {
      member(archive, "name", backend.port_name);
      member(archive, "number", backend.port_number);
    });
  });
  describe_resource(archive, backend.resource);
}

static void describe(Archive& archive, IngressPath& path) {
  member(archive, "path", path.path);
  member(archive, "pathType", path.path_type);
  member(archive, "backend", path.backend, Write::kAlways);
}

static void describe(Archive& archive, IngressRule& rule) {
  member(archive, "host", rule.host);
  group(archive, "http", !rule.paths.empty(), [&] { member(archive, "paths", rule.paths, Write::kAlways); });
}

void describe(Archive& archive, Ingress& ingress) {
  member(archive, "metadata", ingress.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "ingressClassName", ingress.ingress_class);
    member(archive, "defaultBackend", ingress.default_backend);
    member(archive, "rules", ingress.rules);
    // Only whether there is an entry is kept.
    struct Entry {
      bool operator==(const Entry&) const = default;
    };
    std::vector<Entry> tls(ingress.tls ? 1 : 0);
    group_list(archive, "tls", tls, [](Entry&) {});
    if (archive.reading()) ingress.tls = !tls.empty();
  });
}

}  // namespace berth::json
