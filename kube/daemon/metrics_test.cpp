#include "kube/daemon/metrics.h"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "kube/daemon/standard_metrics.h"

namespace berth::daemon {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The value behind the series' name and labels; -1 when it is not there.
double value_of(const std::string& text, const std::string& series) {
  const std::size_t at = ("\n" + text).find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + series.size() + 1, nullptr);
}

TEST(Metrics, WritesCountersGaugesAndHistograms) {
  Metrics metrics;
  const Counter counter = metrics.counter("berth_assigned_total", "Ports assigned.", {{"range", "shop"}});
  counter.add();
  counter.add(2);
  metrics.gauge("berth_free_ports", "Free ports.").set(-1.5);
  const Histogram histogram = metrics.histogram("berth_wait_seconds", "Waits.", {0.1, 1});
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(5);
  const std::string text = metrics.text();
  for (const char* line :
       {"# HELP berth_assigned_total Ports assigned.", "# TYPE berth_assigned_total counter",
        "berth_assigned_total{range=\"shop\"} 3", "# TYPE berth_free_ports gauge", "berth_free_ports -1.5",
        "# TYPE berth_wait_seconds histogram", "berth_wait_seconds_bucket{le=\"0.1\"} 1",
        "berth_wait_seconds_bucket{le=\"1\"} 2", "berth_wait_seconds_bucket{le=\"+Inf\"} 3",
        "berth_wait_seconds_count 3", "berth_wait_seconds_sum 5.55"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(Metrics, GivesTheSameSeriesForTheSameLabels) {
  Metrics metrics;
  metrics.counter("berth_a_total", "A.", {{"x", "1"}}).add();
  metrics.counter("berth_a_total", "A.", {{"x", "1"}}).add();
  metrics.counter("berth_a_total", "A.", {{"x", "2"}}).add();
  EXPECT_EQ(metrics.counter("berth_a_total", "A.", {{"x", "1"}}).value(), 2);
  EXPECT_TRUE(has_line(metrics.text(), "berth_a_total{x=\"2\"} 1"));
}

TEST(Metrics, EscapesLabelValuesFromOutside) {
  Metrics metrics;
  metrics.gauge("berth_a", "A.", {{"x", "a\"b\\c\nd"}}).set(1);
  EXPECT_TRUE(has_line(metrics.text(), R"(berth_a{x="a\"b\\c\nd"} 1)")) << metrics.text();
}

TEST(Metrics, TakesGaugesOfGoneObjectsAway) {
  Metrics metrics;
  metrics.gauge("berth_used", "Used.", {{"range", "a"}}).set(1);
  metrics.gauge("berth_used", "Used.", {{"range", "b"}}).set(2);
  metrics.remove_gauge("berth_used", {{"range", "a"}});
  metrics.remove_gauge("berth_used", {{"range", "never was"}});
  metrics.remove_gauge("berth_never_was", {});
  const std::string text = metrics.text();
  EXPECT_EQ(text.find("range=\"a\""), std::string::npos);
  EXPECT_EQ(text.find("never was"), std::string::npos);
  EXPECT_TRUE(has_line(text, "berth_used{range=\"b\"} 2"));
}

TEST(Metrics, ReplacesTheGaugesOfObjectsThatComeAndGo) {
  Metrics metrics;
  metrics.replace_gauges("berth_used", "Used.", {{{{"range", "a"}}, 1}, {{{"range", "b"}}, 2}});
  metrics.replace_gauges("berth_used", "Used.", {{{{"range", "b"}}, 3}, {{{"range", "c"}}, 4}});
  const std::string text = metrics.text();
  EXPECT_EQ(text.find("range=\"a\""), std::string::npos) << text;
  EXPECT_TRUE(has_line(text, "berth_used{range=\"b\"} 3"));
  EXPECT_TRUE(has_line(text, "berth_used{range=\"c\"} 4"));
  metrics.replace_gauges("berth_used", "Used.", {});
  EXPECT_EQ(metrics.text().find("berth_used"), std::string::npos);
}

TEST(MetricsDeathTest, AbortsOnNamesThatCannotBe) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Metrics metrics;
  metrics.gauge("berth_a", "A.");
  EXPECT_DEATH(metrics.counter("berth_a", "A."), "berth_a");
  EXPECT_DEATH(metrics.counter("berth-b", "B."), "berth-b");
  EXPECT_DEATH(metrics.counter("berth_c", "C.", {{"1x", "y"}}), "berth_c");
}

TEST(Metrics, AsksForFreshValuesAtEveryText) {
  Metrics metrics;
  const Gauge gauge = metrics.gauge("berth_a", "A.");
  int asked = 0;
  metrics.before_text([&] { gauge.set(++asked); });
  EXPECT_TRUE(has_line(metrics.text(), "berth_a 1"));
  EXPECT_TRUE(has_line(metrics.text(), "berth_a 2"));
}

TEST(Metrics, TellsOfTheProcessItself) {
  Metrics metrics;
  const std::string text = metrics.text();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value_of(text, "process_virtual_memory_bytes"), value_of(text, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(text, "process_open_fds"), 3);
  EXPECT_GT(value_of(text, "process_max_fds"), 3);
  EXPECT_NEAR(value_of(text, "process_start_time_seconds"), now, 3600);
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) metrics.counter("berth_a_total", "A.").add();
      (void)metrics.text();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("berth_a_total", "A.").value(), 2000);
}

TEST(StandardMetrics, BearTheNamesThatDashboardsKnow) {
  Metrics metrics;
  workqueue_metrics(metrics, "portallocation").depth.set(3);
  reconcile_metrics(metrics, "portallocation").success.add();
  webhook_metrics(metrics, "/validate").latency.observe(0.001);
  webhook_requests(metrics, "/validate", 200).add();
  count_request(metrics, "10.0.0.1:443", "get", 200, 0.01);
  count_request(metrics, "10.0.0.1:443", "watch", 0, 0.01);
  leader_status(metrics, "berth-operator").set(1);
  export_server_stats(metrics, "webhook", [] { return http::ServerStats{.accepted = 7, .connections = 2}; });
  (void)metrics.text();
  const std::string text = metrics.text();
  for (const char* line : {
           "workqueue_depth{controller=\"portallocation\",name=\"portallocation\"} 3",
           "workqueue_adds_total{controller=\"portallocation\",name=\"portallocation\"} 0",
           "workqueue_retries_total{controller=\"portallocation\",name=\"portallocation\"} 0",
           "workqueue_unfinished_work_seconds{controller=\"portallocation\",name=\"portallocation\"} 0",
           "workqueue_longest_running_processor_seconds{controller=\"portallocation\",name="
           "\"portallocation\"} 0",
           "# TYPE workqueue_queue_duration_seconds histogram",
           "# TYPE workqueue_work_duration_seconds histogram",
           "controller_runtime_reconcile_total{controller=\"portallocation\",result=\"success\"} 1",
           "controller_runtime_reconcile_total{controller=\"portallocation\",result=\"requeue_after\"} 0",
           "controller_runtime_reconcile_errors_total{controller=\"portallocation\"} 0",
           "# TYPE controller_runtime_reconcile_time_seconds histogram",
           "controller_runtime_active_workers{controller=\"portallocation\"} 0",
           "controller_runtime_max_concurrent_reconciles{controller=\"portallocation\"} 0",
           "controller_runtime_webhook_latency_seconds_count{webhook=\"/validate\"} 1",
           "controller_runtime_webhook_requests_in_flight{webhook=\"/validate\"} 0",
           "controller_runtime_webhook_requests_total{code=\"200\",webhook=\"/validate\"} 1",
           "rest_client_requests_total{code=\"200\",host=\"10.0.0.1:443\",method=\"get\"} 1",
           "rest_client_requests_total{code=\"<error>\",host=\"10.0.0.1:443\",method=\"watch\"} 1",
           "rest_client_request_duration_seconds_count{host=\"10.0.0.1:443\",verb=\"get\"} 1",
           "leader_election_master_status{name=\"berth-operator\"} 1",
           "berth_http_server_accepted_total{listener=\"webhook\"} 7",
           "berth_http_server_connections{listener=\"webhook\"} 2",
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(StandardMetrics, TellHowLongEachWatchHasBeenSilent) {
  Metrics metrics;
  std::map<std::string, double> silences = {{"services", 12}, {"ingresses.networking.k8s.io", 61.5}};
  export_watches(metrics, [&] { return silences; });
  EXPECT_TRUE(has_line(metrics.text(), "berth_watch_silence_seconds{resource=\"services\"} 12"));
  silences.erase("services");
  const std::string text = metrics.text();
  EXPECT_EQ(text.find("services"), std::string::npos) << "nobody watches it any more";
  EXPECT_TRUE(has_line(text, "berth_watch_silence_seconds{resource=\"ingresses.networking.k8s.io\"} 61.5"));
}

}  // namespace
}  // namespace berth::daemon
