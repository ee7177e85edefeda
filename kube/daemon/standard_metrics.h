// The metrics that dashboards for Kubernetes operators know, under the names they know (conventions.md B1).
//
// Only names, help, labels and buckets stand here; who counts is elsewhere. Buckets are those of client-go,
// controller-runtime and component-base, so that existing panels and alerts fit.
// Thread-safety: as the handles of metrics.h.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kube/daemon/metrics.h"
#include "kube/http/server.h"

namespace berth::daemon {

// workqueue_*{name}: one set per queue.
struct WorkQueueMetrics {
  Gauge depth;
  Counter adds;
  Counter retries;
  Histogram queue_duration;  // seconds from adding to taking
  Histogram work_duration;   // seconds from taking to done
  Gauge unfinished_work;     // seconds, summed over what is being worked on
  Gauge longest_running;     // seconds of the oldest of them
};
WorkQueueMetrics workqueue_metrics(Metrics& metrics, const std::string& name);

// controller_runtime_reconcile_*{controller}: one set per controller. Without terminal errors, which are
// those that nobody tries again: here everybody does.
struct ReconcileMetrics {
  Counter success;        // controller_runtime_reconcile_total{result="success"}
  Counter requeue;        // {result="requeue"}
  Counter requeue_after;  // {result="requeue_after"}
  Counter error;          // {result="error"}
  Counter errors;         // controller_runtime_reconcile_errors_total: add together with `error`
  Histogram time;         // seconds
  Gauge active_workers;
  Gauge max_concurrent;
};
ReconcileMetrics reconcile_metrics(Metrics& metrics, const std::string& controller);

// controller_runtime_webhook_*{webhook}: one set per path.
struct WebhookMetrics {
  Histogram latency;  // seconds
  Gauge in_flight;
};
WebhookMetrics webhook_metrics(Metrics& metrics, const std::string& path);
// controller_runtime_webhook_requests_total{webhook,code}. Keep the ones for common codes.
Counter webhook_requests(Metrics& metrics, const std::string& path, int code);

// rest_client_requests_total{code,method,host} and rest_client_request_duration_seconds{verb,host}: a request
// to the API server at `host` ("10.0.0.1:443", as client-go has it). `status` 0: there was no answer, and the
// code is "<error>".
void count_request(Metrics& metrics, const std::string& host, const std::string& verb, int status,
                   double seconds);

// leader_election_master_status{name}: 1 while we lead.
Gauge leader_status(Metrics& metrics, const std::string& name);

// berth_http_server_*{listener}, from the server's own counts at every text(). `stats` must stay callable.
void export_server_stats(Metrics& metrics, const std::string& listener,
                         std::function<http::ServerStats()> stats);

// berth_watch_silence_seconds{resource}: asked at every text(), by resource ("ingresses.networking.k8s.io").
void export_watches(Metrics& metrics, std::function<std::map<std::string, double>()> silences);

}  // namespace berth::daemon
