#include "webhook/review_telemetry.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::webhook {
namespace {

struct ReviewTelemetryTest : ::testing::Test {
  daemon::Metrics metrics;
  ReviewTelemetry telemetry{metrics};

  [[nodiscard]] bool tells(const std::string& line) const {
    return ("\n" + metrics.text()).find("\n" + line + "\n") != std::string::npos;
  }
};

Reviewed denied_by(std::set<std::pair<std::string, std::string>> found) {
  Reviewed reviewed;
  reviewed.decision = Decision::kDeny;
  reviewed.outcome.allowed = false;
  reviewed.denied_by = std::move(found);
  return reviewed;
}

TEST_F(ReviewTelemetryTest, EveryAnswerIsCountedFromZeroOn) {
  for (const char* series : {R"(allowed="true",decision="Allow")", R"(allowed="true",decision="Warn")",
                             R"(allowed="true",decision="Unknown")", R"(allowed="false",decision="Deny")",
                             R"(allowed="false",decision="Unreadable")"}) {
    EXPECT_TRUE(tells("berth_admission_reviews_total{" + std::string(series) + "} 0")) << series;
  }
}

TEST_F(ReviewTelemetryTest, ADenialIsCountedOnceForEachRuleAndKindOfWay) {
  telemetry.count(denied_by({{"internal-port", "NodePort"}, {"ends-tls", "Ingress"}}));
  telemetry.count(denied_by({{"internal-port", "NodePort"}}));
  EXPECT_TRUE(tells(R"(berth_admission_denials_total{rule="internal-port",via="NodePort"} 2)"));
  EXPECT_TRUE(tells(R"(berth_admission_denials_total{rule="ends-tls",via="Ingress"} 1)"));
  EXPECT_TRUE(tells(R"(berth_admission_reviews_total{allowed="false",decision="Deny"} 2)"));
}

TEST_F(ReviewTelemetryTest, WhatIsInNoListIsOtherSoThatSeriesStayFew) {
  telemetry.count(denied_by({{"data/web", ""}}));
  EXPECT_TRUE(tells(R"(berth_admission_denials_total{rule="other",via="other"} 1)"));
}

TEST_F(ReviewTelemetryTest, WhatCannotBeReadIsNoDenialByARule) {
  Reviewed reviewed = denied_by({});
  reviewed.understood = false;
  telemetry.count(reviewed);
  EXPECT_TRUE(tells(R"(berth_admission_reviews_total{allowed="false",decision="Unreadable"} 1)"));
  EXPECT_EQ(metrics.text().find("denials"), std::string::npos);
}

}  // namespace
}  // namespace berth::webhook
