#include "operator/telemetry.h"

#include <map>
#include <utility>

#include "core/base/reasons.h"

namespace berth::controller {
namespace {

double seconds(Duration span) { return static_cast<double>(span.count()) / 1000.0; }

daemon::Counter ledger_writes(daemon::Metrics& metrics, const char* result) {
  return metrics.counter("berth_ledger_writes_total", "Writes of ledger shards by result.",
                         {{"result", result}});
}

daemon::Counter refusals(daemon::Metrics& metrics, const std::string& reason) {
  return metrics.counter("berth_allocation_refusals_total",
                         "Allocations that were refused their numbers, by reason.", {{"reason", reason}});
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
      released_(metrics.counter("berth_releases_total", "Numbers that were given back.")) {
  // A rate is known only of what has been there before it grew.
  for (const std::string& reason : desired::refusal_reasons()) refusals(metrics, reason);
}

std::function<void(const client::RequestReport&)> Telemetry::request_observer() {
  return [this](const client::RequestReport& report) {
    daemon::count_request(metrics, host_, std::string(report.verb), report.status, seconds(report.elapsed));
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
    refusals(metrics, allocation::to_string(refusal.reason)).add();
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
    std::map<daemon::MetricLabels, double> ports;
    std::map<daemon::MetricLabels, double> largest;
    std::map<daemon::MetricLabels, double> frozen;
    if (const auto present = asked()) {
      present->ranges.for_each(present->group.snapshot(), [&](const std::shared_ptr<const PortRange>& range) {
        const daemon::MetricLabels labels{{"space", range->spec.space}, {"range", range->meta.name}};
        const PortRangeStatus& status = range->status;
        const std::pair<const char*, std::int64_t> states[] = {
            {"allocated", status.allocated}, {"available", status.available}, {"cooling", status.cooling},
            {"reserved", status.reserved},   {"external", status.external},   {"draining", status.draining}};
        for (const auto& [state, count] : states) {
          daemon::MetricLabels of_state = labels;
          of_state["state"] = state;
          ports[of_state] = static_cast<double>(count);
        }
        largest[labels] = static_cast<double>(status.largest_free_block);
        const Condition* ready = find_condition(status.conditions, "Ready");
        frozen[labels] = ready != nullptr && ready->reason == reason::kLedgerFrozen ? 1 : 0;
      });
    }
    metrics.replace_gauges("berth_ports", "Numbers of a range by what became of them.", ports);
    metrics.replace_gauges("berth_range_largest_free_block",
                           "The most numbers in a row that a range can hand out.", largest);
    metrics.replace_gauges("berth_range_ledger_frozen",
                           "1 while a ledger with numbers of the range cannot be read.", frozen);
  });
}

void Telemetry::export_pending(std::function<PendingByReason()> pending) {
  metrics.before_text([this, asked = std::move(pending)] {
    std::map<daemon::MetricLabels, double> counts;
    std::map<daemon::MetricLabels, double> oldest;
    for (const auto& [reason, group] : asked()) {
      counts[{{"reason", reason}}] = static_cast<double>(group.count);
      oldest[{{"reason", reason}}] = seconds(group.oldest);
    }
    metrics.replace_gauges("berth_pending_allocations", "Allocations that wait for their numbers, by reason.",
                           counts);
    metrics.replace_gauges("berth_oldest_pending_allocation_seconds",
                           "For how long the allocation has waited that waits longest, by reason.", oldest);
  });
}

}  // namespace berth::controller
