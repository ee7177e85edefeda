#include "kube/daemon/standard_metrics.h"

#include <map>
#include <string>
#include <utility>

namespace berth::daemon {
namespace {

// client-go: prometheus.ExponentialBuckets(10e-9, 10, 12).
std::vector<double> workqueue_buckets() { return exponential_buckets(10e-9, 10, 12); }

// controller-runtime pkg/internal/controller/metrics.
std::vector<double> reconcile_buckets() {
  return {.005, .01, .025, .05, .1,  .15, .2,  .25, .3, .35, .4, .45, .5, .6, .7, .8, .9, 1.0, 1.25, 1.5,
          1.75, 2.0, 2.5,  3.0, 3.5, 4.0, 4.5, 5,   6,  7,   8,  9,   10, 15, 20, 25, 30, 40,  50,   60};
}

// component-base rest_client_request_duration_seconds.
std::vector<double> rest_client_buckets() { return {.005, .025, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60}; }

}  // namespace

WorkQueueMetrics workqueue_metrics(Metrics& metrics, const std::string& name) {
  const MetricLabels labels{{"name", name}, {"controller", name}};
  return {
      .depth = metrics.gauge("workqueue_depth", "Current depth of workqueue", labels),
      .adds = metrics.counter("workqueue_adds_total", "Total number of adds handled by workqueue", labels),
      .retries =
          metrics.counter("workqueue_retries_total", "Total number of retries handled by workqueue", labels),
      .queue_duration =
          metrics.histogram("workqueue_queue_duration_seconds",
                            "How long in seconds an item stays in workqueue before being requested",
                            workqueue_buckets(), labels),
      .work_duration = metrics.histogram("workqueue_work_duration_seconds",
                                         "How long in seconds processing an item from workqueue takes.",
                                         workqueue_buckets(), labels),
      .unfinished_work =
          metrics.gauge("workqueue_unfinished_work_seconds",
                        "How many seconds of work has been done that is in progress and hasn't "
                        "been observed by work_duration.",
                        labels),
      .longest_running =
          metrics.gauge("workqueue_longest_running_processor_seconds",
                        "How many seconds has the longest running processor been running.", labels),
  };
}

ReconcileMetrics reconcile_metrics(Metrics& metrics, const std::string& controller) {
  const MetricLabels labels{{"controller", controller}};
  const auto result = [&](const char* name) {
    return metrics.counter("controller_runtime_reconcile_total",
                           "Total number of reconciliations per controller",
                           {{"controller", controller}, {"result", name}});
  };
  return {
      .success = result("success"),
      .requeue = result("requeue"),
      .requeue_after = result("requeue_after"),
      .error = result("error"),
      .errors = metrics.counter("controller_runtime_reconcile_errors_total",
                                "Total number of reconciliation errors per controller", labels),
      .time =
          metrics.histogram("controller_runtime_reconcile_time_seconds",
                            "Length of time per reconciliation per controller", reconcile_buckets(), labels),
      .active_workers = metrics.gauge("controller_runtime_active_workers",
                                      "Number of currently used workers per controller", labels),
      .max_concurrent = metrics.gauge("controller_runtime_max_concurrent_reconciles",
                                      "Maximum number of concurrent reconciles per controller", labels),
  };
}

WebhookMetrics webhook_metrics(Metrics& metrics, const std::string& path) {
  const MetricLabels labels{{"webhook", path}};
  return {
      .latency = metrics.histogram("controller_runtime_webhook_latency_seconds",
                                   "Histogram of the latency of processing admission requests",
                                   default_buckets(), labels),
      .in_flight = metrics.gauge("controller_runtime_webhook_requests_in_flight",
                                 "Current number of admission requests being served.", labels),
  };
}

Counter webhook_requests(Metrics& metrics, const std::string& path, int code) {
  return metrics.counter("controller_runtime_webhook_requests_total",
                         "Total number of admission requests by HTTP status code.",
                         {{"webhook", path}, {"code", std::to_string(code)}});
}

void count_request(Metrics& metrics, const std::string& host, const std::string& verb, int status,
                   double seconds) {
  const std::string code = status == 0 ? "<error>" : std::to_string(status);
  metrics
      .counter("rest_client_requests_total",
               "Number of HTTP requests, partitioned by status code, method, and host.",
               {{"code", code}, {"method", verb}, {"host", host}})
      .add();
  metrics
      .histogram("rest_client_request_duration_seconds",
                 "Request latency in seconds. Broken down by verb, and host.", rest_client_buckets(),
                 {{"verb", verb}, {"host", host}})
      .observe(seconds);
}

Gauge leader_status(Metrics& metrics, const std::string& name) {
  return metrics.gauge(
      "leader_election_master_status",
      "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 "
      "indicates master. 'name' is the string used to identify the lease. Please make sure to "
      "group by name.",
      {{"name", name}});
}

void export_server_stats(Metrics& metrics, const std::string& listener,
                         std::function<http::ServerStats()> stats) {
  using Read = std::uint64_t (*)(const http::ServerStats&);
  const MetricLabels labels{{"listener", listener}};
  const auto count = [&](const char* what, const char* help) {
    return metrics.counter("berth_http_server_" + std::string(what) + "_total", help, labels);
  };
  const auto now = [&](const char* what, const char* help) {
    return metrics.gauge("berth_http_server_" + std::string(what), help, labels);
  };
  const std::vector<std::pair<Counter, Read>> counters = {
      {count("accepted", "Connections accepted."), [](const auto& s) { return s.accepted; }},
      {count("rejected", "Connections closed at once because all others were busy."),
       [](const auto& s) { return s.rejected; }},
      {count("evicted", "Waiting connections closed to make room for newer ones."),
       [](const auto& s) { return s.evicted; }},
      {count("accept_failures", "Accepts that failed, e.g. for want of file descriptors."),
       [](const auto& s) { return s.accept_failures; }},
      {count("handshake_failures", "TLS handshakes that failed."),
       [](const auto& s) { return s.handshake_failures; }},
      {count("timeouts", "Connections closed because a deadline passed."),
       [](const auto& s) { return s.timeouts; }},
      {count("requests", "Requests answered by the program."), [](const auto& s) { return s.requests; }},
      {count("refused", "Requests refused before the program saw them."),
       [](const auto& s) { return s.refused; }},
      {count("handler_failures", "Requests answered with 500 because the program failed on them."),
       [](const auto& s) { return s.handler_failures; }},
  };
  const std::vector<std::pair<Gauge, Read>> gauges = {
      {now("connections", "Connections open now."), [](const auto& s) { return s.connections; }},
      {now("requests_in_flight", "Requests being read or answered now."),
       [](const auto& s) { return s.in_flight; }},
      {now("body_bytes", "Bytes of request bodies held now."),
       [](const auto& s) { return s.bytes_in_flight; }},
  };
  metrics.before_text([counters, gauges, read = std::move(stats)] {
    const http::ServerStats current = read();
    for (const auto& [counter, field] : counters) {
      counter.add(static_cast<double>(field(current)) - counter.value());
    }
    for (const auto& [gauge, field] : gauges) gauge.set(static_cast<double>(field(current)));
  });
}

void export_watches(Metrics& metrics, std::function<std::map<std::string, double>()> silences) {
  metrics.before_text([&metrics, asked = std::move(silences)] {
    std::map<MetricLabels, double> series;
    for (const auto& [resource, seconds] : asked()) series[{{"resource", resource}}] = seconds;
    metrics.replace_gauges(
        "berth_watch_silence_seconds",
        "How long ago the API server last said what it has of a kind: a list, an event or a bookmark.",
        series);
  });
}

}  // namespace berth::daemon
