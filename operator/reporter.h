// Reporter: status of PortRange and ExposurePolicy, written only when it changed.
//
// Thread-safety: from any thread, one object at a time (the queue sees to that).
#pragma once

#include <string>

#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "operator/observer.h"
#include "operator/stores.h"

namespace berth::controller {

class Reporter {
 public:
  // All must outlive the reporter.
  Reporter(const client::Client& client, const runtime::Clock& clock, Stores& stores, Observer& observer)
      : client_(&client), clock_(&clock), stores_(&stores), observer_(&observer) {}

  Status report_range(const std::string& name);
  Status report_policy(const std::string& name);

 private:
  const client::Client* client_;
  const runtime::Clock* clock_;
  Stores* stores_;
  Observer* observer_;
};

}  // namespace berth::controller
