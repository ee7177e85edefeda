#include "core/testing/api_server.h"

#include <algorithm>

#include "core/allocation/occupancy.h"
#include "core/base/overloaded.h"

namespace berth::testing {
namespace {

void set(Labels& map, const std::string& key, const std::optional<std::string>& value) {
  if (value) {
    map[key] = *value;
  } else {
    map.erase(key);
  }
}

// Exactly one of the three is there: the one that `meta` belongs to.
void apply(const desired::Edit& edit, Meta& meta, Service* service, NetworkPolicy* policy,
           ConfigMap* config_map) {
  std::visit(
      Overloaded{[&](const desired::LabelEdit& e) { set(meta.labels, e.key, e.value); },
                 [&](const desired::AnnotationEdit& e) { set(meta.annotations, e.key, e.value); },
                 [&](const desired::OwnerReferencesEdit& e) { meta.owner_references = e.all; },
                 [&](const desired::TypeEdit& e) { service->type = e.type; },
                 [&](const desired::PortsEdit& e) { service->ports = e.all; },
                 [&](const desired::SelectorEdit& e) { set(service->selector, e.key, e.value); },
                 [&](const desired::ExternalTrafficPolicyEdit& e) {
                   service->external_traffic_policy = e.value.value_or("");
                 },
                 [&](const desired::AllocateNodePortsEdit& e) {
                   service->allocate_load_balancer_node_ports = e.value;
                 },
                 [&](const desired::LoadBalancerClassEdit& e) { service->load_balancer_class = e.value; },
                 [&](const desired::SourceRangesEdit& e) { service->load_balancer_source_ranges = e.all; },
                 [&](const desired::ExternalIpsEdit&) { service->external_ips.clear(); },
                 [&](const desired::PodSelectorEdit& e) { policy->pod_selector = e.all; },
                 [&](const desired::PolicyTypesEdit& e) { policy->policy_types = e.all; },
                 [&](const desired::IngressEdit& e) { policy->ingress = e.all; },
                 [&](const desired::EgressEdit& e) { policy->egress = e.all; },
                 [&](const desired::DataEdit& e) { set(config_map->data, e.key, e.value); }},
      edit);
}

template <class Object>
bool matches_precondition(const std::map<std::string, Object>& stored, const std::string& name,
                          const Uid& uid, const std::string& resource_version) {
  const auto present = stored.find(name);
  return present != stored.end() && present->second.meta.uid == uid &&
         present->second.meta.resource_version == resource_version;
}

template <class Object>
void store_new(ApiServer& api, std::map<std::string, Object>& stored, Object object) {
  object.meta.uid.text = "object-" + api.next_version();
  object.meta.resource_version = api.next_version();
  const std::string name = object.meta.name;
  stored[name] = std::move(object);
  api.written();
}

}  // namespace

bool ApiServer::node_ports_free(const Service& wanted) const {
  using allocation::Space;
  const auto numbers = allocation::numbers_of(wanted, Space::kNodePort);
  return std::none_of(services.begin(), services.end(), [&](const auto& entry) {
    if (entry.first == wanted.meta.name) return false;
    const auto taken = allocation::numbers_of(entry.second, Space::kNodePort);
    return std::any_of(taken.begin(), taken.end(), [&](const allocation::NumberKey& key) {
      return std::find(numbers.begin(), numbers.end(), key) != numbers.end();
    });
  });
}

Answer ApiServer::write(const allocation::ShardWrite& shard, bool blind) {
  const std::string& name = shard.object.meta.name;
  const auto present = ledgers.find(name);
  const bool fits = present == ledgers.end()
                        ? shard.creates()
                        : present->second.meta.resource_version == shard.object.meta.resource_version;
  if (!fits && !blind) return Answer::kConflict;
  PortLedger object = shard.object;
  object.meta.resource_version = next_version();
  ledgers[name] = std::move(object);
  written();
  return Answer::kDone;
}

Answer ApiServer::write(const WriteStatus& write, const std::string& resource_version) {
  const std::string& name = write.allocation.name;
  if (!matches_precondition(allocations, name, write.uid, resource_version)) return Answer::kConflict;
  PortAllocation& object = allocations.at(name);
  object.status = write.status;
  object.meta.resource_version = next_version();
  written();
  return Answer::kDone;
}

Answer ApiServer::create(Service service) {
  if (services.contains(service.meta.name)) return Answer::kConflict;
  if (!node_ports_free(service)) return Answer::kRefused;
  store_new(*this, services, std::move(service));
  return Answer::kDone;
}

Answer ApiServer::create(NetworkPolicy policy) {
  if (policies.contains(policy.meta.name)) return Answer::kConflict;
  store_new(*this, policies, std::move(policy));
  return Answer::kDone;
}

Answer ApiServer::create(ConfigMap config_map) {
  if (config_maps.contains(config_map.meta.name)) return Answer::kConflict;
  store_new(*this, config_maps, std::move(config_map));
  return Answer::kDone;
}

Answer ApiServer::patch(const PatchObject& patch) {
  const std::string& name = patch.key.name;
  if (patch.kind == ObjectKind::kService) {
    if (!matches_precondition(services, name, patch.uid, patch.resource_version)) return Answer::kConflict;
    Service object = services.at(name);
    for (const auto& edit : patch.edits) apply(edit, object.meta, &object, nullptr, nullptr);
    if (!node_ports_free(object)) return Answer::kRefused;
    object.meta.resource_version = next_version();
    services[name] = std::move(object);
  } else if (patch.kind == ObjectKind::kConfigMap) {
    if (!matches_precondition(config_maps, name, patch.uid, patch.resource_version)) return Answer::kConflict;
    ConfigMap object = config_maps.at(name);
    for (const auto& edit : patch.edits) apply(edit, object.meta, nullptr, nullptr, &object);
    object.meta.resource_version = next_version();
    config_maps[name] = std::move(object);
  } else {
    if (!matches_precondition(policies, name, patch.uid, patch.resource_version)) return Answer::kConflict;
    NetworkPolicy object = policies.at(name);
    for (const auto& edit : patch.edits) apply(edit, object.meta, nullptr, &object, nullptr);
    object.meta.resource_version = next_version();
    policies[name] = std::move(object);
  }
  written();
  return Answer::kDone;
}

Answer ApiServer::remove(const DeleteObject& removal) {
  const auto remove_from = [&](auto& stored) {
    const std::string& name = removal.key.name;
    if (!matches_precondition(stored, name, removal.uid, removal.resource_version)) return Answer::kConflict;
    stored.erase(name);
    written();
    return Answer::kDone;
  };
  if (removal.kind == ObjectKind::kConfigMap) return remove_from(config_maps);
  return removal.kind == ObjectKind::kService ? remove_from(services) : remove_from(policies);
}

}  // namespace berth::testing
