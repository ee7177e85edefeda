// Health: /livez, /healthz, /readyz and /metrics of a program, as a handler of http::Server.
//
// Meant for a plain listener of its own. Answers as the API server's own endpoints do: "ok", or one line per
// check. Thread-safety: all functions may be called from several threads at once; checks are called from the
// server's threads, must not block and must not call Health.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kube/daemon/metrics.h"
#include "kube/http/server.h"

namespace berth::daemon {

// nullopt: fine. Otherwise why not, in a few words without secrets (it is shown to whoever asks).
using HealthCheck = std::function<std::optional<std::string>()>;

class Health {
 public:
  // `metrics` may be null: then there is no /metrics. It must outlive this.
  explicit Health(const Metrics* metrics);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;
  ~Health();

  // Asked by /livez and its older name /healthz: a failure has the program restarted.
  void add_liveness(std::string name, HealthCheck check);
  // Asked by /readyz: a failure takes the program out of its Service.
  void add_readiness(std::string name, HealthCheck check);

  // From now on /readyz fails with "draining": the first thing to do when asked to stop.
  void set_draining();

  // 200 "ok", or 503 and a line per check: "[+]ping ok", "[-]caches-synced failed: Pods are being listed".
  // With ?verbose the lines come with 200 too. Other paths 404, other methods than GET and HEAD 405.
  [[nodiscard]] http::Reply answer(const http::ServerRequest& request) const;

  // answer() as a handler; the Health must outlive it.
  [[nodiscard]] http::Handler handler() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace berth::daemon
