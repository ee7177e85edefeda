#include "webhook/cluster_facts.h"

#include <mutex>
#include <random>
#include <utility>

namespace berth::webhook {

// One watched kind, whatever its type.
struct ClusterFacts::Watched {
  virtual ~Watched() = default;
  virtual void run(std::stop_token stop) = 0;
  [[nodiscard]] virtual bool ready() const = 0;
  std::string name;
};

template <class T>
struct ClusterFacts::WatchedKind final : Watched {
  WatchedKind(ClusterFacts& facts, const wire::Kind& kind)
      : store(facts.group_,
              [&facts](const runtime::Change<T>& change) {
                const std::unique_lock lock(facts.mutex_);
                if (change.after) {
                  facts.index_.put(change.after);
                } else {
                  facts.index_.remove(*change.before);
                }
              }),
        watcher(*facts.client_, *facts.clock_, config(kind), store.sink()),
        loop(watcher, {runtime::kWatchBackoff, std::random_device{}(),
                       [log = facts.log_, plural = kind.plural](const Error& error, Duration wait) {
                         daemon::log_error(log, daemon::LogLevel::kWarn, "Watch interrupted", error,
                                           {{"resource", plural}, {"again_in_ms", wait.count()}});
                       }}) {
    name = kind.plural;
  }

  static runtime::WatcherConfig config(const wire::Kind& kind) {
    runtime::WatcherConfig made;
    made.kind = kind;
    made.seed = std::random_device{}();
    return made;
  }

  void run(std::stop_token stop) override { loop.run(std::move(stop)); }
  [[nodiscard]] bool ready() const override { return store.ready(); }

  runtime::Store<T> store;
  runtime::Watcher<T> watcher;
  runtime::WatchLoop loop;
};

template <class T>
void ClusterFacts::watch(const wire::Kind& kind) {
  watched_.push_back(std::make_unique<WatchedKind<T>>(*this, kind));
}

ClusterFacts::ClusterFacts(const client::Client& client, const runtime::Clock& clock, const daemon::Log& log)
    : client_(&client), clock_(&clock), log_(log) {
  watch<ExposurePolicy>(wire::kExposurePolicy);
  watch<Namespace>(wire::kNamespace);
  watch<Service>(wire::kService);
  watch<Ingress>(wire::kIngress);
  watch<PortAllocation>(wire::kPortAllocation);
  for (const wire::Kind& kind : wire::workload_kinds()) watch<Workload>(kind);
}

ClusterFacts::~ClusterFacts() { stop(); }

void ClusterFacts::start() {
  for (const auto& watched : watched_) {
    threads_.emplace_back([&watched](const std::stop_token& stop) { watched->run(stop); });
  }
}

void ClusterFacts::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool ClusterFacts::ready() const { return missing().empty(); }

std::string ClusterFacts::missing() const {
  std::string names;
  for (const auto& watched : watched_) {
    if (!watched->ready()) names += (names.empty() ? "" : ", ") + watched->name;
  }
  return names;
}

void ClusterFacts::read(const std::function<void(const exposure::Facts*)>& use) const {
  if (!ready()) {
    use(nullptr);
    return;
  }
  const std::shared_lock lock(mutex_);
  use(&index_);
}

}  // namespace berth::webhook
