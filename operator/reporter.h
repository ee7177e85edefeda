// Reporter: status of PortRange and ExposurePolicy, written only when it changed.
//
// Thread-safety: from any thread, one object at a time (the queue sees to that).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/desired/status.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "operator/node_port_range.h"
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
  // All must outlive the reporter.
  Reporter(const client::Client& client, const runtime::Clock& clock, Stores& stores, Observer& observer)
      : client_(&client),
        clock_(&clock),
        stores_(&stores),
        observer_(&observer),
        node_ports_(client, clock) {}

  ReportedRange report_range(const std::string& name);
  Status report_policy(const std::string& name);

 private:
  const client::Client* client_;
  const runtime::Clock* clock_;
  Stores* stores_;
  Observer* observer_;
  NodePortRange node_ports_;
};

}  // namespace berth::controller
