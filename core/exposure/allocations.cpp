#include "core/exposure/allocations.h"

#include <algorithm>

#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/exposure/container_ports.h"
#include "core/model/effective_ports.h"

namespace berth::exposure {
namespace {

constexpr char kExternal[] = "External";

bool faces_outside(const PortAllocation& allocation, const AllocationPort& port) {
  return (port.exposure.empty() ? allocation.spec.exposure : port.exposure) == kExternal;
}

bool carries_label_of(const Service& service, const PortAllocation& allocation) {
  const auto label = service.meta.labels.find(kOwnerUidLabel);
  return label != service.meta.labels.end() && !label->second.empty() &&
         label->second == allocation.meta.uid.text;
}

bool same_pods(const WayOut& way, const PortAllocation& allocation) {
  const Labels& selector = allocation.spec.selector;
  if (selector.empty()) return false;
  if (way.service != nullptr) return matches_labels(selector, way.service->selector);
  return way.workload != nullptr && matches_labels(selector, way.workload->template_labels);
}

// Does the container port at the end of the way bear `name`?
bool end_is_named(const WayOut& way, const std::string& name) {
  if (way.workload == nullptr) return false;
  for (const auto* containers : {&way.workload->pod.containers, &way.workload->pod.init_containers}) {
    for (const Container& container : *containers) {
      for (const ContainerPort& port : container.ports) {
        if (port.name == name && port.container_port == way.container_port && port.protocol == way.protocol) {
          return true;
        }
      }
    }
  }
  return false;
}

bool same_target(const WayOut& way, const AllocationPort& port, std::int64_t allocated) {
  if (way.service_port != nullptr && way.service_port->target_port == port.target_port &&
      !std::holds_alternative<std::monostate>(port.target_port)) {
    return true;
  }
  // Read as a Service port of the allocated number would be: an absent target is that number.
  const Target target = target_of({{}, port.protocol, {}, allocated, port.target_port, 0});
  return std::visit(
      Overloaded{[&](std::int64_t number) { return number != 0 && number == way.container_port; },
                 [&](const std::string& name) { return end_is_named(way, name); }},
      target);
}

// The number that Berth gave, else the number asked for, else 0.
std::int64_t allocated_number(const PortAllocation& allocation, const AllocationPort& port) {
  const auto& given = allocation.status.ports;
  const auto found = std::find_if(given.begin(), given.end(),
                                  [&](const AllocatedPort& each) { return each.name == port.name; });
  return found == given.end() ? port.port : found->port;
}

bool covers(const WayOut& way, const PortAllocation& allocation, const AllocationPort& port) {
  if (!faces_outside(allocation, port) || port.protocol != way.protocol) return false;
  const std::int64_t allocated = allocated_number(allocation, port);
  if (!same_target(way, port, allocated)) return false;
  const bool number_known = allocated != 0 && way.shown != 0;
  if (allocated != 0 && (way.shown == allocated || way.service_number() == allocated)) return true;
  return !number_known && way.service != nullptr && carries_label_of(*way.service, allocation);
}

}  // namespace

const AllocationPort* covering_port(const WayOut& way, const Facts& facts) {
  for (const std::string& ns : way.namespaces()) {
    for (const PortAllocation* allocation : facts.allocations(ns)) {
      if (allocation->meta.deleting() || !same_pods(way, *allocation)) continue;
      const auto& written = allocation->spec.ports;
      for (const AllocationPort& port : written) {
        const bool plain = port.count <= 1 && !port.migrate_from;
        if (plain && covers(way, *allocation, port)) return &port;
      }
      if (is_plain(*allocation)) continue;
      // An old number is declared until it is given back, which status tells: no clock is needed here.
      for (const AllocationPort& made : effective_ports(*allocation, std::nullopt)) {
        if (!covers(way, *allocation, made)) continue;
        const std::string& name = made.group.empty() ? made.name : made.group;
        const auto origin = std::find_if(written.begin(), written.end(),
                                         [&](const AllocationPort& port) { return port.name == name; });
        if (origin != written.end()) return &*origin;
      }
    }
  }
  return nullptr;
}

}  // namespace berth::exposure
