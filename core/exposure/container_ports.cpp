#include "core/exposure/container_ports.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "core/base/cidr.h"
#include "core/base/overloaded.h"

namespace berth::exposure {
namespace {

bool is_sidecar(const Container& init) { return init.restart_policy == "Always"; }

// Containers that serve traffic of a Service: the main ones and the sidecars.
template <class F>
void each_serving(const PodSpec& pod, F use) {
  for (const Container& container : pod.containers) use(container);
  for (const Container& container : pod.init_containers) {
    if (is_sidecar(container)) use(container);
  }
}

bool is_loopback(const std::string& host_ip) {
  if (host_ip.empty()) return false;
  const Result<Cidr> address = Cidr::parse_address(host_ip);
  return address.ok() && address->is_loopback();
}

bool only_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// More digits than a number can hold are no port either way.
std::int64_t number_of(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return code == std::errc() ? number : std::numeric_limits<std::int64_t>::max();
}

bool same_ports(const std::vector<Container>& left, const std::vector<Container>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Container& a, const Container& b) {
                      return a.name == b.name && a.restart_policy == b.restart_policy && a.ports == b.ports;
                    });
}

bool same_images(const std::vector<Container>& left, const std::vector<Container>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Container& a, const Container& b) { return a.image == b.image; });
}

}  // namespace

Target target_of(const ServicePort& port) {
  return std::visit(
      Overloaded{[&](std::monostate) -> Target { return port.port; },
                 [&](std::int64_t number) -> Target { return number == 0 ? port.port : number; },
                 [&](const std::string& name) -> Target {
                   if (name.empty()) return port.port;
                   if (!only_digits(name)) return name;
                   const std::int64_t number = number_of(name);
                   return number == 0 ? port.port : number;
                 }},
      port.target_port);
}

std::vector<DeclaredPort> declared_ports(const PodSpec& pod) {
  std::vector<DeclaredPort> found;
  each_serving(pod, [&](const Container& container) {
    for (const ContainerPort& port : container.ports) found.push_back({&container, &port});
  });
  return found;
}

std::vector<ContainerEnd> ends_of(const ServicePort& port, const PodSpec& pod) {
  const Target target = target_of(port);
  std::vector<ContainerEnd> ends;
  if (const std::int64_t* number = std::get_if<std::int64_t>(&target)) {
    ends.push_back({nullptr, *number});
    each_serving(pod, [&](const Container& container) {
      for (const ContainerPort& declared : container.ports) {
        const bool same = declared.container_port == *number && declared.protocol == port.protocol;
        if (same && ends.front().container == nullptr) ends.front().container = &container;
      }
    });
    return ends;
  }
  const std::string& name = std::get<std::string>(target);
  each_serving(pod, [&](const Container& container) {
    for (const ContainerPort& declared : container.ports) {
      if (declared.name == name && declared.protocol == port.protocol) {
        ends.push_back({&container, declared.container_port});
      }
    }
  });
  return ends;
}

std::vector<HostOpening> host_openings(const PodSpec& pod) {
  std::vector<HostOpening> openings;
  for (const auto* containers : {&pod.containers, &pod.init_containers, &pod.ephemeral_containers}) {
    for (const Container& container : *containers) {
      for (const ContainerPort& port : container.ports) {
        if (pod.host_network) {
          openings.push_back({&container, &port, port.container_port});
        } else if (port.host_port != 0 && !is_loopback(port.host_ip)) {
          openings.push_back({&container, &port, port.host_port});
        }
      }
    }
  }
  return openings;
}

bool same_images(const PodSpec& left, const PodSpec& right) {
  return same_images(left.containers, right.containers) &&
         same_images(left.init_containers, right.init_containers) &&
         same_images(left.ephemeral_containers, right.ephemeral_containers);
}

bool same_ports(const PodSpec& left, const PodSpec& right) {
  return left.host_network == right.host_network && same_ports(left.containers, right.containers) &&
         same_ports(left.init_containers, right.init_containers) &&
         same_ports(left.ephemeral_containers, right.ephemeral_containers);
}

}  // namespace berth::exposure
