// ClusterFacts: what the webhook knows of the cluster, kept up to date by watches.
//
// Thread-safety: read() from any thread; the watches write from their own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/exposure/fact_index.h"
#include "core/model/config_map.h"
#include "core/model/custom_object.h"
#include "core/model/gateway.h"
#include "core/number_books.h"
#include "kube/adapters/table.h"
#include "kube/client/client.h"
#include "kube/daemon/log.h"
#include "kube/runtime/clock.h"
#include "kube/runtime/kind_watch.h"

namespace berth::webhook {

// Takes objects of a kind into an index as the entrances that they are. The index must outlive it.
template <class T>
class EntranceIntake {
 public:
  using Read = std::function<Entrance(const T&)>;
  EntranceIntake(exposure::FactIndex& index, Read read) : index_(&index), read_(std::move(read)) {}
  void put(const std::shared_ptr<const T>& object) {
    index_->put(std::make_shared<const Entrance>(read_(*object)));
  }
  void remove(const T& object) { index_->remove(read_(object)); }

 private:
  exposure::FactIndex* index_;
  Read read_;
};

// Takes objects of a kind into an index as its adapter reads them. Both must outlive it.
class AdapterIntake {
 public:
  AdapterIntake(exposure::FactIndex& index, const adapters::Adapter& adapter)
      : index_(&index), adapter_(&adapter) {}
  void put(const std::shared_ptr<const CustomObject>& object);
  void remove(const CustomObject& object);

 private:
  exposure::FactIndex* index_;
  const adapters::Adapter* adapter_;
};

class ClusterFacts {
 public:
  // All must outlive the object.
  ClusterFacts(const client::Client& client, const runtime::Clock& clock, const adapters::Table& table,
               const daemon::Log& log);
  ~ClusterFacts();
  ClusterFacts(const ClusterFacts&) = delete;
  ClusterFacts& operator=(const ClusterFacts&) = delete;

  // Told as FactIndex::on_touched, from the threads of the watches; to be set before start().
  void on_touched(std::function<void(std::string_view ns)> touched) { index_.on_touched(std::move(touched)); }
  // FactIndex::namespaces().
  [[nodiscard]] std::vector<std::string> namespaces() const;

  // Starts a thread for each watched kind.
  void start();
  void stop();

  // Every kind has been listed.
  [[nodiscard]] bool ready() const;
  // The kinds that have not been listed yet, "pods, services"; "" when ready.
  [[nodiscard]] std::string missing() const;

  // Calls `use` with the facts and the books as of one moment; the facts are nullptr while not ready.
  void read(const std::function<void(const exposure::Facts*, const NumberBooks&)>& use) const;

 private:
  // `index` takes in and lets go of the objects of the kind.
  template <class T, class Index>
  void watch(const wire::Kind& kind, Index& index, typename runtime::Store<T>::Hooks hooks = {});

  // The same of a kind that need not be installed.
  template <class T, class Index>
  void watch_if_there(const wire::Versions& versions, Index& index,
                      typename runtime::Store<T>::Hooks hooks = {});
  template <class T, class Index>
  std::shared_ptr<runtime::Store<T>> make_store(Index& index, typename runtime::Store<T>::Hooks hooks);
  std::function<void(const std::string&, const Error&, Duration)> teller();

  const client::Client* client_;
  const runtime::Clock* clock_;
  const daemon::Log log_;
  runtime::StoreGroup group_;
  mutable std::shared_mutex mutex_;
  exposure::FactIndex index_;
  EntranceIntake<Ingress> ingresses_;
  EntranceIntake<ConfigMap> stream_maps_;
  EntranceIntake<Route> routes_;
  std::deque<AdapterIntake> adapted_;
  NumberBooks books_;
  std::vector<std::shared_ptr<void>> stores_;  // one per watched kind
  std::vector<std::unique_ptr<runtime::KindWatch>> watches_;
  std::vector<std::jthread> threads_;
};

}  // namespace berth::webhook
