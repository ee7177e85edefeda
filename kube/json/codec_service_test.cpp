// Service, Namespace and Ingress.
#include <gtest/gtest.h>

#include "core/model/service.h"
#include "kube/json/codec.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

constexpr std::string_view kServiceText = R"({
  "kind": "Service", "apiVersion": "v1",
  "metadata": {
    "name": "web", "namespace": "data", "uid": "0b6c2d0e-9b4e-4b1f-8f63-0d5f3a2a7a11",
    "resourceVersion": "1207", "generation": 2, "creationTimestamp": "2026-11-21T08:12:44Z",
    "deletionTimestamp": "2026-11-21T09:00:00Z", "deletionGracePeriodSeconds": 0,
    "labels": {"app": "web", "app.kubernetes.io/managed-by": "berth"},
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"a\":1}\n"},
    "ownerReferences": [{"apiVersion": "berth.dev/v1alpha1", "kind": "PortAllocation", "name": "web",
      "uid": "u-1", "controller": true, "blockOwnerDeletion": true}],
    "finalizers": ["service.kubernetes.io/load-balancer-cleanup"],
    "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "v1",
      "time": "2026-11-21T08:12:44Z", "fieldsType": "FieldsV1",
      "fieldsV1": {"f:spec": {"f:ports": {".": {}, "k:{\"port\":443,\"protocol\":\"TCP\"}": {".": {}}}}}}]
  },
  "spec": {
    "ports": [
      {"name": "pg", "protocol": "TCP", "appProtocol": "kubernetes.io/h2c", "port": 443, "targetPort": "pg",
       "nodePort": 24511},
      {"name": "wg", "protocol": "UDP", "port": 51820, "targetPort": 51820, "nodePort": 24510},
      {"name": "assoc", "protocol": "SCTP", "port": 7}
    ],
    "selector": {"app": "pg"}, "clusterIP": "10.96.14.2", "clusterIPs": ["10.96.14.2"],
    "externalIPs": ["203.0.113.7"], "type": "LoadBalancer", "sessionAffinity": "None",
    "loadBalancerIP": "203.0.113.9", "loadBalancerSourceRanges": ["10.20.0.0/16"],
    "externalName": "db.example.org", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30987,
    "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "allocateLoadBalancerNodePorts": false,
    "loadBalancerClass": "example.org/internal", "internalTrafficPolicy": "Cluster"
  },
  "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9", "ipMode": "VIP"},
                                          {"hostname": "lb.example.org"}]}}
})";

Service service() {
  Service s;
  s.meta.name = "web";
  s.meta.ns = "data";
  s.meta.uid = Uid{"0b6c2d0e-9b4e-4b1f-8f63-0d5f3a2a7a11"};
  s.meta.resource_version = "1207";
  s.meta.generation = 2;
  s.meta.creation_timestamp = "2026-11-21T08:12:44Z";
  s.meta.deletion_timestamp = "2026-11-21T09:00:00Z";
  s.meta.labels = {{"app", "web"}, {"app.kubernetes.io/managed-by", "berth"}};
  s.meta.annotations = {{"kubectl.kubernetes.io/last-applied-configuration", "{\"a\":1}\n"}};
  s.meta.owner_references = {{"berth.dev/v1alpha1", "PortAllocation", "web", Uid{"u-1"}, true}};
  s.meta.finalizers = {"service.kubernetes.io/load-balancer-cleanup"};
  s.type = "LoadBalancer";
  s.selector = {{"app", "pg"}};
  s.ports = {{"pg", Protocol::kTcp, "kubernetes.io/h2c", 443, std::string("pg"), 24511},
             {"wg", Protocol::kUdp, std::nullopt, 51820, std::int64_t{51820}, 24510},
             {"assoc", Protocol::kSctp, std::nullopt, 7, std::monostate{}, 0}};
  s.cluster_ip = "10.96.14.2";
  s.external_ips = {"203.0.113.7"};
  s.external_name = "db.example.org";
  s.external_traffic_policy = "Local";
  s.health_check_node_port = 30987;
  s.allocate_load_balancer_node_ports = false;
  s.load_balancer_class = "example.org/internal";
  s.load_balancer_ip = "203.0.113.9";
  s.load_balancer_source_ranges = {"10.20.0.0/16"};
  s.load_balancer_status = {{"203.0.113.9", ""}, {"", "lb.example.org"}};
  return s;
}

TEST(ServiceCodec, KeepsEveryFieldOfTheModel) { expect_round_trip(kServiceText, service()); }

TEST(ServiceCodec, WritesOnlyWhatIsSet) {
  Service s;
  s.meta.name = "api";
  s.meta.ns = "mesh";
  s.ports.emplace_back().port = 24511;
  EXPECT_EQ(encode(s), R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"api","namespace":"mesh"},)"
                       R"("spec":{"ports":[{"protocol":"TCP","port":24511}]}})");
}

TEST(ServiceCodec, NeverWritesWhatOnlyTheServerSets) {
  Service s = service();
  const std::string text = encode(s);
  EXPECT_EQ(text.find("generation\""), std::string::npos);
  EXPECT_EQ(text.find("Timestamp"), std::string::npos);
  EXPECT_NE(text.find(R"("controller":true,"blockOwnerDeletion":true)"), std::string::npos);
}

TEST(ServiceCodec, TellsNumbersNamesAndAbsenceOfTargetPortsApart) {
  const auto decoded = decode<Service>(
      R"({"spec":{"ports":[{"targetPort":5432},{"targetPort":"5432"},{"targetPort":"pg"},{"targetPort":0},)"
      R"({"targetPort":""},{}]}})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->ports[0].target_port, TargetPort(std::int64_t{5432}));
  EXPECT_EQ(decoded->ports[1].target_port, TargetPort(std::string("5432")));
  EXPECT_EQ(decoded->ports[2].target_port, TargetPort(std::string("pg")));
  EXPECT_EQ(decoded->ports[3].target_port, TargetPort(std::int64_t{0}));
  EXPECT_EQ(decoded->ports[4].target_port, TargetPort(std::string()));
  EXPECT_EQ(decoded->ports[5].target_port, TargetPort());
}

TEST(ServiceCodec, DefaultsTheProtocolAsTheApiServerDoes) {
  const auto decoded = decode<Service>(R"({"spec":{"ports":[{"port":1},{"port":2,"protocol":""}]}})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->ports[0].protocol, Protocol::kTcp);
  EXPECT_EQ(decoded->ports[1].protocol, Protocol::kTcp);
}

TEST(ServiceCodec, WritesTheStatusForTheSubresource) {
  Service s = service();
  EXPECT_EQ(encode_status(s),
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"data",)"
            R"("uid":"0b6c2d0e-9b4e-4b1f-8f63-0d5f3a2a7a11","resourceVersion":"1207"},)"
            R"("status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"},{"hostname":"lb.example.org"}]}}})");
}

TEST(ServiceCodec, RefusesAnotherKind) {
  EXPECT_EQ(decode<Service>(R"({"apiVersion":"v1","kind":"Pod"})").error(),
            malformed("kind: 'Pod' stands here, expected Service", "kind"));
  EXPECT_EQ(decode<Service>(R"({"apiVersion":"serving.knative.dev/v1","kind":"Service"})").error(),
            malformed("apiVersion: 'serving.knative.dev/v1' stands here, expected v1", "apiVersion"));
}

TEST(NamespaceCodec, KeepsEveryFieldOfTheModel) {
  Namespace expected;
  expected.meta.name = "mesh";
  expected.meta.uid = Uid{"n-1"};
  expected.meta.resource_version = "5";
  expected.meta.labels = {{"kubernetes.io/metadata.name", "mesh"}};
  expected.phase = "Active";
  expect_round_trip(
      R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"mesh","uid":"n-1","resourceVersion":"5",)"
      R"("labels":{"kubernetes.io/metadata.name":"mesh"}},"spec":{"finalizers":["kubernetes"]},)"
      R"("status":{"phase":"Active"}})",
      expected);
}

constexpr std::string_view kIngressText = R"({
  "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
  "metadata": {"name": "front", "namespace": "web", "annotations": {"kubernetes.io/ingress.class": "nginx"}},
  "spec": {
    "ingressClassName": "nginx",
    "defaultBackend": {"resource": {"apiGroup": "k8s.example.org", "kind": "StorageBucket", "name": "icons"}},
    "tls": [{"hosts": ["a.example.org"], "secretName": "tls"}],
    "rules": [
      {"host": "a.example.org", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "db", "port": {"name": "mongo"}}}},
        {"path": "/x", "pathType": "Exact", "backend": {"service": {"name": "api", "port": {"number": 8080}}}}]}},
      {"http": {"paths": [{"pathType": "ImplementationSpecific",
        "backend": {"resource": {"kind": "ConfigMap", "name": "c"}}}]}},
      {"host": "b.example.org"}]
  },
  "status": {"loadBalancer": {}}
})";

TEST(IngressCodec, KeepsEveryFieldOfTheModel) {
  Ingress expected;
  expected.meta.name = "front";
  expected.meta.ns = "web";
  expected.meta.annotations = {{"kubernetes.io/ingress.class", "nginx"}};
  expected.ingress_class = "nginx";
  expected.default_backend = IngressBackend{"", 0, "", "k8s.example.org/StorageBucket/icons"};
  expected.tls = true;
  expected.rules = {
      {"a.example.org", {{"/", "Prefix", {"db", 0, "mongo", ""}}, {"/x", "Exact", {"api", 8080, "", ""}}}},
      {"", {{"", "ImplementationSpecific", {"", 0, "", "/ConfigMap/c"}}}},
      {"b.example.org", {}}};
  expect_round_trip(kIngressText, expected);
}

// Found by mutation: no server sends it, but what was read must come back.
TEST(IngressCodec, KeepsThePortOfABackendWithoutAServiceName) {
  Ingress expected;
  expected.default_backend = IngressBackend{"", 80, "", ""};
  expect_round_trip(R"({"spec":{"defaultBackend":{"service":{"port":{"number":80}}}}})", expected);
}

TEST(IngressCodec, RefusesTheShapeOfOldVersions) {
  EXPECT_EQ(decode<Ingress>(R"({"apiVersion":"extensions/v1beta1","kind":"Ingress"})").error().field,
            "apiVersion");
  EXPECT_EQ(
      decode<Ingress>(
          R"({"spec":{"rules":[{"http":{"paths":[{"backend":{"service":{"port":{"number":"80"}}}}]}}]}})")
          .error()
          .field,
      "spec.rules[0].http.paths[0].backend.service.port.number");
}

}  // namespace
}  // namespace berth::json
