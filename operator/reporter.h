// Reporter: status of PortRange and ExposurePolicy, written only when it changed.
//
// Thread-safety: from any thread, one object at a time (the queue sees to that).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/port.h"
#include "core/desired/status.h"
#include "core/exposure/policy_status.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "operator/observer.h"
#include "operator/stores.h"

namespace berth::controller {

struct ReportedRange {
  Status status = ok_status();
  std::shared_ptr<const PortRange> range = {};  // as it was when it was looked at; nullptr: there is none
  std::vector<desired::Turn> turns = {};        // what turned with the status that was written
  // When to look again although nothing observed has changed: while the API server refuses some of the
  // numbers as nodePort, because nothing tells when the server's flag is changed.
  std::optional<Duration> look_again = {};
};

class Reporter {
 public:
  // How long the API server's word on nodePorts counts. A refused write is tried again more often than that,
  // so it is heard again as long as it is true.
  static constexpr Duration kNodePortsKnownFor = std::chrono::minutes(2);

  // All must outlive the reporter.
  Reporter(const client::Client& client, const runtime::Clock& clock, Stores& stores, Observer& observer)
      : client_(&client), clock_(&clock), stores_(&stores), observer_(&observer) {}

  ReportedRange report_range(const std::string& name);
  // The API server said, refusing a number outside, which numbers it takes as nodePort. False: it said so
  // before.
  bool node_ports_said(const PortSpan& span);
  Status report_policy(const ExposurePolicy& policy, const exposure::Enforcement& enforcement);

 private:
  const client::Client* client_;
  const runtime::Clock* clock_;
  Stores* stores_;
  Observer* observer_;

  // What the API server takes as nodePort, and when it said so last (monotonic).
  [[nodiscard]] std::optional<PortSpan> node_ports() const;
  mutable std::mutex mutex_;
  std::optional<PortSpan> node_ports_ = {};
  Instant node_ports_at_ = {};
};

}  // namespace berth::controller
