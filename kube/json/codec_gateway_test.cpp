// Gateway, routes and ReferenceGrant.
#include <gtest/gtest.h>

#include "core/model/gateway.h"
#include "kube/json/codec.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

TEST(GatewayCodec, ReadsAGateway) {
  Gateway expected;
  expected.api_version = "gateway.networking.k8s.io/v1";
  expected.kind = "Gateway";
  expected.meta.ns = "infra";
  expected.meta.name = "edge";
  expected.class_name = "example";
  expected.infrastructure_annotations = {{"a", "b"}};
  GatewayListener through;
  through.name = "tls";
  through.hostname = "*.example.org";
  through.port = 8443;
  through.protocol = "TLS";
  through.tls_mode = "Passthrough";
  through.routes_from = "Selector";
  through.routes_selector.match_labels = {{"tier", "edge"}};
  through.route_kinds = {"TLSRoute"};
  GatewayListener plain;
  plain.name = "http";
  plain.port = 80;
  plain.protocol = "HTTP";
  expected.listeners = {through, plain};
  expect_round_trip(R"({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
    "metadata": {"name": "edge", "namespace": "infra"},
    "spec": {"gatewayClassName": "example", "addresses": [{"value": "10.0.0.1"}],
      "infrastructure": {"annotations": {"a": "b"}, "labels": {"c": "d"}},
      "listeners": [
        {"name": "tls", "hostname": "*.example.org", "port": 8443, "protocol": "TLS",
         "tls": {"mode": "Passthrough", "options": {"x": "y"}},
         "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"tier": "edge"}}},
                           "kinds": [{"group": "gateway.networking.k8s.io", "kind": "TLSRoute"}]}},
        {"name": "http", "port": 80, "protocol": "HTTP"}]},
    "status": {"listeners": []}})",
                    expected);
}

TEST(GatewayCodec, ReadsAListenerSet) {
  Gateway expected;
  expected.api_version = "gateway.networking.k8s.io/v1";
  expected.kind = "ListenerSet";
  expected.meta.name = "more";
  expected.parent.name = "edge";
  expected.parent.ns = "infra";
  expect_round_trip(R"({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
    "metadata": {"name": "more"}, "spec": {"parentRef": {"name": "edge", "namespace": "infra"}}})",
                    expected);
}

TEST(GatewayCodec, ReadsARouteWithItsFilters) {
  Route expected;
  expected.api_version = "gateway.networking.k8s.io/v1";
  expected.kind = "HTTPRoute";
  expected.meta.name = "front";
  ParentReference gateway;
  gateway.name = "edge";
  gateway.section_name = "tls";
  gateway.port = 8443;
  ParentReference mesh;
  mesh.group = "";  // the core group, which is another thing than none
  mesh.kind = "Service";
  mesh.name = "web";
  expected.parents = {gateway, mesh};
  expected.hostnames = {"a.example.org"};
  RouteFilter mirror;
  mirror.type = "RequestMirror";
  mirror.mirror = {"", "", "data", "copy", 81};
  RouteFilter auth;
  auth.type = "ExternalAuth";
  auth.external_auth = {"", "Service", "", "auth", 9000};
  RouteBackend backend;
  backend.reference = {"", "", "", "web", 80};
  backend.filters = {mirror};
  RouteRule rule;
  rule.backends = {backend};
  rule.filters = {auth};
  expected.rules = {rule};
  expect_round_trip(R"({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
    "metadata": {"name": "front"},
    "spec": {"parentRefs": [{"name": "edge", "sectionName": "tls", "port": 8443},
                            {"group": "", "kind": "Service", "name": "web"}],
      "hostnames": ["a.example.org"],
      "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [{"type": "ExternalAuth", "externalAuth": {"protocol": "GRPC",
                     "backendRef": {"kind": "Service", "name": "auth", "port": 9000}}}],
        "backendRefs": [{"name": "web", "port": 80, "weight": 0,
          "filters": [{"type": "RequestMirror",
                       "requestMirror": {"backendRef": {"name": "copy", "namespace": "data", "port": 81}}}]}]}]}
    })",
                    expected);
}

TEST(GatewayCodec, ReadsAReferenceGrantInEveryVersion) {
  ReferenceGrant expected;
  expected.api_version = "gateway.networking.k8s.io/v1beta1";
  expected.kind = "ReferenceGrant";
  expected.meta.name = "let-in";
  expected.from = {{"gateway.networking.k8s.io", "HTTPRoute", "web"}};
  expected.to = {{"", "Service", "db"}, {"", "Secret", ""}};
  expect_round_trip(R"({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
    "metadata": {"name": "let-in"},
    "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "web"}],
             "to": [{"group": "", "kind": "Service", "name": "db"}, {"group": "", "kind": "Secret"}]}})",
                    expected);
}

TEST(GatewayCodec, NamesTheFieldThatCannotBeRead) {
  const auto route = decode<Route>(
      R"({"kind": "TCPRoute", "metadata": {}, "spec": {"rules": [{"backendRefs": [{"port": "pg"}]}]}})");
  ASSERT_FALSE(route.ok());
  EXPECT_EQ(route.error().field, "spec.rules[0].backendRefs[0].port");
}

}  // namespace
}  // namespace berth::json
