// NodePortRange: which numbers the API server takes as nodePort (its flag --service-node-port-range).
//
// No API tells it; the server says it when it refuses a number outside. So it is asked with a dry run that
// stores nothing. What it said is kept for a while, because the flag changes only with a restart of the
// server. Thread-safety: all functions from any thread.
#pragma once

#include <mutex>
#include <optional>

#include "core/base/instant.h"
#include "core/base/port.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"

namespace berth::controller {

class NodePortRange {
 public:
  // How long an answer, or the lack of one, is believed.
  static constexpr Duration kKnownFor = std::chrono::minutes(1);

  // Both must outlive the object.
  NodePortRange(const client::Client& client, const runtime::Clock& clock)
      : client_(&client), clock_(&clock) {}

  // The range, asked for when the last answer is older than kKnownFor; nothing while the server has not said
  // it (it cannot be reached, or another admission controller refuses the question).
  std::optional<PortSpan> current();

 private:
  const client::Client* client_;
  const runtime::Clock* clock_;
  std::mutex mutex_;
  std::optional<Instant> asked_ = {};  // monotonic
  std::optional<PortSpan> known_ = {};
};

}  // namespace berth::controller
