#include "core/allocation/adoption.h"

#include <algorithm>
#include <charconv>

#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

constexpr char kLocalTraffic[] = "externalTrafficPolicy=Local";
constexpr char kNodePorts[] = "allocateLoadBalancerNodePorts=true";

bool has_controller(const Meta& meta) {
  return std::any_of(meta.owner_references.begin(), meta.owner_references.end(),
                     [](const OwnerReference& reference) { return reference.controller; });
}

bool faces_outside(const Service& service) {
  return service.type == "NodePort" || service.type == "LoadBalancer";
}

TargetPort effective_target(const TargetPort& target, std::int64_t port) {
  return std::holds_alternative<std::monostate>(target) ? TargetPort(port) : target;
}

// "web (TCP 80, nodePort 30080)".
std::string text_of(const ServicePort& port) {
  const std::string number = std::string(to_string(port.protocol)) + " " + std::to_string(port.port);
  const std::string node = port.node_port == 0 ? "" : ", nodePort " + std::to_string(port.node_port);
  return port.name.empty() ? number + node : port.name + " (" + number + node + ")";
}

Refused refuse(const Service& service, const std::string& port, const std::string& message) {
  return {RefusalReason::kAdoptionRefused, port,
          "Service " + to_string(service.meta.key()) + " is not adopted: " + message +
              "; nothing of it is changed"};
}

// Pairs each port that is still alone with the only one on the other side that `fits` it.
template <class Fits>
void pair_up(const std::vector<AllocationPort>& spec, const std::vector<ServicePort>& ports,
             std::vector<const AllocationPort*>& found, Fits fits) {
  const auto is_alone = [&](const AllocationPort& port) {
    return std::find(found.begin(), found.end(), &port) == found.end();
  };
  std::vector<const AllocationPort*> pairs(ports.size(), nullptr);
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (found[i] != nullptr) continue;
    std::vector<const AllocationPort*> candidates;
    for (const AllocationPort& port : spec) {
      if (is_alone(port) && fits(port, ports[i])) candidates.push_back(&port);
    }
    std::size_t rivals = 0;
    for (std::size_t j = 0; j < ports.size() && candidates.size() == 1; ++j) {
      if (found[j] == nullptr && fits(*candidates.front(), ports[j])) ++rivals;
    }
    if (candidates.size() == 1 && rivals == 1) pairs[i] = candidates.front();
  }
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (pairs[i] != nullptr) found[i] = pairs[i];
  }
}

std::optional<Refused> refuse_service(const Service& service, const PortAllocation& allocation, Space space) {
  const std::string& name = allocation.meta.name;
  if (service.meta.name != name && service.meta.name != name + kInternalServiceSuffix) {
    return refuse(service, "",
                  "it asks for PortAllocation " + name + ", whose Services are called " + name + " and " +
                      name + kInternalServiceSuffix + ": call the PortAllocation " + service.meta.name +
                      ", or take the annotation " + kAdoptAnnotation + " off");
  }
  if (space == Space::kHostPort) {
    return refuse(service, "",
                  "the range is of the space HostPort, where the pods publish and no Service does: use a "
                  "range of the space NodePort or Service");
  }
  if (service.type == "ExternalName" || service.selector.empty()) {
    return refuse(service, "", "it leads to no pods (no selector), and Berth's Services do");
  }
  return {};
}

// Reads the ports of one Service into `adoption`.
void read_ports(const PortAllocation& allocation, Space space, const Service& service, Adoption& adoption) {
  const auto found = match_ports(allocation.spec.ports, service.ports);
  for (std::size_t i = 0; i < service.ports.size() && !adoption.refused; ++i) {
    const ServicePort& present = service.ports[i];
    if (found[i] == nullptr) {
      adoption.refused = refuse(
          service, "",
          "it has port " + text_of(present) +
              ", which spec.ports does not declare: declare it there under the same name and protocol, "
              "or take it out of the Service");
      return;
    }
    if (member_index(*found[i])) {
      adoption.refused =
          refuse(service, found[i]->name,
                 "its port " + text_of(present) + " would become " + found[i]->name +
                     ", one of the numbers that count or alsoProtocol asks for together, and those are not "
                     "adopted: write a port of its own for each port of the Service");
      return;
    }
    const bool by_node_port = space == Space::kNodePort && faces_outside(service);
    const std::int64_t value = by_node_port ? present.node_port : present.port;
    const auto number = Port::checked(value);
    if (!number.ok()) {
      adoption.refused = refuse(service, found[i]->name,
                                "its port " + text_of(present) + " has no nodePort that could be held");
      return;
    }
    if (found[i]->port != 0 && found[i]->port != value) {
      adoption.refused = refuse(service, found[i]->name,
                                "port " + found[i]->name + " asks for " + std::to_string(found[i]->port) +
                                    ", and the Service has " + std::to_string(value) +
                                    ": write port: " + std::to_string(value) + ", or none");
      return;
    }
    adoption.ports.push_back({found[i]->name, present.protocol, *number, present});
  }
}

}  // namespace

std::string asks_for(const Service& service) {
  const auto annotation = service.meta.annotations.find(kAdoptAnnotation);
  return annotation == service.meta.annotations.end() ? "" : annotation->second;
}

bool waits_for_adoption(const Service& service, const ObjectKey& allocation) {
  return service.meta.ns == allocation.ns && asks_for(service) == allocation.name &&
         !service.meta.deleting() && !has_controller(service.meta) && generated_for(service.meta).empty();
}

std::vector<const AllocationPort*> match_ports(const std::vector<AllocationPort>& spec,
                                               const std::vector<ServicePort>& ports) {
  std::vector<const AllocationPort*> found(ports.size(), nullptr);
  pair_up(spec, ports, found, [](const AllocationPort& port, const ServicePort& present) {
    return port.name == present.name && port.protocol == present.protocol;
  });
  pair_up(spec, ports, found, [](const AllocationPort& port, const ServicePort& present) {
    return port.protocol == present.protocol &&
           port.target_port == effective_target(present.target_port, present.port);
  });
  if (spec.size() == 1 && ports.size() == 1) {
    pair_up(spec, ports, found, [](const AllocationPort& port, const ServicePort& present) {
      return port.protocol == present.protocol;
    });
  }
  return found;
}

Adoption read_adoption(const PortAllocation& allocation, Space space,
                       const std::vector<const Service*>& services) {
  Adoption adoption;
  for (const Service* service : services) {
    if (waits_for_adoption(*service, allocation.meta.key())) adoption.services.push_back(service);
  }
  std::sort(adoption.services.begin(), adoption.services.end(),
            [](const Service* a, const Service* b) { return a->meta.name < b->meta.name; });
  for (const Service* service : adoption.services) {
    if (!adoption.refused) adoption.refused = refuse_service(*service, allocation, space);
    if (!adoption.refused) read_ports(allocation, space, *service, adoption);
  }
  if (adoption.refused) adoption.ports.clear();
  return adoption;
}

PortAllocation adopting(const PortAllocation& allocation, const Adoption& adoption) {
  PortAllocation read = allocation;
  for (AllocationPort& port : read.spec.ports) {
    for (const AdoptedPort& adopted : adoption.ports) {
      if (adopted.slot == port.name) port.port = adopted.number.number();
    }
  }
  return read;
}

std::string encode(const AdoptedForm& form) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
  for (const auto& [slot, kept] : form.ports) add(slot + "=" + kept.name + ":" + std::to_string(kept.port));
  if (form.local_traffic) add(kLocalTraffic);
  if (form.node_ports) add(kNodePorts);
  return text;
}

AdoptedForm adopted_form(const Service& service) {
  const auto annotation = service.meta.annotations.find(kAdoptedFormAnnotation);
  if (annotation == service.meta.annotations.end()) return {};
  const std::string& text = annotation->second;
  AdoptedForm form;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    if (part == kLocalTraffic) {
      form.local_traffic = true;
    } else if (part == kNodePorts) {
      form.node_ports = true;
    } else {
      const std::size_t equals = part.find('=');
      const std::size_t colon = part.rfind(':');
      if (equals == std::string::npos || colon == std::string::npos || colon < equals) return {};
      AdoptedForm::Kept kept{part.substr(equals + 1, colon - equals - 1)};
      const char* last = part.data() + part.size();
      const auto read = std::from_chars(part.data() + colon + 1, last, kept.port);
      if (read.ec != std::errc() || read.ptr != last || !Port::checked(kept.port).ok()) return {};
      form.ports[part.substr(0, equals)] = std::move(kept);
    }
  }
  return form;
}

AdoptedForm present_form(const Service& service, const std::vector<AllocationPort>& spec) {
  AdoptedForm form;
  const auto found = match_ports(spec, service.ports);
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    if (found[i] != nullptr) form.ports[found[i]->name] = {service.ports[i].name, service.ports[i].port};
  }
  form.local_traffic = service.external_traffic_policy == "Local";
  form.node_ports =
      service.type == "LoadBalancer" && service.allocate_load_balancer_node_ports.value_or(true);
  return form;
}

std::string slot_of(const AdoptedForm& form, const ServicePort& port) {
  for (const auto& [slot, kept] : form.ports) {
    if (kept.name == port.name) return slot;
  }
  return port.name;
}

}  // namespace berth::allocation
