// Reports of openreports.io: written where the kind is, little and seldom, and gone when nothing is violated.
#include "webhook/report_keeper.h"

#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "core/base/api_names.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"
#include "kube/wire/kind.h"

namespace berth::webhook {
namespace {

// A server on which the kind may be missing.
class Installable final : public http::Transport {
 public:
  explicit Installable(http::Transport& beneath) : beneath_(&beneath) {}
  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    ++asked;
    if (!installed) return http::Response{404, {}, R"({"kind":"Status","code":404,"reason":"NotFound"})"};
    return beneath_->exchange(request, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override {
    return beneath_->open(request, deadline);
  }
  bool installed = true;
  int asked = 0;

 private:
  http::Transport* beneath_;
};

struct Bench {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  Installable transport{server};
  client::Client client{transport, {.field_manager = "test"}};
  AuditBook book;
  ReportKeeper keeper{client, clock, book, daemon::Log(daemon::LogFormat::kText, daemon::LogLevel::kError)};

  void violate(const std::string& ns, std::size_t count, const std::string& why = "why") {
    NamespaceAudit audited;
    for (std::size_t i = 0; i < count; ++i) {
      audited.violations.push_back({"p", {"v1", "Service", ns, "web", {}, {}}, {}});
      audited.violations.back().finding.path = std::to_string(i);
      audited.violations.back().finding.message = why;
    }
    book.put(ns, std::move(audited));
    keeper.changed(ns);
  }
  void later(Duration wait = Duration(2'000)) {
    clock.advance(wait);
    keeper.step();
  }
  [[nodiscard]] std::int64_t failures(const std::string& ns) const {
    const auto report = server.object(wire::kReport, {ns, kAuditReport});
    return report ? report->number_at({"summary", "fail"}) : -1;
  }
};

TEST(ReportKeeper, WritesAReportForEachNamespaceAndDeletesItWhenAllIsWell) {
  Bench bench;
  bench.violate("a", 1);
  bench.violate("b", 3);
  bench.keeper.step();
  EXPECT_EQ(bench.failures("a"), 1);
  EXPECT_EQ(bench.failures("b"), 3);
  bench.violate("a", 0);
  bench.later();
  EXPECT_EQ(bench.failures("a"), -1);
  EXPECT_EQ(bench.failures("b"), 3);
}

TEST(ReportKeeper, WritesNothingWhenNothingHasChanged) {
  Bench bench;
  bench.violate("a", 2);
  bench.keeper.step();
  const std::int64_t revision = bench.server.revision();
  for (int i = 0; i < 5; ++i) {
    bench.violate("a", 2);
    bench.later();
  }
  bench.later(Duration(700'000));
  EXPECT_EQ(bench.server.revision(), revision);
}

TEST(ReportKeeper, CollectsWhatComesWithinTwoSeconds) {
  Bench bench;
  for (std::size_t i = 1; i <= 50; ++i) {
    bench.violate("a", i);
    bench.later(Duration(100));
  }
  EXPECT_LE(bench.server.write_requests(), 3U);
  bench.later();
  EXPECT_EQ(bench.failures("a"), 50);
}

TEST(ReportKeeper, WritesAFewAtOnce) {
  Bench bench;
  for (int i = 0; i < 50; ++i) bench.violate("n" + std::to_string(i), 1);
  bench.keeper.step();
  EXPECT_EQ(bench.server.write_requests(), 20U);
  bench.later(Duration(0));
  bench.later(Duration(0));
  EXPECT_EQ(bench.server.write_requests(), 50U);
}

TEST(ReportKeeper, LeavesAClusterWithoutTheKindAloneAndBeginsWhenItComes) {
  Bench bench;
  bench.transport.installed = false;
  bench.violate("a", 1);
  for (int i = 0; i < 10; ++i) bench.later();
  EXPECT_EQ(bench.transport.asked, 1);
  bench.transport.installed = true;
  bench.later(Duration(600'000));
  EXPECT_EQ(bench.failures("a"), 1);
}

TEST(ReportKeeper, PutsRightWhatOthersDidToAReport) {
  Bench bench;
  bench.violate("a", 1);
  bench.keeper.step();
  const auto present = bench.client.get<Report>(wire::kReport, {"a", kAuditReport});
  ASSERT_TRUE(present.ok());
  Report edited = *present;
  edited.summary.fail = 0;
  ASSERT_TRUE(bench.client.replace(wire::kReport, edited).ok());
  bench.later(Duration(600'000));
  EXPECT_EQ(bench.failures("a"), 1);
  ASSERT_TRUE(
      bench.client.remove<Report>(wire::kReport, {"a", kAuditReport}, {.uid = present->meta.uid}).ok());
  bench.violate("a", 2);
  bench.later();
  bench.later();
  EXPECT_EQ(bench.failures("a"), 2);
}

TEST(ReportKeeper, RemovesWhatAnEarlierAuditorLeft) {
  Bench bench;
  Report left;
  left.meta.ns = "old";
  left.meta.name = kAuditReport;
  left.meta.labels = {{kManagedByLabel, kManagedByValue}};
  ASSERT_TRUE(bench.client.create(wire::kReport, left).ok());
  Report foreign = left;
  foreign.meta.name = "somebody-elses";
  ASSERT_TRUE(bench.client.create(wire::kReport, foreign).ok());
  bench.keeper.step();
  EXPECT_FALSE(bench.server.object(wire::kReport, {"old", kAuditReport}));
  EXPECT_TRUE(bench.server.object(wire::kReport, {"old", "somebody-elses"}));
}

}  // namespace
}  // namespace berth::webhook
