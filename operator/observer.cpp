#include "operator/observer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/allocation/adoption.h"
#include "core/allocation/host_ports.h"
#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/base/reasons.h"
#include "core/model/effective_ports.h"
#include "operator/lookups.h"
#include "operator/triggers.h"

namespace berth::controller {
namespace {

using allocation::waits_for_adoption;

template <class T>
std::vector<const T*> pointers(const std::vector<std::shared_ptr<const T>>& objects) {
  std::vector<const T*> borrowed;
  borrowed.reserve(objects.size());
  for (const auto& object : objects) borrowed.push_back(object.get());
  return borrowed;
}

// `kept` holds them alive.
template <class T>
std::vector<const T*> borrow(const std::vector<std::shared_ptr<const T>>& objects,
                             std::vector<std::shared_ptr<const void>>& kept) {
  kept.insert(kept.end(), objects.begin(), objects.end());
  return pointers(objects);
}

template <class T>
void add_named(std::vector<std::shared_ptr<const T>>& objects, std::shared_ptr<const T> object) {
  if (!object) return;
  const bool there = std::any_of(objects.begin(), objects.end(),
                                 [&](const auto& each) { return each->meta.name == object->meta.name; });
  if (!there) objects.push_back(std::move(object));
}

// What it shows depends on a stranger's Service, whose end is told once: a view that lags would miss it.
bool waits_for_a_stranger(const PortAllocation& allocation) {
  const Condition* published = find_condition(allocation.status.conditions, "Published");
  return published != nullptr && published->reason == reason::kPortTaken;
}

constexpr const char* kNamespacePolicies[] = {kDenyIngressPolicy, kDenyEgressPolicy, kAllowDnsPolicy};

}  // namespace

ClusterView Observer::view(const runtime::Snapshot& snapshot, bool fresh) {
  const std::lock_guard lock(view_mutex_);
  // A flag is lowered before the stores are read: a change in between raises it again, never loses it.
  if (ledgers_stale_.exchange(false) || !view_.ledgers) read_ledgers(snapshot);
  if (ranges_stale_.exchange(false) || !view_.ranges) {
    const auto ranges = stores_->ranges.all(snapshot);
    view_.ranges = std::make_shared<const allocation::Ranges>(pointers(ranges));
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
    const auto policies = stores_->exposure_policies.all(snapshot);
    view_.internal = std::make_shared<const allocation::InternalNumbers>(pointers(policies));
  }
  return view_;
}

// Only what has changed is decoded; what has not is shared with the view before.
void Observer::read_ledgers(const runtime::Snapshot& snapshot) {
  auto ledgers = view_.ledgers ? std::make_shared<allocation::Ledgers>(*view_.ledgers)
                               : std::make_shared<allocation::Ledgers>();
  KeptObjects<PortLedger> read;
  for (const ObjectKey& key : stores_->ledgers.keys(snapshot)) {
    const auto kept = *stores_->ledgers.kept(snapshot, key);
    const auto before = ledgers_read_.find(key);
    if (before == ledgers_read_.end() || !before->same(kept)) {
      view_.unreadable_ledgers.erase(key.name);
      const Status put = ledgers->put(*kept.object());
      if (!put.ok()) view_.unreadable_ledgers[key.name] = put.error().message;
    }
    read.insert(kept);
  }
  for (const auto& before : ledgers_read_) {
    if (read.contains(before)) continue;
    const std::string name(before.name());
    view_.unreadable_ledgers.erase(name);
    ledgers->remove(name);
  }
  ledgers_read_ = std::move(read);
  view_.ledgers = std::move(ledgers);
}

void Observer::services_changed(const runtime::Change<Service>& change) {
  {
    const std::lock_guard lock(changed_mutex_);
    if (!read_all_services_) changed_services_.insert(change.key());
  }
  uses_stale_ = true;
}

// What a Service counted is taken out as it was read then: changes are told in no certain order.
void Observer::read_services(const runtime::Snapshot& snapshot) {
  std::set<ObjectKey> changed;
  {
    const std::lock_guard lock(changed_mutex_);
    changed = std::exchange(changed_services_, {});
    if (std::exchange(read_all_services_, false)) {
      for (ObjectKey& key : stores_->services.keys(snapshot)) changed.insert(std::move(key));
    }
  }
  allocation::Uses::Edit uses(service_uses_);
  for (const ObjectKey& key : changed) {
    if (const auto read = services_read_.find(key); read != services_read_.end()) {
      uses.remove(*read->object());
      services_read_.erase(read);
      asking_.erase(key);
    }
    const auto kept = stores_->services.kept(snapshot, key);
    if (!kept) continue;
    const auto service = kept->object();
    uses.add(*service);
    services_read_.insert(*kept);
    if (!allocation::asks_for(*service).empty()) asking_.insert(key);
  }
}

std::shared_ptr<const allocation::Uses> Observer::read_uses(const runtime::Snapshot& snapshot) {
  read_services(snapshot);
  if (host_pods_stale_.exchange(false)) {
    host_pods_.clear();
    stores_->pods.for_each(snapshot, [&](const auto& pod) {
      if (!allocation::host_ports_of(*pod).empty()) host_pods_.push_back(pod);
    });
  }
  any_host_pods_ = !host_pods_.empty();
  std::map<ObjectKey, std::shared_ptr<const PortAllocation>> selecting;
  for (const auto& pod : host_pods_) {
    for (auto& one : allocations_selecting(*stores_, snapshot, pod->meta.ns, pod->meta.labels)) {
      selecting.emplace(one->meta.key(), std::move(one));
    }
  }
  std::vector<const PortAllocation*> allocations;
  for (const auto& [key, one] : selecting) allocations.push_back(one.get());
  auto uses = std::make_shared<allocation::Uses>(service_uses_);
  uses->add_pods(pointers(host_pods_), allocations);
  for (const auto& [number, until] : contested_) uses->contest(allocation::Space::kNodePort, {number});
  any_asking_ = false;
  for (const ObjectKey& key : asking_) {
    const auto service = services_read_.find(key)->object();
    const ObjectKey adopter{key.ns, allocation::asks_for(*service)};
    if (!waits_for_adoption(*service, adopter)) continue;
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
  if (!stores_->sees(snapshot, key.ns)) return std::nullopt;
  auto found = stores_->allocations.get(snapshot, key);
  if (!found) return std::nullopt;
  // A Service that waits to be taken over must not be judged as a stranger's for a moment.
  const auto adopted = services_waiting_for(*stores_, snapshot, key);
  const bool fresh = waits_for_a_stranger(*found) || !adopted.empty();
  auto effective = berth::effective(found, clock_->wall());
  ObservedAllocation observed{Observation{effective.get()}, found, view(snapshot, fresh), {effective}};
  Observation& observation = observed.observation;
  const Uid& uid = found->meta.uid;
  observation.entries = observed.view.ledgers->of_owner(uid);
  auto services = named_for(stores_->services, snapshot, key);
  for (const auto& service : adopted) add_named(services, service);
  observation.services = borrow(services, observed.kept);
  auto policies = named_for(stores_->policies, snapshot, key);
  for (const char* name : kNamespacePolicies)
    add_named(policies, stores_->policies.get(snapshot, {key.ns, name}));
  observation.policies = borrow(policies, observed.kept);
  auto config_maps = config_maps_of(*stores_, snapshot, *found);
  if (found->spec.config_map) {
    add_named(config_maps, stores_->config_maps.get(snapshot, {key.ns, found->spec.config_map->name}));
  }
  observation.config_maps = borrow(config_maps, observed.kept);
  observation.pods = borrow(pods_selected(*stores_, snapshot, key.ns, found->spec.selector), observed.kept);
  observation.exposure_policies = borrow(stores_->exposure_policies.all(snapshot), observed.kept);
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
  if (!stores_->sees(snapshot, name)) return std::nullopt;
  auto found = stores_->namespaces.get(snapshot, {"", name});
  if (!found) return std::nullopt;
  ObservedNamespace observed{NamespaceObservation{found.get()}, {found}};
  // Where a stranger's Service has the name nothing is published, and its clients are not to be cut off.
  std::set<std::string> strangers;
  stores_->services.for_each_in(snapshot, name, [&](const auto& service) {
    if (allocation::generated_for(service->meta).empty()) strangers.insert(service->meta.name);
  });
  const auto held_back = [&](const PortAllocation& allocation) {
    const auto services = generated_services(allocation.meta.key());
    return std::any_of(services.begin(), services.end(),
                       [&](const ObjectKey& key) { return strangers.contains(key.name); });
  };
  const auto living = [](const PortAllocation& allocation) { return !allocation.meta.deleting(); };
  NamespaceObservation& observation = observed.observation;
  observation.has_allocations = stores_->allocations.any_in(snapshot, name, living);
  const bool any_free = stores_->allocations.any_in(snapshot, name, [&](const PortAllocation& allocation) {
    return living(allocation) && !held_back(allocation);
  });
  observation.all_held_back = observation.has_allocations && !any_free;
  std::vector<std::shared_ptr<const NetworkPolicy>> policies;
  for (const char* policy : kNamespacePolicies)
    add_named(policies, stores_->policies.get(snapshot, {name, policy}));
  observation.policies = borrow(policies, observed.kept);
  observation.pods = stores_->pods.keys_in(snapshot, name).size();
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
  refused_.insert_or_assign(refusal.uid, refusal.allocation);
}

void Observer::forget_refusal(const Uid& uid) {
  const std::lock_guard lock(memory_mutex_);
  if (refused_.erase(uid) > 0) memories_[uid].refusal.reset();
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
  const auto known = memories_.find(uid);
  if (known == memories_.end()) return;
  known->second.write_problem.reset();
  known->second.config_map_problem.reset();
}

void Observer::forget(const Uid& uid) {
  const std::lock_guard lock(memory_mutex_);
  memories_.erase(uid);
  refused_.erase(uid);
}

std::map<Uid, ObjectKey> Observer::refused() const {
  const std::lock_guard lock(memory_mutex_);
  return refused_;
}

}  // namespace berth::controller
