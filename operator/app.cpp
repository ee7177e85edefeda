#include "operator/app.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/base/api_names.h"
#include "core/base/version.h"
#include "kube/client/access_reviews.h"
#include "kube/client/connect.h"
#include "kube/daemon/guarded_metrics.h"
#include "kube/daemon/health.h"
#include "kube/daemon/memory.h"
#include "kube/daemon/signals.h"
#include "kube/daemon/start.h"
#include "kube/http/server.h"
#include "kube/runtime/lease.h"
#include "operator/engine.h"
#include "operator/rivals.h"
#include "operator/telemetry.h"

namespace berth::controller {
namespace {

using daemon::give_up;
using daemon::Log;
using daemon::LogLevel;

runtime::LeaseConfig lease_config(const Options& options, const std::string& identity) {
  runtime::LeaseConfig config;
  config.key = {options.ns, kOperatorLease};
  config.identity = identity;
  config.duration = options.lease_duration;
  config.renew_deadline = options.renew_deadline;
  config.retry_period = options.retry_period;
  config.request_deadline = std::min(config.request_deadline, options.renew_deadline / 2);
  config.seed = std::random_device{}();
  return config;
}

// The engine and its threads: they start once this process leads and end with it. When the data of the API
// server have gone back in time, all that was read or remembered belongs to a history that never was: a new
// engine begins, in the order of a start (allocation.md 4.5).
class Leader {
 public:
  Leader(const client::Client& client, const runtime::Clock& clock, runtime::LeaseKeeper& lease,
         Telemetry& telemetry, const Options& options, const std::string& identity, const Log& log)
      : clock_(clock),
        lease_(lease),
        telemetry_(telemetry),
        options_(options),
        identity_(identity),
        log_(log),
        client_(client) {
    telemetry_.export_ranges([this]() -> std::shared_ptr<const Stores> {
      const auto present = engine();
      return present ? std::shared_ptr<const Stores>(present, &present->stores()) : nullptr;
    });
    telemetry_.export_pending([this] {
      const auto present = engine();
      return present ? present->pending() : PendingByReason{};
    });
    daemon::export_watches(telemetry_.metrics, [this] {
      const auto present = engine();
      return present ? present->silences() : std::map<std::string, double>{};
    });
    telemetry_.export_work(options_.workers, [this] {
      const auto present = engine();
      return present ? present->under_way() : runtime::WorkUnderWay{};
    });
  }

  // Works until stopped. False when leadership ended before everything was listed.
  bool run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      begin();
      if (!start(stop)) return false;
      if (!await_doubt(stop)) return true;
      telemetry_.rebuilt.add();
      log_.warn("Reading everything anew");
      this->stop();
    }
    return true;
  }

  // From any thread, at any time: what was read cannot be trusted. No key is worked on from now on until
  // everything was read anew.
  void doubt() {
    {
      const std::lock_guard lock(mutex_);
      doubted_ = true;
    }
    doubt_raised_.notify_all();
  }

  void stop() {
    synced_ = false;
    for (std::jthread& thread : threads_) thread.request_stop();
    if (engine_) engine_->shut_down();
    threads_.clear();  // joins
  }

  [[nodiscard]] bool synced() const { return synced_; }

 private:
  // False: stopped. Whenever a time of much work is over its memory is given back: not after every request,
  // for that takes time from the next one.
  bool await_doubt(const std::stop_token& stop) {
    constexpr std::chrono::seconds kLook(5);
    constexpr std::uint64_t kMuch = 1000;
    std::uint64_t given_back_after = worked_;
    std::unique_lock lock(mutex_);
    while (!doubt_raised_.wait_for(lock, stop, kLook, [this] { return doubted_.load(); })) {
      if (stop.stop_requested()) return false;
      const std::uint64_t worked = worked_;
      if (worked - given_back_after < kMuch || !engine_->idle()) continue;
      daemon::give_back();
      given_back_after = worked;
    }
    return true;
  }

  // nullptr before this process leads.
  [[nodiscard]] std::shared_ptr<const Engine> engine() const {
    const std::lock_guard lock(mutex_);
    return engine_;
  }

  [[nodiscard]] bool doubtful() const { return doubted_ || lease_.gone_back() != gone_back_; }

  void begin() {
    gone_back_ = lease_.gone_back();
    auto fresh = std::make_shared<Engine>(
        client_, clock_,
        EngineConfig{identity_, std::random_device{}(), Duration(75'000),
                     wall::WallOptions{options_.excluded_namespaces, options_.user}, options_.scope},
        hooks(), telemetry_.queue_observer());
    const std::lock_guard lock(mutex_);
    doubted_ = false;
    engine_ = std::move(fresh);
  }

  // Lists everything, in order, then starts the threads. False when leadership ended before everything was
  // listed.
  bool start(const std::stop_token& stop) {
    const Instant begun = clock_.monotonic();
    for (const auto& watch : engine_->watches()) {
      if (!listed(*watch, stop)) return false;
    }
    daemon::give_back();
    log_.info("Cluster read", {{"milliseconds", (clock_.monotonic() - begun).count()}});
    engine_->enqueue_everything();
    for (const auto& watch : engine_->watches()) {
      threads_.emplace_back([&watch](const std::stop_token& token) { watch->run(token); });
    }
    for (int i = 0; i < options_.workers; ++i) {
      threads_.emplace_back([this](const std::stop_token& token) { engine_->work(token); });
    }
    threads_.emplace_back([this](const std::stop_token& token) { write_events(token); });
    synced_ = true;
    return true;
  }

  EngineHooks hooks() {
    EngineHooks made;
    made.fence = [this] { return lease_.confirmed() && !doubtful() ? lease_.fence() : -1; };
    made.superseded = [this](std::int64_t seen) {
      lease_.raise_fence(seen);
      telemetry_.superseded.add();
      tell(rivals_.note(seen, clock_.monotonic()), seen);
    };
    made.booked = [this](const BookkeepingReport& report) { telemetry_.count(report); };
    made.rewound = [this](const runtime::Rewound& rewound) {
      log_.error("History went backwards: the API server's data was restored",
                 {{"seen", rewound.seen}, {"now", rewound.listed}});
      doubt();
    };
    made.watch_failed = [this](const std::string& resource, const Error& error, Duration wait) {
      daemon::log_error(log_, LogLevel::kWarn, "Watch interrupted", error,
                        {{"resource", resource}, {"again_in_ms", wait.count()}});
    };
    made.worked = [this](const runtime::WorkKey& key, const Reconciled& reconciled, Duration took,
                         Duration wait) {
      ++worked_;
      telemetry_.count(reconciled, took);
      if (reconciled.status.ok()) return;
      const Error& error = reconciled.status.error();
      const bool expected = error.code == Code::kConflict || error.code == Code::kExists;
      daemon::log_error(
          log_, expected ? LogLevel::kDebug : LogLevel::kWarn, "Not done yet", error,
          {{"kind", key.kind}, {"object", to_string(key.object)}, {"again_in_ms", wait.count()}});
    };
    return made;
  }

  bool listed(runtime::KindWatch& watch, const std::stop_token& stop) {
    int failures = 0;
    while (!stop.stop_requested() && lease_.leading()) {
      const auto step = watch.step();
      if (step.ok()) return true;
      // The other namespaces need not wait; nothing is done in this one until all of it can be read.
      if (!watch.ns().empty() && step.error().code == Code::kForbidden) {
        daemon::log_error(log_, LogLevel::kWarn, "Namespace left alone", step.error(),
                          {{"resource", watch.name()}});
        return true;
      }
      ++failures;
      const Duration wait =
          runtime::backoff_delay(runtime::kWatchBackoff, failures, 1, runtime::retry_after(step.error()));
      daemon::log_error(log_, LogLevel::kWarn, "Listing failed", step.error(),
                        {{"resource", watch.name()}, {"again_in_ms", wait.count()}});
      runtime::wait_for(stop, wait);
    }
    return false;
  }

  void tell(Rivals::News news, std::int64_t fence) {
    switch (news) {
      case Rivals::News::kNone:
        return;
      case Rivals::News::kFence:
        log_.warn("A ledger was written under a larger fence", {{"fence", fence}});
        return;
      case Rivals::News::kAnother:
        log_.error(
            "Another operator writes the ledgers under a lease of its own: run only one, or several "
            "that share the lease",
            {{"fence", fence}, {"own_lease", to_string(ObjectKey{options_.ns, kOperatorLease})}});
        return;
    }
  }

  // One event that is refused for good, as in a namespace that ends, must not hold up the others.
  static bool server_is_unwell(const Error& error) {
    return error.code == Code::kUnavailable || error.code == Code::kTimeout || error.code == Code::kThrottled;
  }

  void write_events(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto step = engine_->events().step(clock_.wall());
      const bool busy = step.ok() && *step;
      if (!step.ok()) daemon::log_error(log_, LogLevel::kDebug, "Event not written", step.error());
      // While somebody waits for his numbers only few are written: they can wait, and may be lost.
      const bool more = busy || (!step.ok() && !server_is_unwell(step.error()));
      if (more && !engine_->hurried()) continue;
      runtime::wait_for(stop, Duration(step.ok() ? 200 : 2'000));
    }
  }

  const runtime::Clock& clock_;
  runtime::LeaseKeeper& lease_;
  Telemetry& telemetry_;
  const Options& options_;
  const std::string identity_;
  const Log log_;
  const client::Client& client_;

  Rivals rivals_;
  mutable std::mutex mutex_;
  std::condition_variable_any doubt_raised_;
  std::atomic<bool> doubted_ = false;
  std::atomic<std::int64_t> gone_back_ = 0;  // of the lease when the engine began
  std::shared_ptr<Engine> engine_;           // replaced by run() under the mutex, while no thread of it lives
  std::atomic<bool> synced_ = false;
  std::atomic<std::uint64_t> worked_ = 0;  // keys
  std::vector<std::jthread> threads_;
};

// Steps the lease until stopped or lost. A leader that lost its lease must not write any more: the process
// ends at once, in the middle of whatever it does (conventions.md E4).
void keep_lease(runtime::LeaseKeeper& lease, const runtime::Clock& clock, Telemetry& telemetry,
                Leader& leader, const Log& log, const std::stop_token& stop) {
  bool leading = false;
  std::int64_t gone_back = 0;
  while (!stop.stop_requested()) {
    const auto standing = lease.step();
    if (!standing.ok()) daemon::log_error(log, LogLevel::kWarn, "Lease not renewed", standing.error());
    if (lease.standing() == runtime::LeaseKeeper::Standing::kLost) {
      log.error("Leadership lost, ending");
      std::_Exit(1);
    }
    if (lease.gone_back() != gone_back) {
      gone_back = lease.gone_back();
      log.error("The lease is older than we have written it, or gone: was the API server's data restored?");
      leader.doubt();
    }
    if (lease.leading() != leading) {
      leading = lease.leading();
      telemetry.leading.set(leading ? 1 : 0);
      log.info(leading ? "Leading" : "Following", {{"fence", lease.fence()}});
    }
    const Duration wait = lease.next_step() - clock.monotonic();
    if (wait.count() > 0) runtime::wait_for(stop, wait);
  }
}

constexpr std::chrono::milliseconds kAccessReviewLimit(3'000);

// Who may read the metrics is the API server's to say.
daemon::AccessReviews access_reviews(http::Transport& transport) {
  return {[&transport](const std::string& token) {
            return client::review_token(transport, token, kAccessReviewLimit);
          },
          [&transport](const http::Requester& requester) {
            return client::review_access(transport, requester, daemon::kMetricsPath, "get",
                                         kAccessReviewLimit);
          }};
}

}  // namespace

int run(const Options& options) {
  daemon::few_arenas();
  daemon::keep_large_pieces_apart();
  const Log log(options.program.log_format, options.program.log_level);
  auto signals = daemon::Signals::install();
  if (!signals.ok()) return give_up(log, "Installing signal handlers", signals.error());
  const auto access = client::find_access(client::system_environment(), options.program.kubeconfig);
  if (!access.ok()) return give_up(log, "Finding the cluster", access.error());
  auto transport = client::make_transport(*access, std::string("berth-operator/") + kVersion);
  if (!transport.ok()) return give_up(log, "Connecting to the cluster", transport.error());

  Telemetry telemetry(access->host + ":" + std::to_string(access->port));
  client::Client::Config client_config;
  client_config.field_manager = kOperatorManager;
  client_config.observer = telemetry.request_observer();
  const client::Client client(**transport, client_config);
  const runtime::SystemClock clock;
  const std::string identity = options.identity.empty() ? daemon::process_identity() : options.identity;
  const runtime::LeaseConfig lease_options = lease_config(options, identity);
  const Status lease_checked = runtime::check(lease_options);
  if (!lease_checked.ok()) return give_up(log, "Reading the lease options", lease_checked.error());
  runtime::LeaseKeeper lease(client.with_deadline(lease_options.request_deadline), clock, lease_options);

  Leader leader(client, clock, lease, telemetry, options, identity, log);
  const bool guarded = options.program.metrics_listen.has_value();
  daemon::Health health(guarded ? nullptr : &telemetry.metrics);
  health.add_readiness("cluster-read", [&]() -> std::optional<std::string> {
    if (lease.leading() && !leader.synced()) return "leading, but the cluster is not read yet";
    return std::nullopt;
  });
  const auto server = daemon::serve_health(options.program.health_listen, health);
  if (!server.ok()) return give_up(log, "Listening for health checks", server.error());
  std::unique_ptr<daemon::GuardedMetrics> guarded_metrics;
  if (guarded) {
    auto started = daemon::GuardedMetrics::start(
        {*options.program.metrics_listen, options.program.metrics_certificate_dir}, telemetry.metrics,
        access_reviews(**transport), log);
    if (!started.ok()) return give_up(log, "Listening for metrics", started.error());
    guarded_metrics = *std::move(started);
  }
  log.info("Started", {{"version", kVersion},
                       {"cluster", access->source},
                       {"identity", identity},
                       {"health_port", int{(*server)->port()}}});

  std::jthread lease_thread(
      [&](const std::stop_token& stop) { keep_lease(lease, clock, telemetry, leader, log, stop); });
  std::jthread leader_thread([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !lease.leading()) runtime::wait_for(stop, Duration(20));
    if (!stop.stop_requested() && !leader.run(stop) && !stop.stop_requested()) {
      log.error("The cluster could not be read before leadership ended");
      std::_Exit(1);
    }
  });

  (*signals)->wait();
  log.info("Stopping");
  health.set_draining();
  leader_thread.request_stop();
  leader_thread.join();
  leader.stop();
  lease_thread.request_stop();
  lease_thread.join();
  const Status released = lease.release();
  if (!released.ok()) daemon::log_error(log, LogLevel::kWarn, "Lease not given back", released.error());
  log.info("Stopped");
  return 0;
}

}  // namespace berth::controller
