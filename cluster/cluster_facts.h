// ClusterFacts: a Picture of the cluster, kept up to date by a watch of every kind that ways out are made of.
//
// Thread-safety: read() from any thread; the watches write from their own.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/intake.h"
#include "cluster/picture.h"
#include "core/model/config_map.h"
#include "core/model/gateway.h"
#include "kube/adapters/table.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "kube/runtime/kind_watch.h"

namespace berth::cluster {

class ClusterFacts {
 public:
  // Told, from the threads of the watches, of a watch that was interrupted and of the wait before it goes on.
  using OnError = std::function<void(const std::string& resource, const Error& error, Duration wait)>;

  // All by reference must outlive the object.
  ClusterFacts(const client::Client& client, const runtime::Clock& clock, const adapters::Table& table,
               OnError on_error);
  ~ClusterFacts();
  ClusterFacts(const ClusterFacts&) = delete;
  ClusterFacts& operator=(const ClusterFacts&) = delete;

  // Told as FactIndex::on_touched, from the threads of the watches; to be set before start().
  void on_touched(std::function<void(std::string_view ns)> touched) {
    picture_.index.on_touched(std::move(touched));
  }
  // FactIndex::namespaces().
  [[nodiscard]] std::vector<std::string> namespaces() const;

  // Lists every kind in the background, and then watches each in a thread of its own.
  void start();
  void stop();

  // In place of start(): lists every kind once and gives the picture away; the object is of no more use. A
  // kind that the server does not serve has no objects. Errors: of the first kind that could not be listed,
  // with the names of all of them.
  Result<Picture> look_once();

  // Every kind has been listed.
  [[nodiscard]] bool ready() const;
  // The kinds that have not been listed yet, "pods, services"; "" when ready.
  [[nodiscard]] std::string missing() const;

  // How long each watch has been silent, in seconds by resource.
  [[nodiscard]] std::map<std::string, double> silences() const {
    return runtime::silences(watches_, clock_->monotonic());
  }

  // Calls `use` with the facts and the books as of one moment; the facts are nullptr while not ready.
  using Use = std::function<void(const exposure::Facts*, const NumberBooks&)>;
  void read(const Use& use) const;
  // The same for who goes through the whole cluster: little of what it asked for stays in memory.
  void read_in_passing(const Use& use) const;

 private:
  void read(const Use& use, std::size_t most_whole) const;

  // `index` takes in and lets go of the objects of the kind.
  template <class T, class Index>
  void watch(const wire::Kind& kind, Index& index, typename runtime::Store<T>::Hooks hooks = {});

  // The same of a kind that need not be installed.
  template <class T, class Index>
  void watch_if_there(const wire::Versions& versions, Index& index,
                      typename runtime::Store<T>::Hooks hooks = {});
  template <class T, class Index>
  std::shared_ptr<runtime::Store<T>> make_store(Index& index, typename runtime::Store<T>::Hooks hooks);

  // The first list of a kind.
  Status list(runtime::KindWatch& watch, const std::stop_token& stop);
  // The server is known not to serve it.
  bool is_absent(const wire::Kind& kind);

  const client::Client* client_;
  const runtime::Clock* clock_;
  const OnError on_error_;
  runtime::StoreGroup group_;
  mutable std::shared_mutex mutex_;
  mutable Picture picture_;  // what stands unpacked in it comes and goes while it is read
  EntranceIntake<Ingress> ingresses_;
  EntranceIntake<ConfigMap> stream_maps_;
  EntranceIntake<Route> routes_;
  std::deque<AdapterIntake> adapted_;
  std::vector<std::shared_ptr<void>> stores_;  // one per watched kind
  std::vector<std::unique_ptr<runtime::KindWatch>> watches_;
  std::once_flag asked_what_is_served_;
  std::optional<std::vector<wire::Kind>> served_;
  std::atomic<std::size_t> next_ = 0;  // of watches_, to be listed for the first time
  std::mutex threads_mutex_;
  std::vector<std::jthread> threads_;   // one per kind that was listed
  std::vector<std::jthread> starters_;  // that list, and start these
};

}  // namespace berth::cluster
