// Several policies at once, what a policy does about a finding, and ports that it is about to withdraw.
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::update;

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

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

Entrance api_service(std::int64_t number) {
  Entrance made;
  made.kind = "APIService";
  made.meta.name = "v1.db.example.org";
  made.via = Via::kConnect;
  made.by_host = false;
  made.internal_only = true;
  made.targets = {{.ns = "data", .service = "db", .port_number = number, .sign = "spec.service"}};
  return made;
}

// exposure.md row 75: it is in no namespace, and leads to one.
TEST(SeveralPolicies, OfAClusterScopedObjectAreInForceWhereItLeads) {
  for (const char* tier : {"data", "web"}) {
    ExposurePolicy policy = control_plane();
    policy.spec.namespace_selector.match_labels = {{"tier", "data"}};
    World world(policy);
    world.label_namespace("data", {{"tier", tier}});
    const Decision expected = tier == std::string("data") ? Decision::kDeny : Decision::kAllow;
    EXPECT_EQ(create(world, api_service(5432)).decision, expected) << "its Service is not there yet";
    EXPECT_EQ(create(world, api_service(7000)).decision, Decision::kAllow)
        << "only internal ones are refused";
    world.add(service("ClusterIP", {port(443, number_of(5432))}, "db"));
    EXPECT_EQ(create(world, api_service(443)).decision, expected);
    EXPECT_EQ(create(world, api_service(0)).decision, Decision::kAllow);
  }
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

}  // namespace
}  // namespace berth
