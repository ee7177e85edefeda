// Observer: from the stores to what core is asked about, as of one moment.
//
// Compiled views (ledgers, ranges, uses) are kept between looks and made anew when their kinds have changed.
// Uses of numbers by Services and pods may lag behind the stores, by kUsesLag or kUsesShare times what it
// takes to read them, as they lag behind the server anyway; what is destructive is proved by live reads, and
// what is exclusive by the API server. Thread-safety: every function from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/plan.h"
#include "kube/runtime/clock.h"
#include "operator/stores.h"

namespace berth::controller {

// Compiled views of the whole cluster. Values: nothing in them points into the stores.
struct ClusterView {
  std::shared_ptr<const allocation::Ledgers> ledgers;
  std::map<std::string, std::string> unreadable_ledgers = {};  // objects that are no shard at all, and why
  std::shared_ptr<const allocation::Ranges> ranges;
  std::shared_ptr<const allocation::Uses> uses;
  std::shared_ptr<const allocation::InternalNumbers> internal;
};

// What the operator remembers of one allocation beside the cluster: lost at a restart without harm.
struct Memory {
  std::optional<allocation::Refusal> refusal = {};
  std::int64_t refused_generation = 0;  // metadata.generation that the refusal answers
  std::vector<std::string> recovered = {};
  std::optional<WriteProblem> write_problem = {};       // of a Service
  std::optional<WriteProblem> config_map_problem = {};  // of the ConfigMap
  Instant problem_since = {};                           // monotonic: when write_problem came up
};

// An Observation and everything its pointers need.
struct ObservedAllocation {
  Observation observation;
  std::shared_ptr<const PortAllocation> allocation;  // as written
  ClusterView view;
  std::vector<std::shared_ptr<const void>> kept;
};

struct ObservedNamespace {
  NamespaceObservation observation;
  std::vector<std::shared_ptr<const void>> kept;
};

class Observer {
 public:
  // A burst of Service changes is one new reading of uses, and no more than a part of the time goes into it.
  static constexpr Duration kUsesLag{100};
  static constexpr int kUsesShare = 50;
  // How long a create must have been refused before its number counts as contested: the create of another
  // leader that is still on its way also has its number allocated and no Service to see, for a moment.
  static constexpr Duration kContestedAfter = std::chrono::seconds(10);
  // How long a contested number is avoided. The API server's repair loop gives a leaked nodePort back after
  // three rounds of three minutes without an owner; then it may be tried again.
  static constexpr Duration kContestedFor = std::chrono::minutes(10);

  // Both must outlive the observer.
  Observer(const Stores& stores, const runtime::Clock& clock) : stores_(&stores), clock_(&clock) {}

  // Call for every change of the kind, after it can be read.
  void ledgers_changed() { ledgers_stale_ = true; }
  void ranges_changed() { ranges_stale_ = true; }
  void services_changed(const runtime::Change<Service>& change);
  // Only what concerns host ports, and Services that wait to be adopted, is news.
  void pods_changed(const runtime::Change<Workload>& change);
  void allocations_changed(const runtime::Change<PortAllocation>& change);
  void exposure_policies_changed() { internal_stale_ = true; }

  // The API server has refused the nodePort as allocated already for some time, and nobody is seen with it.
  void contested(Port number);
  // Until the first contested number may be tried again; nothing when there is none.
  [[nodiscard]] std::optional<Duration> contested_left() const;

  // `fresh`: without any lag.
  ClusterView view(const runtime::Snapshot& snapshot, bool fresh);

  // nullopt: the stores have no such allocation, or do not see all of its namespace.
  std::optional<ObservedAllocation> allocation(const ObjectKey& key);
  // nullopt: the stores have no such namespace, or do not see all of it.
  std::optional<ObservedNamespace> ns(const std::string& name);

  // Memory of one allocation, by UID.
  [[nodiscard]] Memory memory(const Uid& uid) const;
  void remember_refusal(const allocation::Refusal& refusal, std::int64_t generation);
  void forget_refusal(const Uid& uid);
  void remember_recovered(const Uid& uid, std::vector<std::string> recovered);
  void remember_write_problem(const Uid& uid, WriteProblem problem);
  void forget_write_problems(const Uid& uid);
  void forget(const Uid& uid);
  // Whose last claim was refused.
  [[nodiscard]] std::map<Uid, ObjectKey> refused() const;

 private:
  template <class T>
  using KeptObjects = std::set<runtime::Kept<T>, runtime::KeptByKey>;

  // Require: view_mutex_ is held.
  void read_ledgers(const runtime::Snapshot& snapshot);
  void read_services(const runtime::Snapshot& snapshot);
  std::shared_ptr<const allocation::Uses> read_uses(const runtime::Snapshot& snapshot);

  const Stores* stores_;
  const runtime::Clock* clock_;

  std::atomic<bool> ledgers_stale_ = true;
  std::atomic<bool> ranges_stale_ = true;
  std::atomic<bool> uses_stale_ = true;
  std::atomic<bool> host_pods_stale_ = true;
  std::atomic<bool> any_host_pods_ = false;
  std::atomic<bool> any_asking_ = false;  // some Service waits to be adopted
  std::atomic<bool> internal_stale_ = true;

  mutable std::mutex view_mutex_;
  ClusterView view_;
  Instant uses_read_ = {};
  Duration uses_cost_{0};  // what reading them took
  KeptObjects<PortLedger> ledgers_read_;
  allocation::Uses service_uses_;                           // of the Services alone
  KeptObjects<Service> services_read_;                      // as they count there
  std::set<ObjectKey> asking_;                              // of those, who asks to be adopted
  std::vector<std::shared_ptr<const Workload>> host_pods_;  // few of many: those with a host port
  std::map<Port, Instant> contested_;                       // until when

  std::mutex changed_mutex_;
  bool read_all_services_ = true;         // at first
  std::set<ObjectKey> changed_services_;  // since they were read

  mutable std::mutex memory_mutex_;
  std::map<Uid, Memory> memories_;
  std::map<Uid, ObjectKey> refused_;  // of memories_, those with a refusal
};

}  // namespace berth::controller
