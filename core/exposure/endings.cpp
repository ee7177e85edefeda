#include "core/exposure/endings.h"

#include <algorithm>
#include <variant>

#include "core/base/overloaded.h"
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

ServicePort as_connected(std::int64_t number) {
  ServicePort port;
  port.port = number;
  return port;
}

std::vector<Ending> all_endings(const Service& service, const ServicePort& port,
                                const std::vector<const Workload*>& selected, Neighbourhood& around) {
  if (service.type == "ExternalName") {
    return {{nullptr, "", 0, "the Service is an ExternalName for " + service.external_name}};
  }
  std::vector<Ending> endings;
  for (const Workload* workload : selected) add_endings(service, port, *workload, around, endings);
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
