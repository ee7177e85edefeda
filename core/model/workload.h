// Pods and everything that carries a pod template: the container ports that exposure is about.
//
// Source: core/v1 PodSpec. Template carriers (Deployment, StatefulSet, ...) are one struct, told apart by
// kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"

namespace berth {

struct ContainerPort {
  std::string name = {};
  std::int64_t container_port = 0;  // as written; out of range is judged, never truncated
  std::int64_t host_port = 0;       // 0 = none
  std::string host_ip = {};         // "" = every address
  Protocol protocol = Protocol::kTcp;

  bool operator==(const ContainerPort&) const = default;
};

struct Container {
  std::string name = {};
  std::string image = {};
  std::string restart_policy = {};  // "Always" on an init container makes it a sidecar
  std::vector<ContainerPort> ports = {};

  bool operator==(const Container&) const = default;
};

struct PodSpec {
  bool host_network = false;
  std::vector<Container> containers = {};
  std::vector<Container> init_containers = {};
  std::vector<Container> ephemeral_containers = {};
  std::string node_name = {};

  bool operator==(const PodSpec&) const = default;
};

// A Pod, or an object whose pod template makes pods. For a Pod the template labels are its own labels.
struct Workload {
  std::string api_version = {};
  std::string kind = {};  // Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,
                          // CronJob, PodTemplate
  Meta meta = {};
  Labels template_labels = {};
  PodSpec pod = {};
  std::string phase = {};                   // Pods: status.phase; Succeeded and Failed serve nothing
  std::vector<std::string> addresses = {};  // Pods: status.podIPs; with hostNetwork those of the node

  bool operator==(const Workload&) const = default;
};

// A Pod that ended serves nothing and does not come back (core/v1 PodPhase).
bool has_ended(const Workload& workload);
bool has_address(const Workload& workload, std::string_view address);

}  // namespace berth
