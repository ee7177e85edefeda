#include "webhook/cluster_facts.h"

#include <mutex>
#include <random>
#include <utility>

namespace berth::webhook {

template <class T>
void ClusterFacts::watch(const wire::Kind& kind) {
  auto store = std::make_shared<runtime::Store<T>>(group_, [this](const runtime::Change<T>& change) {
    const std::unique_lock lock(mutex_);
    if (change.after) {
      index_.put(change.after);
    } else {
      index_.remove(*change.before);
    }
  });
  runtime::WatcherConfig config;
  config.kind = kind;
  config.seed = std::random_device{}();
  watches_.push_back(
      runtime::make_kind_watch(*client_, *clock_, std::move(config), *store,
                               [this](const std::string& resource, const Error& error, Duration wait) {
                                 daemon::log_error(log_, daemon::LogLevel::kWarn, "Watch interrupted", error,
                                                   {{"resource", resource}, {"again_in_ms", wait.count()}});
                               }));
  stores_.push_back(std::move(store));
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
  for (const auto& watch : watches_) {
    threads_.emplace_back([&watch](const std::stop_token& stop) { watch->run(stop); });
  }
}

void ClusterFacts::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool ClusterFacts::ready() const { return missing().empty(); }

std::string ClusterFacts::missing() const {
  std::string names;
  for (const auto& watch : watches_) {
    if (!watch->ready()) names += (names.empty() ? "" : ", ") + watch->name();
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
