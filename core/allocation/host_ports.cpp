#include "core/allocation/host_ports.h"

#include <algorithm>

namespace berth::allocation {

std::vector<HostPort> host_ports_of(const Workload& workload) {
  std::vector<HostPort> found;
  for (const auto* containers : {&workload.pod.containers, &workload.pod.init_containers}) {
    for (const Container& container : *containers) {
      for (const ContainerPort& port : container.ports) {
        const bool implied = workload.pod.host_network && port.host_port == 0;
        const auto number = Port::checked(implied ? port.container_port : port.host_port);
        if (!number.ok()) continue;  // 0: none; anything else the API server refuses
        NumberKey key = key_of(Space::kHostPort, *number, port.protocol);
        key.node = workload.pod.node_name;
        found.push_back({&container, &port, std::move(key)});
      }
    }
  }
  return found;
}

std::vector<NumberKey> host_numbers_of(const Workload& workload) {
  std::vector<NumberKey> keys;
  for (HostPort& port : host_ports_of(workload)) keys.push_back(std::move(port.key));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

bool is_serving_pod(const Workload& workload) {
  return workload.kind == "Pod" && workload.phase != "Succeeded" && workload.phase != "Failed";
}

bool takes_in(const PortAllocation& allocation, const Workload& workload) {
  const Labels& labels = workload.kind == "Pod" ? workload.meta.labels : workload.template_labels;
  return allocation.meta.ns == workload.meta.ns && !allocation.spec.selector.empty() &&
         matches_labels(allocation.spec.selector, labels);
}

}  // namespace berth::allocation
