// Lint joined with what stands in a cluster.
#include <gtest/gtest.h>

#include "cli/testing.h"
#include "core/model/service.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::kNow;
using testing::kPolicy;
using testing::Ran;
using testing::service;

// A cluster with the policy, and the StatefulSet data/pg that listens at 5432.
LiveCluster cluster() {
  LiveCluster live{{}, "team"};
  auto policy = std::make_shared<ExposurePolicy>();
  policy->meta.name = "live";
  policy->spec.internal = {{.port = 5432, .service = "PostgreSQL"}};
  policy->spec.undeclared = "Allow";
  live.picture.index.put(std::shared_ptr<const ExposurePolicy>(policy));
  auto pg = std::make_shared<Workload>();
  pg->api_version = "apps/v1";
  pg->kind = "StatefulSet";
  pg->meta.ns = "data";
  pg->meta.name = "pg";
  pg->template_labels = {{"app", "pg"}};
  pg->pod.containers = {{.name = "postgres", .ports = {{.name = "pg", .container_port = 5432}}}};
  live.picture.index.put(std::shared_ptr<const Workload>(pg));
  return live;
}

// Runs with `live` as the only cluster that there is.
Ran run_at(std::vector<std::string> args, const std::string& input, LiveCluster live,
           ClusterChoice* asked = nullptr) {
  Setting setting{kNow, false};
  auto shared = std::make_shared<LiveCluster>(std::move(live));
  setting.look = [shared, asked](const ClusterChoice& choice, const adapters::Table&) -> Result<LiveCluster> {
    if (asked != nullptr) *asked = choice;
    return std::move(*shared);
  };
  return berth(std::move(args), input, setting);
}

const std::string kOut =
    service("{type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: pg}]}");

TEST(LintLive, JudgesByThePoliciesOfTheClusterAndJoinsWhatStandsThere) {
  ClusterChoice asked;
  const Ran ran = run_at({"lint", "--context", "prod", "--kubeconfig", "k", "-"}, kOut, cluster(), &asked);
  EXPECT_EQ(ran.code, kDenied) << ran.err;
  EXPECT_NE(ran.out.find("StatefulSet data/pg container postgres port 5432"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("ExposurePolicy live"), std::string::npos) << ran.out;
  EXPECT_EQ(asked.context, "prod");
  EXPECT_EQ(asked.kubeconfig, "k");
}

TEST(LintLive, RefusesOnlyWhatIsAddedToWhatStands) {
  LiveCluster live = cluster();
  auto standing = std::make_shared<Service>();
  standing->meta.ns = "data";
  standing->meta.name = "web";
  standing->type = "NodePort";
  standing->selector = {{"app", "pg"}};
  standing->ports = {{.port = 80, .target_port = {std::string("pg")}, .node_port = 30080}};
  live.picture.index.put(std::shared_ptr<const Service>(standing));
  EXPECT_EQ(run_at({"lint", "--live", "-"}, kOut, std::move(live)).code, kClean);
}

// Neither of the two alone opens a way; each is harmless seen from where the other one already stands.
TEST(LintLive, RefusesWhatTwoChangesOpenTogether) {
  LiveCluster live = cluster();
  auto standing = std::make_shared<Service>();
  standing->meta.ns = "data";
  standing->meta.name = "web";
  standing->type = "NodePort";
  standing->selector = {{"app", "web"}};
  standing->ports = {{.port = 80, .target_port = {std::int64_t{5432}}, .node_port = 30080}};
  auto plain = std::make_shared<Service>(*standing);
  plain->type = "ClusterIP";
  plain->ports = {{.port = 80, .target_port = {std::int64_t{8080}}}};
  live.picture.index.put(std::shared_ptr<const Service>(plain));
  const std::string change =
      service("{type: NodePort, selector: {app: pg}, ports: [{port: 80, targetPort: 5432}]}") +
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pg2, namespace: data}\n"
      "spec: {template: {metadata: {labels: {app: pg}}, spec: {containers: [{name: c, ports: "
      "[{containerPort: 5432}]}]}}}\n";
  EXPECT_EQ(run_at({"lint", "--live", "-"}, change, std::move(live)).code, kDenied);
}

TEST(LintLive, PutsObjectsWithoutNamespaceWhereTheContextSays) {
  const std::string web =
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
  const Ran ran = run_at({"lint", "--live", "-"}, web, cluster());
  EXPECT_NE(ran.out.find("Service team/web"), std::string::npos) << ran.out;
  const Ran flag = run_at({"lint", "--live", "-n", "shop", "-"}, web, cluster());
  EXPECT_NE(flag.out.find("Service shop/web"), std::string::npos) << flag.out;
}

TEST(LintLive, JudgesNothingWhenTheClusterCannotBeRead) {
  Setting setting{kNow, false};
  setting.look = [](const ClusterChoice&, const adapters::Table&) -> Result<LiveCluster> {
    return Error{Code::kForbidden, "cannot list pods: forbidden"};
  };
  const Ran ran = berth({"lint", "--live", "--policy", "-", "-"}, "", setting);
  EXPECT_EQ(ran.code, kUnreadable);
  const Ran told = berth({"lint", "--live", "-"}, kPolicy + kOut, setting);
  EXPECT_EQ(told.code, kUnreadable);
  EXPECT_EQ(told.err, "berth: error: cannot list pods: forbidden\nnothing was judged\n");
}

TEST(LintLive, AsksNoClusterUnlessToldTo) {
  Setting setting{kNow, false};
  setting.look = [](const ClusterChoice&, const adapters::Table&) -> Result<LiveCluster> {
    ADD_FAILURE() << "nobody asked for a cluster";
    return LiveCluster{};
  };
  EXPECT_EQ(berth({"lint", "-"}, kPolicy + service("{ports: [{port: 80}]}"), setting).code, kClean);
}

}  // namespace
}  // namespace berth::cli
