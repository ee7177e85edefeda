#include "operator/reporter.h"

#include <utility>

#include "core/allocation/usage.h"
#include "core/desired/status.h"

namespace berth::controller {
namespace {

// Shards of the range's numbers that cannot be read.
std::vector<std::string> frozen_shards(const allocation::CompiledRange& range,
                                       const allocation::Ledger& ledger) {
  std::vector<std::string> names;
  for (const auto& [shard, error] : ledger.frozen()) {
    const Port first = Port::of(std::max(1, shard * allocation::kShardSize));
    const PortSpan span{first, Port::of((shard + 1) * allocation::kShardSize - 1)};
    for (const PortSpan& own : range.spans) {
      if (!own.intersects(span)) continue;
      names.push_back(allocation::shard_name(range.space, shard) + ": " + error.message);
      break;
    }
  }
  return names;
}

template <class T>
Status write_status(const client::Client& client, const wire::Kind& kind, runtime::Store<T>& store,
                    const T& present, decltype(T::status) status) {
  if (status == present.status) return ok_status();
  T object;
  object.meta.name = present.meta.name;
  object.meta.uid = present.meta.uid;
  object.meta.resource_version = present.meta.resource_version;
  object.status = std::move(status);
  auto written = client.replace_status(kind, object);
  if (written.ok()) {
    store.put_written(std::move(*written));
    return ok_status();
  }
  if (written.error().code == Code::kNotFound) return ok_status();  // gone meanwhile
  if (written.error().code == Code::kConflict) {
    auto live = client.get<T>(kind, present.meta.key());
    if (live.ok()) store.put_written(std::move(*live));
  }
  return written.error();
}

}  // namespace

ReportedRange Reporter::report_range(const std::string& name) {
  std::shared_ptr<const PortRange> present;
  ClusterView view;
  {
    const auto snapshot = stores_->group.snapshot();
    present = stores_->ranges.get(snapshot, {"", name});
    view = observer_->view(snapshot, true);
  }
  if (!present) return {};
  desired::RangeFindings findings;
  findings.compiled = view.ranges->find(name);
  const auto unusable = view.ranges->unusable().find(name);
  if (unusable != view.ranges->unusable().end()) findings.error = &unusable->second;
  if (findings.compiled != nullptr) {
    const allocation::Ledger& ledger = view.ledgers->in(findings.compiled->space);
    findings.usage = allocation::count_usage(*findings.compiled, ledger, *view.uses);
    findings.overlapping = desired::overlapping_ranges(*findings.compiled, *view.ranges);
    findings.frozen_shards = frozen_shards(*findings.compiled, ledger);
    if (findings.compiled->space == allocation::Space::kNodePort) findings.node_ports = node_ports();
  }
  const PortRangeStatus status = desired::make_range_status(*present, findings, clock_->wall());
  ReportedRange reported;
  reported.range = present;
  reported.status = write_status(*client_, wire::kPortRange, stores_->ranges, *present, status);
  if (reported.status.ok()) reported.turns = desired::turns(present->status.conditions, status.conditions);
  const Condition* outside = find_condition(status.conditions, "OutsideNodePortRange");
  if (outside != nullptr && outside->status == "True") reported.look_again = kNodePortsKnownFor;
  return reported;
}

bool Reporter::node_ports_said(const PortSpan& span) {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_->monotonic();
  const bool known = node_ports_ == span && now - node_ports_at_ < kNodePortsKnownFor;
  node_ports_ = span;
  node_ports_at_ = now;
  return !known;
}

std::optional<PortSpan> Reporter::node_ports() const {
  const std::lock_guard lock(mutex_);
  if (clock_->monotonic() - node_ports_at_ >= kNodePortsKnownFor) return {};
  return node_ports_;
}

Status Reporter::report_policy(const ExposurePolicy& policy, const exposure::Enforcement& enforcement) {
  return write_status(*client_, wire::kExposurePolicy, stores_->exposure_policies, policy,
                      exposure::make_policy_status(policy, enforcement, clock_->wall()));
}

}  // namespace berth::controller
