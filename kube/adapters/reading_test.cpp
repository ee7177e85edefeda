// The table that Berth brings along, on objects as their controllers document them.
#include "kube/adapters/reading.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "kube/adapters/table.h"
#include "kube/json/codec.h"

namespace berth::adapters {
namespace {

Result<Read> read_of(const char* group, const char* kind, const std::string& spec, const Table& table) {
  const Adapter* adapter = table.find(group, kind);
  EXPECT_NE(adapter, nullptr) << kind << "." << group;
  CustomObject object;
  object.kind = kind;
  object.meta.ns = "data";
  object.meta.name = "x";
  object.meta.annotations = {{"example.org/backend", "tcp://db.other:5432"}};
  object.spec = spec;
  return read(*adapter, object);
}

Entrance entrance(const char* group, const char* kind, const std::string& spec,
                  const Table& table = builtin()) {
  const auto made = read_of(group, kind, spec, table);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::get<Entrance>(*made);
}

// "ns/service:port", with what else is said of it.
std::string text(const EntranceTarget& target) {
  std::string port = target.port_name.empty() ? std::to_string(target.port_number) : target.port_name;
  if (target.first_port) port = "first";
  if (target.every_port) port = "every";
  std::string made = target.ns + "/" + target.service + ":" + port;
  if (target.shown != 0) made += " at " + std::to_string(target.shown);
  if (target.protocol) made += std::string(" ") + to_string(*target.protocol);
  if (target.ends_tls) made += " ends TLS";
  if (target.by_target_port) made += " of pods";
  if (target.is_listener) made += " listens";
  if (!target.host.empty()) made += " for " + target.host;
  if (target.via) made += std::string(" via ") + berth::to_string(*target.via);
  if (!target.unknown.empty()) made += " unknown: " + target.unknown;
  return made;
}

struct Sample {
  std::string name;
  const char* group;
  const char* kind;
  const char* spec;
  std::vector<std::string> targets;
};

class Adapters : public ::testing::TestWithParam<Sample> {};

TEST_P(Adapters, LeadToWhatTheObjectNames) {
  const Sample& sample = GetParam();
  const Entrance made = entrance(sample.group, sample.kind, sample.spec);
  std::vector<std::string> targets;
  for (const EntranceTarget& target : made.targets) targets.push_back(text(target));
  EXPECT_EQ(targets, sample.targets);
}

const Sample kSamples[] = {
    {"TraefikTcp",
     "traefik.io",
     "IngressRouteTCP",
     R"({"entryPoints": ["pg"], "routes": [{"match": "any",
         "services": [{"name": "db", "port": 5432}, {"name": "db", "namespace": "other", "port": "pg"}]}]})",
     {"data/db:5432 TCP via Ingress", "other/db:pg TCP via Ingress"}},
    {"TraefikTcpEndsTls",
     "traefik.io",
     "IngressRouteTCP",
     R"({"tls": {"secretName": "s"}, "routes": [{"services": [{"name": "db", "port": 5432}]}]})",
     {"data/db:5432 TCP ends TLS via Ingress"}},
    {"TraefikTcpPassesTlsThrough",
     "traefik.io",
     "IngressRouteTCP",
     R"({"tls": {"passthrough": true}, "routes": [{"services": [{"name": "db", "port": 5432}]}]})",
     {"data/db:5432 TCP via Ingress"}},
    {"TraefikHttp",
     "traefik.io",
     "IngressRoute",
     R"({"routes": [{"kind": "Rule", "services": [{"name": "web", "port": 80},
         {"name": "split", "kind": "TraefikService"}]}]})",
     {"data/web:80 ends TLS via Ingress"}},
    {"TraefikMirror",
     "traefik.io",
     "TraefikService",
     R"({"mirroring": {"name": "web", "port": 80, "mirrors": [{"name": "db", "port": 5432, "percent": 10}]}})",
     {"data/web:80 ends TLS via Ingress", "data/db:5432 ends TLS via Ingress"}},
    {"TraefikFailover",
     "traefik.io",
     "TraefikService",
     R"({"failover": {"errors": {"status": ["500-599"]}, "service": {"name": "web", "port": 80},
         "fallback": {"name": "db", "namespace": "other", "port": 9200}}})",
     {"data/web:80 ends TLS via Ingress", "other/db:9200 ends TLS via Ingress"}},
    {"TraefikFailoverToAnotherOfItsKind",
     "traefik.io",
     "TraefikService",
     R"({"failover": {"service": {"name": "split", "kind": "TraefikService"}, "fallback": {"name": "web", "port": 80}}})",
     {"data/web:80 ends TLS via Ingress"}},
    {"TraefikByHash",
     "traefik.io",
     "TraefikService",
     R"({"highestRandomWeight": {"services": [{"name": "web", "port": 80, "weight": 1},
         {"name": "split", "kind": "TraefikService"}, {"name": "db", "port": 9200}]}})",
     {"data/web:80 ends TLS via Ingress", "data/db:9200 ends TLS via Ingress"}},
    {"TraefikPagesForErrors",
     "traefik.io",
     "Middleware",
     R"({"errors": {"status": ["500-599"], "service": {"name": "db", "namespace": "other", "port": 9200}}})",
     {"other/db:9200 ends TLS via Ingress"}},
    {"TraefikPagesForErrorsOfAnotherOfItsKind",
     "traefik.io",
     "Middleware",
     R"({"errors": {"service": {"name": "split", "kind": "TraefikService", "port": 80}}})",
     {}},
    {"TraefikMiddlewareWithoutAService", "traefik.io", "Middleware", R"({"compress": {}})", {}},
    {"NginxTransportServer",
     "k8s.nginx.org",
     "TransportServer",
     R"({"listener": {"name": "pg", "protocol": "TCP"}, "upstreams": [{"name": "u", "service": "db", "port": 5432}],
         "action": {"pass": "u"}})",
     {"data/db:5432 via Ingress"}},
    {"NginxGlobalConfiguration",
     "k8s.nginx.org",
     "GlobalConfiguration",
     R"({"listeners": [{"name": "pg", "port": 5432, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]})",
     {"data/:5432 at 5432 listens via Ingress", "data/:53 at 53 UDP listens via Ingress"}},
    {"ContourTcpProxy",
     "projectcontour.io",
     "HTTPProxy",
     R"({"virtualhost": {"fqdn": "db.example.org", "tls": {"passthrough": true}},
         "tcpproxy": {"services": [{"name": "db", "port": 5432}]}})",
     {"data/db:5432 TCP for db.example.org via Ingress"}},
    {"KongTcpIngress",
     "configuration.konghq.com",
     "TCPIngress",
     R"({"rules": [{"port": 9000, "backend": {"serviceName": "db", "servicePort": 5432}}]})",
     {"data/db:5432 at 9000 TCP via Ingress"}},
    {"EmissaryTcpMapping",
     "getambassador.io",
     "TCPMapping",
     R"({"port": 9000, "service": "db.other:5432"})",
     {"other/db:5432 at 9000 TCP via Ingress"}},
    {"EmissaryMapping",
     "getambassador.io",
     "Mapping",
     R"({"prefix": "/", "service": "https://web"})",
     {"data/web:first ends TLS via Ingress"}},
    {"ApisixStream",
     "apisix.apache.org",
     "ApisixRoute",
     R"({"stream": [{"name": "s", "protocol": "TCP", "match": {"ingressPort": 9100},
         "backend": {"serviceName": "db", "servicePort": 5432}}]})",
     {"data/db:5432 at 9100 via Ingress"}},
    {"OpenShiftRoute",
     "route.openshift.io",
     "Route",
     R"({"host": "a.example.org", "to": {"kind": "Service", "name": "db"}, "port": {"targetPort": 5432},
         "alternateBackends": [{"name": "web"}]})",
     {"data/db:5432 ends TLS of pods for a.example.org via Ingress",
      "data/web:5432 of pods for a.example.org via Ingress"}},
    {"OpenShiftRoutePassthrough",
     "route.openshift.io",
     "Route",
     R"({"to": {"name": "db"}, "tls": {"termination": "passthrough"}})",
     {"data/db:first of pods via Ingress"}},
    {"TargetGroupBinding",
     "elbv2.k8s.aws",
     "TargetGroupBinding",
     R"({"serviceRef": {"name": "db", "port": 5432}, "targetGroupARN": "arn"})",
     {"data/db:5432 via LoadBalancer"}},
    {"IstioGateway",
     "networking.istio.io",
     "Gateway",
     R"({"servers": [{"port": {"number": 5432, "protocol": "TCP", "name": "pg"}, "hosts": ["*"]}]})",
     {"data/:5432 at 5432 listens via Gateway"}},
    {"IstioVirtualService",
     "networking.istio.io",
     "VirtualService",
     R"({"gateways": ["edge", "mesh"], "hosts": ["*"],
         "tcp": [{"route": [{"destination": {"host": "db", "port": {"number": 5432}}}]}],
         "tls": [{"route": [{"destination": {"host": "db.other.svc.cluster.local"}}]}],
         "http": [{"route": [{"destination": {"host": "api.example.org"}}]}]})",
     {"data/:0 ends TLS via Gateway unknown: another object may say where api.example.org leads",
      "data/db:5432 TCP via Gateway", "other/db:first TCP via Gateway"}},
    {"IstioVirtualServiceOfTheMesh",
     "networking.istio.io",
     "VirtualService",
     R"({"gateways": ["mesh"], "tcp": [{"route": [{"destination": {"host": "db", "port": {"number": 5432}}}]}]})",
     {}},
    {"IstioVirtualServiceWithoutGateways",
     "networking.istio.io",
     "VirtualService",
     R"({"hosts": ["web"], "http": [{"route": [{"destination": {"host": "db", "port": {"number": 5432}}}]}]})",
     {}},
    {"IstioDelegate",
     "networking.istio.io",
     "VirtualService",
     R"({"http": [{"route": [{"destination": {"host": "db", "port": {"number": 5432}}}],
                   "mirror": {"host": "a.other.svc"}, "mirrors": [{"destination": {"host": "b.other.svc"}}]}]})",
     {"data/db:5432 ends TLS via Gateway", "other/a:first ends TLS via Gateway",
      "other/b:first ends TLS via Gateway"}},
    {"IstioDelegateThatNamesTheMesh",
     "networking.istio.io",
     "VirtualService",
     R"({"hosts": [], "gateways": ["mesh"], "http": [{"route": [{"destination": {"host": "db"}}]}]})",
     {"data/db:first ends TLS via Gateway"}},
    {"IstioDelegateWithAGatewayCountsOnce",
     "networking.istio.io",
     "VirtualService",
     R"({"gateways": ["edge"], "http": [{"route": [{"destination": {"host": "db"}}]}]})",
     {"data/db:first ends TLS via Gateway"}},
    {"IstioRootThatDelegates",
     "networking.istio.io",
     "VirtualService",
     R"({"hosts": ["*"], "gateways": ["edge"], "http": [{"delegate": {"name": "db", "namespace": "other"}}]})",
     {}},
    {"ZalandoPostgres",
     "acid.zalan.do",
     "postgresql",
     R"({"enableMasterLoadBalancer": true})",
     {"data/:5432 via LoadBalancer"}},
    {"ZalandoPostgresInside",
     "acid.zalan.do",
     "postgresql",
     R"({"enableMasterLoadBalancer": false, "numberOfInstances": 2})",
     {}},
    {"CloudNativePg",
     "postgresql.cnpg.io",
     "Cluster",
     R"({"managed": {"services": {"additional": [{"selectorType": "rw", "serviceTemplate": {"spec": {"type": "NodePort"}}},
         {"selectorType": "ro", "serviceTemplate": {"spec": {"type": "ClusterIP"}}}]}}})",
     {"data/:5432 via NodePort"}},
    {"RabbitMq",
     "rabbitmq.com",
     "RabbitmqCluster",
     R"({"service": {"type": "LoadBalancer"}})",
     {"data/:5672 via LoadBalancer", "data/:15672 via LoadBalancer"}},
    {"Strimzi",
     "kafka.strimzi.io",
     "Kafka",
     R"({"kafka": {"listeners": [{"name": "plain", "port": 9092, "type": "internal"},
         {"name": "out", "port": 9094, "type": "nodeport"}]}})",
     {"data/:9094 via NodePort"}},
    {"Elasticsearch",
     "elasticsearch.k8s.elastic.co",
     "Elasticsearch",
     R"({"http": {"service": {"spec": {"type": "LoadBalancer"}}}})",
     {"data/:9200 via LoadBalancer"}},
    {"ElasticsearchForOtherClusters",
     "elasticsearch.k8s.elastic.co",
     "Elasticsearch",
     R"({"remoteClusterServer": {"enabled": true, "service": {"spec": {"type": "LoadBalancer"}}}})",
     {"data/:9443 via LoadBalancer"}},
    {"ElasticsearchForNoOtherCluster",
     "elasticsearch.k8s.elastic.co",
     "Elasticsearch",
     R"({"remoteClusterServer": {"service": {"spec": {"type": "NodePort"}}}})",
     {}},
    {"APIServiceByNumber",
     "apiregistration.k8s.io",
     "APIService",
     R"({"group": "db.example.org", "version": "v1", "service": {"namespace": "other", "name": "db", "port": 5432}})",
     {"other/db:5432 via Connect"}},
    {"APIServiceAtThePortThatNobodyWrites",
     "apiregistration.k8s.io",
     "APIService",
     R"({"service": {"namespace": "kube-system", "name": "metrics-server"}})",
     {"kube-system/metrics-server:443 via Connect"}},
    {"APIServiceOfTheServerItself",
     "apiregistration.k8s.io",
     "APIService",
     R"({"group": "apps", "version": "v1", "service": null})",
     {}},
    {"NothingAtAll", "traefik.io", "IngressRouteTCP", "", {}},
    {"SomethingElse", "traefik.io", "IngressRouteTCP", R"({"routes": [{"services": "db"}, 5, null]})", {}},
    {"ANameThatIsNone",
     "traefik.io",
     "IngressRouteTCP",
     R"({"routes": [{"services": [{"name": {"a": 1}, "port": 1}]}]})",
     {"data/:1 TCP via Ingress unknown: spec.routes[0].services[0].name is no name"}},
    {"APortThatIsNone",
     "traefik.io",
     "IngressRouteTCP",
     R"({"routes": [{"services": [{"name": "db", "port": [1]}]}]})",
     {"data/db:0 TCP via Ingress unknown: spec.routes[0].services[0].port is no port"}},
};

INSTANTIATE_TEST_SUITE_P(All, Adapters, ::testing::ValuesIn(kSamples),
                         [](const auto& tested) { return tested.param.name; });

TEST(AdapterOfPods, ReadsTheTemplate) {
  const auto made = read_of("argoproj.io", "Rollout",
                            R"({"template": {"metadata": {"labels": {"app": "web"}},
                                "spec": {"hostNetwork": true, "containers": [{"name": "c", "image": "i",
                                  "ports": [{"containerPort": 5432}]}]}}})",
                            builtin());
  ASSERT_TRUE(made.ok());
  const auto& workload = std::get<Workload>(*made);
  EXPECT_EQ(workload.kind, "Rollout");
  EXPECT_EQ(workload.meta.key(), (ObjectKey{"data", "x"}));
  EXPECT_EQ(workload.template_labels, (Labels{{"app", "web"}}));
  EXPECT_TRUE(workload.pod.host_network);
  EXPECT_EQ(workload.pod.containers.front().ports.front().container_port, 5432);
}

TEST(AdapterOfPods, TakesSeveralTemplatesForOne) {
  const auto made = read_of("jobset.x-k8s.io", "JobSet",
                            R"({"replicatedJobs": [
        {"name": "a", "template": {"spec": {"template": {"metadata": {"labels": {"a": "1"}},
          "spec": {"containers": [{"name": "a", "image": "i"}]}}}}},
        {"name": "b", "template": {"spec": {"template": {"metadata": {"labels": {"b": "2"}},
          "spec": {"containers": [{"name": "b", "image": "i", "ports": [{"containerPort": 80}]}]}}}}}]})",
                            builtin());
  ASSERT_TRUE(made.ok());
  const auto& workload = std::get<Workload>(*made);
  EXPECT_EQ(workload.pod.containers.size(), 2U);
  EXPECT_EQ(workload.template_labels, (Labels{{"a", "1"}, {"b", "2"}}));
}

TEST(AdapterOfPods, SaysWhereATemplateIsNone) {
  const auto made =
      read_of("argoproj.io", "Rollout",
              R"({"template": {"spec": {"containers": [{"ports": [{"containerPort": "x"}]}]}}})", builtin());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().field, "spec.template.spec.containers[0].ports[0].containerPort");
}

Advertisement advertisement(const char* group, const char* kind, const std::string& spec) {
  const auto made = read_of(group, kind, spec, builtin());
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::get<Advertisement>(*made);
}

TEST(AdapterOfClusterIps, TakesTheNetworksThatAreSaid) {
  const Advertisement made = advertisement(
      "crd.projectcalico.org", "BGPConfiguration",
      R"({"serviceClusterIPs": [{"cidr": "10.96.0.0/12"}, {"cidr": "fd00::/108"}], "asNumber": 64512})");
  ASSERT_EQ(made.addresses.size(), 2U);
  EXPECT_EQ(made.addresses[1].networks, std::vector<std::string>{"fd00::/108"});
  EXPECT_TRUE(advertisement("crd.projectcalico.org", "BGPConfiguration", "{}").addresses.empty());
}

TEST(AdapterOfClusterIps, TakesTheServicesThatAreSelected) {
  const Advertisement made = advertisement("cilium.io", "CiliumBGPAdvertisement", R"({"advertisements": [
      {"advertisementType": "PodCIDR"},
      {"advertisementType": "Service", "service": {"addresses": ["LoadBalancerIP"]}, "selector": {}},
      {"advertisementType": "Service", "service": {"addresses": ["ExternalIP", "ClusterIP"]}},
      {"advertisementType": "Service", "service": {"addresses": ["ClusterIP"]},
       "selector": {"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["y"]}]}}]})");
  ASSERT_EQ(made.addresses.size(), 1U) << "Cilium advertises nothing without a selector";
  EXPECT_TRUE(made.addresses[0].networks.empty());
  ASSERT_EQ(made.addresses[0].selector.match_expressions.size(), 1U);
  EXPECT_EQ(made.addresses[0].selector.match_expressions[0].op, "NotIn");
}

TEST(AdapterOfClusterIps, SaysWhereASelectorIsNone) {
  const auto made = read_of("cilium.io", "CiliumBGPPeeringPolicy", R"({"virtualRouters": [
      {"serviceAdvertisements": ["ClusterIP"], "serviceSelector": {"matchLabels": {"a": 1}}}]})",
                            builtin());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().field, "spec.virtualRouters[0].serviceSelector.matchLabels.a");
}

TEST(AdapterOfWhatTheApiServerConnectsTo, ReadsEveryWebhook) {
  for (const char* kind : {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}) {
    const Adapter* adapter = builtin().find("admissionregistration.k8s.io", kind);
    ASSERT_NE(adapter, nullptr);
    CustomObject object;
    object.meta.name = "hooks";
    object.webhooks = R"([
        {"name": "a.example.org", "clientConfig": {"service": {"namespace": "data", "name": "db", "port": 5432}}},
        {"name": "b.example.org", "clientConfig": {"service": {"namespace": "web", "name": "hook"}}},
        {"name": "c.example.org", "clientConfig": {"url": "https://hook.example.org"}}])";
    const auto made = read(*adapter, object);
    ASSERT_TRUE(made.ok()) << made.error().message;
    const auto& entrance = std::get<Entrance>(*made);
    EXPECT_TRUE(entrance.internal_only);
    EXPECT_EQ(entrance.meta.key(), (ObjectKey{"", "hooks"}));
    std::vector<std::string> targets;
    for (const EntranceTarget& target : entrance.targets) targets.push_back(text(target));
    std::sort(targets.begin(), targets.end());
    EXPECT_EQ(targets, (std::vector<std::string>{"data/db:5432 via Connect", "web/hook:443 via Connect"}));
  }
}

TEST(AdapterOfWhatTheApiServerConnectsTo, IsInterestedInInternalNumbersOnly) {
  EXPECT_TRUE(entrance("apiregistration.k8s.io", "APIService", "{}").internal_only);
  EXPECT_FALSE(entrance("traefik.io", "IngressRouteTCP", "{}").internal_only);
}

TEST(AdapterOfAnExport, MeansEveryPortOfTheServiceOfItsName) {
  const Entrance made = entrance("multicluster.x-k8s.io", "ServiceExport", "");
  ASSERT_EQ(made.targets.size(), 1U);
  EXPECT_EQ(text(made.targets.front()), "data/x:every via Export");
}

// "host:port", "key=value:port", or why nobody can tell.
std::vector<std::string> endpoints(const char* group, const char* kind, const std::string& spec,
                                   const Table& table = builtin()) {
  const auto made = read_of(group, kind, spec, table);
  EXPECT_TRUE(made.ok()) << made.error().message;
  const auto& backend = std::get<Backend>(*made);
  EXPECT_EQ(backend.reference_kind, std::string(group) + "/" + kind);
  std::vector<std::string> texts;
  for (const BackendEndpoint& endpoint : backend.endpoints) {
    std::string where = endpoint.host;
    for (const auto& [key, value] : endpoint.selector) where += key + "=" + value;
    texts.push_back(endpoint.unknown.empty() ? where + ":" + std::to_string(endpoint.port)
                                             : endpoint.unknown);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(AdapterOfABackend, ReadsTheOneOfEnvoyGateway) {
  const auto of = [](const char* spec) { return endpoints("gateway.envoyproxy.io", "Backend", spec); };
  EXPECT_EQ(of(R"({"endpoints": [{"fqdn": {"hostname": "db.data.svc", "port": 5432}},
                                 {"unix": {"path": "/run/x.sock"}},
                                 {"ip": {"address": "10.0.0.7", "port": 8443}}]})"),
            (Texts{"db.data.svc:5432", "10.0.0.7:8443"}));
  EXPECT_EQ(
      of(R"({"type": "Endpoints", "endpoints": [{"fqdn": {"hostname": "a.example.org", "port": 443}}]})"),
      Texts{"a.example.org:443"});
  EXPECT_EQ(of(R"({"type": "DynamicResolver"})"),
            Texts{"nothing in it says where it leads, for spec.type is DynamicResolver"});
  EXPECT_EQ(of("{}"), Texts{});
  EXPECT_EQ(of(R"({"endpoints": [{"fqdn": {"hostname": "db.data.svc"}},
                                 {"fqdn": {"hostname": "db.data.svc", "port": 70000}},
                                 {"fqdn": {"hostname": ["db"], "port": 80}}]})"),
            (Texts{"it has no .fqdn.port", "spec.endpoints[1].fqdn.port is no port",
                   "spec.endpoints[2].fqdn.hostname is no name"}));
}

TEST(AdapterOfABackend, ReadsTheOneOfTheGatewayApi) {
  const auto of = [](const char* spec) { return endpoints("gateway.networking.x-k8s.io", "XBackend", spec); };
  EXPECT_EQ(of(R"({"type": "ExternalHostname", "port": {"number": 443},
                   "externalHostname": {"hostname": "a.example.org"}})"),
            Texts{"a.example.org:443"});
  EXPECT_EQ(of(R"({"type": "EndpointSelector", "port": {"number": 5432},
                   "endpointSelector": {"matchLabels": {"app": "db"}}})"),
            Texts{"app=db:5432"});
  EXPECT_EQ(
      of(R"({"type": "EndpointSelector", "port": {"number": 5432}, "endpointSelector": {"matchLabels": {}}})"),
      Texts{"spec.endpointSelector.matchLabels are no labels"});
  EXPECT_EQ(of(R"({"type": "Wormhole"})"),
            Texts{"nothing in it says where it leads, for spec.type is Wormhole"});
  EXPECT_EQ(of("{}"), Texts{"nothing in it says where it leads, for spec.type is not there"});
}

TEST(AdapterOfABackend, ReadsTheOneOfKgateway) {
  const auto of = [](const char* spec) { return endpoints("gateway.kgateway.dev", "Backend", spec); };
  EXPECT_EQ(of(R"({"type": "Static", "static": {"hosts": [{"host": "db.data.svc", "port": 5432},
                                                          {"host": "10.0.0.7", "port": 80}]}})"),
            (Texts{"db.data.svc:5432", "10.0.0.7:80"}));
  EXPECT_EQ(of(R"({"type": "DynamicForwardProxy", "dynamicForwardProxy": {}})"),
            Texts{"nothing in it says where it leads, for spec.dynamicForwardProxy is there"});
  EXPECT_EQ(of(R"({"type": "AWS", "aws": {"accountId": "1"}})"), Texts{});
}

TEST(AdapterOfABackend, ReadsThoseOfOthers) {
  const auto table = Table::parse(
      "version: 1\nadapters:\n"
      "  - {group: example.org, kind: Upstream, plural: upstreams, versions: [v1],\n"
      "     endpoints: [{each: 'spec.hosts[]', when: {.on: ['true']}, host: .name, port: 5432}]}\n");
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(
      endpoints("example.org", "Upstream",
                R"({"hosts": [{"on": true, "name": "db.data.svc"}, {"on": false, "name": "x.data.svc"}]})",
                *table),
      Texts{"db.data.svc:5432"});
}

TEST(AdapterOfAnAnnotation, FollowsTheAddressInIt) {
  const auto table = Table::parse(
      "version: 1\nadapters:\n"
      "  - {group: example.org, kind: Door, plural: doors, versions: [v1], via: Annotation,\n"
      "     leadsTo: [{address: 'metadata.annotations[example.org/backend]'}]}\n");
  ASSERT_TRUE(table.ok()) << table.error().message;
  const Entrance made = entrance("example.org", "Door", "{}", *table);
  ASSERT_EQ(made.targets.size(), 1U);
  EXPECT_EQ(text(made.targets.front()), "other/db:5432 via Annotation");
}

}  // namespace
}  // namespace berth::adapters
