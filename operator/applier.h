// Applier: carries out a Plan, one write after another, and stops at the first that fails.
//
// Every write has its precondition; what the server returns goes into the stores at once. It decides nothing
// about ports: a failure is told to the caller together with what a live read found, so that the next look is
// fresh. Thread-safety: carry_out from any thread, one plan of an object at a time (the queue sees to that).
#pragma once

#include <optional>

#include "core/plan.h"
#include "kube/client/client.h"
#include "operator/stores.h"

namespace berth::controller {

struct Carried {
  Status status = ok_status();               // of the action that failed, if one did
  std::optional<WriteProblem> problem = {};  // the server will not take an object of ours as it stands
  bool release_wanted = false;               // the plan came as far as ReleaseNumbers
  int writes = 0;
  bool status_written = false;  // at least the first status of the plan
};

class Applier {
 public:
  // All must outlive the applier.
  Applier(const client::Client& client, Stores& stores) : client_(&client), stores_(&stores) {}

  // `generation`: of the allocation the plan was made for, kept in a WriteProblem.
  Carried carry_out(const Plan& plan, std::int64_t generation);

 private:
  struct Progress;

  Status act(const WriteStatus& action, Progress& progress);
  Status act(const CreateService& action, Progress& progress);
  Status act(const CreatePolicy& action, Progress& progress);
  Status act(const CreateConfigMap& action, Progress& progress);
  Status act(const PatchObject& action, Progress& progress);
  Status act(const DeleteObject& action, Progress& progress);
  Status act(const ReleaseNumbers& action, Progress& progress);

  template <class T>
  Status patch(const wire::Kind& kind, runtime::Store<T>& store, const PatchObject& action,
               Progress& progress);
  template <class T>
  Status remove(const wire::Kind& kind, runtime::Store<T>& store, const DeleteObject& action,
                Progress& progress);
  Status prove_owner(const Meta& generated, const Progress& progress);
  // WriteStatus::unconfirmed and WriteStatus::arriving, read live.
  Status confirm(const WriteStatus& action);
  Result<bool> held_live(const WriteStatus& action, Port number);

  // Reads the shards anew that hold the numbers of either status.
  void refresh_ledgers(const PortAllocationStatus& ours, const ObjectKey& allocation);

  template <class T>
  void refresh(const wire::Kind& kind, runtime::Store<T>& store, const ObjectKey& key);

  const client::Client* client_;
  Stores* stores_;
};

}  // namespace berth::controller
