#include "operator/telemetry.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "kube/testing/builders.h"

namespace berth::controller {
namespace {

struct TelemetryTest : ::testing::Test {
  Telemetry telemetry{"10.0.0.1:443"};

  [[nodiscard]] bool tells(const std::string& line) const {
    return ("\n" + telemetry.metrics.text()).find("\n" + line + "\n") != std::string::npos;
  }
};

TEST_F(TelemetryTest, TellsHowManyWorkersWorkAndForHowLong) {
  runtime::WorkUnderWay work;
  telemetry.export_work(4, [&] { return work; });
  EXPECT_TRUE(tells("controller_runtime_max_concurrent_reconciles{controller=\"berth\"} 4"));
  EXPECT_TRUE(tells("controller_runtime_active_workers{controller=\"berth\"} 0"));
  work = {2, Duration(90'500), Duration(91'000)};
  EXPECT_TRUE(tells("controller_runtime_active_workers{controller=\"berth\"} 2"));
  EXPECT_TRUE(tells("workqueue_longest_running_processor_seconds{controller=\"berth\",name=\"berth\"} 90.5"));
  EXPECT_TRUE(tells("workqueue_unfinished_work_seconds{controller=\"berth\",name=\"berth\"} 91"));
  work = {};
  EXPECT_TRUE(tells("workqueue_longest_running_processor_seconds{controller=\"berth\",name=\"berth\"} 0"));
}

TEST_F(TelemetryTest, EveryReasonOfARefusalIsCountedFromZeroOn) {
  EXPECT_TRUE(tells("berth_allocation_refusals_total{reason=\"RangeExhausted\"} 0"));
  EXPECT_TRUE(tells("berth_allocation_refusals_total{reason=\"AdoptionRefused\"} 0"));
  BookkeepingReport report;
  report.refused = {{.allocation = {"mesh", "api"}, .reason = allocation::RefusalReason::kRangeExhausted}};
  telemetry.count(report);
  EXPECT_TRUE(tells("berth_allocation_refusals_total{reason=\"RangeExhausted\"} 1"));
}

TEST_F(TelemetryTest, TellsOfAllocationsThatWait) {
  PendingByReason pending;
  telemetry.export_pending([&] { return pending; });
  EXPECT_EQ(telemetry.metrics.text().find("berth_pending_allocations"), std::string::npos)
      << "who follows knows nothing";
  pending = {{"RangeExhausted", {3, std::chrono::minutes(11)}}, {"PortTaken", {}}};
  EXPECT_TRUE(tells("berth_pending_allocations{reason=\"RangeExhausted\"} 3"));
  EXPECT_TRUE(tells("berth_oldest_pending_allocation_seconds{reason=\"RangeExhausted\"} 660"));
  EXPECT_TRUE(tells("berth_pending_allocations{reason=\"PortTaken\"} 0"));
}

struct RangesTelemetry : TelemetryTest {
  std::shared_ptr<Stores> stores = std::make_shared<Stores>(StoreListeners{});

  RangesTelemetry() {
    telemetry.export_ranges([this] { return stores; });
  }
  static PortRange range(const char* name, const char* version) {
    PortRange made = testing::make_prange(name, "NodePort", {"30500-30509"});
    made.meta.uid = {std::string("uid-") + name};
    made.meta.resource_version = version;
    return made;
  }
  [[nodiscard]] bool speaks_of(const std::string& name) const {
    return telemetry.metrics.text().find("range=\"" + name + "\"") != std::string::npos;
  }
};

TEST_F(RangesTelemetry, ForgetsARangeThatIsDeleted) {
  stores->ranges.put_written(range("mesh", "1"));
  stores->ranges.put_written(range("shop", "2"));
  EXPECT_TRUE(tells("berth_ports{range=\"mesh\",space=\"NodePort\",state=\"available\"} 0"));
  stores->ranges.removed({"", "mesh"}, {"uid-mesh"});
  EXPECT_FALSE(speaks_of("mesh"));
  EXPECT_TRUE(speaks_of("shop"));
  stores = nullptr;
  EXPECT_FALSE(speaks_of("shop")) << "there is nothing yet";
}

TEST_F(RangesTelemetry, TellsWhichRangesHaveAFrozenLedger) {
  PortRange frozen = range("mesh", "1");
  frozen.status.conditions = {{"Ready", "False", 1, "2026-01-03T10:00:00Z", "LedgerFrozen", ""}};
  stores->ranges.put_written(frozen);
  stores->ranges.put_written(range("shop", "2"));
  EXPECT_TRUE(tells("berth_range_ledger_frozen{range=\"mesh\",space=\"NodePort\"} 1"));
  EXPECT_TRUE(tells("berth_range_ledger_frozen{range=\"shop\",space=\"NodePort\"} 0"));
}

}  // namespace
}  // namespace berth::controller
