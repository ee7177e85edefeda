// ClusterFacts: what the webhook knows of the cluster, kept up to date by watches.
//
// Thread-safety: read() from any thread; the watches write from their own.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/exposure/fact_index.h"
#include "core/number_books.h"
#include "kube/client/client.h"
#include "kube/daemon/log.h"
#include "kube/runtime/clock.h"
#include "kube/runtime/kind_watch.h"

namespace berth::webhook {

// Takes Ingresses into an index as the entrances that they are. The index must outlive it.
class IngressIntake {
 public:
  explicit IngressIntake(exposure::FactIndex& index) : index_(&index) {}
  void put(const std::shared_ptr<const Ingress>& object);
  void remove(const Ingress& object);

 private:
  exposure::FactIndex* index_;
};

class ClusterFacts {
 public:
  // All must outlive the object.
  ClusterFacts(const client::Client& client, const runtime::Clock& clock, const daemon::Log& log);
  ~ClusterFacts();
  ClusterFacts(const ClusterFacts&) = delete;
  ClusterFacts& operator=(const ClusterFacts&) = delete;

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
  void watch(const wire::Kind& kind, Index& index);

  const client::Client* client_;
  const runtime::Clock* clock_;
  const daemon::Log log_;
  runtime::StoreGroup group_;
  mutable std::shared_mutex mutex_;
  exposure::FactIndex index_;
  IngressIntake ingresses_{index_};
  NumberBooks books_;
  std::vector<std::shared_ptr<void>> stores_;  // one per watched kind
  std::vector<std::unique_ptr<runtime::KindWatch>> watches_;
  std::vector<std::jthread> threads_;
};

}  // namespace berth::webhook
