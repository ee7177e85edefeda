#include "core/desired/services.h"

#include <algorithm>
#include <set>

#include "core/base/api_names.h"

namespace berth::desired {
namespace {

using allocation::Space;

std::string outside_type(const PortAllocation& allocation, Space space) {
  if (!allocation.spec.service.type.empty()) return allocation.spec.service.type;
  return space == Space::kNodePort ? "NodePort" : "LoadBalancer";
}

// The annotations the user wishes, and the list of them by which they are taken off again.
Labels annotations_of(const ServiceTemplate& wishes) {
  Labels annotations;
  std::string keys;
  for (const auto& [key, value] : wishes.annotations) {
    if (key.starts_with(std::string(kApiGroup) + "/")) continue;
    annotations[key] = value;
    keys += (keys.empty() ? "" : ",") + key;
  }
  if (!keys.empty()) annotations[kOwnedAnnotations] = keys;
  return annotations;
}

// What a load balancer may let in: only when every port of it is restricted is there anything to say.
std::vector<std::string> source_ranges(const std::vector<const ResolvedPort*>& ports) {
  std::set<std::string> ranges;
  for (const ResolvedPort* port : ports) {
    if (!port->restricted) return {};
    ranges.insert(port->cidrs.begin(), port->cidrs.end());
  }
  return {ranges.begin(), ranges.end()};
}

Service make_service(const PortAllocation& allocation, Space space, std::string name, const std::string& type,
                     const std::vector<const ResolvedPort*>& ports) {
  Service service;
  service.meta = generated_meta(allocation, std::move(name));
  service.type = type;
  service.selector = allocation.spec.selector;
  const bool outside = type != "ClusterIP";
  bool by_address = false;
  for (const ResolvedPort* port : ports) {
    ServicePort entry;
    entry.name = port->name;
    entry.protocol = port->protocol;
    entry.port = port->number.number();
    entry.target_port = port->target;
    if (outside && space == Space::kNodePort) entry.node_port = port->number.number();
    service.ports.push_back(std::move(entry));
    by_address = by_address || !port->cidrs.empty();
  }
  if (outside) service.external_traffic_policy = by_address ? "Local" : "Cluster";
  if (type == "LoadBalancer") {
    // Node ports that nobody asked for would be a second way in, past the source ranges (dataplane.md 2.2).
    // Those of the space NodePort are asked for by number, which the API server honours all the same.
    service.allocate_load_balancer_node_ports = false;
    service.load_balancer_class = allocation.spec.service.load_balancer_class;
    service.load_balancer_source_ranges = source_ranges(ports);
  }
  return service;
}

}  // namespace

Meta generated_meta(const PortAllocation& allocation, std::string name) {
  Meta meta;
  meta.name = std::move(name);
  meta.ns = allocation.meta.ns;
  meta.labels = {{kManagedByLabel, kManagedByValue},
                 {kOwnerNameLabel, allocation.meta.name},
                 {kOwnerUidLabel, allocation.meta.uid.text}};
  meta.owner_references = {{kApiVersion, "PortAllocation", allocation.meta.name, allocation.meta.uid, true}};
  return meta;
}

std::vector<Service> make_services(const PortAllocation& allocation, Space space,
                                   const std::vector<ResolvedPort>& ports) {
  std::vector<Service> services;
  // A Service without selector would be served by endpoints that somebody writes by hand.
  if (space == Space::kHostPort || allocation.spec.selector.empty()) return services;
  std::vector<const ResolvedPort*> outside;
  std::vector<const ResolvedPort*> inside;
  const std::string type = outside_type(allocation, space);
  for (const ResolvedPort& port : ports) {
    if (port.exposure == Exposure::kLocalhost || port.withheld) continue;
    const bool faces_outside = port.exposure == Exposure::kExternal && type != "ClusterIP";
    (faces_outside ? outside : inside).push_back(&port);
  }
  const std::string& name = allocation.meta.name;
  if (!outside.empty()) services.push_back(make_service(allocation, space, name, type, outside));
  if (!inside.empty()) {
    const std::string inside_name = outside.empty() ? name : name + kInternalServiceSuffix;
    services.push_back(make_service(allocation, space, inside_name, "ClusterIP", inside));
  }
  // The wishes are for the Service that faces the users: the outside one where there are two.
  if (!services.empty()) services.front().meta.annotations = annotations_of(allocation.spec.service);
  return services;
}

}  // namespace berth::desired
