// Builders for objects of the Gateway API, for the tests of the exposure engine.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/exposure/route_entrance.h"
#include "core/model/gateway.h"

namespace berth::exposure::testing {

inline GatewayListener listener(std::int64_t number, std::string protocol, std::string from = "All") {
  GatewayListener made;
  made.name = "l" + std::to_string(number);
  made.port = number;
  made.protocol = std::move(protocol);
  made.routes_from = std::move(from);
  return made;
}

// infra/edge.
inline Gateway gateway(std::vector<GatewayListener> listeners) {
  Gateway made;
  made.kind = "Gateway";
  made.meta.ns = "infra";
  made.meta.name = "edge";
  made.class_name = "example";
  made.listeners = std::move(listeners);
  return made;
}

// infra/more, which adds to infra/edge.
inline Gateway listener_set(std::vector<GatewayListener> listeners) {
  Gateway made = gateway(std::move(listeners));
  made.kind = "ListenerSet";
  made.meta.name = "more";
  made.class_name.clear();
  made.parent.name = "edge";
  return made;
}

inline ParentReference parent(std::string name = "edge", std::string kind = "") {
  ParentReference made;
  made.name = std::move(name);
  made.kind = std::move(kind);
  made.ns = "infra";
  return made;
}

inline RouteBackend route_backend(std::string service, std::int64_t port, std::string ns = "") {
  RouteBackend made;
  made.reference.name = std::move(service);
  made.reference.port = port;
  made.reference.ns = std::move(ns);
  return made;
}

// data/front at infra/edge, with one rule.
inline Route route(std::vector<RouteBackend> backends, std::string kind = "HTTPRoute") {
  Route made;
  made.kind = std::move(kind);
  made.meta.ns = "data";
  made.meta.name = "front";
  made.parents = {parent()};
  made.rules.resize(1);
  made.rules[0].backends = std::move(backends);
  return made;
}

// In namespace data, for routes of `from`.
inline ReferenceGrant grant(std::string from, std::string kind = "HTTPRoute", std::string service = "") {
  ReferenceGrant made;
  made.kind = "ReferenceGrant";
  made.meta.ns = "data";
  made.meta.name = "let-in";
  made.from = {{kGatewayGroup, std::move(kind), std::move(from)}};
  made.to = {{"", "Service", std::move(service)}};
  return made;
}

}  // namespace berth::exposure::testing
