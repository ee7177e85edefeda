#include "core/exposure/attachments.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/base/api_names.h"
#include "core/exposure/load_balancers.h"

namespace berth::exposure {
namespace {

constexpr char kExperimentalGroup[] = "gateway.networking.x-k8s.io";

// Classes whose Gateways nobody outside the private network reaches. Sources: GKE, "GatewayClass
// capabilities"; Istio, "Waypoint proxies".
constexpr std::array<std::string_view, 5> kInternalClasses = {
    "gke-l7-rilb", "gke-l7-rilb-mc", "gke-l7-cross-regional-internal-managed",
    "gke-l7-cross-regional-internal-managed-mc", "istio-waypoint"};

// Parents of routes that belong to a mesh (GEP-1324, and Istio's own).
constexpr std::array<std::string_view, 3> kMeshKinds = {"Service", "ServiceEntry", "ServiceImport"};

template <std::size_t N>
bool lists(const std::array<std::string_view, N>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_gateway_group(const ParentReference& parent) {
  return parent.group == kGatewayGroup || parent.group == kExperimentalGroup;
}

std::string parent_text(const ParentReference& parent) {
  return parent.kind + " " + to_string(ObjectKey{parent.ns, parent.name});
}

const Gateway* find(const ParentReference& parent, const Facts& facts) {
  for (const Gateway* gateway : facts.gateways(parent.ns)) {
    if (refers_to(parent, *gateway)) return gateway;
  }
  return nullptr;
}

// Protocols that a kind of routes goes with; of others nobody knows, so they take everything.
bool fits(const GatewayListener& listener, const std::string& route_kind) {
  if (!listener.route_kinds.empty()) {
    return std::find(listener.route_kinds.begin(), listener.route_kinds.end(), route_kind) !=
           listener.route_kinds.end();
  }
  const std::string& protocol = listener.protocol;
  if (protocol == "HTTP" || protocol == "HTTPS")
    return route_kind == "HTTPRoute" || route_kind == "GRPCRoute";
  if (protocol == "TLS") return route_kind == "TLSRoute" || route_kind == "TCPRoute";
  if (protocol == "TCP") return route_kind == "TCPRoute";
  if (protocol == "UDP") return route_kind == "UDPRoute";
  return true;
}

bool takes_namespace(const Gateway& gateway, const GatewayListener& listener, const std::string& ns,
                     const Facts& facts) {
  if (listener.routes_from == "All") return true;
  if (listener.routes_from == "None") return false;
  if (listener.routes_from != "Selector") return ns == gateway.meta.ns;
  const Labels* known = facts.namespace_labels(ns);
  if (known == nullptr) return true;  // never fooled by missing data
  Labels labels = *known;
  labels[kNamespaceNameLabel] = ns;
  return matches(listener.routes_selector, labels);
}

bool takes(const Gateway& gateway, const GatewayListener& listener, const Entrance& entrance,
           const ParentReference& parent, const Facts& facts) {
  if (!parent.section_name.empty() && parent.section_name != listener.name) return false;
  if (parent.port != 0 && parent.port != listener.port) return false;
  return fits(listener, entrance.kind) && takes_namespace(gateway, listener, entrance.meta.ns, facts);
}

// "*.a.example" takes in what ends in ".a.example".
bool takes_in(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  return pattern.starts_with("*.") && host.size() >= pattern.size() && host.ends_with(pattern.substr(1));
}

}  // namespace

bool is_internal(const Gateway& gateway, const Facts& facts) {
  if (gateway.kind != "Gateway") {
    const Gateway* of = find(filled_in(gateway.parent, gateway.meta.ns), facts);
    return of != nullptr && of->kind == "Gateway" && is_internal(*of, facts);
  }
  return lists(kInternalClasses, gateway.class_name) ||
         says_internal_load_balancer(gateway.infrastructure_annotations);
}

std::vector<Attachment> attachments_of(const Entrance& entrance, const Facts& facts) {
  if (!entrance.by_parents) return {Attachment{}};
  std::vector<Attachment> attachments;
  for (const ParentReference& parent : entrance.parents) {
    if (!is_gateway_group(parent)) {
      if (lists(kMeshKinds, parent.kind)) continue;
      attachments.push_back({&parent, nullptr, nullptr,
                             "whether " + parent_text(parent) + " leads in from outside is not known"});
      continue;
    }
    const Gateway* gateway = find(parent, facts);
    if (gateway == nullptr) {
      attachments.push_back({&parent, nullptr, nullptr, "there is no " + parent_text(parent) + " yet"});
      continue;
    }
    if (is_internal(*gateway, facts)) continue;
    for (const GatewayListener& listener : gateway->listeners) {
      if (takes(*gateway, listener, entrance, parent, facts))
        attachments.push_back({&parent, gateway, &listener, {}});
    }
  }
  return attachments;
}

std::vector<std::string> hosts_at(const GatewayListener& listener, std::vector<std::string> hosts) {
  if (listener.hostname.empty()) return hosts;
  std::vector<std::string> met;
  for (std::string& host : hosts) {
    if (host.empty() || takes_in(host, listener.hostname)) {
      met.push_back(listener.hostname);
    } else if (takes_in(listener.hostname, host)) {
      met.push_back(std::move(host));
    }
  }
  return met;
}

bool grants(const ReferenceGrant& grant, const Entrance& entrance) {
  return std::any_of(grant.from.begin(), grant.from.end(), [&](const ReferenceGrantFrom& from) {
    return from.group == kGatewayGroup && from.kind == entrance.kind && from.ns == entrance.meta.ns;
  });
}

namespace {

std::string resource_of(const ReferenceGrantTo& to, const std::string& name) {
  return to.group + "/" + to.kind + "/" + name;
}

// As a ReferenceGrant would say it.
std::string resource_of(const EntranceTarget& target) {
  if (!target.resource.empty()) return target.resource;
  return (target.imported ? "multicluster.x-k8s.io/ServiceImport/" : "/Service/") + target.service;
}

std::string name_in(const std::string& resource) { return resource.substr(resource.rfind('/') + 1); }

}  // namespace

bool is_granted(const Entrance& entrance, const EntranceTarget& target, const Facts& facts) {
  const bool names_any = !target.service.empty() || !target.resource.empty();
  if (!entrance.by_parents || target.ns == entrance.meta.ns || target.by_dns_name || !names_any) return true;
  const std::string resource = resource_of(target);
  const auto given = facts.grants(target.ns);
  return std::any_of(given.begin(), given.end(), [&](const ReferenceGrant* grant) {
    return grants(*grant, entrance) &&
           std::any_of(grant->to.begin(), grant->to.end(), [&](const ReferenceGrantTo& to) {
             return resource_of(to, to.name.empty() ? name_in(resource) : to.name) == resource;
           });
  });
}

Protocol protocol_of(const GatewayListener& listener) {
  return listener.protocol == "UDP" ? Protocol::kUdp : Protocol::kTcp;
}

}  // namespace berth::exposure
