#include "core/exposure/endings.h"

#include <algorithm>
#include <variant>

#include "core/base/overloaded.h"
#include "core/exposure/addresses.h"
#include "core/exposure/container_ports.h"

namespace berth::exposure {
namespace {

std::string nobody_has(const Service& service, const std::string& name) {
  return (service.selector.empty() ? "a Service without a selector has nobody to ask for a port named \""
                                   : "no selected workload has a port named \"") +
         name + "\"";
}

}  // namespace

const Workload& reported_as(const Workload& workload, Neighbourhood& around,
                            const std::function<bool(const Workload&)>& says_the_same) {
  const Workload* top = &workload;
  for (int step = 0; step < kMaxOwners; ++step) {
    const Workload* above = around.owner(*top);
    if (above == nullptr || above == top || !says_the_same(*above)) break;
    top = above;
  }
  return *top;
}

void add_endings(const Service& service, const ServicePort& port, const Workload& workload,
                 Neighbourhood& around, std::vector<Ending>& endings) {
  for (const ContainerEnd& end : ends_of(port, workload.pod)) {
    const Workload& top = reported_as(workload, around, [&](const Workload& above) {
      if (!selects(service, above)) return false;
      const std::vector<ContainerEnd> same = ends_of(port, above.pod);
      return std::any_of(same.begin(), same.end(),
                         [&](const ContainerEnd& candidate) { return candidate.number == end.number; });
    });
    endings.push_back({&top, end.container != nullptr ? end.container->name : "", end.number, {}});
  }
}

// Pods share the addresses of their node: of those only the ones count that declare the number.
std::vector<Ending> endings_at(std::string_view address, const ServicePort& connected, const Facts& facts) {
  std::vector<Ending> endings;
  for (const Workload* workload : facts.workloads_at(canonical_address(address))) {
    const Container* container = ends_of(connected, workload->pod).front().container;
    if (has_ended(*workload) || (workload->pod.host_network && container == nullptr)) continue;
    Neighbourhood there(facts, workload->meta.ns);
    const Workload& top = reported_as(*workload, there, [&](const Workload& above) {
      return (ends_of(connected, above.pod).front().container == nullptr) == (container == nullptr);
    });
    endings.push_back({&top, container != nullptr ? container->name : "", connected.port, {}});
  }
  return endings;
}

namespace {

// One end of a Service port at an address: in whoever has it, or nowhere that is known.
void add_endings_at(std::string_view address, const EndpointSlice& slice, const EndpointPort& port,
                    Neighbourhood& around, std::vector<Ending>& endings) {
  Ending nobody{nullptr, "", port.port, {}};
  if (port.port == 0) nobody.unresolved = "the " + slice.kind + " names no port";
  std::vector<Ending> here = endings_at(address, as_connected(port.port, port.protocol), around.facts());
  if (here.empty()) here.push_back(nobody);
  for (Ending& end : here) {
    end.unresolved = nobody.unresolved;
    end.slice = &slice;
    end.address = address;
    endings.push_back(std::move(end));
  }
}

// A Service with a selector has slices that the cluster keeps, and its Endpoints are nobody's concern.
bool leads_by_hand(const EndpointSlice& slice, const Service& service) {
  return service.selector.empty() || (!is_kept_by_cluster(slice) && slice.kind != "Endpoints");
}

// kube-proxy goes by the name of the port and its protocol, whatever the targetPort says.
void add_endings_by_hand(const Service& service, const ServicePort& port, Neighbourhood& around,
                         std::vector<Ending>& endings) {
  for (const EndpointSlice* slice : around.facts().slices_of(service)) {
    if (!leads_by_hand(*slice, service)) continue;
    for (const EndpointSubset& subset : slice->subsets) {
      for (const EndpointPort& open : subset.ports) {
        if (open.name != port.name || open.protocol != port.protocol) continue;
        for (const std::string& address : subset.addresses)
          add_endings_at(address, *slice, open, around, endings);
      }
    }
  }
}

}  // namespace

ServicePort as_connected(std::int64_t number, Protocol protocol) {
  ServicePort port;
  port.port = number;
  port.protocol = protocol;
  return port;
}

std::vector<Ending> all_endings(const Service& service, const ServicePort& port,
                                const std::vector<const Workload*>& selected, Neighbourhood& around) {
  if (service.type == "ExternalName") {
    return {{nullptr, "", 0, "the Service is an ExternalName for " + service.external_name}};
  }
  std::vector<Ending> endings;
  for (const Workload* workload : selected) add_endings(service, port, *workload, around, endings);
  add_endings_by_hand(service, port, around, endings);
  // Pods that come will be reached at the number, whatever else somebody leads the Service to.
  const Target target = target_of(port);
  const bool awaits_pods = !service.selector.empty() && selected.empty();
  if (const auto* number = std::get_if<std::int64_t>(&target); number != nullptr && awaits_pods) {
    endings.push_back({nullptr, "", *number, {}});
  }
  if (!endings.empty()) return endings;
  return std::visit(Overloaded{[](std::int64_t number) -> std::vector<Ending> {
                                 return {{nullptr, "", number, {}}};
                               },
                               [&](const std::string& name) -> std::vector<Ending> {
                                 return {{nullptr, "", 0, nobody_has(service, name)}};
                               }},
                    target_of(port));
}

}  // namespace berth::exposure
