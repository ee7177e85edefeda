// World: Facts for tests, and builders that read like the manifests they stand for.
//
// Everything lives in namespace "data" unless said otherwise. Only for tests.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/exposure/facts.h"
#include "core/exposure/ingress_entrance.h"
#include "core/model/external_name.h"

namespace berth::exposure::testing {

inline Meta named(std::string name, std::string ns = "data") {
  Meta meta;
  meta.name = std::move(name);
  meta.ns = std::move(ns);
  return meta;
}

inline ServicePort port(std::int64_t number, TargetPort target = {}, Protocol protocol = Protocol::kTcp) {
  ServicePort made;
  made.port = number;
  made.target_port = std::move(target);
  made.protocol = protocol;
  return made;
}

inline ServicePort node_port(std::int64_t shown, std::int64_t number, TargetPort target = {}) {
  ServicePort made = port(number, std::move(target));
  made.node_port = shown;
  return made;
}

inline TargetPort name_of(const char* text) { return std::string(text); }
inline TargetPort number_of(std::int64_t number) { return number; }

// Selects app=web.
inline Service service(std::string type, std::vector<ServicePort> ports, std::string name = "web") {
  Service made;
  made.meta = named(std::move(name));
  made.type = std::move(type);
  made.selector = {{"app", "web"}};
  made.ports = std::move(ports);
  return made;
}

inline ContainerPort container_port(std::int64_t number, std::string name = "",
                                    Protocol protocol = Protocol::kTcp) {
  ContainerPort made;
  made.container_port = number;
  made.name = std::move(name);
  made.protocol = protocol;
  return made;
}

inline ContainerPort host_port(std::int64_t shown, std::int64_t number, std::string host_ip = "") {
  ContainerPort made = container_port(number);
  made.host_port = shown;
  made.host_ip = std::move(host_ip);
  return made;
}

inline Container container(std::string name, std::vector<ContainerPort> ports) {
  Container made;
  made.name = std::move(name);
  made.ports = std::move(ports);
  return made;
}

// Pods labelled app=web with one container "main".
inline Workload workload(std::string kind, std::string name, std::vector<ContainerPort> ports,
                         Labels labels = {{"app", "web"}}) {
  Workload made;
  made.kind = std::move(kind);
  made.meta = named(std::move(name));
  made.template_labels = std::move(labels);
  made.pod.containers = {container("main", std::move(ports))};
  return made;
}

inline Workload deployment(std::vector<ContainerPort> ports, std::string name = "web") {
  return workload("Deployment", std::move(name), std::move(ports));
}

inline void own(Workload& owned, const Workload& owner) {
  owned.meta.owner_references.push_back(
      {owner.api_version, owner.kind, owner.meta.name, owner.meta.uid, true});
}

inline IngressBackend backend(std::string service_name, std::int64_t number) {
  IngressBackend made;
  made.service = std::move(service_name);
  made.port_number = number;
  return made;
}

inline IngressBackend backend(std::string service_name, std::string port_name) {
  IngressBackend made;
  made.service = std::move(service_name);
  made.port_name = std::move(port_name);
  return made;
}

inline Ingress ingress_manifest(std::vector<IngressBackend> backends, std::string host = "a.example.org") {
  Ingress made;
  made.meta = named("front");
  made.tls = true;
  IngressRule rule;
  rule.host = std::move(host);
  for (IngressBackend& each : backends) rule.paths.push_back({"/", "Prefix", std::move(each)});
  made.rules.push_back(std::move(rule));
  return made;
}

// Actions in annotations are JSON, which nobody here reads.
inline Entrance entrance_of(const Ingress& manifest) {
  return exposure::entrance_of(manifest, [](std::string_view) -> Result<std::vector<ServiceReference>> {
    return malformed("it is JSON");
  });
}

inline Entrance ingress(std::vector<IngressBackend> backends, std::string host = "a.example.org") {
  return testing::entrance_of(ingress_manifest(std::move(backends), std::move(host)));
}

inline PolicyPort listed(std::int64_t number, std::string service_name = "") {
  PolicyPort made;
  made.port = number;
  made.service = std::move(service_name);
  return made;
}

inline PolicyPort listed_range(std::string ports, std::string service_name = "") {
  PolicyPort made;
  made.ports = {std::move(ports)};
  made.service = std::move(service_name);
  return made;
}

// The policy of docs/reference/api.md: 443, 80 and 8443 may face the outside, the platform's own ports may
// not.
inline ExposurePolicy control_plane() {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  policy.spec.external = {listed(443), listed(80), listed(8443)};
  policy.spec.internal = {listed(5432, "PostgreSQL"), listed(27017, "MongoDB"), listed(5672, "RabbitMQ"),
                          listed(8200, "Vault"), listed_range("9200-9300", "Search")};
  return policy;
}

class World final : public Facts {
 public:
  World() = default;
  explicit World(ExposurePolicy policy) { add(std::move(policy)); }

  World& add(Service object) { return services_.push_back(std::move(object)), *this; }
  World& add(Entrance object) { return entrances_.push_back(std::move(object)), *this; }
  World& add(Gateway object) { return gateways_.push_back(std::move(object)), *this; }
  World& add(EndpointSlice object) { return slices_.push_back(std::move(object)), *this; }
  World& add(Advertisement object) { return advertisements_.push_back(std::move(object)), *this; }
  World& add(NetworkSet object) { return network_sets_.push_back(std::move(object)), *this; }
  World& add(NetworkPolicy object) { return network_policies_.push_back(std::move(object)), *this; }
  World& add(ReferenceGrant object) { return grants_.push_back(std::move(object)), *this; }
  World& add(Backend object) { return backends_.push_back(std::move(object)), *this; }
  World& add(Workload object) { return workloads_.push_back(std::move(object)), *this; }
  World& add(PortAllocation object) { return allocations_.push_back(std::move(object)), *this; }
  World& add(ExposurePolicy object) { return policies_.push_back(std::move(object)), *this; }
  World& label_namespace(std::string ns, Labels labels) {
    namespaces_[std::move(ns)] = std::move(labels);
    return *this;
  }

  std::vector<const Service*> services(std::string_view ns) const override { return in(services_, ns); }
  std::vector<const Service*> aliases(std::string_view ns) const override {
    return where(services_, [&](const Service& service) { return is_alias_into(service, ns); });
  }
  std::vector<const Entrance*> entrances(std::string_view ns) const override {
    return where(entrances_, [&](const Entrance& entrance) { return leads_into(entrance, ns); });
  }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override {
    return where(entrances_, [&](const Entrance& entrance) { return attaches_to(entrance, gateway); });
  }
  std::vector<const Gateway*> gateways(std::string_view ns) const override { return in(gateways_, ns); }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override {
    return where(gateways_, [&](const Gateway& set) { return adds_to(set, gateway); });
  }
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override { return in(grants_, ns); }
  std::vector<const Backend*> backends(std::string_view ns) const override { return in(backends_, ns); }
  std::vector<const Backend*> backends_to(std::string_view place) const override {
    return where(backends_, [&](const Backend& backend) { return leads_to(backend, place); });
  }
  std::vector<const Workload*> workloads(std::string_view ns) const override { return in(workloads_, ns); }
  std::vector<const Workload*> workloads_at(std::string_view address) const override {
    return where(workloads_, [&](const Workload& workload) { return has_address(workload, address); });
  }
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override {
    return where(slices_, [&](const EndpointSlice& slice) {
      return slice.meta.ns == service.meta.ns && service_of(slice) == service.meta.name;
    });
  }
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override {
    return where(network_policies_, [&](const NetworkPolicy& policy) {
      if (!policy.cluster_wide) return policy.meta.ns == ns;
      return ns.empty() || is_of_namespace(policy, ns, namespace_labels(ns));
    });
  }
  std::vector<const NetworkSet*> network_sets() const override {
    return where(network_sets_, [](const NetworkSet&) { return true; });
  }
  std::vector<const Advertisement*> advertisements() const override {
    return where(advertisements_, [](const Advertisement&) { return true; });
  }
  std::vector<const Service*> every_service() const override {
    return where(services_, [](const Service&) { return true; });
  }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return in(allocations_, ns);
  }
  const Labels* namespace_labels(std::string_view ns) const override {
    const auto found = namespaces_.find(ns);
    return found == namespaces_.end() ? nullptr : &found->second;
  }
  std::vector<const ExposurePolicy*> policies() const override {
    std::vector<const ExposurePolicy*> all;
    for (const ExposurePolicy& policy : policies_) all.push_back(&policy);
    return all;
  }

  std::vector<std::string> namespaces() const override {
    std::set<std::string> found;
    for (const Service& service : services_) found.insert(service.meta.ns);
    for (const Workload& workload : workloads_) found.insert(workload.meta.ns);
    return {found.begin(), found.end()};
  }

 private:
  template <class T>
  static std::vector<const T*> in(const std::deque<T>& objects, std::string_view ns) {
    return where(objects, [&](const T& object) { return object.meta.ns == ns; });
  }
  template <class T, class Wanted>
  static std::vector<const T*> where(const std::deque<T>& objects, Wanted wanted) {
    std::vector<const T*> found;
    for (const T& object : objects) {
      if (wanted(object)) found.push_back(&object);
    }
    return found;
  }

  // Deques: what Facts hand out stays where it is while more is added.
  std::deque<Service> services_;
  std::deque<Entrance> entrances_;
  std::deque<Gateway> gateways_;
  std::deque<ReferenceGrant> grants_;
  std::deque<Backend> backends_;
  std::deque<EndpointSlice> slices_;
  std::deque<NetworkPolicy> network_policies_;
  std::deque<NetworkSet> network_sets_;
  std::deque<Advertisement> advertisements_;
  std::deque<Workload> workloads_;
  std::deque<PortAllocation> allocations_;
  std::deque<ExposurePolicy> policies_;
  std::map<std::string, Labels, std::less<>> namespaces_;
};

}  // namespace berth::exposure::testing
