// ReportKeeper: the Reports of openreports.io that say what the audit found, one per namespace.
//
// Where the kind is not installed it does nothing and asks again from time to time. Writes are collected: of
// one namespace at most one every two seconds, a few at once. What somebody else changes in a report is put
// right when all of them are read again, every ten minutes. Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/audit.h"
#include "core/model/report.h"
#include "kube/client/client.h"
#include "kube/daemon/log.h"
#include "kube/runtime/clock.h"

namespace berth::webhook {

struct ReportKeeperConfig {
  Duration between_writes{2'000};  // of one report
  Duration ask_again{600'000};     // lists of all, or of whether the kind is there
  std::size_t at_once = 20;        // writes of one step
};

class ReportKeeper {
 public:
  // All by reference must outlive the object.
  ReportKeeper(const client::Client& client, const runtime::Clock& clock, const AuditBook& book,
               const daemon::Log& log, ReportKeeperConfig config = {});

  // What the book says of the namespace may be other now.
  void changed(const std::string& ns) { due_.insert(ns); }
  // From now on somebody else may have written the reports.
  void forget();

  // Writes what is due.
  void step();

 private:
  void read_all();
  // False: not written, and to be tried again later.
  bool write(const std::string& ns);
  [[nodiscard]] bool failed(const std::string& ns, const Error& error);

  const client::Client* client_;
  const runtime::Clock* clock_;
  const AuditBook* book_;
  const daemon::Log log_;
  const ReportKeeperConfig config_;
  bool there_ = false;  // the kind
  std::optional<Instant> read_at_;
  std::map<std::string, Report> present_;  // by namespace
  std::set<std::string> due_;
  std::map<std::string, Instant> written_at_;
};

}  // namespace berth::webhook
