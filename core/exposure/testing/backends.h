// Builders for what routes name as their backend instead of a Service, for the tests of the exposure engine.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/exposure/route_entrance.h"
#include "core/exposure/testing/gateways.h"
#include "core/model/backend.h"

namespace berth::exposure::testing {

inline constexpr char kBackendGroup[] = "gateway.envoyproxy.io";

inline BackendEndpoint endpoint(std::string host, std::int64_t number) {
  BackendEndpoint made;
  made.host = std::move(host);
  made.port = number;
  return made;
}

inline BackendEndpoint endpoint(Labels pods, std::int64_t number) {
  BackendEndpoint made;
  made.selector = std::move(pods);
  made.port = number;
  return made;
}

inline BackendEndpoint endpoint_anywhere() {
  BackendEndpoint made;
  made.unknown = "requests say where it leads";
  return made;
}

// Backend "pg".
inline Backend backend_at(std::vector<BackendEndpoint> endpoints, std::string ns = "data") {
  Backend made;
  made.kind = "Backend";
  made.reference_kind = std::string(kBackendGroup) + "/Backend";
  made.meta.ns = std::move(ns);
  made.meta.name = "pg";
  made.endpoints = std::move(endpoints);
  return made;
}

inline RouteBackend to_backend(std::string ns = "") {
  RouteBackend made;
  made.reference.group = kBackendGroup;
  made.reference.kind = "Backend";
  made.reference.name = "pg";
  made.reference.ns = std::move(ns);
  return made;
}

// data/front at infra/edge, which leads to Backend "pg".
inline Entrance route_to_backend(std::string ns = "", std::string kind = "HTTPRoute") {
  return exposure::entrance_of(route({to_backend(std::move(ns))}, std::move(kind)));
}

}  // namespace berth::exposure::testing
