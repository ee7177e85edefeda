#include "core/exposure/joining.h"

#include <utility>

namespace berth::exposure {
namespace {

Protocol protocol_of(const Opening& opening, const ServicePort* port) {
  if (port != nullptr) return port->protocol;
  return opening.target != nullptr ? opening.target->protocol.value_or(Protocol::kTcp) : Protocol::kTcp;
}

bool takes_protocol(const Opening& opening, Protocol protocol) {
  return opening.target == nullptr || opening.target->protocol.value_or(protocol) == protocol;
}

}  // namespace

WayOut join(const Opening& opening, const Service* service, const ServicePort* port, const Ending& ending) {
  WayOut found;
  found.via = opening.via;
  found.shown = opening.shown;
  found.protocol = protocol_of(opening, port);
  found.audience = opening.audience;
  found.sign = opening.sign;
  found.entrance = opening.entrance;
  found.target = opening.target;
  found.advertisement = opening.advertisement;
  found.alias = opening.alias;
  found.backend = opening.backend;
  found.endpoint = opening.endpoint;
  found.parent = opening.parent;
  found.gateway = opening.gateway;
  found.ends_tls = opening.ends_tls;
  found.service = service;
  found.service_port = port;
  found.slice = ending.slice;
  found.address = ending.address;
  found.workload = ending.workload;
  found.container = ending.container;
  found.container_port = ending.number;
  found.unresolved = ending.unresolved.empty() ? opening.unknown : ending.unresolved;
  return found;
}

bool add_ways_by_number(const Service& service, const Opening& opening, std::int64_t number,
                        const EndingsOf& endings_of, WayCollection& ways) {
  bool led = false;
  for (const ServicePort& port : service.ports) {
    if (port.port != number || !takes_protocol(opening, port.protocol)) continue;
    led = true;
    for (const Ending& ending : endings_of(port)) ways.add(join(opening, &service, &port, ending));
  }
  if (led || service.cluster_ip != "None") return led;
  for (const Ending& ending : endings_of(as_connected(number))) {
    ways.add(join(opening, &service, nullptr, ending));
  }
  return true;
}

}  // namespace berth::exposure
