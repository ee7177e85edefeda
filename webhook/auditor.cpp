#include "webhook/auditor.h"

#include <algorithm>
#include <utility>

#include "core/base/reasons.h"
#include "kube/runtime/watcher.h"
#include "kube/wire/kind.h"

namespace berth::webhook {
namespace {

constexpr char kController[] = "berth.dev/webhook";
constexpr int kEventsAtOnce = 20;

}  // namespace

Auditor::Auditor(AuditedCluster cluster, const client::Client& client, const runtime::Clock& clock,
                 AuditorConfig config, daemon::Metrics& metrics, const daemon::Log& log)
    : cluster_(std::move(cluster)),
      client_(&client),
      clock_(&clock),
      config_(std::move(config)),
      metrics_(&metrics),
      log_(log),
      events_(client, {kController, config_.lease.identity}),
      audited_(metrics.counter("berth_audited_namespaces_total", "Namespaces that the audit looked at.")),
      reports_(client, clock, book_, log) {}

void Auditor::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    step();
    runtime::wait_for(stop, config_.pause);
  }
  if (lease_) (void)lease_->release();  // it runs out by itself
}

void Auditor::step() {
  step_lease();
  if (led_ && cluster_.ready()) look();
}

void Auditor::touched(std::string_view ns) {
  const std::lock_guard lock(mutex_);
  if (ns.empty()) {
    all_touched_ = true;
  } else {
    touched_.emplace(ns);
  }
}

// Who loses the lease only stops: an audit too many does no harm, and the webhook must go on.
void Auditor::step_lease() {
  if (!lease_ || lease_->standing() == runtime::LeaseKeeper::Standing::kLost) {
    lease_.emplace(*client_, *clock_, config_.lease);
  }
  if (clock_->monotonic() >= lease_->next_step()) {
    const auto standing = lease_->step();
    if (!standing.ok())
      daemon::log_error(log_, daemon::LogLevel::kDebug, "Lease not renewed", standing.error());
  }
  const bool leading = lease_->leading();
  if (leading == led_) return;
  led_ = leading;
  log_.info(led_ ? "Auditing" : "Not auditing any more");
  touched("");
  reports_.forget();
  if (led_) return;
  show({});
}

bool Auditor::everything_is_due() const {
  return clock_->monotonic() - everything_at_ >= config_.at_least || (turn_ && clock_->wall() >= *turn_);
}

// Of all namespaces that are or were there when everything is to be looked at.
std::set<std::string> Auditor::take_touched() {
  bool all = everything_is_due();
  std::set<std::string> taken;
  {
    const std::lock_guard lock(mutex_);
    all = std::exchange(all_touched_, false) || all;
    taken = std::exchange(touched_, {});
  }
  if (all) {
    everything_at_ = clock_->monotonic();
    taken.insert(known_.begin(), known_.end());
    for (std::string& ns : cluster_.namespaces()) taken.insert(std::move(ns));
  }
  for (const std::string& ns : config_.excluded_namespaces) taken.erase(ns);
  return taken;
}

void Auditor::look() {
  for (const std::string& ns : take_touched()) audit_namespace(ns);
  write_statuses();
  reports_.step();
  for (int i = 0; i < kEventsAtOnce; ++i) {
    const auto more = events_.step(clock_->wall());
    if (!more.ok()) daemon::log_error(log_, daemon::LogLevel::kDebug, "Event not written", more.error());
    if (!more.ok() || !*more) break;
  }
}

void Auditor::audit_namespace(const std::string& ns) {
  NamespaceAudit audited;
  cluster_.read([&](const exposure::Facts& facts) { audited = audit(ns, facts, clock_->wall()); });
  audited_.add();
  known_.insert(ns);
  for (const Violation& one : book_.put(ns, std::move(audited))) tell(one);
  reports_.changed(ns);
}

void Auditor::tell(const Violation& violation) {
  const exposure::Finding& finding = violation.finding;
  log_.info("Violation", {{"policy", violation.policy}, {"why", finding.message}, {"path", finding.path}});
  events_.record({violation.object, "Warning", reason::kViolated, "Audit",
                  finding.message + ": " + finding.path + "; fix: " + finding.fix},
                 clock_->wall());
}

void Auditor::write_statuses() {
  std::vector<ExposurePolicy> policies;
  cluster_.read([&](const exposure::Facts& facts) {
    const std::vector<const ExposurePolicy*> present = facts.policies();
    turn_ = next_turn(present, clock_->wall());
    for (const ExposurePolicy* policy : present) policies.push_back(*policy);
  });
  show(policies);
  for (const ExposurePolicy& policy : policies) write(policy);
  std::erase_if(written_at_, [&](const auto& written) {
    return std::none_of(policies.begin(), policies.end(),
                        [&](const ExposurePolicy& policy) { return policy.meta.name == written.first; });
  });
}

// Of these policies and no others.
void Auditor::show(const std::vector<ExposurePolicy>& policies) {
  std::map<daemon::MetricLabels, double> violations;
  std::map<daemon::MetricLabels, double> exceptions;
  std::map<daemon::MetricLabels, double> next_ends;
  for (const ExposurePolicy& policy : policies) {
    const std::string& name = policy.meta.name;
    violations[{{"policy", name}}] = static_cast<double>(book_.of_policy(name, 0).violations);
    const ExceptionCounts counts = count_exceptions(policy, book_, clock_->wall());
    const std::pair<const char*, std::int64_t> states[] = {{"ended", counts.ended},
                                                           {"expiring", counts.expiring},
                                                           {"unused", counts.unused},
                                                           {"used", counts.used}};
    for (const auto& [state, count] : states)
      exceptions[{{"policy", name}, {"state", state}}] = static_cast<double>(count);
    if (counts.next_end)
      next_ends[{{"policy", name}}] = static_cast<double>(counts.next_end->milliseconds) / 1000.0;
  }
  metrics_->replace_gauges("berth_exposure_violations",
                           "Ways out of the cluster that stand and that the policy forbids.", violations);
  metrics_->replace_gauges("berth_exposure_exceptions", "Exceptions of a policy by what became of them.",
                           exceptions);
  metrics_->replace_gauges("berth_exposure_exception_expiry_seconds",
                           "Unix time at which the next exception of a policy ends.", next_ends);
}

// What another has written meanwhile comes by the watch, and the next look writes on top of that.
void Auditor::write(const ExposurePolicy& policy) {
  const ExposurePolicyStatus wanted = audited_status(policy, book_, clock_->wall());
  if (wanted == policy.status) return;
  const Instant now = clock_->monotonic();
  const auto before = written_at_.find(policy.meta.name);
  if (before != written_at_.end() && now - before->second < config_.between_writes) return;
  written_at_[policy.meta.name] = now;
  ExposurePolicy changed = policy;
  changed.status = wanted;
  const auto written = client_->replace_status(wire::kExposurePolicy, changed);
  if (written.ok() || written.error().code == Code::kConflict) return;
  daemon::log_error(log_, daemon::LogLevel::kWarn, "Status not written", written.error(),
                    {{"policy", policy.meta.name}});
}

}  // namespace berth::webhook
