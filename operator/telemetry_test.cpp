#include "operator/telemetry.h"

#include <gtest/gtest.h>
#include <string>

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

}  // namespace
}  // namespace berth::controller
