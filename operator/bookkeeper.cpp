#include "operator/bookkeeper.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/allocation/chooser.h"
#include "core/allocation/postponement.h"
#include "core/base/api_names.h"
#include "core/model/effective_ports.h"
#include "operator/lookups.h"

namespace berth::controller {
namespace {

// NotFound is an answer here, everything else that is not an object is a failure.
template <class T>
Result<std::optional<T>> live(const client::Client& client, const wire::Kind& kind, const ObjectKey& key) {
  auto object = client.get<T>(kind, key);
  if (object.ok()) return std::optional<T>(std::move(*object));
  if (object.error().code == Code::kNotFound) return std::optional<T>();
  return std::move(object).error();
}

// Its owner is gone, and so is its Service but for finalizers: proving that again and again is of no use, and
// would keep others from their turn. The end of the Service wakes the ledger.
bool waits_for_a_finalizer(const allocation::ReleaseCandidate& candidate, const Stores& stores,
                           const runtime::Snapshot& snapshot) {
  if (candidate.cause != allocation::ReleaseCause::kOwnerGone) return false;
  const Uid& owner = candidate.number.entry.owner_uid;
  for (const ObjectKey& key : candidate.services()) {
    const auto service = stores.services.get(snapshot, key);
    if (!service || !service->meta.deleting()) continue;
    const allocation::Uses shown({service.get()});
    if (shown.used_by(owner, candidate.number.space, candidate.number.key)) return true;
  }
  return false;
}

bool has_host_port(const std::vector<allocation::ReleaseCandidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [](const allocation::ReleaseCandidate& candidate) {
    return candidate.number.space == allocation::Space::kHostPort;
  });
}

// As a query takes it: "app=web,tier=front".
std::string selector_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "" : ",";
    text += name + "=" + value;
  }
  return text;
}

}  // namespace

ClusterView Bookkeeper::fresh_view() {
  const auto snapshot = stores_->group.snapshot();
  return observer_->view(snapshot, true);
}

void Bookkeeper::note_rests() {
  ClusterView view;
  {
    const auto snapshot = stores_->group.snapshot();
    rest_.see(stores_->seen(snapshot));
    view = observer_->view(snapshot, true);
  }
  rest_.observe(*view.ledgers, clock_->monotonic(), view.uses.get(), clock_->wall());
}

BookkeepingReport Bookkeeper::step(std::int64_t fence, const LedgerLook& look, bool in_a_burst) {
  BookkeepingReport report;
  report.begun = clock_->monotonic();
  note_rests();
  claim(fence, look, in_a_burst, report);
  Status refused = ok_status();
  if (report.status.ok() && !report.superseded) refused = release(fence, look, report);
  if (report.status.ok() && !report.superseded) sweep(fence, report);
  if (report.status.ok()) report.status = refused;
  if (report.superseded) report.fence_seen = fresh_view().ledgers->fence();
  return report;
}

template <class Visit>
void Bookkeeper::look_at(const runtime::Snapshot& snapshot, const LedgerLook& look, Visit&& visit) const {
  const NamespaceScope seen = stores_->seen(snapshot);
  const auto visit_seen = [&](const std::shared_ptr<const PortAllocation>& allocation) {
    if (seen.covers(allocation->meta.ns)) visit(allocation);
  };
  if (look.everything) return stores_->allocations.for_each(snapshot, visit_seen);
  // Who waits was there first, and what became free may be his.
  std::set<ObjectKey> keys = look.allocations;
  for (const auto& [uid, key] : observer_->refused()) keys.insert(key);
  for (const ObjectKey& key : keys) {
    if (const auto allocation = stores_->allocations.get(snapshot, key)) visit_seen(allocation);
  }
}

void Bookkeeper::claim(std::int64_t fence, const LedgerLook& look, bool in_a_burst,
                       BookkeepingReport& report) {
  ClusterView view;
  std::vector<std::shared_ptr<const PortAllocation>> waiting;
  std::map<std::string, std::shared_ptr<const Namespace>> namespaces;
  std::map<Uid, std::vector<std::shared_ptr<const Service>>> services;
  {
    const auto snapshot = stores_->group.snapshot();
    view = observer_->view(snapshot, true);
    const Instant now = clock_->wall();
    look_at(snapshot, look, [&](const std::shared_ptr<const PortAllocation>& written) {
      ++report.looked_at;
      if (written->meta.deleting()) return;
      auto allocation = effective(written, now);
      if (!allocation::wants_numbers(*allocation, *view.ledgers, *view.ranges, *view.uses)) {
        if (observer_->memory(allocation->meta.uid).refusal) {
          observer_->forget_refusal(allocation->meta.uid);
          report.concerned.push_back(allocation->meta.key());
        }
        return;
      }
      const std::string& ns = allocation->meta.ns;
      if (!namespaces.contains(ns)) namespaces[ns] = stores_->namespaces.get(snapshot, {"", ns});
      services[allocation->meta.uid] = services_of(*stores_, snapshot, *allocation);
      waiting.push_back(std::move(allocation));
    });
  }
  if (waiting.empty()) return;

  std::vector<allocation::Request> requests;
  requests.reserve(waiting.size());
  std::map<Uid, std::int64_t> generations;
  for (const auto& allocation : waiting) {
    generations[allocation->meta.uid] = allocation->meta.generation;
    const auto& ns = namespaces[allocation->meta.ns];
    allocation::Request request{allocation.get(), ns ? &ns->meta.labels : nullptr, {}};
    for (const auto& service : services[allocation->meta.uid]) request.services.push_back(service.get());
    requests.push_back(std::move(request));
  }
  allocation::ClaimPlan plan =
      allocation::claim(requests, {*view.ledgers, *view.ranges, *view.uses, *view.internal, rest_,
                                   clock_->monotonic(), clock_->wall(), fence});
  if (plan.superseded) {
    report.superseded = true;
    return;
  }
  std::vector<allocation::Grant> postponed;
  if (in_a_burst) postponed = postpone_last_shard(plan, postponed_);
  postponed_.clear();
  for (const allocation::Grant& grant : postponed) {
    postponed_.insert(grant.uid);
    report.postponed.push_back(grant.allocation);
  }
  if (!write(plan.writes, report)) return;

  for (const allocation::Grant& grant : plan.grants) {
    observer_->forget_refusal(grant.uid);
    if (!grant.recovered.empty()) observer_->remember_recovered(grant.uid, grant.recovered);
    report.concerned.push_back(grant.allocation);
    report.granted.push_back(grant);
  }
  for (const allocation::Refusal& refusal : plan.refusals) {
    const Memory known = observer_->memory(refusal.uid);
    const std::int64_t generation = generations.at(refusal.uid);
    if (known.refusal == refusal && known.refused_generation == generation) continue;
    observer_->remember_refusal(refusal, generation);
    report.concerned.push_back(refusal.allocation);
    report.refused.push_back(refusal);
  }
}

bool Bookkeeper::write(const std::vector<allocation::ShardWrite>& writes, BookkeepingReport& report) {
  for (const allocation::ShardWrite& shard : writes) {
    auto written = shard.creates() ? client_->create(wire::kPortLedger, shard.object)
                                   : client_->replace(wire::kPortLedger, shard.object);
    if (!written.ok()) {
      const Code code = written.error().code;
      if (code == Code::kConflict || code == Code::kExists || code == Code::kNotFound) ++report.conflicts;
      report.status = written.error();
      // Also after a lost answer: whether the write took effect is only known by looking.
      reread(shard.object.meta.name);
      return false;
    }
    ++report.writes;
    stores_->ledgers.put_written(std::move(*written));
  }
  return true;
}

void Bookkeeper::reread(const std::string& shard) {
  const ObjectKey key{"", shard};
  // Read before the server is asked: what comes while it answers is a successor, and not what is gone.
  const auto known = stores_->ledgers.get(key);
  auto fresh = live<PortLedger>(*client_, wire::kPortLedger, key);
  if (!fresh.ok()) return;  // the next write fails its precondition and comes here again
  if (fresh->has_value()) {
    stores_->ledgers.put_written(std::move(**fresh));
  } else if (known) {
    stores_->ledgers.removed(key, known->meta.uid);
  }
}

Status Bookkeeper::release(std::int64_t fence, const LedgerLook& look, BookkeepingReport& report) {
  std::vector<allocation::ReleaseCandidate> candidates;
  {
    const auto snapshot = stores_->group.snapshot();
    const ClusterView view = observer_->view(snapshot, true);
    const auto refused = observer_->refused();
    std::set<Uid> living;
    // A migration that has an end ends here when status says so: by the clock of another leader it may last.
    look_at(snapshot, look, [&](const std::shared_ptr<const PortAllocation>& one) {
      living.insert(one->meta.uid);
      const auto owner =
          is_plain(*one) ? one : std::make_shared<const PortAllocation>(effective(*one, std::nullopt));
      const auto some =
          allocation::release_candidates(*owner, view.ledgers->of_owner(one->meta.uid), *view.ranges,
                                         *view.uses, refused.contains(one->meta.uid));
      candidates.insert(candidates.end(), some.begin(), some.end());
    });
    const NamespaceScope seen = stores_->seen(snapshot);
    const auto orphans = look.everything
                             ? allocation::orphan_candidates(*view.ledgers, seen, living)
                             : allocation::orphan_candidates(*view.ledgers, seen, living, look.allocations);
    candidates.insert(candidates.begin(), orphans.begin(), orphans.end());
    std::erase_if(candidates, [&](const allocation::ReleaseCandidate& candidate) {
      return waits_for_a_finalizer(candidate, *stores_, snapshot);
    });
  }
  // Who begins later sees what this snapshot shows, so that only work that began before must be waited for.
  const auto waiting = std::erase_if(candidates, [&](const allocation::ReleaseCandidate& candidate) {
    return at_work_ && at_work_(candidate.owner());
  });
  if (waiting > 0) {
    report.look_again = kAgainWhileAtWork;
    report.unfinished = true;
  }
  Status refused = ok_status();
  if (candidates.empty()) return refused;
  if (candidates.size() > kReleasesPerStep) {
    report.more = report.unfinished = true;
    candidates.erase(candidates.begin() + kReleasesPerStep, candidates.end());
  }
  const auto proofs = prove(candidates, refused);
  if (!proofs.ok()) {
    report.status = proofs.error();
    return refused;
  }
  const ClusterView view = fresh_view();
  const allocation::ReleasePlan plan =
      allocation::release(*view.ledgers, *proofs, *view.ranges, fence, clock_->wall());
  if (plan.superseded) {
    report.superseded = true;
    return refused;
  }
  if (!write(plan.writes, report)) return refused;
  note_rests();
  for (const allocation::HeldNumber& number : plan.released) {
    report.released.push_back(number);
    report.concerned.push_back(number.entry.owner);
  }
  if (!plan.writes.empty()) report.more = true;  // somebody may wait for what became free
  return refused;
}

Result<std::vector<allocation::ReleaseProof>> Bookkeeper::prove(
    const std::vector<allocation::ReleaseCandidate>& candidates, Status& refused) {
  std::map<Uid, std::vector<allocation::ReleaseCandidate>> by_owner;
  for (const auto& candidate : candidates) by_owner[candidate.number.entry.owner_uid].push_back(candidate);

  std::vector<allocation::ReleaseProof> proofs;
  for (const auto& [uid, of_owner] : by_owner) {
    auto proved = prove_owner(of_owner);
    if (proved.ok()) {
      proofs.insert(proofs.end(), proved->begin(), proved->end());
      continue;
    }
    if (proved.error().code != Code::kForbidden || stores_->scope.everywhere)
      return std::move(proved).error();
    TRY(const bool gone, is_namespace_gone(of_owner.front().owner().ns));
    if (gone) {
      observer_->forget(uid);
      for (const auto& candidate : of_owner) proofs.push_back({candidate, {}, {}, {}});
    } else if (refused.ok()) {
      refused = std::move(proved).error();
    }
  }
  return proofs;
}

// Rights in a namespace end with it, and whatever was in it has ended before: its controller takes it away
// last.
Result<bool> Bookkeeper::is_namespace_gone(const std::string& ns) const {
  TRY(const json::List<Namespace> found,
      client_->list<Namespace>(wire::kNamespace, "", {"", "metadata.name=" + ns}));
  return found.items.empty();
}

Result<std::vector<allocation::ReleaseProof>> Bookkeeper::prove_owner(
    const std::vector<allocation::ReleaseCandidate>& of_owner) {
  const ObjectKey owner_key = of_owner.front().owner();
  const Uid& uid = of_owner.front().number.entry.owner_uid;
  TRY(std::optional<PortAllocation> owner, live<PortAllocation>(*client_, wire::kPortAllocation, owner_key));
  if (owner) stores_->allocations.put_written(*owner);
  const bool gone = !owner || owner->meta.uid != uid;
  if (gone) {
    observer_->forget(uid);
    TRY_DONE(clear_away(of_owner, owner));
  }
  std::vector<Workload> pods;
  if (!gone && has_host_port(of_owner)) {
    TRY(json::List<Workload> selected,
        client_->list<Workload>(wire::kPod, owner_key.ns, {selector_text(owner->spec.selector), ""}));
    pods = std::move(selected.items);
  }
  std::optional<PortAllocation> needed = owner;
  if (needed) needed = effective(*std::move(needed), std::nullopt);
  std::map<ObjectKey, std::optional<Service>> seen;
  std::vector<allocation::ReleaseProof> proofs;
  for (const auto& candidate : of_owner) {
    allocation::ReleaseProof proof{candidate, needed, {}, pods};
    for (const ObjectKey& key : candidate.services()) {
      if (!seen.contains(key)) {
        TRY(seen[key], live<Service>(*client_, wire::kService, key));
      }
      if (seen[key]) proof.services.push_back(*seen[key]);
    }
    proofs.push_back(std::move(proof));
  }
  return proofs;
}

Status Bookkeeper::clear_away(const std::vector<allocation::ReleaseCandidate>& of_one_owner,
                              const std::optional<PortAllocation>& live_owner) {
  const allocation::Entry& entry = of_one_owner.front().number.entry;
  const client::Selectors generated{std::string(kOwnerUidLabel) + "=" + entry.owner_uid.text, ""};
  TRY(const json::List<Service> services, client_->list<Service>(wire::kService, entry.owner.ns, generated));
  TRY(const json::List<NetworkPolicy> policies,
      client_->list<NetworkPolicy>(wire::kNetworkPolicy, entry.owner.ns, generated));
  TRY(const json::List<ConfigMap> config_maps,
      client_->list<ConfigMap>(wire::kConfigMap, entry.owner.ns, generated));
  OrphanObservation orphan{entry.owner, entry.owner_uid, live_owner, {}, {}, of_one_owner, {}};
  for (const Service& service : services.items) orphan.services.push_back(&service);
  for (const NetworkPolicy& policy : policies.items) orphan.policies.push_back(&policy);
  for (const ConfigMap& config_map : config_maps.items) orphan.config_maps.push_back(&config_map);
  return applier_->carry_out(plan_release(orphan), 0).status;
}

void Bookkeeper::sweep(std::int64_t fence, BookkeepingReport& report) {
  const ClusterView view = fresh_view();
  const Instant now = clock_->monotonic();
  const allocation::ReleasePlan plan = allocation::sweep(*view.ledgers, *view.ranges, rest_, now, fence);
  if (plan.superseded) {
    report.superseded = true;
    return;
  }
  if (!write(plan.writes, report)) return;
  if (!plan.writes.empty()) report.more = true;
  const ClusterView after = fresh_view();
  const auto due = allocation::next_sweep(*after.ledgers, *after.ranges, rest_, clock_->monotonic());
  if (due) report.look_again = report.look_again ? std::min(*report.look_again, *due) : *due;
  if (const auto left = observer_->contested_left()) {
    report.look_again = report.look_again ? std::min(*report.look_again, *left) : *left;
  }
}

}  // namespace berth::controller
