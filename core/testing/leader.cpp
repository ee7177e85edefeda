#include "core/testing/leader.h"

#include <algorithm>
#include <utility>

#include "core/allocation/chooser.h"
#include "core/base/api_names.h"
#include "core/desired/config_maps.h"
#include "core/model/effective_ports.h"

namespace berth::testing {
namespace {

using allocation::ReleaseCandidate;
using allocation::ReleaseCause;

template <class T>
std::vector<const T*> pointers(const std::map<std::string, T>& objects) {
  std::vector<const T*> result;
  for (const auto& [name, object] : objects) result.push_back(&object);
  return result;
}

// As the shell does: counts and migrations become plain ports where an allocation enters a decision.
std::map<std::string, PortAllocation> effective_all(const std::map<std::string, PortAllocation>& objects,
                                                    std::optional<Instant> now) {
  std::map<std::string, PortAllocation> result;
  for (const auto& [name, object] : objects) result.emplace(name, effective(object, now));
  return result;
}

// What a GET of that name tells the cache.
template <class T>
void take_in(std::map<std::string, T>& cached, const std::map<std::string, T>& stored,
             const std::string& name) {
  const auto present = stored.find(name);
  if (present == stored.end()) {
    cached.erase(name);
  } else {
    cached[name] = present->second;
  }
}

}  // namespace

Leader::Leader(ApiServer& api, std::int64_t fence, Mistake mistake, std::mt19937& random, Note note)
    : api_(api), fence_(fence), mistake_(mistake), random_(random), note_(std::move(note)) {
  ns_.meta.name = "mesh";
}

void Leader::refresh() {
  ledgers_ = {};
  for (const auto& [shard, object] : api_.ledgers) (void)ledgers_.put(object);
  allocations_ = api_.allocations;
  services_ = api_.services;
  policies_ = api_.policies;
  config_maps_ = api_.config_maps;
  stopped_ = stopped_ || ledgers_.fence() > fence_;
  observe_rest();
}

void Leader::take_in_ledger(const std::string& shard) {
  const auto present = api_.ledgers.find(shard);
  if (present != api_.ledgers.end()) (void)ledgers_.put(present->second);
  stopped_ = stopped_ || ledgers_.fence() > fence_;
}

void Leader::observe_rest() {
  const bool hasty = mistake_ == Mistake::kNoRest;
  if (hasty) return rest_.observe(ledgers_, Instant{api_.now.milliseconds - 1'000'000});
  // A clock that is days ahead makes every wish look old.
  const bool ahead = mistake_ == Mistake::kForgetsWishes;
  rest_.observe(ledgers_, api_.now, nullptr, ahead ? api_.now + std::chrono::hours(48) : api_.now);
}

bool Leader::write(const allocation::ShardWrite& shard) {
  const Answer answer = api_.write(shard, mistake_ == Mistake::kBlindRetry);
  take_in_ledger(shard.object.meta.name);
  if (answer == Answer::kDone) observe_rest();
  return answer == Answer::kDone;
}

// ---- numbers ----

bool Leader::claim(std::size_t crash_after) {
  if (stopped_) return false;
  const allocation::Ranges ranges({&api_.range});
  const allocation::Uses uses(pointers(services_));
  const allocation::InternalNumbers internal;
  const Labels labels;
  std::vector<allocation::Request> requests;
  const auto made = effective_all(allocations_, wall());
  for (const auto& [key, object] : made) requests.push_back({&object, &labels, pointers(services_)});
  std::shuffle(requests.begin(), requests.end(), random_);
  const auto plan =
      allocation::claim(requests, {ledgers_, ranges, uses, internal, rest_, api_.now, wall(), fence_});
  note_(name() + " claims, " + std::to_string(plan.writes.size()) + " writes");
  stopped_ = stopped_ || plan.superseded;
  bool wrote = false;
  for (const auto& shard : plan.writes) {
    if (crash_after-- == 0) return wrote;
    if (!write(shard)) return false;
    wrote = true;
  }
  refusals_.clear();
  for (const auto& refusal : plan.refusals) refusals_.emplace(refusal.uid, refusal);
  return wrote;
}

bool Leader::release(std::size_t crash_after) {
  if (stopped_) return false;
  const allocation::Ranges ranges({&api_.range});
  std::vector<Uid> refused;
  for (const auto& [uid, refusal] : refusals_) refused.push_back(uid);
  auto gone = orphans();
  std::vector<allocation::ReleaseProof> living;
  const auto made = effective_all(allocations_, std::nullopt);
  for (const auto& candidate : allocation::release_candidates(
           ledgers_, pointers(made), ranges, allocation::Uses(pointers(services_)), refused)) {
    if (candidate.cause == ReleaseCause::kOwnerGone) {
      gone[candidate.number.entry.owner_uid].push_back(candidate);
    } else {
      living.push_back(proof_of(candidate));
    }
  }
  bool acted = false;
  for (const auto& [uid, candidates] : gone) {
    Plan plan = plan_release(observe_orphan(uid, candidates));
    if (mistake_ == Mistake::kReleaseFirst) std::reverse(plan.actions.begin(), plan.actions.end());
    for (const Action& action : plan.actions) {
      if (crash_after-- == 0) return acted;
      note_(name() + ": " + describe(action) + " of " + uid.text);
      if (carry_out(action) != Answer::kDone) break;
      acted = true;
    }
  }
  for (const auto& shard : allocation::release(ledgers_, living, ranges, fence_, api_.now).writes) {
    if (crash_after-- == 0) return acted;
    note_(name() + " releases in " + shard.object.meta.name);
    if (!write(shard)) return acted;
    acted = true;
  }
  return acted;
}

// Owners that the cache does not have and that left objects behind.
std::map<Uid, std::vector<ReleaseCandidate>> Leader::orphans() const {
  std::map<Uid, std::vector<ReleaseCandidate>> result;
  const auto look_at = [&](const Uid& uid) {
    const bool lives = std::any_of(allocations_.begin(), allocations_.end(),
                                   [&](const auto& entry) { return entry.second.meta.uid == uid; });
    if (!uid.empty() && !lives) result[uid];
  };
  for (const auto& [key, service] : services_) look_at(allocation::generated_for(service.meta));
  for (const auto& [key, policy] : policies_) look_at(allocation::generated_for(policy.meta));
  for (const auto& [key, config_map] : config_maps_) look_at(desired::told_for(config_map.meta));
  return result;
}

OrphanObservation Leader::observe_orphan(const Uid& uid, std::vector<ReleaseCandidate> candidates) {
  OrphanObservation seen;
  seen.uid = uid;
  for (const auto& [key, service] : services_) {
    if (allocation::generated_for(service.meta) == uid) seen.services.push_back(&service);
  }
  for (const auto& [key, policy] : policies_) {
    if (allocation::generated_for(policy.meta) == uid) seen.policies.push_back(&policy);
  }
  for (const auto& [key, config_map] : config_maps_) {
    if (desired::told_for(config_map.meta) == uid) seen.config_maps.push_back(&config_map);
  }
  const auto live = api_.allocations.find(owner_name(uid));
  if (mistake_ != Mistake::kNoLiveProof && live != api_.allocations.end()) seen.live_owner = live->second;
  seen.candidates = std::move(candidates);
  return seen;
}

// Live reads, or what a careless leader takes for them.
allocation::ReleaseProof Leader::proof_of(const ReleaseCandidate& candidate) const {
  allocation::ReleaseProof proof{candidate, {}, {}};
  const bool careless = mistake_ == Mistake::kNoLiveProof || mistake_ == Mistake::kReleaseFirst;
  if (careless && candidate.cause == ReleaseCause::kOwnerGone) return proof;
  const auto owner = api_.allocations.find(candidate.owner().name);
  if (owner != api_.allocations.end()) proof.owner = effective(owner->second, std::nullopt);
  for (const ObjectKey& key : candidate.services()) {
    const auto service = api_.services.find(key.name);
    if (service != api_.services.end()) proof.services.push_back(service->second);
  }
  return proof;
}

bool Leader::sweep() {
  if (stopped_) return false;
  const allocation::Ranges ranges({&api_.range});
  const auto plan = allocation::sweep(ledgers_, ranges, rest_, api_.now, fence_);
  stopped_ = stopped_ || plan.superseded;
  for (const auto& shard : plan.writes) {
    note_(name() + " sweeps " + shard.object.meta.name);
    if (!write(shard)) return false;
  }
  return !plan.writes.empty();
}

// ---- objects ----

bool Leader::plan(const std::string& allocation, std::size_t crash_after) {
  const auto found = allocations_.find(allocation);
  if (stopped_ || found == allocations_.end()) return false;
  const Uid uid = found->second.meta.uid;
  const std::int64_t generation = found->second.meta.generation;
  const allocation::Ranges ranges({&api_.range});
  const allocation::Uses uses(pointers(services_));
  const PortAllocation made = effective(found->second, wall());
  Observation seen{.allocation = &made};
  seen.entries = ledgers_.of_owner(uid);
  seen.services = pointers(services_);
  seen.policies = pointers(policies_);
  seen.config_maps = pointers(config_maps_);
  seen.ns = &ns_;
  seen.ranges = &ranges;
  seen.uses = &uses;
  if (const auto refusal = refusals_.find(uid); refusal != refusals_.end()) seen.refusal = refusal->second;
  if (const auto problem = write_problems_.find(uid); problem != write_problems_.end()) {
    seen.write_problem = problem->second;
  }
  const Plan plan = berth::plan(seen, wall());
  bool acted = false;
  for (const Action& action : plan.actions) {
    if (crash_after-- == 0) return acted;
    note_(name() + ": " + describe(action));
    const Answer answer = carry_out(action);
    if (answer == Answer::kRefused) {
      write_problems_[uid] = {generation, describe(action), "provided port is already allocated"};
    }
    if (answer != Answer::kDone) return acted;
    acted = true;
  }
  if (acted) write_problems_.erase(uid);
  return acted;
}

Answer Leader::carry_out(const Action& action) {
  return std::visit([&](const auto& one) { return act(one); }, action);
}

Answer Leader::act(const WriteStatus& write) {
  const std::string& key = write.allocation.name;
  const auto held_live = [&](Port number) {
    take_in_ledger(allocation::shard_name(allocation::Space::kNodePort, allocation::shard_of(number)));
    const auto entries = ledgers_.of_owner(write.uid);
    return std::any_of(entries.begin(), entries.end(), [&](const allocation::HeldNumber& entry) {
      return entry.entry.held() && entry.key.port == number;
    });
  };
  if (std::any_of(write.unconfirmed.begin(), write.unconfirmed.end(), held_live)) return Answer::kConflict;
  if (!std::all_of(write.arriving.begin(), write.arriving.end(), held_live)) return Answer::kConflict;
  // A later status of the same plan carries the version that the first one was answered with.
  const auto cached = allocations_.find(key);
  const bool same = cached != allocations_.end() && cached->second.meta.uid == write.uid;
  const Answer answer =
      api_.write(write, same ? cached->second.meta.resource_version : write.resource_version);
  take_in(allocations_, api_.allocations, key);
  return answer;
}

bool Leader::prove_owner(const Meta& generated) {
  const std::string& owner = generated.labels.at(kOwnerNameLabel);
  const auto live = api_.allocations.find(owner);
  const bool lives =
      live != api_.allocations.end() && live->second.meta.uid.text == generated.labels.at(kOwnerUidLabel);
  if (lives || mistake_ == Mistake::kNoOwnerProof) return true;
  take_in(allocations_, api_.allocations, owner);
  return false;
}

Answer Leader::act(const CreateConfigMap& create) {
  if (!prove_owner(create.config_map.meta)) return Answer::kConflict;
  const Answer answer = api_.create(create.config_map);
  take_in(config_maps_, api_.config_maps, create.config_map.meta.name);
  return answer;
}

Answer Leader::act(const CreateService& create) {
  if (!prove_owner(create.service.meta)) return Answer::kConflict;
  const Answer answer = api_.create(create.service);
  take_in(services_, api_.services, create.service.meta.name);
  if (answer == Answer::kRefused) services_ = api_.services;
  return answer;
}

Answer Leader::act(const CreatePolicy& create) {
  const Answer answer = api_.create(create.policy);
  take_in(policies_, api_.policies, create.policy.meta.name);
  return answer;
}

Answer Leader::act(const PatchObject& patch) {
  const Answer answer = api_.patch(patch);
  if (patch.kind == ObjectKind::kService) {
    take_in(services_, api_.services, patch.key.name);
    if (answer == Answer::kRefused) services_ = api_.services;
  } else if (patch.kind == ObjectKind::kConfigMap) {
    take_in(config_maps_, api_.config_maps, patch.key.name);
  } else {
    take_in(policies_, api_.policies, patch.key.name);
  }
  return answer;
}

Answer Leader::act(const DeleteObject& removal) {
  const Answer answer = api_.remove(removal);
  if (removal.kind == ObjectKind::kService) {
    take_in(services_, api_.services, removal.key.name);
  } else if (removal.kind == ObjectKind::kConfigMap) {
    take_in(config_maps_, api_.config_maps, removal.key.name);
  } else {
    take_in(policies_, api_.policies, removal.key.name);
  }
  return answer;
}

Answer Leader::act(const ReleaseNumbers& numbers) {
  std::vector<allocation::ReleaseProof> proofs;
  for (const auto& candidate : numbers.candidates) proofs.push_back(proof_of(candidate));
  const allocation::Ranges ranges({&api_.range});
  const auto plan = allocation::release(ledgers_, proofs, ranges, fence_, api_.now);
  for (const auto& shard : plan.writes) {
    if (!write(shard)) return Answer::kConflict;
  }
  return plan.writes.empty() ? Answer::kConflict : Answer::kDone;
}

}  // namespace berth::testing
