#include "core/audit.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/base/reasons.h"
#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::kNow;
using testing::load_balancer;

ExposureException exception_for(std::string name, std::string expires_at) {
  ExposureException made;
  made.ns = "data";
  made.workload = {"Deployment", std::move(name)};
  made.port = 5432;
  made.via = {"LoadBalancer", "NodePort"};
  made.owner = "dba@example.org";
  made.reason = "migration 4711";
  made.expires_at = std::move(expires_at);
  return made;
}

Workload database() { return deployment({container_port(5432)}); }

std::vector<std::string> paths(const NamespaceAudit& audited) {
  std::vector<std::string> found;
  for (const Violation& one : audited.violations) found.push_back(one.finding.path);
  return found;
}

const Condition& condition_of(const ExposurePolicyStatus& status, const char* type) {
  const Condition* found = find_condition(status.conditions, type);
  EXPECT_NE(found, nullptr) << type;
  static const Condition nothing;
  return found == nullptr ? nothing : *found;
}

TEST(Audit, FindsWhatStandsWhoeverLetItIn) {
  World world(control_plane());
  world.add(load_balancer({port(443, number_of(5432))}));
  world.add(database());
  const NamespaceAudit audited = audit("data", world, kNow);
  ASSERT_EQ(audited.violations.size(), 1U) << "the hidden node port says the same";
  const Violation& one = audited.violations.front();
  EXPECT_EQ(one.policy, "control-plane");
  EXPECT_EQ(one.object.kind, "Service");
  EXPECT_EQ(one.object.name, "web");
  EXPECT_EQ(
      one.finding.path,
      "Service data/web (LoadBalancer) port 443 -> targetPort 5432 -> Deployment data/web container main "
      "port 5432");
  EXPECT_EQ(one.finding.fix.find("make the Service ClusterIP"), 0U) << one.finding.fix;
}

TEST(Audit, CountsWhatThePolicySaysItDeniesAndNothingElse) {
  const auto violations = [](const std::string& setting, Service service) {
    ExposurePolicy policy = control_plane();
    policy.spec.undeclared = policy.spec.unknown = setting;
    World world(policy);
    world.add(std::move(service));
    return audit("data", world, kNow).violations.size();
  };
  const Service undeclared = load_balancer({port(7777, number_of(7777))});
  const Service unknown = load_balancer({port(443, name_of("nobody"))});
  for (const Service& service : {undeclared, unknown}) {
    EXPECT_EQ(violations("Warn", service), 0U);
    EXPECT_EQ(violations("Allow", service), 0U);
  }
  EXPECT_GE(violations("Deny", undeclared), 1U);
  EXPECT_GE(violations("Deny", unknown), 1U);
}

TEST(Audit, CountsWhatAPolicyForbidsThatOnlyWarns) {
  ExposurePolicy policy = control_plane();
  policy.spec.action = "Warn";
  World world(policy);
  world.add(load_balancer({port(443, number_of(5432))}));
  world.add(database());
  EXPECT_EQ(audit("data", world, kNow).violations.size(), 1U);
}

// exposure.md row 70: each was judged without the other.
TEST(Audit, Row70_FindsWhatTwoRequestsOpenedTogether) {
  World world(control_plane());
  Service balancer = load_balancer({port(443, name_of("main"))});
  EXPECT_NE(testing::create(world, balancer).decision, Decision::kDeny);
  EXPECT_EQ(testing::create(world, deployment({container_port(5432, "main")})).decision, Decision::kAllow);
  world.add(balancer).add(deployment({container_port(5432, "main")}));
  EXPECT_EQ(audit("data", world, kNow).violations.size(), 1U);
}

// exposure.md row 74: the kubelet runs it whether or not its mirror is refused, so nobody is asked.
TEST(Audit, Row74_FindsStaticPods) {
  World world(control_plane());
  Workload mirror = workload("Pod", "pg-node-1", {host_port(5432, 5432)});
  mirror.meta.annotations["kubernetes.io/config.mirror"] = "abc";
  world.add(mirror);
  const NamespaceAudit audited = audit("data", world, kNow);
  ASSERT_EQ(audited.violations.size(), 1U);
  EXPECT_EQ(audited.violations[0].object.kind, "Pod");
}

TEST(Audit, SaysEachWayOnceFromWhereverItIsFound) {
  World world(control_plane());
  world.add(testing::cluster_ip({port(5432)}));
  world.add(ingress({backend("web", 5432)}));
  Workload pods = database();
  Workload pod = workload("Pod", "web-1", {container_port(5432)});
  own(pod, pods);
  world.add(pods).add(pod);
  NetworkPolicy open;
  open.meta = named("open");
  open.ingress = {{}};
  world.add(open);
  EXPECT_EQ(paths(audit("data", world, kNow)),
            (std::vector<std::string>{
                "Ingress data/front (a.example.org) -> Service data/web port 5432 -> Deployment data/web "
                "container main port 5432",
                "NetworkPolicy data/open from everywhere -> Deployment data/web container main port 5432"}));
}

TEST(Audit, FindsAWayWhereItEnds) {
  World world(control_plane());
  world.add(testing::cluster_ip({port(5432)}));
  Entrance elsewhere = ingress({backend("web", 5432)});
  elsewhere.meta.ns = "web";
  world.add(elsewhere);
  EXPECT_EQ(paths(audit("data", world, kNow)).size(), 1U);
  EXPECT_TRUE(audit("web", world, kNow).violations.empty());
}

TEST(Audit, CountsForEachPolicyWhateverItsAction) {
  ExposurePolicy quiet = control_plane();
  quiet.meta.name = "quiet";
  quiet.spec.action = "Audit";
  ExposurePolicy soft = control_plane();
  soft.meta.name = "soft";
  soft.spec.action = "Warn";
  World world(control_plane());
  world.add(quiet).add(soft);
  world.add(load_balancer({port(5432)}));
  AuditBook book;
  EXPECT_EQ(book.put("data", audit("data", world, kNow)).size(), 3U);
  for (const char* policy : {"control-plane", "quiet", "soft"}) {
    EXPECT_EQ(book.of_policy(policy, 3).violations, 1) << policy;
  }
}

TEST(Audit, DoesNotCountWhatIsUnknownDeprecatedOrOver) {
  ExposurePolicy policy = control_plane();
  policy.spec.external.push_back(listed(4006));
  policy.spec.external.back().deprecated = Deprecation{"v8", "2099-01-01"};
  World world(policy);
  world.add(load_balancer({port(443, name_of("nobodys"))}));
  Service deprecated = load_balancer({port(4006)});
  deprecated.meta.name = "old";
  world.add(deprecated);
  Workload ended = workload("Pod", "job-1", {host_port(5432, 5432)});
  ended.phase = "Succeeded";
  world.add(ended);
  const Workload owner = deployment({container_port(8080)}, "agent");
  Workload history = workload("ReplicaSet", "agent-1", {host_port(5432, 5432)});
  own(history, owner);
  world.add(owner).add(history);
  EXPECT_EQ(paths(audit("data", world, kNow)), std::vector<std::string>{});
}

TEST(AuditBook, TellsNewsOnce) {
  World world(control_plane());
  world.add(load_balancer({port(5432)}));
  AuditBook book;
  EXPECT_EQ(book.put("data", audit("data", world, kNow)).size(), 1U);
  EXPECT_TRUE(book.put("data", audit("data", world, kNow)).empty());
  Service more = load_balancer({port(27017)});
  more.meta.name = "mongo";
  world.add(more);
  const auto news = book.put("data", audit("data", world, kNow));
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news.front().object.name, "mongo");
  EXPECT_EQ(book.of_policy("control-plane", 1).violations, 2);
  EXPECT_EQ(book.of_policy("control-plane", 1).first_paths.size(), 1U);
  EXPECT_TRUE(book.put("data", {}).empty());
  EXPECT_EQ(book.of_policy("control-plane", 1).violations, 0);
}

TEST(AuditedStatus, CountsAndNamesTheFirst) {
  const ExposurePolicy policy = control_plane();
  World world(policy);
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    Service made = load_balancer({port(5432)});
    made.meta.name = name;
    world.add(made);
  }
  AuditBook book;
  ExposurePolicyStatus status = audited_status(policy, book, kNow);
  EXPECT_EQ(status.violations, 0);
  EXPECT_EQ(condition_of(status, "Compliant").reason, reason::kNoViolations);
  book.put("data", audit("data", world, kNow));
  status = audited_status(policy, book, kNow);
  EXPECT_EQ(status.violations, 5);
  const Condition& compliant = condition_of(status, "Compliant");
  EXPECT_EQ(compliant.status, "False");
  EXPECT_EQ(compliant.reason, reason::kViolated);
  EXPECT_NE(compliant.message.find("Service data/a (LoadBalancer)"), std::string::npos) << compliant.message;
  EXPECT_NE(compliant.message.find("; and 2 more"), std::string::npos) << compliant.message;
}

// Else two programs would write for ever.
TEST(AuditedStatus, LeavesConditionsOfOthersInTheirPlaces) {
  ExposurePolicy policy = control_plane();
  const AuditBook book;
  policy.status = audited_status(policy, book, kNow);
  std::vector<Condition> both = {{"Ready", "True", 1, "2026-01-01T00:00:00Z", "InForce", ""}};
  both.insert(both.end(), policy.status.conditions.begin(), policy.status.conditions.end());
  policy.status.conditions = both;
  EXPECT_EQ(audited_status(policy, book, kNow + Duration(5000)), policy.status);
}

TEST(AuditedStatus, NamesRequiredPortsThatNobodyShows) {
  ExposurePolicy policy = control_plane();
  policy.spec.external[0].requirement = "Required";
  policy.spec.external[0].purpose = "UI";
  World world(policy);
  AuditBook book;
  const Condition missing = condition_of(audited_status(policy, book, kNow), "RequiredPortMissing");
  EXPECT_EQ(missing.status, "True");
  EXPECT_EQ(missing.message, "port 443 (UI): required, and nothing leads there from outside");
  Entrance api_service;  // what the API server connects to is no service to anybody outside
  api_service.kind = "APIService";
  api_service.via = Via::kConnect;
  api_service.internal_only = true;
  api_service.targets = {{.ns = "data", .service = "web", .port_number = 443}};
  world.add(api_service).add(testing::cluster_ip({port(443)}));
  book.put("data", audit("data", world, kNow));
  EXPECT_EQ(condition_of(audited_status(policy, book, kNow), "RequiredPortMissing").status, "True");
  world.add(load_balancer({port(443, number_of(8443))}));
  book.put("data", audit("data", world, kNow));
  EXPECT_EQ(condition_of(audited_status(policy, book, kNow), "RequiredPortMissing").status, "False");
}

TEST(CountExceptions, EachIsInOneStateAndTheNextEndIsOfThoseThatHaveNotEnded) {
  ExposurePolicy policy = control_plane();
  const auto in_days = [](std::int64_t days) { return to_rfc3339(kNow + Duration(days * 24 * 3600 * 1000)); };
  policy.spec.exceptions = {exception_for("web", "2099-01-01T00:00:00Z"), exception_for("other", in_days(90)),
                            exception_for("soon", in_days(13)),           exception_for("next", in_days(3)),
                            exception_for("ended", in_days(-1)),          exception_for("bad", "tomorrow")};
  World world(policy);
  world.add(load_balancer({port(5432)})).add(database());
  AuditBook book;
  book.put("data", audit("data", world, kNow));
  const ExceptionCounts counts = count_exceptions(policy, book, kNow);
  EXPECT_EQ(counts.used, 1);
  EXPECT_EQ(counts.unused, 1);
  EXPECT_EQ(counts.expiring, 2);
  EXPECT_EQ(counts.ended, 1);
  ASSERT_TRUE(counts.next_end);
  EXPECT_EQ(to_rfc3339(*counts.next_end), in_days(3));
  policy.spec.exceptions = {exception_for("ended", in_days(-1))};
  EXPECT_EQ(count_exceptions(policy, book, kNow).next_end, std::nullopt);
}

TEST(AuditedStatus, TellsOfExceptionsThatEndOrPermitNothing) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {exception_for("web", "2099-01-01T00:00:00Z")};
  World world(policy);
  world.add(load_balancer({port(5432)})).add(database());
  AuditBook book;
  book.put("data", audit("data", world, kNow));
  EXPECT_EQ(book.of_policy("control-plane", 1).violations, 0);
  EXPECT_EQ(condition_of(audited_status(policy, book, kNow), "ExceptionExpiring").reason,
            reason::kExceptionsInForce);

  policy.spec.exceptions.push_back(exception_for("other", "2099-01-01T00:00:00Z"));
  Condition said = condition_of(audited_status(policy, book, kNow), "ExceptionExpiring");
  EXPECT_EQ(said.reason, reason::kExceptionUnused);
  EXPECT_EQ(said.message, "Deployment data/other port 5432, dba@example.org: permits nothing that is there");

  policy.spec.exceptions[0].expires_at = to_rfc3339(kNow + Duration(24LL * 3600 * 1000));
  said = condition_of(audited_status(policy, book, kNow), "ExceptionExpiring");
  EXPECT_EQ(said.reason, reason::kExceptionExpires);
  EXPECT_EQ(said.message.find("Deployment data/web port 5432, dba@example.org: ends 2026-11-19"), 0U)
      << said.message;
  said = condition_of(audited_status(policy, book, kNow + Duration(48LL * 3600 * 1000)), "ExceptionExpiring");
  EXPECT_EQ(said.reason, reason::kExceptionExpired);
}

TEST(Audit, AnExceptionThatEndsMakesAViolation) {
  ExposurePolicy policy = control_plane();
  policy.spec.exceptions = {exception_for("web", to_rfc3339(kNow + Duration(60'000)))};
  World world(policy);
  world.add(load_balancer({port(5432)})).add(database());
  EXPECT_TRUE(audit("data", world, kNow).violations.empty());
  EXPECT_EQ(audit("data", world, kNow + Duration(60'000)).violations.size(), 1U);
}

TEST(NextTurn, IsTheFirstThatTimeAloneBrings) {
  ExposurePolicy policy = control_plane();
  EXPECT_EQ(next_turn({&policy}, kNow), std::nullopt);
  policy.spec.exceptions = {exception_for("web", to_rfc3339(kNow + kExpiresSoon + Duration(60'000)))};
  EXPECT_EQ(next_turn({&policy}, kNow), kNow + Duration(60'000)) << "it begins to end soon";
  EXPECT_EQ(next_turn({&policy}, kNow + Duration(60'000)), kNow + kExpiresSoon + Duration(60'000));
  policy.spec.internal[0].deprecated = Deprecation{"v8", "2026-11-20"};
  EXPECT_EQ(to_rfc3339(next_turn({&policy}, kNow + Duration(60'000)).value()), "2026-11-20T00:00:00Z");
}

}  // namespace
}  // namespace berth
