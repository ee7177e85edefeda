#include "webhook/cluster_facts.h"

#include <mutex>
#include <random>
#include <utility>

#include "core/exposure/ingress_entrance.h"
#include "kube/json/alb_action.h"

namespace berth::webhook {

void IngressIntake::put(const std::shared_ptr<const Ingress>& object) {
  index_->put(std::make_shared<const Entrance>(exposure::entrance_of(*object, json::read_alb_action)));
}

void IngressIntake::remove(const Ingress& object) {
  index_->remove(exposure::entrance_of(object, json::read_alb_action));
}

template <class T, class Index>
void ClusterFacts::watch(const wire::Kind& kind, Index& index) {
  auto store = std::make_shared<runtime::Store<T>>(group_, [this, &index](const runtime::Change<T>& change) {
    const std::unique_lock lock(mutex_);
    if (change.after) {
      index.put(change.after);
    } else {
      index.remove(*change.before);
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
  watch<ExposurePolicy>(wire::kExposurePolicy, index_);
  watch<Namespace>(wire::kNamespace, index_);
  watch<Service>(wire::kService, index_);
  watch<Ingress>(wire::kIngress, ingresses_);
  watch<PortAllocation>(wire::kPortAllocation, index_);
  for (const wire::Kind& kind : wire::workload_kinds()) watch<Workload>(kind, index_);
  watch<PortRange>(wire::kPortRange, books_);
  watch<PortLedger>(wire::kPortLedger, books_);
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

void ClusterFacts::read(const std::function<void(const exposure::Facts*, const NumberBooks&)>& use) const {
  if (!ready()) {
    use(nullptr, {});
    return;
  }
  const std::shared_lock lock(mutex_);
  use(&index_, books_);
}

}  // namespace berth::webhook
