// What judge() weighs beside the way itself: exceptions, several policies, lists, allocations, wrong numbers.
#include "core/admission.h"

#include <gtest/gtest.h>
#include <string>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::kNow;
using testing::update;

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

// --- exceptions ---

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

TEST(Exceptions, HoldForExactlyOneWorkloadPortProtocolAndWay) {
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

TEST(Exceptions, NeverMatchAWorkloadThatHasNoNameYet) {
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

// --- several policies ---

ExposurePolicy named_policy(std::string name) {
  ExposurePolicy policy;
  policy.meta.name = std::move(name);
  return policy;
}

TEST(SeveralPolicies, TheStrictestDecidesAndAllAreNamed) {
  ExposurePolicy generous = named_policy("generous");
  generous.spec.external = {listed(9000), listed(5432)};
  ExposurePolicy also_strict = named_policy("also-strict");
  also_strict.spec.internal = {listed(5432, "Postgres")};
  ExposurePolicy other_reason = named_policy("other-reason");
  World world(control_plane());
  world.add(generous).add(also_strict).add(other_reason);

  const Verdict verdict = create(world, load_balancer({port(5432)}));
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().policy, "control-plane, also-strict");
  EXPECT_EQ(verdict.findings.front().message,
            "port 5432 (PostgreSQL) is internal by ExposurePolicies control-plane, also-strict and would be "
            "reachable "
            "from outside the cluster; ExposurePolicy other-reason would object too; ExposurePolicy generous "
            "would let "
            "it out, but the strictest decides");

  EXPECT_EQ(create(world, load_balancer({port(9000)})).decision, Decision::kDeny)
      << "declared by one, undeclared for the others";
}

TEST(SeveralPolicies, AreInForceByNamespace) {
  ExposurePolicy for_data = control_plane();
  for_data.spec.namespace_selector.match_labels = {{"tier", "data"}};
  World world(for_data);
  world.label_namespace("data", {{"tier", "data"}}).label_namespace("web", {{"tier", "web"}});
  Service elsewhere = load_balancer({port(5432)});
  EXPECT_EQ(create(world, elsewhere).decision, Decision::kDeny);
  elsewhere.meta.ns = "web";
  EXPECT_EQ(create(world, elsewhere).decision, Decision::kAllow);
  elsewhere.meta.ns = "not-known";
  EXPECT_EQ(create(world, elsewhere).decision, Decision::kDeny) << "missing data must not open a door";
}

TEST(SeveralPolicies, ASelectorMayNameTheNamespace) {
  ExposurePolicy for_data = control_plane();
  for_data.spec.namespace_selector.match_expressions = {{"kubernetes.io/metadata.name", "In", {"data"}}};
  World world(for_data);
  world.label_namespace("data", {}).label_namespace("web", {});
  Service asked = load_balancer({port(5432)});
  EXPECT_EQ(create(world, asked).decision, Decision::kDeny);
  asked.meta.ns = "web";
  EXPECT_EQ(create(world, asked).decision, Decision::kAllow);
}

TEST(SeveralPolicies, NoneInForceJudgesNothing) {
  EXPECT_EQ(create(World(), load_balancer({port(5432), port(70968)})), Verdict{});
}

TEST(Actions, WarnAdmitsWithAWarning) {
  ExposurePolicy policy = control_plane();
  policy.spec.action = "Warn";
  const Verdict verdict = create(World(policy), load_balancer({port(5432)}));
  EXPECT_EQ(verdict.decision, Decision::kWarn);
  const Outcome told = outcome(verdict);
  EXPECT_TRUE(told.allowed);
  EXPECT_TRUE(told.message.empty());
  ASSERT_EQ(told.warnings.size(), 1u);
}

TEST(Actions, AuditOnlyRecords) {
  ExposurePolicy policy = control_plane();
  policy.spec.action = "Audit";
  const Verdict verdict = create(World(policy), load_balancer({port(5432)}));
  EXPECT_EQ(verdict.decision, Decision::kAllow);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_TRUE(verdict.findings.front().audit_only);
  EXPECT_EQ(verdict.findings.front().decision, Decision::kDeny);
  const Outcome told = outcome(verdict);
  EXPECT_TRUE(told.allowed);
  EXPECT_TRUE(told.warnings.empty());
  ASSERT_EQ(told.audit.size(), 1u);
  EXPECT_EQ(told.audit.front().rfind("Deny: port 5432 (PostgreSQL) is internal", 0), 0u);
}

TEST(Actions, AnAuditingPolicyDoesNotSoftenTheOthers) {
  ExposurePolicy auditing = control_plane();
  auditing.meta.name = "trial";
  auditing.spec.action = "Audit";
  World world(control_plane());
  world.add(auditing);
  const Verdict verdict = create(world, load_balancer({port(5432)}));
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_EQ(verdict.findings.size(), 2u);
}

TEST(Settings, UndeclaredAndUnknown) {
  const auto judged_with = [](const char* undeclared, const char* unknown, const Service& asked) {
    ExposurePolicy policy = control_plane();
    policy.spec.undeclared = undeclared;
    policy.spec.unknown = unknown;
    return create(World(policy), asked).decision;
  };
  const Service undeclared = load_balancer({port(9000)});
  EXPECT_EQ(judged_with("", "", undeclared), Decision::kDeny);
  EXPECT_EQ(judged_with("Deny", "", undeclared), Decision::kDeny);
  EXPECT_EQ(judged_with("Warn", "", undeclared), Decision::kWarn);
  EXPECT_EQ(judged_with("Allow", "", undeclared), Decision::kAllow);
  EXPECT_EQ(judged_with("?", "", undeclared), Decision::kDeny);
  const Service unknown = load_balancer({port(443, name_of("main"))});
  EXPECT_EQ(judged_with("", "", unknown), Decision::kUnknown);
  EXPECT_EQ(judged_with("", "Deny", unknown), Decision::kDeny);
  EXPECT_EQ(judged_with("", "Warn", unknown), Decision::kUnknown);
  EXPECT_EQ(judged_with("", "Allow", unknown), Decision::kAllow);
  EXPECT_EQ(judged_with("", "Allow", load_balancer({port(5432, name_of("main"))})), Decision::kDeny)
      << "what is known of it is enough";
}

// --- lists ---

TEST(Lists, AnExactNumberBeatsARangeAndInternalWinsBetweenEquals) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal = {listed_range("8000-9999"), listed(443)};
  policy.spec.external = {listed(8443), listed(443), listed_range("9000-9100")};
  const World world(policy);
  EXPECT_EQ(create(world, load_balancer({port(8443)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, load_balancer({port(443, number_of(8443))})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, load_balancer({port(9050)})).decision, Decision::kDeny);
}

TEST(Lists, ASpanOfOneNumberIsExact) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal = {listed_range("8000-9999")};
  policy.spec.external = {listed_range("8443-8443")};
  EXPECT_EQ(create(World(policy), load_balancer({port(8443)})).decision, Decision::kAllow);
}

TEST(Passthrough, IsForWaysThatDoNotEndTls) {
  ExposurePolicy policy = control_plane();
  policy.spec.external.back().tls = "Passthrough";  // 8443
  World world(policy);
  world.add(service("ClusterIP", {port(80, number_of(8443)), port(8080)}));
  EXPECT_EQ(create(world, ingress({backend("web", 80)})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, ingress({backend("web", 8080)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, service("LoadBalancer", {port(443, number_of(8443))}, "lb")).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {port(8443)}, "np")).decision, Decision::kAllow);
  EXPECT_EQ(create(world, deployment({host_port(8443, 8443)})).decision, Decision::kAllow);
}

ExposurePolicy admins_only() {
  ExposurePolicy policy = control_plane();
  policy.spec.networks = {{"admins", {"10.20.0.0/16", "2001:db8::/32"}}, {"agents", {"10.64.0.0/10"}}};
  policy.spec.external.push_back(listed(9443));
  policy.spec.external.back().from = {"admins"};
  return policy;
}

TEST(From, BindsTheSourcesOfALoadBalancer) {
  const World world(admins_only());
  const auto with_ranges = [&](std::vector<std::string> ranges) {
    Service asked = load_balancer({port(9443)});
    asked.allocate_load_balancer_node_ports = false;
    asked.load_balancer_source_ranges = std::move(ranges);
    return create(world, asked).decision;
  };
  EXPECT_EQ(with_ranges({"10.20.0.0/16"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({"10.20.3.0/24", "2001:db8:7::/48"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.64.0.0/10"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.20.0.0/16", "10.21.0.0/16"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"everybody"}), Decision::kDeny);
}

TEST(From, IsNotKeptByWaysThatCannotRestrictTheirSources) {
  World world(admins_only());
  Service asked = load_balancer({port(9443)});
  asked.load_balancer_source_ranges = {"10.20.0.0/16"};
  const Verdict verdict = create(world, asked);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().via, "NodePort");

  EXPECT_EQ(create(world, service("NodePort", {port(9443)})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, deployment({host_port(9443, 9443)})).decision, Decision::kDeny);
  world.add(service("ClusterIP", {port(9443)}));
  EXPECT_EQ(create(world, ingress({backend("web", 9443)})).decision, Decision::kDeny);
}

TEST(From, ALineWithoutItLetsEverybodyInAndLinesAddUp) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.push_back(policy.spec.external.back());
  policy.spec.external.back().from = {"agents"};
  Service asked = load_balancer({port(9443)});
  asked.allocate_load_balancer_node_ports = false;
  asked.load_balancer_source_ranges = {"10.20.0.0/16", "10.64.0.0/10"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kAllow);
  asked.load_balancer_source_ranges = {"192.0.2.0/24"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kDeny);
  policy.spec.external.back().from.clear();
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kAllow);
}

TEST(From, AnUndeclaredNetworkHoldsNobody) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.back().from = {"nobody"};
  Service asked = load_balancer({port(9443)});
  asked.allocate_load_balancer_node_ports = false;
  asked.load_balancer_source_ranges = {"10.20.0.0/16"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kDeny);
}

// --- deprecated ---

ExposurePolicy with_legacy_port(const char* after) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal.push_back(listed(4006, "Legacy API"));
  policy.spec.internal.back().deprecated = Deprecation{"v8", after};
  policy.spec.external.push_back(listed(4443));
  policy.spec.external.back().deprecated = Deprecation{"v8", after};
  return policy;
}

TEST(Deprecated, WarnsUntilTheDayAndRefusesFromThenOn) {
  const World world(with_legacy_port("2027-01-01"));
  const Instant day = *parse_rfc3339("2027-01-01T00:00:00Z");
  const Service inside = service("ClusterIP", {port(4006)});
  const Service outside = load_balancer({port(4443)});
  const Workload behind = deployment({container_port(4006)});
  for (const Judged& object : {Judged(inside), Judged(outside), Judged(behind)}) {
    EXPECT_EQ(create(world, object, Instant{day.milliseconds - 1}).decision, Decision::kWarn);
    EXPECT_EQ(create(world, object, day).decision, Decision::kDeny);
  }
  EXPECT_EQ(create(World(with_legacy_port("")), inside, day).decision, Decision::kWarn);
}

TEST(Deprecated, TellsOnlyWhoWritesTheNumberAnew) {
  World world(with_legacy_port("2026-01-01"));
  const Service before = service("ClusterIP", {port(4006)});
  Service after = before;
  after.meta.labels["touched"] = "yes";
  EXPECT_EQ(update(world, before, after).decision, Decision::kAllow);
  EXPECT_EQ(update(world, service("ClusterIP", {port(80)}), before).decision, Decision::kDeny);

  const Workload owner = deployment({container_port(4006)});
  Workload pod = workload("Pod", "web-1", {container_port(4006)});
  own(pod, owner);
  EXPECT_EQ(create(world, pod).decision, Decision::kAllow) << "its owner was told";
}

TEST(Deprecated, AnInternalPortIsStillInternal) {
  const Verdict verdict = create(World(with_legacy_port("2027-01-01")), load_balancer({port(4006)}));
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.decision, Decision::kDeny);
}

// --- allocations ---

PortAllocation gateway() {
  PortAllocation made;
  made.meta = named("gateway");
  made.meta.uid = {"a-1"};
  made.spec.selector = {{"app", "web"}};
  made.spec.exposure = "External";
  AllocationPort api;
  api.name = "api";
  api.target_port.emplace<std::int64_t>(9000);
  made.spec.ports = {api};
  AllocatedPort given;
  given.name = "api";
  given.port = 24511;
  given.target_port.emplace<std::int64_t>(9000);
  made.status.ports = {given};
  return made;
}

Service generated(std::int64_t shown) {
  Service made = service("NodePort", {node_port(shown, 9000)}, "gateway");
  made.meta.labels["berth.dev/allocation-uid"] = "a-1";
  return made;
}

Decision with_allocation(const PortAllocation& allocation, const Service& asked) {
  World world(control_plane());
  world.add(allocation);
  return create(world, asked).decision;
}

TEST(Allocations, DeclareTheNumberThatTheyWereGiven) {
  EXPECT_EQ(with_allocation(gateway(), generated(24511)), Decision::kAllow);
  EXPECT_EQ(with_allocation(gateway(), generated(24512)), Decision::kDeny);
  Service unlabelled = generated(24511);
  unlabelled.meta.labels.clear();
  EXPECT_EQ(with_allocation(gateway(), unlabelled), Decision::kAllow) << "what counts is what it does";
}

TEST(Allocations, DeclareNothingElse) {
  const auto altered = [](auto alter) {
    PortAllocation allocation = gateway();
    alter(allocation);
    return with_allocation(allocation, generated(24511));
  };
  EXPECT_EQ(altered([](auto& a) { a.meta.ns = "web"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.selector = {{"app", "other"}}; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.selector.clear(); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.exposure = "Cluster"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.exposure = ""; }), Decision::kDeny) << "the default is Cluster";
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().exposure = "Namespace"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().protocol = Protocol::kUdp; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().target_port = number_of(9001); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.meta.deletion_timestamp = "2026-11-18T10:00:00Z"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) {
              a.spec.exposure = "Cluster";
              a.spec.ports.front().exposure = "External";
            }),
            Decision::kAllow);
}

TEST(Allocations, CountByTheirLabelWhileTheNumberIsNotKnown) {
  PortAllocation waiting = gateway();
  waiting.status.ports.clear();
  EXPECT_EQ(with_allocation(waiting, generated(24511)), Decision::kAllow);
  Service unlabelled = generated(24511);
  unlabelled.meta.labels.clear();
  EXPECT_EQ(with_allocation(waiting, unlabelled), Decision::kDeny);
  waiting.spec.ports.front().port = 24511;
  EXPECT_EQ(with_allocation(waiting, unlabelled), Decision::kAllow);
  EXPECT_EQ(with_allocation(waiting, generated(24512)), Decision::kDeny);
}

TEST(Allocations, DoNotMakeAnInternalPortPublic) {
  PortAllocation database = gateway();
  database.spec.ports.front().target_port.emplace<std::int64_t>(5432);
  Service asked = generated(24511);
  asked.ports.front().port = 5432;
  EXPECT_EQ(with_allocation(database, asked), Decision::kDeny);
}

TEST(Allocations, CoverANamedTargetOfThePods) {
  PortAllocation by_name = gateway();
  by_name.spec.ports.front().target_port.emplace<std::string>("api");
  World world(control_plane());
  world.add(by_name).add(deployment({container_port(9000, "api"), container_port(9001, "admin")}));
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 80, name_of("api"))})).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 9000, number_of(9000))})).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 9001, number_of(9001))})).decision,
            Decision::kDeny);
}

TEST(Allocations, CoverAHostPort) {
  World world(control_plane());
  world.add(gateway());
  EXPECT_EQ(create(world, deployment({host_port(24511, 9000)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, deployment({host_port(24512, 9000)})).decision, Decision::kDeny);
}

TEST(Allocations, RestrictSourcesByTheirPeers) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.back().port = 9000;
  const auto judged_with = [&](std::vector<AllocationPeer> peers) {
    PortAllocation allocation = gateway();
    allocation.spec.ports.front().allow_from = std::move(peers);
    World world(policy);
    world.add(allocation);
    return create(world, generated(24511)).decision;
  };
  AllocationPeer network;
  network.network = "admins";
  AllocationPeer range;
  range.cidr = "10.20.7.0/24";
  AllocationPeer wide;
  wide.cidr = "0.0.0.0/0";
  AllocationPeer pods;
  pods.ns = "web";
  EXPECT_EQ(judged_with({network, range, pods}), Decision::kAllow);
  EXPECT_EQ(judged_with({}), Decision::kDeny);
  EXPECT_EQ(judged_with({network, wide}), Decision::kDeny);
}

// --- numbers ---

TEST(ImpossibleNumbers, AreDeniedEvenInside) {
  const World world(control_plane());
  const Verdict verdict = create(world, service("ClusterIP", {port(70968), port(80, number_of(-1))}));
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].path, "Service data/web spec.ports[0].port");
  EXPECT_EQ(verdict.findings[1].path, "Service data/web spec.ports[1].targetPort");
  EXPECT_EQ(verdict.findings[1].message, "'-1' is not a port: ports are whole numbers from 1 to 65535");
}

TEST(ImpossibleNumbers, ThatWereThereBeforePass) {
  const World world(control_plane());
  const Service before = service("ClusterIP", {port(70968)});
  EXPECT_EQ(update(world, before, before).decision, Decision::kAllow);
}

}  // namespace
}  // namespace berth
