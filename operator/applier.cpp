#include "operator/applier.h"

#include <map>
#include <set>
#include <utility>

#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/desired/config_maps.h"
#include "kube/wire/status.h"
#include "operator/patch.h"

namespace berth::controller {

struct Applier::Progress {
  std::int64_t generation = 0;
  std::map<Uid, std::string> status_versions = {};  // answered to earlier status writes of this plan
  Carried carried = {};
};

namespace {

// Outcomes after which nobody knows what the server holds, or the view was stale: read again before deciding.
bool view_was_stale(const Error& error) {
  switch (error.code) {
    case Code::kConflict:
    case Code::kExists:
    case Code::kNotFound:
    case Code::kInvalid:
    case Code::kTimeout:
    case Code::kUnavailable:
      return true;
    default:
      return false;
  }
}

std::optional<Port> contested_number(const Service& service, const Error& error) {
  const auto refusal = wire::node_port_refusal(error);
  if (!refusal || refusal->why != wire::NodePortRefusal::Why::kTaken) return std::nullopt;
  if (refusal->index >= service.ports.size()) return std::nullopt;
  const auto number = Port::checked(service.ports[refusal->index].node_port);
  return number.ok() ? std::optional<Port>(*number) : std::nullopt;
}

}  // namespace

template <class T>
void Applier::refresh(const wire::Kind& kind, runtime::Store<T>& store, const ObjectKey& key) {
  // Read before the server is asked: what comes while it answers is a successor, and not what is gone.
  const auto known = store.get(key);
  auto live = client_->get<T>(kind, key);
  if (live.ok()) {
    store.put_written(std::move(*live));
  } else if (live.error().code == Code::kNotFound && known) {
    store.removed(key, known->meta.uid);
  }
}

// A live read makes an allocation newer than the ledgers that were watched: decided with them, a status would
// show again what another leader has released since.
void Applier::refresh_ledgers(const PortAllocationStatus& ours, const ObjectKey& allocation) {
  std::set<int> shards;
  const auto add = [&](const PortAllocationStatus& status) {
    for (const AllocatedPort& port : status.ports) {
      const auto number = Port::checked(port.port);
      if (number.ok()) shards.insert(allocation::shard_of(*number));
    }
  };
  add(ours);
  if (const auto live = stores_->allocations.get(allocation)) add(live->status);
  for (const allocation::Space space : allocation::kSpaces) {
    for (const int shard : shards) {
      const ObjectKey key{"", allocation::shard_name(space, shard)};
      if (stores_->ledgers.get(key)) refresh(wire::kPortLedger, stores_->ledgers, key);
    }
  }
}

Carried Applier::carry_out(const Plan& plan, std::int64_t generation) {
  Progress progress;
  progress.generation = generation;
  for (const Action& action : plan.actions) {
    const Status done = std::visit([&](const auto& one) { return act(one, progress); }, action);
    if (!done.ok()) {
      progress.carried.status = done;
      break;
    }
  }
  return progress.carried;
}

// What the ledgers hold for the owner of the status under that number now, read live.
Result<bool> Applier::held_live(const WriteStatus& action, Port number) {
  allocation::Ledgers ledgers;
  for (const allocation::Space space : allocation::kSpaces) {
    const ObjectKey key{"", allocation::shard_name(space, allocation::shard_of(number))};
    auto live = client_->get<PortLedger>(wire::kPortLedger, key);
    if (!live.ok() && live.error().code == Code::kNotFound) continue;
    if (!live.ok()) return live.error();
    TRY_DONE(ledgers.put(*live));
    stores_->ledgers.put_written(std::move(*live));
  }
  const auto entries = ledgers.of_owner(action.uid);
  return std::any_of(entries.begin(), entries.end(), [&](const allocation::HeldNumber& held) {
    return held.entry.held() && held.key.port == number;
  });
}

Status Applier::confirm(const WriteStatus& action) {
  const std::string whose = "PortAllocation " + to_string(action.allocation);
  for (const Port number : action.unconfirmed) {
    TRY(const bool held, held_live(action, number));
    if (!held) continue;
    return Error{Code::kConflict,
                 whose + " shows " + to_string(number) + ", and its ledger holds it: decided anew"};
  }
  for (const Port number : action.arriving) {
    TRY(const bool held, held_live(action, number));
    if (held) continue;
    return Error{Code::kConflict, whose + " was to show " + to_string(number) +
                                      ", and its ledger does not hold it any more: decided anew"};
  }
  return ok_status();
}

Status Applier::act(const WriteStatus& action, Progress& progress) {
  TRY_DONE(confirm(action));
  PortAllocation object;
  object.meta.ns = action.allocation.ns;
  object.meta.name = action.allocation.name;
  object.meta.uid = action.uid;
  object.meta.resource_version = action.resource_version;
  const auto earlier = progress.status_versions.find(action.uid);
  if (earlier != progress.status_versions.end()) object.meta.resource_version = earlier->second;
  object.status = action.status;
  auto written = client_->replace_status(wire::kPortAllocation, object);
  if (!written.ok()) {
    if (view_was_stale(written.error())) {
      refresh(wire::kPortAllocation, stores_->allocations, action.allocation);
      refresh_ledgers(action.status, action.allocation);
    }
    return written.error();
  }
  ++progress.carried.writes;
  progress.carried.status_written = true;
  progress.status_versions[action.uid] = written->meta.resource_version;
  stores_->allocations.put_written(std::move(*written));
  return ok_status();
}

// A create has no precondition that speaks of its owner. A status write of the same plan has just proved the
// owner; otherwise it is read live, or a stale view (another leader deleted the allocation) would publish its
// number again.
Status Applier::prove_owner(const Meta& generated, const Progress& progress) {
  const Uid uid = desired::told_for(generated);  // whatever its name
  const auto label = generated.labels.find(kOwnerNameLabel);
  if (progress.status_versions.contains(uid) || label == generated.labels.end()) return ok_status();
  const ObjectKey key{generated.ns, label->second};
  const auto known = stores_->allocations.get(key);
  auto live = client_->get<PortAllocation>(wire::kPortAllocation, key);
  if (live.ok() && live->meta.uid == uid && !live->meta.deleting()) {
    // What is made tells the numbers of the status that was seen: another leader may have moved them since.
    if (!known || known->status.ports == live->status.ports) return ok_status();
    stores_->allocations.put_written(std::move(*live));
    refresh_ledgers(known->status, key);
    return Error{Code::kConflict, "PortAllocation " + to_string(key) + " shows other numbers now"};
  }
  if (!live.ok() && live.error().code != Code::kNotFound) return live.error();
  if (live.ok()) {
    stores_->allocations.put_written(std::move(*live));
  } else {
    stores_->allocations.removed(key, uid);
  }
  return Error{Code::kConflict, "PortAllocation " + to_string(key) + " is gone or another one now"};
}

Status Applier::act(const CreateService& action, Progress& progress) {
  TRY_DONE(prove_owner(action.service.meta, progress));
  auto created = client_->create(wire::kService, action.service);
  if (created.ok()) {
    ++progress.carried.writes;
    stores_->services.put_written(std::move(*created));
    return ok_status();
  }
  const Error error = created.error();
  if (error.code != Code::kInvalid) {
    if (view_was_stale(error)) refresh(wire::kService, stores_->services, action.service.meta.key());
    return error;
  }
  // "provided port is already allocated" is also the answer when our own earlier create did succeed and its
  // reply was lost (measured): look at our own name before believing that somebody else has the number.
  const ObjectKey key = action.service.meta.key();
  auto own = client_->get<Service>(wire::kService, key);
  if (!own.ok() && own.error().code != Code::kNotFound) return own.error();
  if (own.ok()) {
    const bool ours = allocation::generated_for(own->meta) == allocation::generated_for(action.service.meta);
    stores_->services.put_written(std::move(*own));
    if (ours) return Error{Code::kConflict, "Service " + to_string(key) + " exists already, looking again"};
  }
  progress.carried.problem = WriteProblem{progress.generation, "Service " + to_string(key), error.message,
                                          contested_number(action.service, error)};
  return error;
}

Status Applier::act(const CreatePolicy& action, Progress& progress) {
  auto created = client_->create(wire::kNetworkPolicy, action.policy);
  if (!created.ok()) {
    if (view_was_stale(created.error()))
      refresh(wire::kNetworkPolicy, stores_->policies, action.policy.meta.key());
    return created.error();
  }
  ++progress.carried.writes;
  stores_->policies.put_written(std::move(*created));
  return ok_status();
}

Status Applier::act(const CreateConfigMap& action, Progress& progress) {
  TRY_DONE(prove_owner(action.config_map.meta, progress));
  auto created = client_->create(wire::kConfigMap, action.config_map);
  if (created.ok()) {
    ++progress.carried.writes;
    stores_->config_maps.put_written(std::move(*created));
    return ok_status();
  }
  const Error error = created.error();
  const ObjectKey key = action.config_map.meta.key();
  WriteProblem problem{
      progress.generation, "ConfigMap " + to_string(key), error.message, {}, ObjectKind::kConfigMap};
  if (error.code == Code::kInvalid || error.code == Code::kForbidden) progress.carried.problem = problem;
  if (error.code != Code::kExists) return error;
  // No watch shows the ConfigMaps of others, nor one of ours that lost its label.
  auto present = client_->get<ConfigMap>(wire::kConfigMap, key);
  if (!present.ok()) return present.error();
  if (desired::told_for(present->meta) == desired::told_for(action.config_map.meta)) {
    // Ours, and not seen: the watch is behind, or it lost the label that it is watched by. Then no watch will
    // ever tell of it, and what was to be created is brought about here.
    const auto difference = desired::diff(&*present, action.config_map);
    if (const auto* edits = std::get_if<desired::Patch>(&difference)) {
      return patch(
          wire::kConfigMap, stores_->config_maps,
          {ObjectKind::kConfigMap, key, present->meta.uid, present->meta.resource_version, edits->edits},
          progress);
    }
    stores_->config_maps.put_written(std::move(*present));
    return Error{Code::kConflict, "ConfigMap " + to_string(key) + " exists already, looking again"};
  }
  problem.name_taken = true;
  problem.message = problem.object +
                    " exists and is not generated for this allocation, and is left alone: delete or rename "
                    "it, or write another name as spec.configMap.name";
  progress.carried.problem = problem;
  return error;
}

template <class T>
Status Applier::patch(const wire::Kind& kind, runtime::Store<T>& store, const PatchObject& action,
                      Progress& progress) {
  auto written = client_->merge_patch<T>(kind, action.key, patch_text(action));
  if (!written.ok()) {
    if (view_was_stale(written.error())) refresh(kind, store, action.key);
    return written.error();
  }
  ++progress.carried.writes;
  store.put_written(std::move(*written));
  return ok_status();
}

Status Applier::act(const PatchObject& action, Progress& progress) {
  if (action.kind == ObjectKind::kNetworkPolicy) {
    return patch(wire::kNetworkPolicy, stores_->policies, action, progress);
  }
  const bool told = action.kind == ObjectKind::kConfigMap;
  if (told) {
    // Its own version does not tell that another leader has moved its owner's numbers meanwhile.
    if (const auto present = stores_->config_maps.get(action.key)) {
      TRY_DONE(prove_owner(present->meta, progress));
    }
  }
  Status done = told ? patch(wire::kConfigMap, stores_->config_maps, action, progress)
                     : patch(wire::kService, stores_->services, action, progress);
  if (!done.ok() && done.error().code == Code::kInvalid) {
    progress.carried.problem = WriteProblem{progress.generation,
                                            (told ? "ConfigMap " : "Service ") + to_string(action.key),
                                            done.error().message,
                                            {},
                                            action.kind};
  }
  return done;
}

template <class T>
Status Applier::remove(const wire::Kind& kind, runtime::Store<T>& store, const DeleteObject& action,
                       Progress& progress) {
  auto removed = client_->remove<T>(kind, action.key, {action.uid, action.resource_version});
  if (!removed.ok() && removed.error().code != Code::kNotFound) {
    if (view_was_stale(removed.error())) refresh(kind, store, action.key);
    return removed.error();
  }
  ++progress.carried.writes;
  if (removed.ok() && removed->has_value()) {
    store.put_written(std::move(**removed));  // a finalizer holds it, and its number with it
  } else {
    store.removed(action.key, action.uid);
  }
  return ok_status();
}

Status Applier::act(const DeleteObject& action, Progress& progress) {
  switch (action.kind) {
    case ObjectKind::kService:
      return remove(wire::kService, stores_->services, action, progress);
    case ObjectKind::kNetworkPolicy:
      return remove(wire::kNetworkPolicy, stores_->policies, action, progress);
    case ObjectKind::kConfigMap:
      return remove(wire::kConfigMap, stores_->config_maps, action, progress);
  }
  return ok_status();
}

Status Applier::act(const ReleaseNumbers& action, Progress& progress) {
  // The proofs and the write belong to the one place that writes ledgers.
  progress.carried.release_wanted = progress.carried.release_wanted || !action.candidates.empty();
  return ok_status();
}

}  // namespace berth::controller
