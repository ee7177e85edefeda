// Auditor: tells, on the policies and on the objects, what stands in the cluster that a policy forbids.
//
// It looks again at the namespaces that the watches tell of, at everything when time alone turns something
// (an exception ends) and at least every ten minutes, all in memory. Of several replicas the one with the
// lease audits. Nothing depends on it: the webhook judges whether or not anybody audits. Thread-safety:
// touched() from any thread; run() or step() in one.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit.h"
#include "core/exposure/facts.h"
#include "kube/client/client.h"
#include "kube/client/events.h"
#include "kube/daemon/log.h"
#include "kube/daemon/metrics.h"
#include "kube/runtime/clock.h"
#include "kube/runtime/lease.h"
#include "webhook/report_keeper.h"

namespace berth::webhook {

struct AuditorConfig {
  runtime::LeaseConfig lease = {};
  std::vector<std::string> excluded_namespaces = {};  // never judged, so nothing is said of them
  Duration pause{500};                                // between two looks
  Duration between_writes{2'000};                     // of one policy's status
  Duration at_least{600'000};                         // everything is looked at so often
};

// What is looked at, over and over.
struct AuditedCluster {
  using Use = std::function<void(const exposure::Facts&)>;
  std::function<bool()> ready = {};                           // every kind has been listed
  std::function<std::vector<std::string>()> namespaces = {};  // that have anything that an audit asks for
  std::function<void(const Use&)> read = {};                  // as of one moment; requires ready()
};

class Auditor {
 public:
  // All by reference must outlive the object, and so must what `cluster` calls. Requires
  // runtime::check(config.lease).
  Auditor(AuditedCluster cluster, const client::Client& client, const runtime::Clock& clock,
          AuditorConfig config, daemon::Metrics& metrics, const daemon::Log& log);

  // Until stopped; gives the lease back.
  void run(const std::stop_token& stop);

  // One turn of run(): the lease, and a look when it is ours.
  void step();

  // The ways of this namespace may be others now; "" = of all.
  void touched(std::string_view ns);

 private:
  void step_lease();
  void look();
  void audit_namespace(const std::string& ns);
  void write_statuses();
  void show(const std::vector<ExposurePolicy>& policies);
  void write(const ExposurePolicy& policy);
  void tell(const Violation& violation);
  [[nodiscard]] bool everything_is_due() const;
  std::set<std::string> take_touched();

  const AuditedCluster cluster_;
  const client::Client* client_;
  const runtime::Clock* clock_;
  const AuditorConfig config_;
  daemon::Metrics* metrics_;
  const daemon::Log log_;
  client::EventRecorder events_;
  daemon::Counter audited_;

  std::optional<runtime::LeaseKeeper> lease_;
  bool led_ = false;

  mutable std::mutex mutex_;
  std::set<std::string> touched_;
  bool all_touched_ = true;

  AuditBook book_;
  ReportKeeper reports_;
  std::set<std::string> known_;                // namespaces that the book may say something of
  Instant everything_at_ = {};                 // monotonic: when everything was looked at
  std::optional<Instant> turn_ = {};           // wall: when time alone changes something
  std::map<std::string, Instant> written_at_;  // monotonic, by policy
};

}  // namespace berth::webhook
