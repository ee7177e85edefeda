// The explain command, text in and text out.
#include <gtest/gtest.h>
#include <memory>

#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::kNow;
using testing::kPolicy;
using testing::Ran;
using testing::service;

const std::string kTwoPolicies = R"(apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: edge}
spec:
  external:
  - {port: 443, purpose: UI and API}
  internal:
  - {port: 5432, service: PostgreSQL}
---
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: mesh-only}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: mesh}}
  undeclared: Deny
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
)";

const std::string kPod =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: data, labels: {app: web}}\n"
    "spec: {containers: [{name: main, ports: [{containerPort: 443}]}]}\n---\n";

TEST(Explain, SaysByWhichLineOfWhichPolicyAWayIsAllowed) {
  const Ran ran =
      berth({"explain", "-"},
            kTwoPolicies + kPod +
                service("{type: NodePort, selector: {app: web}, ports: [{port: 443, nodePort: 30443}]}"));
  EXPECT_EQ(ran.code, kClean) << ran.err;
  EXPECT_NE(
      ran.out.find(
          "Service data/web\n"
          "  Allow    Service data/web (NodePort) node port 30443 -> port 443 -> Pod data/web container "
          "main port 443\n"
          "           edge       Allow: port 443 is listed as external: UI and API\n"
          "           mesh-only  -: not in force: its namespaceSelector takes in none of data\n"),
      std::string::npos)
      << ran.out;
}

TEST(Explain, SaysWhatIsDeniedAndHowToFixIt) {
  const Ran ran =
      berth({"explain", "-"},
            kTwoPolicies + service("{type: NodePort, selector: {app: pg}, ports: [{port: 5432}]}"));
  EXPECT_EQ(ran.code, kClean) << "to explain is no judgement";
  EXPECT_NE(ran.out.find("  Deny     Service data/web (NodePort)"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(
                "edge       Deny: port 5432 (PostgreSQL) is internal and would be reachable from outside the "
                "cluster\n                      fix: make the Service ClusterIP"),
            std::string::npos)
      << ran.out;
}

TEST(Explain, SaysThatNothingLeadsOutside) {
  const Ran ran = berth({"explain", "-"}, kPolicy + service("{ports: [{port: 5432}]}"));
  EXPECT_EQ(ran.out, "Service data/web\n  no way leads outside by it\n");
}

TEST(Explain, ShowsAnObjectOfTheClusterByKindAndName) {
  Setting setting{kNow, false};
  setting.look = [](const ClusterChoice& choice, const adapters::Table&) -> Result<LiveCluster> {
    EXPECT_TRUE(choice.wanted);
    LiveCluster live{{}, "data"};
    auto policy = std::make_shared<ExposurePolicy>();
    policy->meta.name = "live";
    policy->spec.undeclared = "Allow";
    live.picture.index.put(std::shared_ptr<const ExposurePolicy>(policy));
    auto web = std::make_shared<Service>();
    web->meta.ns = "data";
    web->meta.name = "web";
    web->type = "LoadBalancer";
    web->allocate_load_balancer_node_ports = false;
    web->ports = {{.port = 443}};
    live.picture.index.put(std::shared_ptr<const Service>(web));
    return live;
  };
  const Ran ran = berth({"explain", "svc/web"}, "", setting);
  EXPECT_EQ(ran.code, kClean) << ran.err;
  EXPECT_NE(ran.out.find("no number on it is listed, and spec.undeclared is Allow"), std::string::npos)
      << ran.out;
  const Ran missing = berth({"explain", "-n", "shop", "svc/web"}, "", setting);
  EXPECT_EQ(missing.code, kUnreadable);
  EXPECT_EQ(missing.err,
            "Service/web: error: is not in namespace shop, or leads nowhere; say which with --namespace\n"
            "nothing was explained\n");
}

TEST(Explain, GivesProgramsEveryPolicyOfEveryWay) {
  const Ran json =
      berth({"explain", "-o", "json", "-"},
            kTwoPolicies + service("{type: NodePort, selector: {app: pg}, ports: [{port: 5432}]}"));
  EXPECT_NE(
      json.out.find(
          R"({"policy":"edge","inForce":true,"auditOnly":false,"verdict":"Deny","rule":"internal-port")"),
      std::string::npos)
      << json.out;
  EXPECT_NE(json.out.find(R"({"policy":"mesh-only","inForce":false)"), std::string::npos) << json.out;
  const Ran yaml = berth({"explain", "-o", "yaml", "-"}, kPolicy + service("{ports: [{port: 5432}]}"));
  EXPECT_EQ(yaml.out, "- object: 'Service data/web'\n  ways:\n    []\n") << yaml.out;
}

TEST(Explain, TellsOfAWrongTableOnce) {
  const testing::Files files;
  const Ran ran = berth({"explain", "--adapters", files.add("table.yaml", "adapters: 1\n"), "-"}, kPolicy);
  EXPECT_EQ(ran.code, kUnreadable);
  const std::size_t first = ran.err.find("table.yaml");
  ASSERT_NE(first, std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("table.yaml", first + 1), std::string::npos) << ran.err;
}

TEST(Explain, TellsOfARuleByItsId) {
  const Ran ran = berth({"explain", "--rule", "internal-port"});
  EXPECT_EQ(ran.code, kClean);
  EXPECT_EQ(ran.out.find("internal-port\n\nA way from outside the cluster leads to a port"), 0U) << ran.out;
  const Ran near = berth({"explain", "--rule", "internal-prt"});
  EXPECT_EQ(near.code, kUnreadable);
  EXPECT_NE(near.err.find("there is no rule \"internal-prt\", did you mean internal-port?"),
            std::string::npos)
      << near.err;
}

}  // namespace
}  // namespace berth::cli
