#include "webhook/cluster_facts.h"

#include <mutex>
#include <random>
#include <utility>

#include "core/exposure/ingress_entrance.h"
#include "core/exposure/route_entrance.h"
#include "core/exposure/stream_map.h"
#include "kube/adapters/reading.h"
#include "kube/json/alb_action.h"
#include "kube/runtime/optional_watch.h"

namespace berth::webhook {

namespace {

Entrance entrance_of_ingress(const Ingress& ingress) {
  return exposure::entrance_of(ingress, json::read_alb_action);
}

// Of most ConfigMaps nothing but the name is kept, and of nearly all of them nobody asks for more.
runtime::Store<ConfigMap>::Hooks only_streams() {
  runtime::Store<ConfigMap>::Hooks hooks;
  hooks.slim = exposure::keep_only_streams;
  hooks.whole = 0;
  return hooks;
}

runtime::Store<EndpointSlice>::Hooks only_endpoints() {
  runtime::Store<EndpointSlice>::Hooks hooks;
  hooks.slim = keep_only_endpoints;
  return hooks;
}

// Whom a policy keeps from going out opens nothing.
runtime::Store<NetworkPolicy>::Hooks only_ingress() {
  runtime::Store<NetworkPolicy>::Hooks hooks;
  hooks.slim = [](NetworkPolicy& policy) { policy.egress.clear(); };
  return hooks;
}

wire::Versions versions_of(const adapters::Adapter& adapter) {
  wire::Versions versions;
  for (const std::string& version : adapter.versions) {
    versions.push_back({adapter.group, version, adapter.plural, adapter.kind, !adapter.cluster_scoped});
  }
  return versions;
}

// They are read once, when they come; what they say stays packed.
runtime::Store<CustomObject>::Hooks kept_packed() {
  runtime::Store<CustomObject>::Hooks hooks;
  hooks.whole = 0;
  return hooks;
}

}  // namespace

// A pod template that is none makes no pods.
void AdapterIntake::put(const std::shared_ptr<const CustomObject>& object) {
  auto read = adapters::read(*adapter_, *object);
  if (!read.ok()) return remove(*object);
  std::visit(
      [&](auto& made) {
        using Made = std::remove_reference_t<decltype(made)>;
        index_->put(std::make_shared<const Made>(std::move(made)));
      },
      *read);
}

void AdapterIntake::remove(const CustomObject& object) {
  if (!adapter_->advertised.empty()) {
    Advertisement advertisement;
    advertisement.kind = adapter_->shown_kind;
    advertisement.meta = object.meta;
    index_->remove(advertisement);
  } else if (adapter_->leads.empty()) {
    Workload workload;
    workload.kind = adapter_->shown_kind;
    workload.meta = object.meta;
    index_->remove(workload);
  } else {
    Entrance entrance;
    entrance.kind = adapter_->shown_kind;
    entrance.meta = object.meta;
    index_->remove(entrance);
  }
}

template <class T, class Index>
std::shared_ptr<runtime::Store<T>> ClusterFacts::make_store(Index& index,
                                                            typename runtime::Store<T>::Hooks hooks) {
  auto store = std::make_shared<runtime::Store<T>>(
      group_,
      [this, &index](const runtime::Change<T>& change) {
        const std::unique_lock lock(mutex_);
        if (change.after) {
          index.put(change.after);
        } else {
          index.remove(*change.before);
        }
      },
      std::move(hooks));
  stores_.push_back(store);
  return store;
}

std::function<void(const std::string&, const Error&, Duration)> ClusterFacts::teller() {
  return [this](const std::string& resource, const Error& error, Duration wait) {
    daemon::log_error(log_, daemon::LogLevel::kWarn, "Watch interrupted", error,
                      {{"resource", resource}, {"again_in_ms", wait.count()}});
  };
}

template <class T, class Index>
void ClusterFacts::watch(const wire::Kind& kind, Index& index, typename runtime::Store<T>::Hooks hooks) {
  runtime::WatcherConfig config;
  config.kind = kind;
  config.seed = std::random_device{}();
  watches_.push_back(runtime::make_kind_watch(*client_, *clock_, std::move(config),
                                              *make_store<T>(index, std::move(hooks)), teller()));
}

template <class T, class Index>
void ClusterFacts::watch_if_there(const wire::Versions& versions, Index& index,
                                  typename runtime::Store<T>::Hooks hooks) {
  runtime::WatcherConfig config;
  config.seed = std::random_device{}();
  watches_.push_back(runtime::make_optional_watch(*client_, *clock_, versions, std::move(config),
                                                  *make_store<T>(index, std::move(hooks)), teller()));
}

ClusterFacts::ClusterFacts(const client::Client& client, const runtime::Clock& clock,
                           const adapters::Table& table, const daemon::Log& log)
    : client_(&client),
      clock_(&clock),
      log_(log),
      ingresses_(index_, entrance_of_ingress),
      stream_maps_(index_, [](const ConfigMap& config_map) { return exposure::entrance_of(config_map); }),
      routes_(index_, [](const Route& route) { return exposure::entrance_of(route); }) {
  watch<ExposurePolicy>(wire::kExposurePolicy, index_);
  watch<Namespace>(wire::kNamespace, index_);
  watch<Service>(wire::kService, index_);
  watch<Ingress>(wire::kIngress, ingresses_);
  watch<ConfigMap>(wire::kConfigMap, stream_maps_, only_streams());
  for (const wire::Versions& versions : wire::gateway_kinds()) watch_if_there<Gateway>(versions, index_);
  for (const wire::Versions& versions : wire::route_kinds()) watch_if_there<Route>(versions, routes_);
  watch_if_there<ReferenceGrant>(wire::reference_grant(), index_);
  watch<EndpointSlice>(wire::kEndpointSlice, index_, only_endpoints());
  watch<NetworkPolicy>(wire::kNetworkPolicy, index_, only_ingress());
  watch<PortAllocation>(wire::kPortAllocation, index_);
  for (const wire::Kind& kind : wire::workload_kinds()) watch<Workload>(kind, index_);
  for (const adapters::Adapter& adapter : table.all()) {
    adapted_.emplace_back(index_, adapter);
    watch_if_there<CustomObject>(versions_of(adapter), adapted_.back(), kept_packed());
  }
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

std::vector<std::string> ClusterFacts::namespaces() const {
  const std::shared_lock lock(mutex_);
  return index_.namespaces();
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
