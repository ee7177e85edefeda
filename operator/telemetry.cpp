#include "operator/telemetry.h"

#include <utility>

namespace berth::controller {
namespace {

double seconds(Duration span) { return static_cast<double>(span.count()) / 1000.0; }

daemon::Counter ledger_writes(daemon::Metrics& metrics, const char* result) {
  return metrics.counter("berth_ledger_writes_total", "Writes of ledger shards by result.",
                         {{"result", result}});
}

}  // namespace

Telemetry::Telemetry(std::string host)
    : leading(daemon::leader_status(metrics, "berth-operator")),
      superseded(metrics.counter("berth_ledger_superseded_total",
                                 "Steps that were put off because a ledger was written under a larger fence. "
                                 "Growing for ever: another operator works beside this one.")),
      rebuilt(metrics.counter("berth_rebuilds_total",
                              "Times that everything was read anew because the API server's data had gone "
                              "back in time, as after a restore of etcd.")),
      host_(std::move(host)),
      queue_(daemon::workqueue_metrics(metrics, "berth")),
      reconcile_(daemon::reconcile_metrics(metrics, "berth")),
      ledger_ok_(ledger_writes(metrics, "ok")),
      ledger_conflict_(ledger_writes(metrics, "conflict")),
      ledger_error_(ledger_writes(metrics, "error")),
      granted_(metrics.counter("berth_allocations_total", "Allocations that were given their numbers.")),
      released_(metrics.counter("berth_releases_total", "Numbers that were given back.")) {}

std::function<void(const client::RequestReport&)> Telemetry::request_observer() {
  return [this](const client::RequestReport& report) {
    const std::string code = report.status == 0 ? "<error>" : std::to_string(report.status);
    daemon::rest_client_requests(metrics, code, std::string(report.verb), host_).add();
    daemon::rest_client_duration(metrics, std::string(report.verb), host_).observe(seconds(report.elapsed));
  };
}

runtime::QueueObserver Telemetry::queue_observer() {
  return {
      [this] { queue_.adds.add(); },
      [this] { queue_.retries.add(); },
      [this](Duration waited) { queue_.queue_duration.observe(seconds(waited)); },
      [this](Duration worked) { queue_.work_duration.observe(seconds(worked)); },
      [this](std::size_t depth) { queue_.depth.set(static_cast<double>(depth)); },
  };
}

void Telemetry::export_work(int workers, std::function<runtime::WorkUnderWay()> under_way) {
  reconcile_.max_concurrent.set(workers);
  metrics.before_text([this, asked = std::move(under_way)] {
    const runtime::WorkUnderWay work = asked();
    queue_.unfinished_work.set(seconds(work.total));
    queue_.longest_running.set(seconds(work.longest));
    reconcile_.active_workers.set(static_cast<double>(work.keys));
  });
}

void Telemetry::count(const BookkeepingReport& report) {
  ledger_ok_.add(report.writes);
  ledger_conflict_.add(report.conflicts);
  if (!report.status.ok() && report.conflicts == 0) ledger_error_.add();
  granted_.add(static_cast<double>(report.granted.size()));
  released_.add(static_cast<double>(report.released.size()));
  for (const allocation::Refusal& refusal : report.refused) {
    metrics
        .counter("berth_allocation_refusals_total", "Allocations that were refused their numbers, by reason.",
                 {{"reason", allocation::to_string(refusal.reason)}})
        .add();
  }
}

void Telemetry::count(const Reconciled& reconciled, Duration took) {
  reconcile_.time.observe(seconds(took));
  if (reconciled.status.ok()) {
    (reconciled.look_again ? reconcile_.requeue_after : reconcile_.success).add();
    return;
  }
  const Code code = reconciled.status.error().code;
  if (code == Code::kConflict || code == Code::kExists) {
    reconcile_.requeue.add();
  } else {
    reconcile_.error.add();
    reconcile_.errors.add();
  }
}

void Telemetry::export_ranges(std::function<std::shared_ptr<const Stores>()> stores) {
  metrics.before_text([this, asked = std::move(stores)] {
    const auto present = asked();
    if (!present) return;
    const auto snapshot = present->group.snapshot();
    present->ranges.for_each(snapshot, [&](const std::shared_ptr<const PortRange>& range) {
      const auto set = [&](const char* state, std::int64_t value) {
        metrics
            .gauge("berth_ports", "Numbers of a range by what became of them.",
                   {{"space", range->spec.space}, {"range", range->meta.name}, {"state", state}})
            .set(static_cast<double>(value));
      };
      set("allocated", range->status.allocated);
      set("available", range->status.available);
      set("cooling", range->status.cooling);
      set("reserved", range->status.reserved);
      set("external", range->status.external);
      set("draining", range->status.draining);
      metrics
          .gauge("berth_range_largest_free_block", "The most numbers in a row that a range can hand out.",
                 {{"space", range->spec.space}, {"range", range->meta.name}})
          .set(static_cast<double>(range->status.largest_free_block));
    });
  });
}

}  // namespace berth::controller
