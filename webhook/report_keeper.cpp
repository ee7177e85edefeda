#include "webhook/report_keeper.h"

#include <utility>
#include <vector>

#include "core/audit_report.h"
#include "core/base/api_names.h"
#include "kube/wire/kind.h"

namespace berth::webhook {

ReportKeeper::ReportKeeper(const client::Client& client, const runtime::Clock& clock, const AuditBook& book,
                           const daemon::Log& log, ReportKeeperConfig config)
    : client_(&client), clock_(&clock), book_(&book), log_(log), config_(config) {}

void ReportKeeper::forget() {
  read_at_.reset();
  there_ = false;
}

void ReportKeeper::step() {
  const Instant now = clock_->monotonic();
  if (!read_at_ || now - *read_at_ >= config_.ask_again) read_all();
  if (!there_) {
    due_.clear();  // when the kind comes, everything is due
    return;
  }
  std::size_t written = 0;
  for (auto next = due_.begin(); next != due_.end() && written < config_.at_once;) {
    const auto before = written_at_.find(*next);
    if (before != written_at_.end() && now - before->second < config_.between_writes) {
      ++next;
      continue;
    }
    ++written;
    written_at_[*next] = now;
    next = write(*next) ? due_.erase(next) : std::next(next);
  }
}

void ReportKeeper::read_all() {
  read_at_ = clock_->monotonic();
  const auto reports =
      client_->list<Report>(wire::kReport, "", {std::string(kManagedByLabel) + "=" + kManagedByValue, ""});
  if (!reports.ok()) {
    there_ = false;
    if (reports.error().code == Code::kNotFound) return;
    daemon::log_error(log_, daemon::LogLevel::kWarn, "Reports not read", reports.error());
    return;
  }
  there_ = true;
  present_.clear();
  for (const Report& report : reports->items) {
    if (report.meta.name != kAuditReport) continue;
    present_.insert_or_assign(report.meta.ns, report);
    due_.insert(report.meta.ns);
  }
  for (std::string& ns : book_->violated_namespaces()) due_.insert(std::move(ns));
}

bool ReportKeeper::write(const std::string& ns) {
  const NamespaceAudit* audited = book_->of_namespace(ns);
  const auto known = present_.find(ns);
  const Report* present = known == present_.end() ? nullptr : &known->second;
  const auto wanted =
      audit_report(ns, audited == nullptr ? NamespaceAudit() : *audited, present, clock_->wall());
  if (!wanted) {
    if (present == nullptr) return true;
    const auto removed =
        client_->remove<Report>(wire::kReport, present->meta.key(), {.uid = present->meta.uid});
    if (!removed.ok() && removed.error().code != Code::kNotFound) return failed(ns, removed.error());
    present_.erase(ns);
    written_at_.erase(ns);
    return true;
  }
  if (present != nullptr && *wanted == *present) return true;
  const auto written =
      present == nullptr ? client_->create(wire::kReport, *wanted) : client_->replace(wire::kReport, *wanted);
  if (!written.ok()) return failed(ns, written.error());
  present_.insert_or_assign(ns, *written);
  return true;
}

// A conflict, or a report that is there or gone, means that we have not seen all: everything is read again.
bool ReportKeeper::failed(const std::string& ns, const Error& error) {
  const bool stale =
      error.code == Code::kConflict || error.code == Code::kExists || error.code == Code::kNotFound;
  if (stale) {
    read_at_.reset();
  } else {
    daemon::log_error(log_, daemon::LogLevel::kWarn, "Report not written", error, {{"namespace", ns}});
  }
  return false;
}

}  // namespace berth::webhook
