// The table that Berth brings along, beside what else must name its kinds.
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "kube/adapters/table.h"

namespace berth::adapters {
namespace {

std::string file(const std::string& path) {
  std::ifstream stream(std::string(BERTH_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(BuiltinAdapters, HoldTheControllersOfTheCatalogue) {
  for (const auto& [group, kind] : std::initializer_list<std::pair<const char*, const char*>>{
           {"traefik.io", "IngressRouteTCP"},
           {"traefik.io", "Middleware"},
           {"k8s.nginx.org", "TransportServer"},
           {"k8s.nginx.org", "GlobalConfiguration"},
           {"projectcontour.io", "HTTPProxy"},
           {"configuration.konghq.com", "TCPIngress"},
           {"getambassador.io", "TCPMapping"},
           {"apisix.apache.org", "ApisixRoute"},
           {"route.openshift.io", "Route"},
           {"networking.istio.io", "VirtualService"},
           {"elbv2.k8s.aws", "TargetGroupBinding"},
           {"argoproj.io", "Rollout"},
           {"apps.kruise.io", "CloneSet"},
           {"jobset.x-k8s.io", "JobSet"},
           {"serving.knative.dev", "Service"},
           {"apps.openshift.io", "DeploymentConfig"},
           {"acid.zalan.do", "postgresql"},
           {"postgresql.cnpg.io", "Cluster"},
           {"rabbitmq.com", "RabbitmqCluster"},
           {"kafka.strimzi.io", "Kafka"},
           {"gateway.envoyproxy.io", "Backend"},
           {"gateway.networking.x-k8s.io", "XBackend"},
           {"apiregistration.k8s.io", "APIService"},
           {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"},
           {"admissionregistration.k8s.io", "MutatingWebhookConfiguration"},
       }) {
    EXPECT_NE(builtin().find(group, kind), nullptr) << kind << "." << group;
  }
}

// Else the webhook would wait for ever for what it may not read.
TEST(BuiltinAdapters, MayBeReadByTheWebhook) {
  const std::string rbac = file("deploy/base/webhook-rbac.yaml");
  for (const Adapter& adapter : builtin().all()) {
    const std::size_t group = rbac.find("apiGroups: [" + adapter.group + "]");
    ASSERT_NE(group, std::string::npos) << adapter.group;
    const std::size_t begin = rbac.find("resources: [", group);
    const std::string resources = ", " + rbac.substr(begin + 12, rbac.find(']', begin) - begin - 12) + ",";
    EXPECT_NE(resources.find(", " + adapter.plural + ","), std::string::npos)
        << adapter.plural << " of " << adapter.group;
  }
}

TEST(BuiltinAdapters, StandInTheDocumentation) {
  const std::string page = file("docs/reference/adapters.md");
  for (const Adapter& adapter : builtin().all()) {
    EXPECT_NE(page.find("`" + adapter.kind + "` of `" + adapter.group + "`"), std::string::npos)
        << adapter.kind << " of " << adapter.group;
  }
}

}  // namespace
}  // namespace berth::adapters
