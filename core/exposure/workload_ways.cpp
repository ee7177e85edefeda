#include "core/exposure/workload_ways.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/exposure/container_ports.h"
#include "core/exposure/endings.h"
#include "core/exposure/fingerprints.h"

namespace berth::exposure {

void add_node_openings(const Workload& workload, Neighbourhood& around, WayCollection& ways) {
  const PodSpec& pod = workload.pod;
  const std::vector<HostOpening> openings = host_openings(pod);
  for (const HostOpening& opening : openings) {
    WayOut found;
    found.via = pod.host_network ? Via::kHostNetwork : Via::kHostPort;
    found.shown = opening.shown;
    found.protocol = opening.port->protocol;
    if (!pod.host_network) found.audience.addresses.push_back(opening.port->host_ip);
    found.workload = &reported_as(workload, around, [&](const Workload& above) {
      const std::vector<HostOpening> same = host_openings(above.pod);
      return above.pod.host_network == pod.host_network &&
             std::any_of(same.begin(), same.end(),
                         [&](const HostOpening& candidate) { return candidate.same_numbers(opening); });
    });
    found.container = opening.container->name;
    found.container_port = opening.port->container_port;
    ways.add(std::move(found));
  }
  if (pod.host_network && openings.empty()) {
    WayOut found;
    found.via = Via::kHostNetwork;
    found.workload = &reported_as(workload, around, [](const Workload& above) {
      return above.pod.host_network && host_openings(above.pod).empty();
    });
    found.unresolved = "hostNetwork, and no container declares a port";
    ways.add(std::move(found));
  }
}

void add_tunnels(const Workload& workload, Neighbourhood& around, WayCollection& ways) {
  const auto has_tunnel = [](const Workload& above, std::string_view program) {
    const auto runs_it = [&](const Container& one) { return tunnel_of_image(one.image) == program; };
    return std::any_of(above.pod.containers.begin(), above.pod.containers.end(), runs_it) ||
           std::any_of(above.pod.init_containers.begin(), above.pod.init_containers.end(), runs_it);
  };
  const PodSpec& pod = workload.pod;
  for (const auto* containers : {&pod.containers, &pod.init_containers, &pod.ephemeral_containers}) {
    for (const Container& container : *containers) {
      const std::string_view program = tunnel_of_image(container.image);
      if (program.empty()) continue;
      WayOut found;
      found.via = Via::kCustom;
      found.sign = program;
      found.workload =
          &reported_as(workload, around, [&](const Workload& above) { return has_tunnel(above, program); });
      found.container = container.name;
      found.unresolved = "it leads out of the cluster by itself, and no port shows where from";
      ways.add(std::move(found));
    }
  }
}

void add_debug_containers(const Workload& workload, WayCollection& ways) {
  if (!ways.any_connects()) return;
  for (const Container& container : workload.pod.ephemeral_containers) {
    if (!tunnel_of_image(container.image).empty()) continue;  // told already, whatever is exposed
    WayOut found;
    found.via = Via::kCustom;
    found.sign = kDebugContainer;
    found.workload = &workload;
    found.container = container.name;
    ways.add(std::move(found));
  }
}

}  // namespace berth::exposure
