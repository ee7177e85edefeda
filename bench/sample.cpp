#include "bench/sample.h"

#include <algorithm>
#include <memory>

#include "core/model/exposure_policy.h"
#include "core/model/workload.h"

namespace berth::bench {
namespace {

Meta named(const std::string& ns, const std::string& name) {
  Meta meta;
  meta.ns = ns;
  meta.name = name;
  meta.uid.text = "00000000-0000-4000-8000-" + name;
  return meta;
}

ExposurePolicy policy() {
  ExposurePolicy made;
  made.meta.name = "control-plane";
  for (const int number : {443, 80, 8443}) {
    made.spec.external.emplace_back().port = number;
  }
  for (const int number : {5432, 27017, 5672, 8200}) {
    made.spec.internal.emplace_back().port = number;
  }
  made.spec.internal.emplace_back().ports = {"9200-9300"};
  return made;
}

Workload deployment(const std::string& ns, const std::string& name) {
  Workload made;
  made.api_version = "apps/v1";
  made.kind = "Deployment";
  made.meta = named(ns, name);
  made.template_labels = {{"app", name}, {"team", ns}};
  Container container;
  container.name = "main";
  container.image = "registry.example/" + name + ":1";
  container.ports.emplace_back().name = "http";
  container.ports.back().container_port = 8080;
  container.ports.emplace_back().name = "pg";
  container.ports.back().container_port = 5432;
  made.pod.containers = {container};
  return made;
}

Service inner_service(const std::string& ns, const std::string& name) {
  Service made;
  made.meta = named(ns, name);
  made.type = "ClusterIP";
  made.selector = {{"app", name}};
  ServicePort& port = made.ports.emplace_back();
  port.port = 80;
  port.target_port = std::string("http");
  return made;
}

// What kubectl and a controller leave behind: most of the bytes of a real object are nobody's business.
constexpr const char* kManagedFields =
    R"([{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"v1",)"
    R"("time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},)"
    R"("f:kubectl.kubernetes.io/last-applied-configuration":{}},"f:labels":{".":{},"f:app":{},"f:tier":{}}},)"
    R"("f:spec":{"f:allocateLoadBalancerNodePorts":{},"f:externalTrafficPolicy":{},"f:internalTrafficPolicy":{},)"
    R"("f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{},)"
    R"("f:targetPort":{}},"k:{\"port\":443,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{},)"
    R"("f:targetPort":{}}},"f:selector":{},"f:sessionAffinity":{},"f:type":{}}}},{"manager":"controller",)"
    R"("operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:01Z","fieldsType":"FieldsV1","fieldsV1":)"
    R"({"f:status":{"f:loadBalancer":{"f:ingress":{}}}},"subresource":"status"}])";

std::string service_text(const std::string& name, const std::string& app, const std::string& target,
                         int node_port) {
  const std::string ports = R"([{"name":"http","protocol":"TCP","port":80,"targetPort":"http","nodePort":)" +
                            std::to_string(node_port) +
                            R"(},{"name":"tls","protocol":"TCP","port":443,"targetPort":")" + target +
                            R"(","nodePort":)" + std::to_string(node_port + 1) + "}]";
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name +
         R"(","namespace":"team-0","uid":"00000000-0000-4000-8000-000000000001","resourceVersion":"123456",)"
         R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":")" +
         app +
         R"(","tier":"front"},"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{}}"},)"
         R"("managedFields":)" +
         kManagedFields + R"(},"spec":{"type":"LoadBalancer","selector":{"app":")" + app + R"("},"ports":)" +
         ports +
         R"(,"clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10"],"sessionAffinity":"None",)"
         R"("externalTrafficPolicy":"Cluster","internalTrafficPolicy":"Cluster","ipFamilies":["IPv4"],)"
         R"("ipFamilyPolicy":"SingleStack","allocateLoadBalancerNodePorts":true},)"
         R"("status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"}]}}})";
}

std::string in_quotes(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Four digits, so that each variable is as long as any other.
std::string digits(int number) { return std::to_string(10000 + number).substr(1); }

std::string deployment_text(int variables) {
  std::string environment;
  std::string owned;
  for (int i = 0; i < variables; ++i) {
    const std::string name = "FEATURE_" + digits(i) + "_ENDPOINT";
    const std::string comma = i == 0 ? "" : ",";
    environment += comma + R"({"name":")" + name + R"(","value":"https://feature-)" + digits(i) +
                   R"(.team-0.svc.cluster.local:8443/api/v1?timeout=30s&region=eu-central-1"})";
    owned += comma + in_quotes(R"(k:{"name":")" + name + R"("})") + R"(:{".":{},"f:name":{},"f:value":{}})";
  }
  const std::string spec =
      R"({"replicas":3,"selector":{"matchLabels":{"app":"front"}},"template":{"metadata":{"labels":{"app":"front"}},)"
      R"("spec":{"containers":[{"name":"main","image":"registry.example/front:1","env":[)" +
      environment +
      R"(]},{"name":"database","image":"registry.example/postgres:16",)"
      R"("ports":[{"name":"pg","containerPort":5432,"hostPort":5432,"protocol":"TCP"}]}]}}})";
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"front","namespace":"team-0",)"
         R"("uid":"00000000-0000-4000-8000-000000000002","creationTimestamp":"2026-01-01T00:00:00Z",)"
         R"("annotations":{"kubectl.kubernetes.io/last-applied-configuration":)" +
         in_quotes(R"({"apiVersion":"apps/v1","kind":"Deployment","spec":)" + spec + "}") +
         R"(},"managedFields":[{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"apps/v1",)"
         R"("time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:template":{"f:spec":)"
         R"({"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:env":{)" +
         owned + R"(}}}}}}}}]},"spec":)" + spec + "}";
}

std::string review_of(const std::string& kinds, const std::string& object) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{)"
         R"("uid":"705ab4f5-6393-11e8-b7cc-42010a800002",)" +
         kinds +
         R"(,"name":"front","namespace":"team-0","operation":"CREATE","userInfo":{"username":"ann",)"
         R"("groups":["developers","system:authenticated"]},"object":)" +
         object +
         R"(,"oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions",)"
         R"("apiVersion":"meta.k8s.io/v1","fieldManager":"kubectl-client-side-apply"}}})";
}

}  // namespace

exposure::FactIndex cluster(int namespaces, int workloads) {
  exposure::FactIndex index;
  index.put(std::make_shared<const ExposurePolicy>(policy()));
  for (int i = 0; i < namespaces; ++i) {
    Namespace ns;
    ns.meta.name = "team-" + std::to_string(i);
    index.put(std::make_shared<const Namespace>(ns));
  }
  for (int i = 0; i < workloads; ++i) {
    const std::string ns = "team-" + std::to_string(i % namespaces);
    const std::string name = "app-" + std::to_string(i);
    index.put(std::make_shared<const Workload>(deployment(ns, name)));
    index.put(std::make_shared<const Service>(inner_service(ns, name)));
  }
  return index;
}

std::string service_text(int number) {
  const std::string app = "app-" + std::to_string(number);
  return service_text("web-" + std::to_string(number), app, "http", 30000 + 2 * (number % 1000));
}

Service exposing_service() {
  Service made = inner_service("team-0", "app-0");
  made.meta.name = "front";
  made.type = "LoadBalancer";
  made.ports.front().port = 443;
  made.ports.front().target_port = std::string("pg");
  return made;
}

std::string exposing_review() {
  return review_of(R"("kind":{"group":"","version":"v1","kind":"Service"},)"
                   R"("resource":{"group":"","version":"v1","resource":"services"},)"
                   R"("requestKind":{"group":"","version":"v1","kind":"Service"},)"
                   R"("requestResource":{"group":"","version":"v1","resource":"services"})",
                   service_text("front", "app-0", "pg", 30000));
}

std::string exposing_review_of(std::size_t bytes) {
  const std::string kinds = R"("kind":{"group":"apps","version":"v1","kind":"Deployment"},)"
                            R"("resource":{"group":"apps","version":"v1","resource":"deployments"},)"
                            R"("requestKind":{"group":"apps","version":"v1","kind":"Deployment"},)"
                            R"("requestResource":{"group":"apps","version":"v1","resource":"deployments"})";
  const std::size_t one = review_of(kinds, deployment_text(1)).size();
  const std::size_t two = review_of(kinds, deployment_text(2)).size();
  const std::size_t missing = bytes - std::min(bytes, one);
  return review_of(kinds, deployment_text(static_cast<int>(1 + (missing / (two - one)))));
}

}  // namespace berth::bench
