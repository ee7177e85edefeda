// Telemetry: the operator's metrics, by name.
//
// Thread-safety: handles are atomic; count() from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kube/client/client.h"
#include "kube/daemon/metrics.h"
#include "kube/daemon/standard_metrics.h"
#include "kube/runtime/work_queue.h"
#include "operator/pending_allocations.h"
#include "operator/reconciler.h"

namespace berth::controller {

class Telemetry {
 public:
  explicit Telemetry(std::string host);

  daemon::Metrics metrics;
  daemon::Gauge leading;
  daemon::Counter superseded;  // work that was put off because a ledger carries a larger fence
  daemon::Counter rebuilt;     // everything was read anew because the API server's data had gone back

  [[nodiscard]] std::function<void(const client::RequestReport&)> request_observer();
  [[nodiscard]] runtime::QueueObserver queue_observer();
  // What is being worked on, by how many workers at most. `under_way`: asked before every text.
  void export_work(int workers, std::function<runtime::WorkUnderWay()> under_way);
  void count(const BookkeepingReport& report);
  void count(const Reconciled& reconciled, Duration took);
  // Gauges of every range, set from the status that was last written. `stores`: asked before every text;
  // nullptr = there is nothing yet.
  void export_ranges(std::function<std::shared_ptr<const Stores>()> stores);
  // Allocations that wait for their numbers. `pending`: asked before every text; empty = nobody knows.
  void export_pending(std::function<PendingByReason()> pending);

 private:
  std::string host_;
  daemon::WorkQueueMetrics queue_;
  daemon::ReconcileMetrics reconcile_;
  daemon::Counter ledger_ok_;
  daemon::Counter ledger_conflict_;
  daemon::Counter ledger_error_;
  daemon::Counter granted_;
  daemon::Counter released_;
};

}  // namespace berth::controller
