// Gateway, ListenerSet, routes and ReferenceGrant. Source: gateway.networking.k8s.io/v1; the members read
// here are the same in every version that was ever served.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, ParentReference& parent) {
  member(archive, "group", parent.group);
  member(archive, "kind", parent.kind);
  member(archive, "namespace", parent.ns);
  member(archive, "name", parent.name, Write::kAlways);
  member(archive, "sectionName", parent.section_name);
  member(archive, "port", parent.port);
}

static void describe(Archive& archive, GatewayListener& listener) {
  member(archive, "name", listener.name, Write::kAlways);
  member(archive, "hostname", listener.hostname);
  member(archive, "port", listener.port);
  member(archive, "protocol", listener.protocol);
  group(archive, "tls", !listener.tls_mode.empty(), [&] { member(archive, "mode", listener.tls_mode); });
  const bool from = !listener.routes_from.empty() || !listener.routes_selector.empty();
  group(archive, "allowedRoutes", from || !listener.route_kinds.empty(), [&] {
    group(archive, "namespaces", from, [&] {
      member(archive, "from", listener.routes_from);
      member(archive, "selector", listener.routes_selector);
    });
    group_list(archive, "kinds", listener.route_kinds,
               [&](std::string& kind) { member(archive, "kind", kind, Write::kAlways); });
  });
}

void describe(Archive& archive, Gateway& gateway) {
  member(archive, "metadata", gateway.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "gatewayClassName", gateway.class_name);
    member(archive, "parentRef", gateway.parent);
    group(archive, "infrastructure", !gateway.infrastructure_annotations.empty(),
          [&] { member(archive, "annotations", gateway.infrastructure_annotations); });
    member(archive, "listeners", gateway.listeners);
  });
}

static void describe(Archive& archive, BackendReference& reference) {
  member(archive, "group", reference.group);
  member(archive, "kind", reference.kind);
  member(archive, "namespace", reference.ns);
  member(archive, "name", reference.name, Write::kAlways);
  member(archive, "port", reference.port);
}

static void describe_filter_target(Archive& archive, std::string_view name, BackendReference& reference) {
  group(archive, name, !(reference == BackendReference()), [&] { member(archive, "backendRef", reference); });
}

static void describe(Archive& archive, RouteFilter& filter) {
  member(archive, "type", filter.type);
  describe_filter_target(archive, "requestMirror", filter.mirror);
  describe_filter_target(archive, "externalAuth", filter.external_auth);
}

static void describe(Archive& archive, RouteBackend& backend) {
  describe(archive, backend.reference);
  member(archive, "filters", backend.filters);
}

static void describe(Archive& archive, RouteRule& rule) {
  member(archive, "filters", rule.filters);
  member(archive, "backendRefs", rule.backends);
}

void describe(Archive& archive, Route& route) {
  member(archive, "metadata", route.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "parentRefs", route.parents);
    member(archive, "hostnames", route.hostnames);
    member(archive, "rules", route.rules);
  });
}

static void describe(Archive& archive, ReferenceGrantFrom& from) {
  member(archive, "group", from.group, Write::kAlways);
  member(archive, "kind", from.kind, Write::kAlways);
  member(archive, "namespace", from.ns, Write::kAlways);
}

static void describe(Archive& archive, ReferenceGrantTo& to) {
  member(archive, "group", to.group, Write::kAlways);
  member(archive, "kind", to.kind, Write::kAlways);
  member(archive, "name", to.name);
}

void describe(Archive& archive, ReferenceGrant& grant) {
  member(archive, "metadata", grant.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "from", grant.from, Write::kAlways);
    member(archive, "to", grant.to, Write::kAlways);
  });
}

}  // namespace berth::json
