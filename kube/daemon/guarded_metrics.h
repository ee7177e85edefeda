// GuardedMetrics: the HTTPS listener of /metrics, with its certificate.
//
// The certificate comes from files that are looked at every second, or is made here, signs itself and is kept
// in memory alone. Thread-safety: none; it has threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/daemon/listen_address.h"
#include "kube/daemon/log.h"
#include "kube/daemon/metrics_guard.h"
#include "kube/http/server.h"

namespace berth::daemon {

struct GuardedMetricsOptions {
  ListenAddress listen = {};
  std::string certificate_dir = {};  // of tls.crt and tls.key; "": a certificate that signs itself
};

class GuardedMetrics {
 public:
  // `metrics` must outlive this. While the files cannot be used nobody is greeted, or with what was there
  // before; the log says why. Errors: as http::Server::start().
  static Result<std::unique_ptr<GuardedMetrics>> start(const GuardedMetricsOptions& options, Metrics& metrics,
                                                       AccessReviews reviews, const Log& log);
  GuardedMetrics(const GuardedMetrics&) = delete;
  GuardedMetrics& operator=(const GuardedMetrics&) = delete;
  ~GuardedMetrics();

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }

 private:
  GuardedMetrics(std::string certificate_dir, Metrics& metrics, AccessReviews reviews, const Log& log);
  // Serves what is to be served now; once for each state of the files.
  void look();
  void renew_own();
  void read_files();

  const std::string certificate_dir_;
  const Log log_;
  Counter failures_;
  MetricsGuard guard_;
  std::unique_ptr<http::Server> server_ = {};
  std::string last_ = {};     // the pair, or why there is none
  Instant renew_at_ = {};     // of our own certificate, by the wall clock
  std::jthread keeper_ = {};  // last: it ends first
};

}  // namespace berth::daemon
