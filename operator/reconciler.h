// Reconciler: one key of the queue -> observe, ask core, carry out, say when to look again.
//
// Thread-safety: reconcile() from several threads, never with the same key twice at once (the queue's
// promise).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "kube/client/events.h"
#include "kube/runtime/clock.h"
#include "operator/applier.h"
#include "operator/bookkeeper.h"
#include "operator/observer.h"
#include "operator/reporter.h"
#include "operator/wall_keeper.h"
#include "operator/work.h"

namespace berth::controller {

struct Reconciled {
  Status status = ok_status();
  std::optional<Duration> look_again = {};  // with an ok status
};

// Everything a reconciler needs; all must outlive it.
struct ReconcilerParts {
  const client::Client& client;
  const runtime::Clock& clock;
  Stores& stores;
  Observer& observer;
  Applier& applier;
  Bookkeeper& bookkeeper;
  Reporter& reporter;
  client::EventRecorder& events;
  std::function<void(const runtime::WorkKey&)> enqueue;
  std::function<std::int64_t()> fence;                        // -1 while not leading
  std::function<void(std::int64_t)> superseded = {};          // a ledger carries this larger fence
  std::function<void(const BookkeepingReport&)> booked = {};  // for metrics
  // Do other allocations wait for their first number to be shown?
  std::function<bool()> hurried = {};
  LedgerScope* scope = nullptr;  // nullptr: every step looks at everything
  WallKeeper* walls = nullptr;   // nullptr: nobody keeps second walls
};

class Reconciler {
 public:
  explicit Reconciler(ReconcilerParts parts) : parts_(std::move(parts)) {}

  Reconciled reconcile(const runtime::WorkKey& key);

 private:
  Reconciled reconcile_allocation(const ObjectKey& key);
  Reconciled reconcile_namespace(const std::string& name);
  Reconciled reconcile_ledgers();
  Reconciled report_range(const std::string& name);
  Reconciled reconcile_policy(const std::string& name);
  void hear_node_ports(const std::string& message);
  void tell(const ObjectReference& regarding, const Plan& plan, const Carried& carried);

  ReconcilerParts parts_;
};

}  // namespace berth::controller
