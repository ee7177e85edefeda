// The auditor's turns, against a fake API server and with a clock of its own: what it tells, when, and that
// it tells nothing twice. What is a violation is core/audit_test.cpp's.
#include "webhook/auditor.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "core/exposure/testing/world.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"
#include "kube/wire/kind.h"

namespace berth::webhook {
namespace {

// PostgreSQL on every node.
Service forbidden(std::string ns) {
  Service made = exposure::testing::service("NodePort", {exposure::testing::node_port(30432, 5432)});
  made.meta.ns = std::move(ns);
  made.meta.uid = Uid{made.meta.ns + "-uid"};
  return made;
}

AuditorConfig config_of(const char* identity) {
  AuditorConfig config;
  config.lease.key = {"berth-system", kAuditLease};
  config.lease.identity = identity;
  config.excluded_namespaces = {"kube-system"};
  return config;
}

// A cluster that the auditor sees as it is: its policies are the server's, its Services those of `services`.
struct Bench {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  client::Client client{server, {.field_manager = "test"}};
  std::vector<Service> services;
  bool listed = true;

  daemon::Metrics metrics;
  Auditor auditor = another("this", metrics);

  Bench() { create(exposure::testing::control_plane()); }

  Auditor another(const char* identity, daemon::Metrics& its_metrics) {
    return {{[this] { return listed; },
             [this] {
               std::vector<std::string> all;
               for (const Service& service : services) all.push_back(service.meta.ns);
               return all;
             },
             [this](const AuditedCluster::Use& use) {
               exposure::testing::World world;
               for (const Service& service : services) world.add(service);
               world.add(exposure::testing::deployment({exposure::testing::container_port(5432)}));
               for (auto& policy : testing::all_stored<ExposurePolicy>(server, wire::kExposurePolicy))
                 world.add(std::move(policy));
               use(world);
             }},
            client,
            clock,
            config_of(identity),
            its_metrics,
            daemon::Log(daemon::LogFormat::kText, daemon::LogLevel::kError)};
  }

  void create(const ExposurePolicy& policy) {
    const auto created = client.create(wire::kExposurePolicy, policy);
    ASSERT_TRUE(created.ok()) << created.error().message;
  }
  void step_after(Duration wait) {
    clock.advance(wait);
    auditor.step();
  }
  // Nothing = not counted.
  [[nodiscard]] std::optional<std::int64_t> violations() const { return policy().status.violations; }
  [[nodiscard]] ExposurePolicy policy() const {
    return *testing::stored<ExposurePolicy>(server, wire::kExposurePolicy, {"", "control-plane"});
  }
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> all;
    for (const json::Tree& event : server.objects(wire::kEvent))
      all.push_back(event.text_at({"reason"}) + " " + event.text_at({"regarding", "namespace"}) + "/" +
                    event.text_at({"regarding", "name"}));
    return all;
  }
  [[nodiscard]] double namespaces_looked_at() {
    return metrics.counter("berth_audited_namespaces_total", "").value();
  }
  [[nodiscard]] bool shows(const std::string& series) const {
    return metrics.text().find("\n" + series) != std::string::npos;
  }
};

// Longer than statuses wait for each other, shorter than a lease that is not renewed.
constexpr Duration kLong{5'000};

TEST(Auditor, TellsThePolicyTheObjectAndTheMetricsWhatStandsThatIsForbidden) {
  Bench bench;
  bench.services = {forbidden("data")};
  bench.auditor.step();
  EXPECT_EQ(bench.violations(), 1);
  EXPECT_EQ(bench.events(), std::vector<std::string>{"Violated data/web"});
  EXPECT_TRUE(bench.shows("berth_exposure_violations{policy=\"control-plane\"} 1")) << bench.metrics.text();
}

TEST(Auditor, TellsThatWhatStoodIsGone) {
  Bench bench;
  bench.services = {forbidden("data")};
  bench.auditor.step();
  bench.services.clear();
  bench.auditor.touched("data");
  bench.step_after(kLong);
  EXPECT_EQ(bench.violations(), 0);
}

TEST(Auditor, WritesNothingWhileNothingChanges) {
  Bench bench;
  bench.services = {forbidden("data")};
  bench.auditor.step();
  bench.server.clear_log();
  for (int turn = 0; turn < 100; ++turn) {
    bench.auditor.touched("data");
    bench.step_after(kLong);
  }
  EXPECT_GT(bench.server.write_requests(), 0U) << "its lease is renewed";
  for (const auto& logged : bench.server.log())
    EXPECT_TRUE(!logged.write() || logged.request.target.find("/leases/") != std::string::npos)
        << logged.request.method << " " << logged.request.target;
}

TEST(Auditor, LooksOnlyAtNamespacesThatItWasToldOf) {
  Bench bench;
  bench.services = {forbidden("a"), forbidden("b"), forbidden("c")};
  bench.auditor.step();
  ASSERT_EQ(bench.namespaces_looked_at(), 3);
  bench.step_after(kLong);
  EXPECT_EQ(bench.namespaces_looked_at(), 3);
  bench.auditor.touched("b");
  bench.step_after(kLong);
  EXPECT_EQ(bench.namespaces_looked_at(), 4);
}

TEST(Auditor, LooksAtEverythingWhenItIsToldOfAllAndEveryTenMinutes) {
  Bench bench;
  bench.services = {forbidden("a"), forbidden("b"), forbidden("c")};
  bench.auditor.step();
  bench.auditor.touched("");
  bench.step_after(kLong);
  EXPECT_EQ(bench.namespaces_looked_at(), 6);
  for (int turn = 0; turn < 119; ++turn) bench.step_after(kLong);
  EXPECT_EQ(bench.namespaces_looked_at(), 6);
  bench.step_after(kLong);
  EXPECT_EQ(bench.namespaces_looked_at(), 9);
}

// The watches tell of a namespace's end by telling of all: what is gone is named by nobody.
TEST(Auditor, ForgetsANamespaceThatIsGone) {
  Bench bench;
  bench.services = {forbidden("a"), forbidden("b")};
  bench.auditor.step();
  ASSERT_EQ(bench.violations(), 2);
  bench.services = {forbidden("b")};
  bench.auditor.touched("");
  bench.step_after(kLong);
  EXPECT_EQ(bench.violations(), 1);
}

TEST(Auditor, SaysNothingOfExcludedNamespaces) {
  Bench bench;
  bench.services = {forbidden("kube-system")};
  bench.auditor.touched("kube-system");
  bench.auditor.step();
  EXPECT_EQ(bench.violations(), 0);
  EXPECT_TRUE(bench.events().empty());
}

TEST(Auditor, SaysNothingBeforeEveryKindHasBeenListed) {
  Bench bench;
  bench.services = {forbidden("data")};
  bench.listed = false;
  bench.auditor.step();
  EXPECT_EQ(bench.violations(), std::nullopt);
  bench.listed = true;
  bench.step_after(kLong);
  EXPECT_EQ(bench.violations(), 1);
}

TEST(Auditor, WritesAStatusAgainOnlyAfterTwoSeconds) {
  Bench bench;
  bench.auditor.step();
  ASSERT_EQ(bench.violations(), 0);
  bench.services = {forbidden("data")};
  bench.auditor.touched("data");
  bench.step_after(Duration(1'999));
  EXPECT_EQ(bench.violations(), 0);
  bench.step_after(Duration(1));
  EXPECT_EQ(bench.violations(), 1);
}

TEST(Auditor, LooksAgainWhenAnExceptionEnds) {
  Bench bench;
  ExposurePolicy policy = exposure::testing::control_plane();
  policy.meta.name = "with-exception";
  policy.spec.exceptions.push_back({.ns = "data",
                                    .workload = {"Deployment", "web"},
                                    .port = 5432,
                                    .owner = "dba@example.org",
                                    .reason = "migration 4711",
                                    .expires_at = "2026-01-01T00:05:00Z"});
  bench.create(policy);
  const auto of_it = [&] {
    return testing::stored<ExposurePolicy>(bench.server, wire::kExposurePolicy, {"", "with-exception"})
        ->status.violations;
  };
  bench.services = {forbidden("data")};
  bench.auditor.step();
  ASSERT_EQ(of_it(), 0);
  for (int turn = 0; turn < 59; ++turn) bench.step_after(kLong);
  EXPECT_EQ(of_it(), 0);
  bench.step_after(kLong);
  bench.step_after(kLong);
  EXPECT_EQ(of_it(), 1);
}

TEST(Auditor, LeavesItToAnotherThatHasTheLeaseAndTakesOverWhenItIsOver) {
  Bench bench;
  daemon::Metrics metrics_of_other;
  Auditor other = bench.another("other", metrics_of_other);
  other.step();
  bench.services = {forbidden("data")};
  for (int turn = 0; turn < 10; ++turn) {
    bench.step_after(Duration(1'000));
    EXPECT_EQ(bench.violations(), 0);
    EXPECT_EQ(bench.namespaces_looked_at(), 0);
  }
  for (int turn = 0; turn < 20; ++turn) bench.step_after(Duration(1'000));
  EXPECT_EQ(bench.violations(), 1);
}

// Two replicas that show the same series would be counted twice.
TEST(Auditor, ShowsNoSeriesAnyMoreWhenAnotherHasTheLease) {
  Bench bench;
  bench.services = {forbidden("data")};
  bench.auditor.step();
  ASSERT_TRUE(bench.shows("berth_exposure_violations{"));
  daemon::Metrics metrics_of_other;
  Auditor other = bench.another("other", metrics_of_other);
  for (int turn = 0; turn < 20; ++turn) {
    bench.clock.advance(Duration(1'000));
    other.step();
  }
  bench.auditor.step();
  EXPECT_FALSE(bench.shows("berth_exposure_violations{")) << bench.metrics.text();
}

}  // namespace
}  // namespace berth::webhook
