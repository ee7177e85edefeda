// Engine: the operator without threads, sockets and clocks of its own.
//
// Owns the stores, the watches that fill them, the queue and everything that works on its keys. app.cpp turns
// the crank from several threads; the simulation from one. Thread-safety: watch(i) one thread each;
// work_once() and work() from several threads; everything else before or after those threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "kube/client/client.h"
#include "kube/client/events.h"
#include "kube/runtime/clock.h"
#include "kube/runtime/kind_watch.h"
#include "operator/ledger_pace.h"
#include "operator/pending_allocations.h"
#include "operator/reconciler.h"
#include "operator/stores.h"

namespace berth::controller {

struct EngineConfig {
  std::string identity = {};
  std::uint64_t seed = 0;                       // of jitters
  Duration watch_read_wait{75'000};             // 0 in a simulation
  std::optional<wall::WallOptions> walls = {};  // nullopt: nobody keeps second walls
  NamespaceScope scope = {};                    // of namespaced kinds nothing else is asked for
};

// What the engine asks and tells; all callable from any thread.
struct EngineHooks {
  std::function<std::int64_t()> fence;                // the lease's transition count while leading, else -1
  std::function<void(std::int64_t)> superseded = {};  // a ledger carries this larger fence
  std::function<void(const BookkeepingReport&)> booked = {};
  std::function<void(const runtime::Rewound&)> rewound = {};
  std::function<void(const std::string&, const Error&, Duration)> watch_failed = {};
  // A key was worked on; `wait` is how long until it is tried again when it failed.
  std::function<void(const runtime::WorkKey&, const Reconciled&, Duration took, Duration wait)> worked = {};
};

class Engine {
 public:
  // client and clock must outlive the engine.
  Engine(const client::Client& client, const runtime::Clock& clock, EngineConfig config, EngineHooks hooks,
         runtime::QueueObserver queue_observer);

  // The watched kinds, namespaced ones once for each namespace of the scope, in the order of
  // allocation.md 4.5: their first step is a list and must be taken in this order (ledgers before owners)
  // before the first work.
  [[nodiscard]] const std::vector<std::unique_ptr<runtime::KindWatch>>& watches() const { return watches_; }

  // Everything observed is worth looking at, and from now on everything that changes: what is listed before
  // need not be asked one by one whom it concerns.
  void enqueue_everything();

  // Works on one key that is due; false when none is.
  bool work_once();
  // Works until stopped.
  void work(const std::stop_token& stop);
  void shut_down() { queue_.shut_down(); }

  [[nodiscard]] const Stores& stores() const { return stores_; }
  [[nodiscard]] client::EventRecorder& events() { return events_; }
  // When the next key becomes due; nullopt when none waits.
  [[nodiscard]] std::optional<Instant> next_due() const { return queue_.next_due(); }
  // Keys that are being worked on; from any thread.
  [[nodiscard]] runtime::WorkUnderWay under_way() const { return queue_.under_way(); }
  // How long each watch has been silent, in seconds by resource; from any thread.
  [[nodiscard]] std::map<std::string, double> silences() const {
    return runtime::silences(watches_, clock_->monotonic());
  }
  // Allocations that wait for their numbers; from any thread.
  [[nodiscard]] PendingByReason pending() const { return pending_.by_reason(clock_->wall()); }
  // Nothing is worked on, and nothing is due.
  [[nodiscard]] bool idle() const;
  // Do allocations without numbers wait to be looked at? What can wait shall let them go first.
  [[nodiscard]] bool hurried() const;

 private:
  template <class T>
  std::function<void(const runtime::Change<T>&)> listener(void (Observer::*stale)());
  template <class T>
  std::function<void(const runtime::Change<T>&)> listener(void (Observer::*stale)(const runtime::Change<T>&));
  StoreListeners listeners();
  template <class T>
  void watch(const wire::Kind& kind, runtime::Store<T>& store, const client::Selectors& selectors = {});
  template <class T>
  void enqueue_affected(const runtime::Change<T>& change);
  void enqueue(const runtime::WorkKey& key);
  [[nodiscard]] Duration ledger_wait() const;
  void booked(const BookkeepingReport& report);
  void work_on(const runtime::WorkKey& key);

  const client::Client* client_;
  const runtime::Clock* clock_;
  const EngineConfig config_;
  const EngineHooks hooks_;

  std::atomic<bool> listed_ = false;  // everything, and enqueued
  Stores stores_;
  PendingAllocations pending_;
  Observer observer_;
  runtime::WorkQueue<> queue_;
  Applier applier_;
  LedgerScope scope_;
  Bookkeeper bookkeeper_;
  Reporter reporter_;
  std::optional<WallKeeper> walls_;
  client::EventRecorder events_;
  Reconciler reconciler_;
  std::vector<std::unique_ptr<runtime::KindWatch>> watches_;

  mutable std::mutex pace_mutex_;
  LedgerPace pace_;
};

}  // namespace berth::controller
