// Gateway API: what listens (Gateway, ListenerSet), what leads on from there (routes), and who may be led to
// from another namespace (ReferenceGrant). Source: gateway.networking.k8s.io/v1.
//
// One struct for Gateway and ListenerSet, and one for all kinds of routes: they differ in members that bear
// on no exposure. Plain data, compared with ==.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/meta.h"

namespace berth {

inline constexpr char kGatewayGroup[] = "gateway.networking.k8s.io";

// What a route, or a ListenerSet, is attached to. Absent members mean what the API's defaults are.
struct ParentReference {
  std::optional<std::string> group = {};  // "" = core; absent = kGatewayGroup
  std::string kind = {};                  // "" = Gateway
  std::string ns = {};                    // "" = that of the route
  std::string name = {};
  std::string section_name = {};  // of one listener; "" = all
  std::int64_t port = 0;          // of the listeners; 0 = any

  bool operator==(const ParentReference&) const = default;
};

struct GatewayListener {
  std::string name = {};
  std::int64_t port = 0;
  std::string protocol = {};  // HTTP, HTTPS, TLS, TCP, UDP, or a controller's own
  std::string hostname = {};  // "" = every host
  std::string tls_mode = {};  // "" = Terminate; Passthrough
  // allowedRoutes: routes of which namespaces ("" = Same; All, Selector, None) and of which kinds (none
  // named: those of the protocol).
  std::string routes_from = {};
  LabelSelector routes_selector = {};
  std::vector<std::string> route_kinds = {};

  bool operator==(const GatewayListener&) const = default;
};

struct Gateway {
  std::string api_version = {};
  std::string kind = {};  // Gateway, ListenerSet, XListenerSet
  Meta meta = {};
  std::string class_name = {};
  ParentReference parent = {};             // of a ListenerSet
  Labels infrastructure_annotations = {};  // of what the controller makes for it
  std::vector<GatewayListener> listeners = {};

  bool operator==(const Gateway&) const = default;
};

struct BackendReference {
  std::string group = {};  // "" = core
  std::string kind = {};   // "" = Service
  std::string ns = {};     // "" = that of the route
  std::string name = {};
  std::int64_t port = 0;

  bool operator==(const BackendReference&) const = default;
};

// Filters that send requests, or copies of them, somewhere else.
struct RouteFilter {
  std::string type = {};
  BackendReference mirror = {};         // requestMirror.backendRef
  BackendReference external_auth = {};  // externalAuth.backendRef

  bool operator==(const RouteFilter&) const = default;
};

struct RouteBackend {
  BackendReference reference = {};
  std::vector<RouteFilter> filters = {};

  bool operator==(const RouteBackend&) const = default;
};

struct RouteRule {
  std::vector<RouteBackend> backends = {};
  std::vector<RouteFilter> filters = {};

  bool operator==(const RouteRule&) const = default;
};

struct Route {
  std::string api_version = {};
  std::string kind = {};  // HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute
  Meta meta = {};
  std::vector<ParentReference> parents = {};
  std::vector<std::string> hostnames = {};
  std::vector<RouteRule> rules = {};

  bool operator==(const Route&) const = default;
};

struct ReferenceGrantFrom {
  std::string group = {};
  std::string kind = {};
  std::string ns = {};

  bool operator==(const ReferenceGrantFrom&) const = default;
};

struct ReferenceGrantTo {
  std::string group = {};
  std::string kind = {};
  std::string name = {};  // "" = all of them

  bool operator==(const ReferenceGrantTo&) const = default;
};

// Lets objects of other namespaces refer to objects of its own. All of `from` may refer to all of `to`.
struct ReferenceGrant {
  std::string api_version = {};
  std::string kind = {};
  Meta meta = {};
  std::vector<ReferenceGrantFrom> from = {};
  std::vector<ReferenceGrantTo> to = {};

  bool operator==(const ReferenceGrant&) const = default;
};

// With the defaults of the API in the place of what is absent; `ns`: where the referring object lives.
ParentReference filled_in(ParentReference parent, const std::string& ns);
// `parent` is filled in.
bool refers_to(const ParentReference& parent, const Gateway& gateway);
// Is `set` a ListenerSet of that Gateway?
bool adds_to(const Gateway& set, const Gateway& gateway);

}  // namespace berth
