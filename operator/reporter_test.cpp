#include "operator/reporter.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::ReplyLost;

struct ReporterTest : ::testing::Test {
  Workbench bench;

  [[nodiscard]] PortRangeStatus range() const {
    return bench.at_server<PortRange>(wire::kPortRange, {"", "mesh"})->status;
  }
  [[nodiscard]] ExposurePolicyStatus policy() const {
    return bench.at_server<ExposurePolicy>(wire::kExposurePolicy, {"", "site"})->status;
  }
  Status report_policy() {
    return bench.reporter.report_policy(*bench.stores.exposure_policies.get({"", "site"}), {});
  }
  void declare_policy() {
    ExposurePolicy site;
    site.meta = testing::make_meta("", "site");
    site.spec.external = {{.port = 443}};
    bench.make(wire::kExposurePolicy, site);
    bench.read();
  }
};

TEST_F(ReporterTest, ARangeTellsHowFullItIs) {
  const PortAllocation api = bench.allocate("api");
  bench.put_record(30500, api);
  bench.make(wire::kService, generated_service(api, 30500));
  bench.make(wire::kService,
             testing::make_service("mesh", "web", {testing::make_service_port(80, {}, 30501)}, "NodePort"));
  bench.read();
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  const PortRangeStatus status = range();
  EXPECT_EQ(status.capacity, 10);
  EXPECT_EQ(status.allocated, 1);
  EXPECT_EQ(status.external, 1);
  EXPECT_EQ(status.available, 8);
  EXPECT_EQ(find_condition(status.conditions, "Ready")->status, "True");
}

TEST_F(ReporterTest, ARangeTellsWhichNumbersTheApiServerRefusesAsNodePort) {
  const auto outside = [&]() -> Condition {
    const PortRangeStatus status = range();
    const Condition* found = find_condition(status.conditions, "OutsideNodePortRange");
    return found == nullptr ? Condition{} : *found;
  };
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  EXPECT_EQ(outside(), Condition{}) << "the server has not said its range";
  EXPECT_TRUE(bench.reporter.node_ports_said({Port::of(30000), Port::of(32767)}));
  EXPECT_FALSE(bench.reporter.node_ports_said({Port::of(30000), Port::of(32767)})) << "no news";
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  EXPECT_EQ(outside().status, "False");

  EXPECT_TRUE(bench.reporter.node_ports_said({Port::of(24500), Port::of(24599)}));
  const ReportedRange reported = bench.reporter.report_range("mesh");
  ASSERT_TRUE(reported.status.ok());
  EXPECT_EQ(reported.look_again, Reporter::kNodePortsKnownFor)
      << "nothing tells when the server's flag changes";
  ASSERT_EQ(reported.turns.size(), 1U);
  EXPECT_EQ(reported.turns[0].condition.reason, "ApiServerRefuses");
  EXPECT_TRUE(reported.turns[0].warning);
  EXPECT_EQ(outside().status, "True");
  EXPECT_NE(outside().message.find("24500-24599"), std::string::npos) << outside().message;
  EXPECT_NE(outside().message.find("--service-node-port-range"), std::string::npos);

  bench.clock.advance(Reporter::kNodePortsKnownFor);
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  EXPECT_EQ(outside().status, "False") << "it has not refused one for long: its flag may have changed";
}

TEST_F(ReporterTest, AStatusIsWrittenOnceAndNotAgainWithoutAChange) {
  declare_policy();
  bench.clear_log();
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  ASSERT_TRUE(report_policy().ok());
  EXPECT_EQ(bench.writes(),
            (std::vector<std::string>{"PUT /apis/berth.dev/v1alpha1/portranges/mesh/status",
                                      "PUT /apis/berth.dev/v1alpha1/exposurepolicies/site/status"}));
  bench.clear_log();
  bench.clock.advance(std::chrono::hours(1));  // time alone is no change
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(bench.reporter.report_range("mesh").status.ok());
    EXPECT_TRUE(report_policy().ok());
    bench.read();
  }
  EXPECT_TRUE(bench.writes().empty());
}

TEST_F(ReporterTest, AChangeIsWritten) {
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  bench.put_record(30500, bench.allocate("api"));
  bench.read();
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  EXPECT_EQ(range().allocated, 1);
}

TEST_F(ReporterTest, AConflictTakesInTheLiveObject) {
  bench.just_before("PUT", "/portranges/mesh/status", [&] {
    (void)bench.people.merge_patch<PortRange>(wire::kPortRange, {"", "mesh"},
                                              R"({"spec":{"ports":["30500-30504"]}})");
  });
  EXPECT_EQ(bench.reporter.report_range("mesh").status.error().code, Code::kConflict);
  EXPECT_EQ(bench.stores.ranges.get({"", "mesh"})->spec.ports, std::vector<std::string>{"30500-30504"});
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok()) << "without waiting for the watch";
  EXPECT_EQ(range().capacity, 5);

  declare_policy();
  bench.just_before("PUT", "/exposurepolicies/site/status", [&] {
    (void)bench.people.merge_patch<ExposurePolicy>(wire::kExposurePolicy, {"", "site"},
                                                   R"({"spec":{"action":"Warn"}})");
  });
  EXPECT_EQ(report_policy().error().code, Code::kConflict);
  EXPECT_EQ(bench.stores.exposure_policies.get({"", "site"})->spec.action, "Warn");
  ASSERT_TRUE(report_policy().ok());
  EXPECT_EQ(policy().observed_generation, 2);
}

TEST_F(ReporterTest, ALostReplyIsFoundOutByTheNextAttempt) {
  bench.fail_once("PUT", "/portranges/mesh/status", ReplyLost{});
  EXPECT_EQ(bench.reporter.report_range("mesh").status.error().code, Code::kTimeout);
  EXPECT_EQ(bench.reporter.report_range("mesh").status.error().code, Code::kConflict);
  bench.clear_log();
  EXPECT_TRUE(bench.reporter.report_range("mesh").status.ok());
  EXPECT_TRUE(bench.writes().empty());
}

TEST_F(ReporterTest, ThrottlingIsTheCallersToWaitFor) {
  bench.fail_once("PUT", "/portranges/mesh/status", Answered{testing::refusal(429, 7)});
  const Status status = bench.reporter.report_range("mesh").status;
  EXPECT_EQ(status.error().code, Code::kThrottled);
  EXPECT_EQ(status.error().retry_after_seconds, 7);
}

TEST_F(ReporterTest, WhatIsGoneHasNoStatusAndThatIsNoFailure) {
  declare_policy();
  EXPECT_TRUE(bench.reporter.report_range("nobody").status.ok());
  bench.remove<PortRange>(wire::kPortRange, {"", "mesh"});
  bench.remove<ExposurePolicy>(wire::kExposurePolicy, {"", "site"});
  EXPECT_TRUE(bench.reporter.report_range("mesh").status.ok()) << "the store does not know it yet";
  EXPECT_TRUE(report_policy().ok());
}

TEST_F(ReporterTest, ARangeThatCannotBeReadSaysSo) {
  bench.make(wire::kPortRange, testing::make_prange("bad", "NodePort", {"30600-30500"}));
  bench.read();
  ASSERT_TRUE(bench.reporter.report_range("bad").status.ok());
  const auto bad = bench.at_server<PortRange>(wire::kPortRange, {"", "bad"});
  const Condition* ready = find_condition(bad->status.conditions, "Ready");
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->status, "False");
  EXPECT_EQ(ready->reason, "InvalidSpec");
}

TEST_F(ReporterTest, AShardThatCannotBeReadIsNamedByTheRangesThatNeedItOnly) {
  bench.make(wire::kPortRange, testing::make_prange("far", "NodePort", {"32000-32009"}));
  PortLedger damaged = testing::make_ledger("nodeport-119", "NodePort", 119);
  damaged.spec.entries["30500"] = "9 what is this";
  bench.make(wire::kPortLedger, damaged);
  bench.read();
  ASSERT_TRUE(bench.reporter.report_range("mesh").status.ok());
  ASSERT_TRUE(bench.reporter.report_range("far").status.ok());
  const Condition ready = *find_condition(range().conditions, "Ready");
  EXPECT_EQ(ready.reason, "LedgerFrozen");
  EXPECT_NE(ready.message.find("nodeport-119"), std::string::npos);
  const auto far = bench.at_server<PortRange>(wire::kPortRange, {"", "far"});
  EXPECT_EQ(find_condition(far->status.conditions, "Ready")->status, "True");
}

TEST_F(ReporterTest, AnEntryOfAPolicyThatCountsForNothingIsTold) {
  ExposurePolicy site;
  site.meta = testing::make_meta("", "site");
  site.spec.external = {{.port = 99999}};
  bench.make(wire::kExposurePolicy, site);
  bench.read();
  ASSERT_TRUE(report_policy().ok());
  EXPECT_EQ(find_condition(policy().conditions, "Ready")->reason, "Unreadable");
}

}  // namespace
}  // namespace berth::controller
