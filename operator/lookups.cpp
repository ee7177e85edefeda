#include "operator/lookups.h"

#include <utility>

#include "core/allocation/adoption.h"
#include "core/allocation/occupancy.h"
#include "core/desired/config_maps.h"
#include "core/plan.h"

namespace berth::controller {
namespace {

// Of allocations: their selector is empty and takes every pod in.
constexpr const char* kSelectsAll = "selects all";

std::string label_tag(const Labels::value_type& label) { return "label " + label.first + "=" + label.second; }
std::string config_map_tag(const std::string& name) { return "ConfigMap " + name; }
std::string adopter_tag(const std::string& name) { return "adopter " + name; }
std::string owner_tag(const Uid& uid) { return "owner " + uid.text; }

template <class T, class Wanted>
std::vector<std::shared_ptr<const T>> only(std::vector<std::shared_ptr<const T>> objects, Wanted wanted) {
  std::erase_if(objects, [&](const auto& object) { return !wanted(*object); });
  return objects;
}

}  // namespace

runtime::Tags tags_of(const Workload& pod) {
  runtime::Tags tags;
  for (const auto& label : pod.meta.labels) tags.push_back(label_tag(label));
  return tags;
}

runtime::Tags tags_of(const PortAllocation& allocation) {
  // One label is enough to be found by: a pod without it is not selected.
  const Labels& selector = allocation.spec.selector;
  runtime::Tags tags = {selector.empty() ? kSelectsAll : label_tag(*selector.begin())};
  if (allocation.spec.config_map) tags.push_back(config_map_tag(allocation.spec.config_map->name));
  return tags;
}

runtime::Tags tags_of(const Service& service) {
  const std::string adopter = allocation::asks_for(service);
  return adopter.empty() ? runtime::Tags() : runtime::Tags{adopter_tag(adopter)};
}

runtime::Tags tags_of(const ConfigMap& config_map) {
  const Uid owner = desired::told_for(config_map.meta);
  return owner.empty() ? runtime::Tags() : runtime::Tags{owner_tag(owner)};
}

std::vector<std::shared_ptr<const Workload>> pods_selected(const Stores& stores,
                                                           const runtime::Snapshot& snapshot,
                                                           std::string_view ns, const Labels& selector) {
  if (selector.empty()) return stores.pods.in_namespace(snapshot, ns);
  runtime::Tags tags;
  for (const auto& label : selector) tags.push_back(label_tag(label));
  return only(stores.pods.tagged(snapshot, ns, tags),
              [&](const Workload& pod) { return matches_labels(selector, pod.meta.labels); });
}

Allocations allocations_selecting(const Stores& stores, const runtime::Snapshot& snapshot,
                                  std::string_view ns, const Labels& labels) {
  Allocations found;
  const auto add = [&](const std::string& tag) {
    for (auto& allocation : stores.allocations.tagged(snapshot, ns, {tag})) {
      // Of each only one label is a tag: nobody is found twice.
      const bool by_this = tags_of(*allocation).front() == tag;
      if (by_this && matches_labels(allocation->spec.selector, labels))
        found.push_back(std::move(allocation));
    }
  };
  add(kSelectsAll);
  for (const auto& label : labels) add(label_tag(label));
  return found;
}

Allocations allocations_telling(const Stores& stores, const runtime::Snapshot& snapshot,
                                const ObjectKey& config_map) {
  return only(stores.allocations.tagged(snapshot, config_map.ns, {config_map_tag(config_map.name)}),
              [&](const PortAllocation& allocation) {
                return allocation.spec.config_map && allocation.spec.config_map->name == config_map.name;
              });
}

template <class T>
std::vector<std::shared_ptr<const T>> named_for(const runtime::Store<T>& store,
                                                const runtime::Snapshot& snapshot,
                                                const ObjectKey& allocation) {
  std::vector<std::shared_ptr<const T>> found;
  for (const auto& keys : {generated_services(allocation), generated_policies(allocation)}) {
    for (const ObjectKey& key : keys) {
      if (auto object = store.get(snapshot, key)) found.push_back(std::move(object));
    }
  }
  return found;
}

template std::vector<std::shared_ptr<const Service>> named_for(const runtime::Store<Service>&,
                                                               const runtime::Snapshot&, const ObjectKey&);
template std::vector<std::shared_ptr<const NetworkPolicy>> named_for(const runtime::Store<NetworkPolicy>&,
                                                                     const runtime::Snapshot&,
                                                                     const ObjectKey&);

std::vector<std::shared_ptr<const Service>> services_of(const Stores& stores,
                                                        const runtime::Snapshot& snapshot,
                                                        const PortAllocation& allocation) {
  auto found = only(named_for(stores.services, snapshot, allocation.meta.key()), [&](const Service& service) {
    return allocation::generated_for(service.meta) == allocation.meta.uid;
  });
  // Nobody's Service waits, so that none is found twice.
  for (auto& service : services_waiting_for(stores, snapshot, allocation.meta.key()))
    found.push_back(std::move(service));
  return found;
}

std::vector<std::shared_ptr<const Service>> services_waiting_for(const Stores& stores,
                                                                 const runtime::Snapshot& snapshot,
                                                                 const ObjectKey& allocation) {
  return only(stores.services.tagged(snapshot, allocation.ns, {adopter_tag(allocation.name)}),
              [&](const Service& service) { return allocation::waits_for_adoption(service, allocation); });
}

std::vector<std::shared_ptr<const ConfigMap>> config_maps_of(const Stores& stores,
                                                             const runtime::Snapshot& snapshot,
                                                             const PortAllocation& allocation) {
  return only(
      stores.config_maps.tagged(snapshot, allocation.meta.ns, {owner_tag(allocation.meta.uid)}),
      [&](const ConfigMap& config_map) { return desired::told_for(config_map.meta) == allocation.meta.uid; });
}

}  // namespace berth::controller
