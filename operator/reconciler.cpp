#include "operator/reconciler.h"

#include <utility>

#include "core/base/api_names.h"
#include "kube/wire/status.h"

namespace berth::controller {
namespace {

// In a burst everybody is shown his numbers before anybody is published: a plan ends after the status write
// that shows the first ones, and what is left of it is planned anew in its turn. Any prefix of a plan is
// safe.
bool only_shows_numbers(Plan& plan, const PortAllocation& allocation) {
  if (!allocation.status.ports.empty() || plan.actions.size() < 2) return false;
  const auto* first = std::get_if<WriteStatus>(&plan.actions.front());
  if (first == nullptr || first->status.ports.empty()) return false;
  plan.actions.resize(1);
  std::erase_if(plan.notices, [](const Notice& notice) { return !notice.early; });
  return true;
}

// Until every kind is listed nothing may be decided; lists take milliseconds to seconds.
constexpr Duration kNotReady(200);

ObjectReference reference(const PortAllocation& allocation) {
  return {kApiVersion,          "PortAllocation",    allocation.meta.ns,
          allocation.meta.name, allocation.meta.uid, allocation.meta.resource_version};
}

ObjectReference reference(const Namespace& ns) {
  return {"v1", "Namespace", "", ns.meta.name, ns.meta.uid, ns.meta.resource_version};
}

ObjectReference reference(const PortRange& range) {
  return {kApiVersion, "PortRange", "", range.meta.name, range.meta.uid, range.meta.resource_version};
}

}  // namespace

Reconciled Reconciler::reconcile(const runtime::WorkKey& key) {
  {
    const auto snapshot = parts_.stores.group.snapshot();
    if (!parts_.stores.ready(snapshot)) return {ok_status(), kNotReady};
  }
  if (key.kind == kAllocationWork) return reconcile_allocation(key.object);
  if (key.kind == kNamespaceWork) return reconcile_namespace(key.object.name);
  if (key.kind == kRangeWork) return report_range(key.object.name);
  if (key.kind == kPolicyWork) return reconcile_policy(key.object.name);
  return reconcile_ledgers();
}

Reconciled Reconciler::reconcile_allocation(const ObjectKey& key) {
  const auto observed = parts_.observer.allocation(key);
  if (!observed) {
    // Its numbers, if it had any, are released there after live proof. Names that were only guessed from
    // those of other objects come here as well.
    parts_.enqueue(ledger_work(key));
    return {};
  }
  const PortAllocation& allocation = *observed->allocation;
  Plan plan = berth::plan(observed->observation, parts_.clock.wall());
  if (plan.wants_numbers) parts_.enqueue(ledger_work(key));
  const bool can_wait = !observed->observation.write_problem && parts_.hurried && parts_.hurried();
  const bool more = can_wait && only_shows_numbers(plan, allocation);

  const Carried carried = parts_.applier.carry_out(plan, allocation.meta.generation);
  tell(reference(allocation), plan, carried);
  if (carried.status.ok() && !observed->observation.recovered.empty()) {
    parts_.observer.remember_recovered(allocation.meta.uid, {});
  }
  if (carried.release_wanted) parts_.enqueue(ledger_work(key));
  if (more && carried.status.ok()) parts_.enqueue(allocation_work(key));
  const Uid& uid = allocation.meta.uid;
  if (carried.problem) {
    hear_node_ports(carried.problem->message);
    // Told once in the status, then tried again with growing waits: the server's mind changes with what
    // others do.
    const bool told = carried.problem->kind == ObjectKind::kConfigMap;
    const auto& before =
        told ? observed->observation.config_map_problem : observed->observation.write_problem;
    if (before == carried.problem) {
      const Duration refused_for = parts_.clock.monotonic() - parts_.observer.memory(uid).problem_since;
      const auto& number = carried.problem->contested;
      if (!number || refused_for < Observer::kContestedAfter) return {carried.status, {}};
      parts_.observer.contested(*number);
      parts_.enqueue(allocation_work(key));
      return {};
    }
    parts_.observer.remember_write_problem(uid, *carried.problem);
    parts_.enqueue(allocation_work(key));
    return {};
  }
  if (!carried.status.ok()) return {carried.status, {}};
  const bool had_problem = observed->observation.write_problem || observed->observation.config_map_problem;
  if (had_problem && carried.writes > 0) {
    parts_.observer.forget_write_problems(uid);
    parts_.enqueue(allocation_work(key));
  }
  return {ok_status(), plan.look_again};
}

Reconciled Reconciler::reconcile_namespace(const std::string& name) {
  const auto observed = parts_.observer.ns(name);
  if (!observed) return {};
  const Plan plan = plan_namespace(observed->observation);
  const Carried carried = parts_.applier.carry_out(plan, 0);
  tell(reference(*observed->observation.ns), plan, carried);
  if (!carried.status.ok()) return {carried.status, {}};
  return {ok_status(), plan.look_again};
}

// Every range of nodePorts is judged anew when the API server has told its own.
void Reconciler::hear_node_ports(const std::string& message) {
  const auto said = wire::valid_node_ports(message);
  if (!said || !parts_.reporter.node_ports_said(*said)) return;
  const auto snapshot = parts_.stores.group.snapshot();
  for (const ObjectKey& key : parts_.stores.ranges.keys(snapshot)) parts_.enqueue(range_work(key.name));
}

Reconciled Reconciler::report_range(const std::string& name) {
  const ReportedRange reported = parts_.reporter.report_range(name);
  for (const desired::Turn& turn : reported.turns) {
    parts_.events.record({reference(*reported.range), turn.warning ? "Warning" : "Normal",
                          turn.condition.reason, "Report", turn.condition.message},
                         parts_.clock.wall());
  }
  return {reported.status, reported.look_again};
}

// What it made goes with it: the API server sees to that.
Reconciled Reconciler::reconcile_policy(const std::string& name) {
  const auto policy = parts_.stores.exposure_policies.get({"", name});
  if (!policy || policy->meta.deleting()) return {};
  const KeptWall kept = parts_.walls != nullptr ? parts_.walls->keep(*policy) : KeptWall();
  const Status reported = parts_.reporter.report_policy(*policy, kept.enforcement);
  return {kept.status.ok() ? reported : kept.status, kept.look_again};
}

Reconciled Reconciler::reconcile_ledgers() {
  const std::int64_t fence = parts_.fence();
  if (fence < 0) return {ok_status(), kNotReady};
  const LedgerLook look = parts_.scope ? parts_.scope->take(parts_.clock.monotonic()) : LedgerLook{};
  const bool in_a_burst = parts_.hurried && parts_.hurried();
  const BookkeepingReport report = parts_.bookkeeper.step(fence, look, in_a_burst);
  const bool done = report.status.ok() && !report.superseded && !report.unfinished;
  if (parts_.scope && !done) parts_.scope->again(look);
  if (parts_.booked) parts_.booked(report);
  for (const ObjectKey& key : report.concerned) parts_.enqueue(allocation_work(key));
  for (const ObjectKey& key : report.postponed) parts_.enqueue(ledger_work(key));
  if (report.superseded) {
    parts_.superseded(report.fence_seen);
    return {ok_status(), Duration(1000)};
  }
  if (!report.status.ok()) return {report.status, {}};
  if (report.more) {
    if (look.everything && (report.unfinished || report.concerned.empty())) parts_.enqueue(ledger_work());
    for (const ObjectKey& key : report.concerned) parts_.enqueue(ledger_work(key));
    for (const ObjectKey& key : look.allocations) parts_.enqueue(ledger_work(key));
    // What became free is for those that wait, whom every step looks at.
    const auto waiting = parts_.observer.refused();
    if (!waiting.empty()) parts_.enqueue(ledger_work(waiting.begin()->second));
  }
  return {ok_status(), report.look_again};
}

void Reconciler::tell(const ObjectReference& regarding, const Plan& plan, const Carried& carried) {
  for (const Notice& notice : plan.notices) {
    const bool is_true = carried.status.ok() || (notice.early && carried.status_written);
    if (!is_true) continue;
    parts_.events.record(
        {regarding, notice.warning ? "Warning" : "Normal", notice.reason, "Reconcile", notice.message},
        parts_.clock.wall());
  }
}

}  // namespace berth::controller
