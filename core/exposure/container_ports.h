// Which container ports a Service port or a node address leads to, for one pod spec.
//
// Pure functions over the model; every pointer points into the arguments.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::exposure {

// A targetPort after the API server's defaulting: absent, 0 and "" mean the Service port (exposure.md row 5).
// A name of digits only, which the API server refuses, is read as the number (row 66).
using Target = std::variant<std::int64_t, std::string>;
Target target_of(const ServicePort& port);

// One end of a Service port in a pod.
struct ContainerEnd {
  const Container* container = nullptr;  // nullptr: the number is not declared, which hinders nobody
  std::int64_t number = 0;
};

// Every container port that `port` leads to in `pod`. A number always leads to itself; a name leads to every
// port of that name and protocol in a container or sidecar (an init container with restartPolicy Always), and
// to nothing when there is none (core/v1 Service targetPort).
std::vector<ContainerEnd> ends_of(const ServicePort& port, const PodSpec& pod);

// A port that a container or sidecar says it listens on.
struct DeclaredPort {
  const Container* container = nullptr;
  const ContainerPort* port = nullptr;
};
std::vector<DeclaredPort> declared_ports(const PodSpec& pod);

// A container port that the node's own addresses show.
struct HostOpening {
  const Container* container = nullptr;
  const ContainerPort* port = nullptr;
  std::int64_t shown = 0;  // the number on the node

  [[nodiscard]] bool same_numbers(const HostOpening& other) const {
    return shown == other.shown && port->container_port == other.port->container_port &&
           port->protocol == other.port->protocol;
  }
};

// Of every container, init container and ephemeral container. With hostNetwork each declared port is on the
// node, in templates too, and hostIP binds nothing (row 46); otherwise only ports with a hostPort whose
// hostIP is not loopback (row 47).
std::vector<HostOpening> host_openings(const PodSpec& pod);

// The declared ports of both pods are the same, container by container.
bool same_ports(const PodSpec& left, const PodSpec& right);

// The containers of both run the same images.
bool same_images(const PodSpec& left, const PodSpec& right);

}  // namespace berth::exposure
