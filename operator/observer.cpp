#include "operator/observer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/allocation/adoption.h"
#include "core/allocation/host_ports.h"
#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/base/reasons.h"
#include "core/desired/config_maps.h"
#include "core/model/effective_ports.h"
#include "operator/triggers.h"

namespace berth::controller {
namespace {

using allocation::waits_for_adoption;

// Borrows every object of a store; `kept` holds them alive.
template <class T, class Wanted>
std::vector<const T*> borrow(std::vector<std::shared_ptr<const T>> objects,
                             std::vector<std::shared_ptr<const void>>& kept, Wanted wanted) {
  std::vector<const T*> borrowed;
  for (auto& object : objects) {
    if (!wanted(*object)) continue;
    borrowed.push_back(object.get());
    kept.push_back(std::move(object));
  }
  return borrowed;
}

constexpr auto kEvery = [](const auto&) { return true; };

// What it shows depends on a stranger's Service, whose end is told once: a view that lags would miss it.
bool waits_for_a_stranger(const PortAllocation& allocation) {
  const Condition* published = find_condition(allocation.status.conditions, "Published");
  return published != nullptr && published->reason == reason::kPortTaken;
}

bool is_namespace_policy(const std::string& name) {
  return name == kDenyIngressPolicy || name == kDenyEgressPolicy || name == kAllowDnsPolicy;
}

}  // namespace

ClusterView Observer::view(const runtime::Snapshot& snapshot, bool fresh) {
  const std::lock_guard lock(view_mutex_);
  // A flag is lowered before the stores are read: a change in between raises it again, never loses it.
  if (ledgers_stale_.exchange(false) || !view_.ledgers) read_ledgers(snapshot);
  if (ranges_stale_.exchange(false) || !view_.ranges) {
    std::vector<const PortRange*> ranges;
    stores_->ranges.for_each(snapshot, [&](const PortRange& object) { ranges.push_back(&object); });
    view_.ranges = std::make_shared<const allocation::Ranges>(ranges);
  }
  const Instant now = clock_->monotonic();
  if (std::erase_if(contested_, [&](const auto& one) { return one.second <= now; }) > 0) uses_stale_ = true;
  const Duration lag = std::max(kUsesLag, uses_cost_ * kUsesShare);
  const bool uses_due = fresh || !view_.uses || now - uses_read_ >= lag;
  if (uses_due && (uses_stale_.exchange(false) || !view_.uses)) {
    view_.uses = read_uses(snapshot);
    uses_read_ = clock_->monotonic();
    uses_cost_ = uses_read_ - now;
  }
  if (internal_stale_.exchange(false) || !view_.internal) {
    std::vector<const ExposurePolicy*> policies;
    stores_->exposure_policies.for_each(snapshot,
                                        [&](const ExposurePolicy& object) { policies.push_back(&object); });
    view_.internal = std::make_shared<const allocation::InternalNumbers>(policies);
  }
  return view_;
}

// Only what has changed is decoded; what has not is shared with the view before.
void Observer::read_ledgers(const runtime::Snapshot& snapshot) {
  auto ledgers = view_.ledgers ? std::make_shared<allocation::Ledgers>(*view_.ledgers)
                               : std::make_shared<allocation::Ledgers>();
  std::map<std::string, std::shared_ptr<const PortLedger>> read;
  for (auto& object : stores_->ledgers.all(snapshot)) {
    const std::string name = object->meta.name;
    const auto before = ledgers_read_.find(name);
    if (before == ledgers_read_.end() || before->second != object) {
      view_.unreadable_ledgers.erase(name);
      const Status put = ledgers->put(*object);
      if (!put.ok()) view_.unreadable_ledgers[name] = put.error().message;
    }
    read.emplace(name, std::move(object));
  }
  for (const auto& [name, object] : ledgers_read_) {
    if (read.contains(name)) continue;
    view_.unreadable_ledgers.erase(name);
    ledgers->remove(name);
  }
  ledgers_read_ = std::move(read);
  view_.ledgers = std::move(ledgers);
}

std::shared_ptr<const allocation::Uses> Observer::read_uses(const runtime::Snapshot& snapshot) {
  std::vector<const Service*> services;
  stores_->services.for_each(snapshot, [&](const Service& object) { services.push_back(&object); });
  if (host_pods_stale_.exchange(false)) {
    host_pods_ = stores_->pods.all(snapshot);
    std::erase_if(host_pods_, [](const auto& pod) { return allocation::host_ports_of(*pod).empty(); });
  }
  any_host_pods_ = !host_pods_.empty();
  std::vector<const Workload*> pods;
  for (const auto& pod : host_pods_) pods.push_back(pod.get());
  std::vector<const PortAllocation*> allocations;
  if (!pods.empty()) {
    stores_->allocations.for_each(snapshot,
                                  [&](const PortAllocation& object) { allocations.push_back(&object); });
  }
  auto uses = std::make_shared<allocation::Uses>(services, pods, allocations);
  for (const auto& [number, until] : contested_) uses->contest(allocation::Space::kNodePort, {number});
  any_asking_ = false;
  for (const Service* service : services) {
    const ObjectKey adopter{service->meta.ns, allocation::asks_for(*service)};
    if (adopter.name.empty() || !waits_for_adoption(*service, adopter)) continue;
    any_asking_ = true;
    const auto found = stores_->allocations.get(snapshot, adopter);
    if (found && !found->meta.deleting()) uses->adopt(*service, found->meta.uid);
  }
  return uses;
}

void Observer::pods_changed(const runtime::Change<Workload>& change) {
  if (!takes_other_host_ports(change)) return;
  host_pods_stale_ = true;
  uses_stale_ = true;
}

void Observer::allocations_changed(const runtime::Change<PortAllocation>& change) {
  const bool same_pods = change.before && change.after && change.before->meta.uid == change.after->meta.uid &&
                         change.before->spec.selector == change.after->spec.selector;
  const bool same_adopter = change.before && change.after &&
                            change.before->meta.uid == change.after->meta.uid &&
                            change.before->meta.deleting() == change.after->meta.deleting();
  if ((!same_pods && any_host_pods_) || (!same_adopter && any_asking_)) uses_stale_ = true;
}

void Observer::contested(Port number) {
  const std::lock_guard lock(view_mutex_);
  contested_[number] = clock_->monotonic() + kContestedFor;
  view_.uses = nullptr;  // at once: the next look decides about another number
}

std::optional<Duration> Observer::contested_left() const {
  const std::lock_guard lock(view_mutex_);
  std::optional<Duration> left;
  for (const auto& [number, until] : contested_) {
    const Duration one = until - clock_->monotonic();
    left = left ? std::min(*left, one) : one;
  }
  return left;
}

std::optional<ObservedAllocation> Observer::allocation(const ObjectKey& key) {
  const auto snapshot = stores_->group.snapshot();
  auto found = stores_->allocations.get(snapshot, key);
  if (!found) return std::nullopt;
  // A Service that waits to be taken over must not be judged as a stranger's for a moment.
  bool fresh = waits_for_a_stranger(*found);
  stores_->services.for_each_in(
      snapshot, key.ns, [&](const Service& service) { fresh = fresh || waits_for_adoption(service, key); });
  auto effective = berth::effective(found, clock_->wall());
  ObservedAllocation observed{Observation{effective.get()}, found, view(snapshot, fresh), {effective}};
  Observation& observation = observed.observation;
  const Uid& uid = found->meta.uid;
  const auto ours_or_named = [&uid](const std::vector<ObjectKey>& names) {
    return [&uid, names](const auto& object) {
      return allocation::generated_for(object.meta) == uid ||
             std::find(names.begin(), names.end(), object.meta.key()) != names.end() ||
             is_namespace_policy(object.meta.name);
    };
  };
  observation.entries = observed.view.ledgers->of_owner(uid);
  const auto own_service = ours_or_named(generated_services(key));
  observation.services = borrow<Service>(
      stores_->services.in_namespace(snapshot, key.ns), observed.kept,
      [&](const Service& service) { return own_service(service) || waits_for_adoption(service, key); });
  observation.policies = borrow<NetworkPolicy>(stores_->policies.in_namespace(snapshot, key.ns),
                                               observed.kept, ours_or_named(generated_policies(key)));
  observation.config_maps = borrow<ConfigMap>(
      stores_->config_maps.in_namespace(snapshot, key.ns), observed.kept, [&](const ConfigMap& object) {
        const bool named = found->spec.config_map && found->spec.config_map->name == object.meta.name;
        return named || desired::told_for(object.meta) == uid;
      });
  observation.pods = borrow<Workload>(
      stores_->pods.in_namespace(snapshot, key.ns), observed.kept,
      [&](const Workload& pod) { return matches_labels(found->spec.selector, pod.meta.labels); });
  observation.exposure_policies =
      borrow<ExposurePolicy>(stores_->exposure_policies.all(snapshot), observed.kept, kEvery);
  if (auto ns = stores_->namespaces.get(snapshot, {"", key.ns})) {
    observation.ns = ns.get();
    observed.kept.push_back(std::move(ns));
  }
  observation.ranges = observed.view.ranges.get();
  observation.uses = observed.view.uses.get();
  Memory memory = this->memory(uid);
  // An edit makes a new question of it: the old answer is not shown beside the new spec.
  if (memory.refused_generation == found->meta.generation) observation.refusal = std::move(memory.refusal);
  observation.recovered = std::move(memory.recovered);
  observation.write_problem = std::move(memory.write_problem);
  observation.config_map_problem = std::move(memory.config_map_problem);
  return observed;
}

std::optional<ObservedNamespace> Observer::ns(const std::string& name) {
  const auto snapshot = stores_->group.snapshot();
  auto found = stores_->namespaces.get(snapshot, {"", name});
  if (!found) return std::nullopt;
  ObservedNamespace observed{NamespaceObservation{found.get()}, {found}};
  // Where a stranger's Service has the name nothing is published, and its clients are not to be cut off.
  std::set<ObjectKey> strangers;
  stores_->services.for_each_in(snapshot, name, [&](const Service& service) {
    if (allocation::generated_for(service.meta).empty()) strangers.insert(service.meta.key());
  });
  std::size_t living = 0;
  std::size_t held_back = 0;
  stores_->allocations.for_each_in(snapshot, name, [&](const PortAllocation& allocation) {
    if (allocation.meta.deleting()) return;
    ++living;
    const auto services = generated_services(allocation.meta.key());
    const bool taken = std::any_of(services.begin(), services.end(),
                                   [&](const ObjectKey& key) { return strangers.contains(key); });
    held_back += taken ? 1 : 0;
  });
  observed.observation.has_allocations = living > 0;
  observed.observation.all_held_back = living > 0 && held_back == living;
  observed.observation.policies =
      borrow<NetworkPolicy>(stores_->policies.in_namespace(snapshot, name), observed.kept, kEvery);
  std::size_t pods = 0;
  stores_->pods.for_each_in(snapshot, name, [&](const Workload&) { ++pods; });
  observed.observation.pods = pods;
  return observed;
}

Memory Observer::memory(const Uid& uid) const {
  const std::lock_guard lock(memory_mutex_);
  const auto found = memories_.find(uid);
  return found == memories_.end() ? Memory{} : found->second;
}

void Observer::remember_refusal(const allocation::Refusal& refusal, std::int64_t generation) {
  const std::lock_guard lock(memory_mutex_);
  Memory& memory = memories_[refusal.uid];
  memory.refusal = refusal;
  memory.refused_generation = generation;
}

void Observer::forget_refusal(const Uid& uid) {
  const std::lock_guard lock(memory_mutex_);
  memories_[uid].refusal.reset();
}

void Observer::remember_recovered(const Uid& uid, std::vector<std::string> recovered) {
  const std::lock_guard lock(memory_mutex_);
  memories_[uid].recovered = std::move(recovered);
}

void Observer::remember_write_problem(const Uid& uid, WriteProblem problem) {
  const std::lock_guard lock(memory_mutex_);
  Memory& memory = memories_[uid];
  if (problem.kind == ObjectKind::kConfigMap) {
    memory.config_map_problem = std::move(problem);
    return;
  }
  if (memory.write_problem == problem) return;
  memory.write_problem = std::move(problem);
  memory.problem_since = clock_->monotonic();
}

void Observer::forget_write_problems(const Uid& uid) {
  const std::lock_guard lock(memory_mutex_);
  Memory& memory = memories_[uid];
  memory.write_problem.reset();
  memory.config_map_problem.reset();
}

void Observer::forget(const Uid& uid) {
  const std::lock_guard lock(memory_mutex_);
  memories_.erase(uid);
}

std::map<Uid, ObjectKey> Observer::refused() const {
  const std::lock_guard lock(memory_mutex_);
  std::map<Uid, ObjectKey> refused;
  for (const auto& [uid, memory] : memories_) {
    if (memory.refusal) refused.emplace(uid, memory.refusal->allocation);
  }
  return refused;
}

}  // namespace berth::controller
