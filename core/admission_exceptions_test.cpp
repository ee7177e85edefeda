// An exception of a policy lets one workload's port out one way until a day, and nothing else.
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::kNow;

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

ExposureException migration() {
  ExposureException made;
  made.ns = "data";
  made.workload = {"StatefulSet", "pg"};
  made.port = 5432;
  made.via = {"LoadBalancer", "NodePort"};
  made.owner = "dba@example.org";
  made.reason = "migration 4711";
  made.expires_at = "2027-01-31T00:00:00Z";
  return made;
}

Decision with_exception(const ExposureException& exception, const Service& asked, Instant now = kNow) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {exception};
  World world(policy);
  world.add(workload("StatefulSet", "pg", {container_port(5432, "pg")}));
  return create(world, asked, now).decision;
}

TEST(Exceptions, Row76_HoldForExactlyOneWorkloadPortProtocolAndWay) {
  const Service asked = load_balancer({port(443, name_of("pg"))});
  EXPECT_EQ(with_exception(migration(), asked), Decision::kAllow);

  const auto altered = [&](auto alter) {
    ExposureException exception = migration();
    alter(exception);
    return with_exception(exception, asked);
  };
  EXPECT_EQ(altered([](auto& e) { e.ns = "web"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.workload.kind = "Deployment"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.workload.name = "pg-0"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.workload.name = "*"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.port = 5433; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.protocol = Protocol::kUdp; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.via = {"Ingress"}; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.via = {"LoadBalancer"}; }), Decision::kDeny)
      << "its node ports stay open";
  EXPECT_EQ(altered([](auto& e) { e.owner.clear(); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.reason.clear(); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.expires_at = "never"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.expires_at.clear(); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& e) { e.via.clear(); }), Decision::kAllow) << "no list means every way";

  Service without_node_ports = asked;
  without_node_ports.allocate_load_balancer_node_ports = false;
  ExposureException only_balancer = migration();
  only_balancer.via = {"LoadBalancer"};
  EXPECT_EQ(with_exception(only_balancer, without_node_ports), Decision::kAllow);
}

TEST(Exceptions, WithTheWordCustomPermitAProgramThatLeadsOutByItself) {
  Workload asked = workload("StatefulSet", "pg", {container_port(5432, "pg")});
  asked.pod.containers.push_back(container("tunnel", {}));
  asked.pod.containers[1].image = "cloudflare/cloudflared:2026.1.0";
  const auto judged = [&](std::vector<std::string> via) {
    ExposurePolicy policy = control_plane();
    policy.spec.exceptions = {migration()};
    policy.spec.exceptions[0].via = std::move(via);
    return create(World(policy), asked).decision;
  };
  EXPECT_EQ(judged({"Custom"}), Decision::kAllow);
  EXPECT_EQ(judged({"LoadBalancer", "Custom"}), Decision::kAllow);
  EXPECT_EQ(judged({"LoadBalancer"}), Decision::kUnknown);
  EXPECT_EQ(judged({}), Decision::kUnknown) << "no list means every way that shows a port";
}

TEST(Exceptions, EndAtTheSecond) {
  const Service asked = load_balancer({port(443, name_of("pg"))});
  const Instant end = *parse_rfc3339(migration().expires_at);
  EXPECT_EQ(with_exception(migration(), asked, Instant{end.milliseconds - 1}), Decision::kAllow);
  EXPECT_EQ(with_exception(migration(), asked, end), Decision::kDeny);
}

TEST(Exceptions, DoNotCoverAnotherInternalNumberOnTheWay) {
  EXPECT_EQ(with_exception(migration(), load_balancer({port(27017, name_of("pg"))})), Decision::kDeny);
}

TEST(Exceptions, DoNotCoverAnotherWorkloadOfTheSameService) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {migration()};
  World world(policy);
  world.add(workload("StatefulSet", "pg", {container_port(5432, "pg")}));
  world.add(workload("Deployment", "stray", {container_port(5432, "pg")}));
  EXPECT_EQ(create(world, load_balancer({port(443, name_of("pg"))})).decision, Decision::kDeny);
}

TEST(Exceptions, CoverThePodsOfTheWorkload) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {migration()};
  World world(policy);
  Workload set = workload("StatefulSet", "pg", {container_port(5432, "pg")});
  Workload pod = workload("Pod", "pg-0", {container_port(5432, "pg")});
  own(pod, set);
  world.add(set).add(pod);
  EXPECT_EQ(create(world, load_balancer({port(443, name_of("pg"))})).decision, Decision::kAllow);
  world.add(load_balancer({port(443, name_of("pg"))}));
  EXPECT_EQ(create(world, pod).decision, Decision::kAllow);
}

TEST(Exceptions, Row77_NeverMatchAWorkloadThatHasNoNameYet) {
  ExposurePolicy policy = control_plane();
  ExposureException exception = migration();
  exception.workload = {"Pod", ""};
  exception.via.clear();
  policy.spec.exceptions = {exception};
  const World world(policy);
  Workload pod = workload("Pod", "", {host_port(15432, 5432)});
  pod.meta.generate_name = "pg-";
  const Verdict verdict = create(world, pod);
  ASSERT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_NE(verdict.findings.front().path.find("Pod data/pg-*"), std::string::npos);
}

// Of pods that are alike the first stands for all, but not where one of them is meant by its name.
TEST(Exceptions, ForOnePodPermitNoOtherLikeIt) {
  ExposurePolicy policy = control_plane();
  ExposureException exception = migration();
  exception.workload = {"Pod", "pg-0"};
  exception.via.clear();
  policy.spec.exceptions = {exception};
  World world(policy);
  for (const char* name : {"pg-0", "pg-1", "pg-2"}) world.add(workload("Pod", name, {container_port(5432)}));
  const Verdict verdict = create(world, load_balancer({port(5432)}));
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_NE(verdict.findings[0].path.find("Pod data/pg-1"), std::string::npos);
  EXPECT_NE(verdict.findings[1].path.find("Pod data/pg-2"), std::string::npos);
}

TEST(Exceptions, CoverAnUndeclaredPort) {
  ExposurePolicy policy = control_plane();
  ExposureException exception = migration();
  exception.port = 9000;
  policy.spec.exceptions = {exception};
  World world(policy);
  world.add(workload("StatefulSet", "pg", {container_port(9000)}));
  EXPECT_EQ(create(world, load_balancer({port(9000)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, load_balancer({port(9001)})).decision, Decision::kDeny);
}

}  // namespace
}  // namespace berth
