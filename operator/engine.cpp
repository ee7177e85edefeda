#include "operator/engine.h"

#include <utility>

#include "core/base/api_names.h"
#include "operator/triggers.h"

namespace berth::controller {
namespace {

// How long a key rests while another process leads.
constexpr Duration kNotLeading(200);

// For kinds that no compiled view of the observer is made of.
constexpr void (Observer::*kNothingStale)() = nullptr;

}  // namespace

Engine::Engine(const client::Client& client, const runtime::Clock& clock, EngineConfig config,
               EngineHooks hooks, runtime::QueueObserver queue_observer)
    : client_(&client),
      clock_(&clock),
      config_(std::move(config)),
      hooks_(std::move(hooks)),
      stores_(listeners(), config_.scope),
      pending_(stores_),
      observer_(stores_, clock),
      queue_(clock, {}, config_.seed, std::move(queue_observer)),
      applier_(client, stores_),
      bookkeeper_(
          client, clock, stores_, observer_, applier_,
          [this](const ObjectKey& allocation) { return queue_.is_in_hand(allocation_work(allocation)); }),
      reporter_(client, clock, stores_, observer_),
      walls_(config_.walls ? std::optional<WallKeeper>(std::in_place, client, clock, stores_, *config_.walls)
                           : std::nullopt),
      events_(client, {"berth.dev/operator", config_.identity}),
      reconciler_({client, clock, stores_, observer_, applier_, bookkeeper_, reporter_, events_,
                   [this](const runtime::WorkKey& key) { enqueue(key); }, hooks_.fence, hooks_.superseded,
                   [this](const BookkeepingReport& report) { booked(report); }, [this] { return hurried(); },
                   &scope_, walls_ ? &*walls_ : nullptr}) {
  watch(wire::kPortLedger, stores_.ledgers);
  watch(wire::kPortRange, stores_.ranges);
  watch(wire::kExposurePolicy, stores_.exposure_policies);
  watch(wire::kNamespace, stores_.namespaces);
  watch(wire::kPortAllocation, stores_.allocations);
  watch(wire::kService, stores_.services);
  watch(wire::kNetworkPolicy, stores_.policies);
  // A cluster may hold many large ConfigMaps of others: they are not even read.
  watch(wire::kConfigMap, stores_.config_maps, {kConfigMapLabel, ""});
  watch(wire::kPod, stores_.pods);
  if (!walls_) return;
  watch(wire::kValidatingAdmissionPolicy, stores_.admission_policies, {kWallLabel, ""});
  watch(wire::kValidatingAdmissionPolicyBinding, stores_.admission_bindings, {kWallLabel, ""});
}

template <class T>
std::function<void(const runtime::Change<T>&)> Engine::listener(void (Observer::*stale)()) {
  return [this, stale](const runtime::Change<T>& change) {
    if (stale != nullptr) (observer_.*stale)();
    enqueue_affected(change);
  };
}

template <class T>
std::function<void(const runtime::Change<T>&)> Engine::listener(
    void (Observer::*stale)(const runtime::Change<T>&)) {
  return [this, stale](const runtime::Change<T>& change) {
    (observer_.*stale)(change);
    enqueue_affected(change);
  };
}

template <class T>
void Engine::enqueue_affected(const runtime::Change<T>& change) {
  if (!listed_) return;
  for (const runtime::WorkKey& key : affected(change, stores_)) enqueue(key);
}

StoreListeners Engine::listeners() {
  StoreListeners made;
  made.ledgers = listener<PortLedger>(&Observer::ledgers_changed);
  made.ranges = listener<PortRange>(&Observer::ranges_changed);
  made.allocations = [this, looked_at = listener<PortAllocation>(&Observer::allocations_changed)](
                         const runtime::Change<PortAllocation>& change) {
    pending_.changed(change);
    looked_at(change);
  };
  made.services = listener<Service>(&Observer::services_changed);
  made.policies = listener<NetworkPolicy>(kNothingStale);
  made.config_maps = listener<ConfigMap>(kNothingStale);
  made.namespaces = listener<Namespace>(kNothingStale);
  made.pods = listener<Workload>(&Observer::pods_changed);
  made.exposure_policies = listener<ExposurePolicy>(&Observer::exposure_policies_changed);
  made.admission_policies = listener<ValidatingAdmissionPolicy>(kNothingStale);
  made.admission_bindings = listener<ValidatingAdmissionPolicyBinding>(kNothingStale);
  // A namespace may be seen whole from now on, of which some was heard before.
  made.listed = [this] {
    if (listed_ && !config_.scope.everywhere) enqueue_everything();
  };
  made.rewound = [this](const runtime::Rewound& rewound) {
    if (hooks_.rewound) hooks_.rewound(rewound);
  };
  return made;
}

template <class T>
void Engine::watch(const wire::Kind& kind, runtime::Store<T>& store, const client::Selectors& selectors) {
  for (std::string& ns : kind.namespaced ? config_.scope.watched() : std::vector<std::string>{""}) {
    runtime::WatcherConfig config;
    config.kind = kind;
    config.ns = std::move(ns);
    config.selectors = selectors;
    config.read_wait = config_.watch_read_wait;
    config.seed = config_.seed + watches_.size();
    watches_.push_back(
        runtime::make_kind_watch(*client_, *clock_, std::move(config), store, hooks_.watch_failed));
  }
}

void Engine::enqueue_everything() {
  listed_ = true;
  for (const runtime::WorkKey& key : everything(stores_)) enqueue(key);
}

void Engine::enqueue(const runtime::WorkKey& key) {
  const auto its_rank = static_cast<std::size_t>(rank(key, stores_));
  if (key.kind != kLedgerWork) {
    queue_.add(key, settle_time(key), its_rank);
    return;
  }
  scope_.add(key.object);
  queue_.add(ledger_work(), ledger_wait(), its_rank);
}

Duration Engine::ledger_wait() const {
  const bool showing = hurried();
  const std::lock_guard lock(pace_mutex_);
  return pace_.wait(clock_->monotonic(), showing);
}

void Engine::booked(const BookkeepingReport& report) {
  {
    const std::lock_guard lock(pace_mutex_);
    if (report.more) {
      pace_ = {};
    } else {
      pace_.stepped(report.begun, clock_->monotonic(), report.granted.size());
    }
  }
  if (hooks_.booked) hooks_.booked(report);
}

bool Engine::idle() const {
  const auto due = next_due();
  return queue_.in_hand() == 0 && (!due || *due > clock_->monotonic());
}

bool Engine::hurried() const { return queue_.any_due(static_cast<std::size_t>(Rank::kNumbersWanted)); }

bool Engine::work_once() {
  const auto key = queue_.try_take();
  if (!key) return false;
  work_on(*key);
  queue_.done(*key);
  return true;
}

void Engine::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto key = queue_.take(stop);
    if (!key) continue;
    work_on(*key);
    queue_.done(*key);
  }
}

void Engine::work_on(const runtime::WorkKey& key) {
  const auto its_rank = static_cast<std::size_t>(rank(key, stores_));
  if (hooks_.fence() < 0) {
    queue_.add(key, kNotLeading, its_rank);
    return;
  }
  if (key.kind == kLedgerWork) {
    // Asked for while the step before this one was under way, when nobody knew how long to wait after it.
    const Duration wait = ledger_wait();
    if (wait > Duration(0)) {
      queue_.add(key, wait, its_rank);
      return;
    }
  }
  const Instant begun = clock_->monotonic();
  const Reconciled reconciled = reconciler_.reconcile(key);
  const Duration took = clock_->monotonic() - begun;
  Duration wait{0};
  if (reconciled.status.ok()) {
    queue_.forget(key);
    if (reconciled.look_again) queue_.add(key, *reconciled.look_again, its_rank);
  } else {
    wait = queue_.retry(key, runtime::retry_after(reconciled.status.error()), its_rank);
  }
  if (hooks_.worked) hooks_.worked(key, reconciled, took, wait);
}

}  // namespace berth::controller
