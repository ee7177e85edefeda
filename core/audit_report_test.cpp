#include "core/audit_report.h"

#include <gtest/gtest.h>
#include <string>

#include "core/base/api_names.h"

namespace berth {
namespace {

constexpr Instant kNow{1'795'000'000'000};

NamespaceAudit violated(std::size_t count, const std::string& why = "port 5432 is internal") {
  NamespaceAudit audited;
  for (std::size_t i = 0; i < count; ++i) {
    Violation one;
    one.policy = "control-plane";
    one.object = {"v1", "Service", "data", "web-" + std::to_string(i), {"u"}, "7"};
    one.finding.rule = "internal-port";
    one.finding.port = 5432;
    one.finding.protocol = "TCP";
    one.finding.via = "NodePort";
    one.finding.message = why;
    one.finding.path = "Service data/web (NodePort) port 5432";
    one.finding.fix = "make the Service ClusterIP";
    audited.violations.push_back(one);
  }
  return audited;
}

TEST(AuditReport, IsThereOnlyWhileSomethingIsViolated) {
  EXPECT_EQ(audit_report("data", {}, nullptr, kNow), std::nullopt);
  NamespaceAudit excepted;
  excepted.exceptions_used = {{"control-plane", 0}};
  EXPECT_EQ(audit_report("data", excepted, nullptr, kNow), std::nullopt);
}

TEST(AuditReport, SaysWhatIsViolatedByWhatAndHowToFixIt) {
  const auto report = audit_report("data", violated(1), nullptr, kNow);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->meta.key(), (ObjectKey{"data", "berth-exposure"}));
  EXPECT_EQ(report->meta.labels.at(kManagedByLabel), kManagedByValue);
  EXPECT_EQ(report->source, "berth");
  EXPECT_EQ(report->summary, (ReportSummary{.fail = 1}));
  ASSERT_EQ(report->results.size(), 1U);
  const ReportResult& result = report->results.front();
  EXPECT_EQ(result.policy, "control-plane");
  EXPECT_EQ(result.rule, "internal-port");
  EXPECT_EQ(result.result, "fail");
  EXPECT_EQ(result.message,
            "port 5432 is internal: Service data/web (NodePort) port 5432; fix: make the Service ClusterIP");
  ASSERT_EQ(result.resources.size(), 1U);
  EXPECT_EQ(result.resources.front(), (ObjectReference{"v1", "Service", "data", "web-0", {}, ""}));
  EXPECT_EQ(result.properties,
            (std::map<std::string, std::string>{{"via", "NodePort"}, {"protocol", "TCP"}, {"port", "5432"}}));
  EXPECT_EQ(result.timestamp, (ReportTime{1'795'000'000, 0}));
}

TEST(AuditReport, KeepsTheTimeAtWhichAResultWasFoundFirst) {
  const auto before = audit_report("data", violated(1), nullptr, kNow);
  const auto after = audit_report("data", violated(2), &*before, kNow + Duration(60'000));
  ASSERT_EQ(after->results.size(), 2U);
  EXPECT_EQ(after->results[0].timestamp.seconds, 1'795'000'000);
  EXPECT_EQ(after->results[1].timestamp.seconds, 1'795'000'060);
  EXPECT_EQ(audit_report("data", violated(2), &*after, kNow + Duration(90'000)), after) << "nothing to write";
}

TEST(AuditReport, IsBoundedHoweverMuchIsViolated) {
  const auto report = audit_report("data", violated(5'000, std::string(9'000, 'x')), nullptr, kNow);
  EXPECT_EQ(report->results.size(), kMostResults);
  EXPECT_EQ(report->summary.fail, 5'000);
  for (const ReportResult& result : report->results) EXPECT_LE(result.message.size(), kLongestMessage);
}

TEST(AuditReport, LeavesWhatOthersWroteIntoItsMetadata) {
  Report present;
  present.meta.labels = {{"team", "security"}};
  present.meta.resource_version = "42";
  const auto report = audit_report("data", violated(1), &present, kNow);
  EXPECT_EQ(report->meta.labels.at("team"), "security");
  EXPECT_EQ(report->meta.resource_version, "42");
}

}  // namespace
}  // namespace berth
