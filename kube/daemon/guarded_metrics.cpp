#include "kube/daemon/guarded_metrics.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <unistd.h>
#include <utility>

#include "kube/daemon/start.h"
#include "kube/http/certificate.h"
#include "kube/http/key_pair_files.h"

namespace berth::daemon {
namespace {

constexpr std::chrono::seconds kLook(1);
constexpr Duration kOwnValidity = std::chrono::hours(24 * 365);
// Scrapers are few; a second thread lets one be answered while another waits for the API server.
constexpr int kThreads = 2;
constexpr std::size_t kMaxConnections = 64;

Instant since_epoch(auto now) {
  return Instant{std::chrono::duration_cast<Duration>(now.time_since_epoch()).count()};
}
Instant wall() { return since_epoch(std::chrono::system_clock::now()); }
Instant monotonic() { return since_epoch(std::chrono::steady_clock::now()); }

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.front() == '\0' ? "localhost" : host.data();
}

}  // namespace

GuardedMetrics::GuardedMetrics(std::string certificate_dir, Metrics& metrics, AccessReviews reviews,
                               const Log& log)
    : certificate_dir_(std::move(certificate_dir)),
      log_(log),
      failures_(metrics.counter("berth_metrics_certificate_failures_total",
                                "Times that the certificate of the guarded metrics could not be used.")),
      guard_(metrics, std::move(reviews), monotonic, [log](const Error& error) {
        log_error(log, LogLevel::kWarn, "Nobody can be let in to the metrics", error);
      }) {}

Result<std::unique_ptr<GuardedMetrics>> GuardedMetrics::start(const GuardedMetricsOptions& options,
                                                              Metrics& metrics, AccessReviews reviews,
                                                              const Log& log) {
  std::unique_ptr<GuardedMetrics> made(
      new GuardedMetrics(options.certificate_dir, metrics, std::move(reviews), log));
  http::ServerOptions listen = listening_on(options.listen);
  listen.threads = kThreads;
  listen.max_connections = kMaxConnections;
  listen.max_body_bytes = 0;
  TRY(made->server_, http::Server::start(listen, [guard = &made->guard_](const http::ServerRequest& request) {
        return guard->answer(request);
      }));
  made->look();
  made->keeper_ = std::jthread([keeper = made.get()](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any nothing;
    std::unique_lock lock(mutex);
    while (!nothing.wait_for(lock, stop, kLook, [&] { return stop.stop_requested(); })) keeper->look();
  });
  return made;
}

GuardedMetrics::~GuardedMetrics() {
  keeper_ = {};  // stops and joins
}

void GuardedMetrics::look() { certificate_dir_.empty() ? renew_own() : read_files(); }

void GuardedMetrics::renew_own() {
  const Instant now = wall();
  if (now < renew_at_) return;
  const auto pair = http::make_self_signed("berth-metrics", {host_name(), "localhost"}, now, kOwnValidity);
  const Status served = pair.ok() ? server_->set_certificate(*pair) : Status(pair.error());
  if (!served.ok()) {
    failures_.add();
    return log_error(log_, LogLevel::kError, "No certificate for the metrics", served.error());
  }
  renew_at_ = http::renewal_due(*http::read_certificate(pair->certificate_pem));
}

void GuardedMetrics::read_files() {
  const auto pair = http::read_key_pair(certificate_dir_);
  const std::string found =
      pair.ok() ? pair->certificate_pem + pair->key_pem : pair.error().field + ": " + pair.error().message;
  if (found == last_) return;
  last_ = found;
  const Status served = pair.ok() ? server_->set_certificate(*pair) : Status(pair.error());
  if (served.ok()) return log_.info("Serving metrics with a certificate", {{"directory", certificate_dir_}});
  failures_.add();
  log_error(log_, LogLevel::kWarn, "Certificate for the metrics not served", served.error());
}

}  // namespace berth::daemon
