#include "core/desired/ports.h"

#include <algorithm>
#include <set>

#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/base/reasons.h"

namespace berth::desired {
namespace {

bool serves(const Workload& pod, const PortAllocation& allocation) {
  return pod.kind == "Pod" && pod.meta.ns == allocation.meta.ns && pod.phase != "Succeeded" &&
         pod.phase != "Failed" && !allocation.spec.selector.empty() &&
         matches_labels(allocation.spec.selector, pod.meta.labels);
}

// The numbers that the pods give the name; different pods may give it different ones.
std::set<std::int64_t> named_ports(const std::string& name, Protocol protocol,
                                   const std::vector<const Workload*>& pods) {
  std::set<std::int64_t> numbers;
  const auto collect = [&](const Container& container) {
    for (const ContainerPort& port : container.ports) {
      const bool valid = Port::checked(port.container_port).ok();
      if (valid && port.name == name && port.protocol == protocol) numbers.insert(port.container_port);
    }
  };
  for (const Workload* pod : pods) {
    for (const Container& container : pod->pod.containers) collect(container);
    for (const Container& container : pod->pod.init_containers) {
      if (container.restart_policy == "Always") collect(container);  // a sidecar
    }
  }
  return numbers;
}

std::vector<std::int64_t> containers_of(const TargetPort& target, Protocol protocol, Port number,
                                        const std::vector<const Workload*>& pods) {
  return std::visit(Overloaded{[&](std::monostate) { return std::vector<std::int64_t>{number.number()}; },
                               [&](std::int64_t target_number) {
                                 return Port::checked(target_number).ok() ? std::vector{target_number}
                                                                          : std::vector<std::int64_t>{};
                               },
                               [&](const std::string& name) {
                                 const auto numbers = named_ports(name, protocol, pods);
                                 return std::vector<std::int64_t>(numbers.begin(), numbers.end());
                               }},
                    target);
}

NetworkPolicyPeer address_peer(const Cidr& cidr) {
  NetworkPolicyPeer peer;
  peer.cidr = to_string(cidr);
  return peer;
}

bool is_address(const AllocationPeer& peer) { return !peer.network.empty() || !peer.cidr.empty(); }

bool is_own_pods(const AllocationPeer& peer) {
  return peer.pod_selector && peer.ns.empty() && !peer.namespace_selector && !is_address(peer);
}

// Is the peer wider than what the exposure admits?
std::optional<Problem> outside_exposure(const AllocationPeer& peer, Exposure exposure,
                                        const std::string& whose) {
  if (exposure == Exposure::kCluster && is_address(peer)) {
    return Problem{
        reason::kPeerOutsideExposure,
        whose + " admits " + (peer.cidr.empty() ? "network " + peer.network : peer.cidr) +
            ", but exposure Cluster admits pods only: write exposure: External, with service.type: "
            "ClusterIP if nothing shall be published outside",
        true};
  }
  if (exposure == Exposure::kNamespace && !is_own_pods(peer)) {
    return Problem{reason::kPeerOutsideExposure,
                   whose +
                       " admits others than pods of its namespace: write podSelector alone, or exposure: "
                       "Cluster or External",
                   true};
  }
  return {};
}

void resolve_sources(const AllocationPort& port, const Networks& networks, ResolvedPort& resolved,
                     std::vector<Problem>& problems) {
  resolved.restricted = !port.allow_from.empty();
  if (resolved.exposure == Exposure::kLocalhost) return;
  if (!resolved.restricted) {
    NetworkPolicyPeer everyone;
    if (resolved.exposure == Exposure::kExternal) resolved.anyone = true;
    if (resolved.exposure == Exposure::kCluster) everyone.namespace_selector = LabelSelector{};
    if (resolved.exposure == Exposure::kNamespace) everyone.pod_selector = LabelSelector{};
    if (!resolved.anyone) resolved.peers.push_back(std::move(everyone));
    return;
  }
  const std::string whose = "port " + port.name;
  for (const AllocationPeer& peer : port.allow_from) {
    auto problem = outside_exposure(peer, resolved.exposure, whose);
    if (!problem) problem = resolve_peer(peer, networks, whose, resolved.peers, resolved.cidrs);
    if (problem) problems.push_back(*std::move(problem));
  }
}

// Does a Service of ours already lead from outside to that target?
bool already_outside(const ResolvedPort& port, const std::vector<const Service*>& services) {
  return std::any_of(services.begin(), services.end(), [&](const Service* service) {
    if (service->type != "NodePort" && service->type != "LoadBalancer") return false;
    return std::any_of(service->ports.begin(), service->ports.end(), [&](const ServicePort& present) {
      return present.name == port.name && present.protocol == port.protocol &&
             present.target_port == port.target;
    });
  });
}

std::optional<Problem> internal_container(const ResolvedPort& port, const ResolveView& view) {
  if (port.exposure != Exposure::kExternal || already_outside(port, view.services)) return {};
  for (const std::int64_t number : port.containers) {
    const auto finding = view.internal.find(Port::of(number), port.protocol, view.namespace_labels);
    if (!finding) continue;
    const std::string service = finding->service.empty() ? "" : " (" + finding->service + ")";
    return Problem{reason::kPortInternal,
                   "port " + port.name + " leads to container port " + std::to_string(number) + service +
                       ", which is internal by ExposurePolicy " + finding->policy +
                       ": write exposure: Cluster or Namespace, or another targetPort",
                   true};
  }
  return {};
}

}  // namespace

Exposure exposure_of(const PortAllocationSpec& spec, const AllocationPort& port) {
  const std::string& text = port.exposure.empty() ? spec.exposure : port.exposure;
  if (text == "External") return Exposure::kExternal;
  if (text == "Namespace") return Exposure::kNamespace;
  if (text == "Localhost") return Exposure::kLocalhost;
  return Exposure::kCluster;
}

Networks::Networks(const std::vector<const ExposurePolicy*>& policies, const Labels* namespace_labels) {
  for (const ExposurePolicy* policy : policies) {
    const bool in_force =
        namespace_labels == nullptr || matches(policy->spec.namespace_selector, *namespace_labels);
    if (!in_force) continue;
    for (const PolicyNetwork& network : policy->spec.networks) {
      std::vector<Cidr> cidrs;
      for (const std::string& text : network.cidrs) {
        if (const auto cidr = Cidr::parse(text); cidr.ok()) cidrs.push_back(*cidr);
      }
      const auto [known, fresh] = networks_.try_emplace(network.name, cidrs);
      if (fresh) continue;
      std::vector<Cidr> common;
      for (const Cidr& a : known->second) {
        for (const Cidr& b : cidrs) {
          if (a.contains(b)) {
            common.push_back(b);
          } else if (b.contains(a)) {
            common.push_back(a);
          }
        }
      }
      known->second = std::move(common);
    }
  }
  for (auto& [name, cidrs] : networks_) {
    std::sort(cidrs.begin(), cidrs.end());
    cidrs.erase(std::unique(cidrs.begin(), cidrs.end()), cidrs.end());
  }
}

const std::vector<Cidr>* Networks::find(const std::string& name) const {
  const auto found = networks_.find(name);
  return found == networks_.end() ? nullptr : &found->second;
}

std::optional<Problem> resolve_peer(const AllocationPeer& peer, const Networks& networks,
                                    const std::string& whose, std::vector<NetworkPolicyPeer>& peers,
                                    std::vector<std::string>& cidrs) {
  if (!peer.cidr.empty()) {
    const auto cidr = Cidr::parse(peer.cidr);
    if (!cidr.ok()) return Problem{reason::kPeerUnreadable, whose + ": " + cidr.error().message, true};
    peers.push_back(address_peer(*cidr));
    cidrs.push_back(to_string(*cidr));
    return {};
  }
  if (!peer.network.empty()) {
    const std::vector<Cidr>* network = networks.find(peer.network);
    if (network == nullptr || network->empty()) {
      return Problem{reason::kNetworkNotFound,
                     whose + " names network " + peer.network +
                         (network == nullptr ? ", which no ExposurePolicy of this namespace declares"
                                             : ", which leaves no address") +
                         ": declare it in spec.networks of an ExposurePolicy, or write cidr",
                     false};
    }
    for (const Cidr& cidr : *network) {
      peers.push_back(address_peer(cidr));
      cidrs.push_back(to_string(cidr));
    }
    return {};
  }
  NetworkPolicyPeer pods;
  pods.pod_selector = peer.pod_selector;
  pods.namespace_selector = peer.namespace_selector;
  if (!peer.ns.empty()) pods.namespace_selector = LabelSelector{{{kNamespaceNameLabel, peer.ns}}, {}};
  if (!pods.pod_selector && !pods.namespace_selector) {
    return Problem{reason::kPeerUnreadable,
                   whose +
                       " has an entry that names nobody: write cidr, network, namespace, "
                       "namespaceSelector or podSelector",
                   true};
  }
  peers.push_back(std::move(pods));
  return {};
}

Resolution resolve_ports(const PortAllocation& allocation, const std::vector<allocation::Holding>& numbers,
                         const ResolveView& view) {
  Resolution resolution;
  std::vector<const Workload*> pods;
  for (const Workload* pod : view.pods) {
    if (serves(*pod, allocation)) pods.push_back(pod);
  }
  if (std::any_of(pods.begin(), pods.end(), [](const Workload* pod) { return pod->pod.host_network; })) {
    resolution.problems.push_back({reason::kNotEnforceable,
                                   "some selected pods use the network of their node (hostNetwork), where a "
                                   "NetworkPolicy does not reach: "
                                   "their ports stay open to whoever reaches the node",
                                   true});
  }
  for (const AllocationPort& port : allocation.spec.ports) {
    const auto held = std::find_if(numbers.begin(), numbers.end(), [&](const allocation::Holding& holding) {
      return holding.slot.name == port.name;
    });
    if (held == numbers.end()) continue;
    ResolvedPort resolved{.name = port.name, .protocol = port.protocol, .number = held->number};
    resolved.exposure = exposure_of(allocation.spec, port);
    resolved.target = port.target_port;
    resolved.containers = containers_of(port.target_port, port.protocol, held->number, pods);
    resolve_sources(port, view.networks, resolved, resolution.problems);
    if (resolved.containers.empty() && resolved.exposure != Exposure::kLocalhost) {
      resolution.problems.push_back({reason::kTargetPortUnresolved,
                                     "no running pod that the selector takes has a container port called '" +
                                         to_string(port.target_port) + "' (" + to_string(port.protocol) +
                                         ") for port " + port.name +
                                         ": it is opened when one runs; a number as targetPort needs no pod",
                                     false});
    }
    if (auto internal = internal_container(resolved, view)) {
      resolved.withheld = true;
      resolution.problems.push_back(*std::move(internal));
    }
    resolution.ports.push_back(std::move(resolved));
  }
  return resolution;
}

}  // namespace berth::desired
