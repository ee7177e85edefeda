#include "cluster/cluster_facts.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "core/exposure/ingress_entrance.h"
#include "core/exposure/route_entrance.h"
#include "core/exposure/stream_map.h"
#include "kube/json/alb_action.h"
#include "kube/runtime/optional_watch.h"

namespace berth::cluster {

namespace {

// Lists at a time.
constexpr std::size_t kAtATime = 8;

// Objects that stay whole when they were asked for, some 2 kB each: who is judged once is so again soon. Who
// reads everything in turn leaves fewer.
constexpr std::size_t kMostWhole = 10'000;
constexpr std::size_t kMostWholeInPassing = 500;

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

// What no rule looks at; of a large cluster it would be half of what is kept.
void slim(Meta& meta) {
  meta.annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  meta.creation_timestamp.clear();
  meta.finalizers.clear();
  if (!meta.name.empty()) meta.generate_name.clear();
}

runtime::Store<Service>::Hooks slim_services() {
  runtime::Store<Service>::Hooks hooks;
  hooks.slim = [](Service& service) { slim(service.meta); };
  hooks.whole = 0;
  return hooks;
}

// Of what makes pods only the labels of the template count.
runtime::Store<Workload>::Hooks slim_workloads() {
  runtime::Store<Workload>::Hooks hooks;
  hooks.slim = [](Workload& workload) {
    slim(workload.meta);
    workload.meta.annotations.clear();
    if (workload.kind != "Pod") workload.meta.labels.clear();
  };
  hooks.whole = 0;
  return hooks;
}

// They are read once, when they come.
runtime::Store<Ingress>::Hooks packed_ingresses() {
  runtime::Store<Ingress>::Hooks hooks;
  hooks.whole = 0;
  return hooks;
}

runtime::Store<EndpointSlice>::Hooks only_endpoints() {
  runtime::Store<EndpointSlice>::Hooks hooks;
  hooks.slim = keep_only_endpoints;
  hooks.whole = 0;
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

// What the store packs the index keeps as the same bytes, where it can.
template <class T, class Index>
static void put(Index& index, const runtime::Change<T>& change) {
  if constexpr (requires { index.put(change.after, exposure::PackedObject<T>()); }) {
    if (const json::Packed* packed = change.packed_after) {
      index.put(change.after, {packed->bytes(), packed->name(), json::Packed::unpack_bytes<T>});
      return;
    }
  }
  index.put(change.after);
}

template <class T, class Index>
std::shared_ptr<runtime::Store<T>> ClusterFacts::make_store(Index& index,
                                                            typename runtime::Store<T>::Hooks hooks) {
  auto store = std::make_shared<runtime::Store<T>>(
      group_,
      [this, &index](const runtime::Change<T>& change) {
        const std::unique_lock lock(mutex_);
        if (change.after) {
          put<T>(index, change);
        } else {
          index.remove(*change.before);
        }
      },
      std::move(hooks));
  stores_.push_back(store);
  return store;
}

template <class T, class Index>
void ClusterFacts::watch(const wire::Kind& kind, Index& index, typename runtime::Store<T>::Hooks hooks) {
  runtime::WatcherConfig config;
  config.kind = kind;
  config.seed = std::random_device{}();
  watches_.push_back(runtime::make_kind_watch(*client_, *clock_, std::move(config),
                                              *make_store<T>(index, std::move(hooks)), on_error_));
}

template <class T, class Index>
void ClusterFacts::watch_if_there(const wire::Versions& versions, Index& index,
                                  typename runtime::Store<T>::Hooks hooks) {
  runtime::WatcherConfig config;
  config.seed = std::random_device{}();
  watches_.push_back(runtime::make_optional_watch(*client_, *clock_, versions, std::move(config),
                                                  *make_store<T>(index, std::move(hooks)), on_error_));
}

ClusterFacts::ClusterFacts(const client::Client& client, const runtime::Clock& clock,
                           const adapters::Table& table, OnError on_error)
    : client_(&client),
      clock_(&clock),
      on_error_(std::move(on_error)),
      ingresses_(picture_.index, entrance_of_ingress),
      stream_maps_(picture_.index,
                   [](const ConfigMap& config_map) { return exposure::entrance_of(config_map); }),
      routes_(picture_.index, [](const Route& route) { return exposure::entrance_of(route); }) {
  exposure::FactIndex& index = picture_.index;
  watch<ExposurePolicy>(wire::kExposurePolicy, index);
  watch<Namespace>(wire::kNamespace, index);
  watch<Service>(wire::kService, index, slim_services());
  watch<Ingress>(wire::kIngress, ingresses_, packed_ingresses());
  watch<ConfigMap>(wire::kConfigMap, stream_maps_, only_streams());
  watch<EndpointSlice>(wire::kEndpointSlice, index, only_endpoints());
  watch<NetworkPolicy>(wire::kNetworkPolicy, index, only_ingress());
  watch<PortAllocation>(wire::kPortAllocation, index);
  for (const wire::Kind& kind : wire::workload_kinds()) watch<Workload>(kind, index, slim_workloads());
  watch<PortRange>(wire::kPortRange, picture_.books);
  watch<PortLedger>(wire::kPortLedger, picture_.books);
  for (const wire::Versions& versions : wire::gateway_kinds()) watch_if_there<Gateway>(versions, index);
  for (const wire::Versions& versions : wire::route_kinds()) watch_if_there<Route>(versions, routes_);
  watch_if_there<ReferenceGrant>(wire::reference_grant(), index);
  for (const adapters::Adapter& adapter : table.all()) {
    adapted_.emplace_back(index, adapter);
    watch_if_there<CustomObject>(versions_of(adapter), adapted_.back(), kept_packed());
  }
}

ClusterFacts::~ClusterFacts() { stop(); }

// The server is asked once for all that it serves: most of what could be there is not.
bool ClusterFacts::is_absent(const wire::Kind& kind) {
  std::call_once(asked_what_is_served_, [this] {
    auto served = client_->served_kinds();
    if (served.ok()) served_ = std::move(*served);
  });
  return served_ && std::none_of(served_->begin(), served_->end(), [&](const wire::Kind& there) {
           return there.group == kind.group && (there.kind == kind.kind || there.kind.empty());
         });
}

Status ClusterFacts::list(runtime::KindWatch& watch, const std::stop_token& stop) {
  const wire::Kind* optional = watch.optional_kind();
  if (optional != nullptr && is_absent(*optional)) {
    watch.begin_absent();
    return ok_status();
  }
  while (!watch.ready() && !stop.stop_requested()) TRY_DONE(watch.step());
  return ok_status();
}

// The first lists come over few connections, one after another: eighty at once would wait for eighty
// handshakes. What has been listed is watched from then on.
void ClusterFacts::start() {
  for (std::size_t i = 0; i < kAtATime; ++i) {
    starters_.emplace_back([this](const std::stop_token& stop) {
      std::vector<runtime::KindWatch*> listed;
      for (std::size_t k = next_++; k < watches_.size(); k = next_++) {
        runtime::KindWatch& watch = *watches_[k];
        const std::stop_callback cancel_on_stop(stop, [&watch] { watch.cancel(); });
        (void)list(watch, stop);  // run() tells of an error and tries again
        listed.push_back(&watch);
      }
      const std::lock_guard lock(threads_mutex_);
      for (runtime::KindWatch* watch : listed) {
        threads_.emplace_back([watch](const std::stop_token& end) { watch->run(end); });
      }
    });
  }
}

void ClusterFacts::stop() {
  for (std::jthread& thread : starters_) thread.request_stop();
  starters_.clear();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

bool ClusterFacts::ready() const {
  return std::all_of(watches_.begin(), watches_.end(), [](const auto& watch) { return watch->ready(); });
}

std::string ClusterFacts::missing() const {
  std::string names;
  for (const auto& watch : watches_) {
    if (!watch->ready()) names += (names.empty() ? "" : ", ") + watch->name();
  }
  return names;
}

// Several at a time, for an API server may be far away.
Result<Picture> ClusterFacts::look_once() {
  std::mutex mutex;
  std::map<std::string, Error> failed;
  const auto list_some = [&] {
    for (std::size_t i = next_++; i < watches_.size(); i = next_++) {
      runtime::KindWatch& watch = *watches_[i];
      const Status listed = list(watch, {});  // nobody stops it half-way
      if (listed.ok() || listed.error().code == Code::kNotFound) continue;
      const std::lock_guard lock(mutex);
      failed.emplace(watch.name(), listed.error());
      // What is wrong with more than one kind need not be found out with each.
      if (listed.error().code != Code::kForbidden) next_ = watches_.size();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kAtATime; ++i) threads.emplace_back(list_some);
  }
  if (failed.empty()) return std::move(picture_);
  std::string names;
  for (const auto& [name, error] : failed) names += (names.empty() ? "" : ", ") + name;
  Error error = failed.begin()->second;
  error.message = "cannot list " + names + ": " + error.message;
  return error;
}

std::vector<std::string> ClusterFacts::namespaces() const {
  const std::shared_lock lock(mutex_);
  return picture_.index.namespaces();
}

void ClusterFacts::read(const Use& use) const { read(use, kMostWhole); }

void ClusterFacts::read_in_passing(const Use& use) const { read(use, kMostWholeInPassing); }

void ClusterFacts::read(const Use& use, std::size_t most_whole) const {
  if (!ready()) {
    use(nullptr, {});
    return;
  }
  {
    const std::shared_lock lock(mutex_);
    use(&picture_.index, picture_.books);
    if (picture_.index.unpacked() <= most_whole) return;
  }
  const std::unique_lock lock(mutex_);
  picture_.index.pack_again();
}

}  // namespace berth::cluster
