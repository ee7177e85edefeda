// Lookout: tells of kinds that may lead out of the cluster and that nobody reads, in the log and in a metric.
//
// Thread-safety: one thread.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "kube/adapters/table.h"
#include "kube/client/client.h"
#include "kube/daemon/log.h"
#include "kube/daemon/metrics.h"

namespace berth::webhook {

class Lookout {
 public:
  // All by reference must outlive the object.
  Lookout(const client::Client& client, const adapters::Table& table, daemon::Metrics& metrics,
          const daemon::Log& log);

  // Compares what the server serves now with the adapters. Each kind is logged once; one that goes leaves the
  // metric.
  void look();

 private:
  using GroupAndKind = std::pair<std::string, std::string>;
  void tell(const GroupAndKind& kind);

  const client::Client* client_;
  const adapters::Table* table_;
  daemon::Metrics* metrics_;
  const daemon::Log log_;
  std::set<GroupAndKind> told_;
};

}  // namespace berth::webhook
