#include "core/exposure/fact_index.h"

#include <algorithm>
#include <set>

#include "core/exposure/network_sets.h"
#include "core/model/external_name.h"

namespace berth::exposure {
namespace {

std::string full_name(const Gateway& gateway) {
  return gateway.kind + "/" + gateway.meta.ns + "/" + gateway.meta.name;
}
std::string full_name(const ParentReference& parent) {
  return parent.kind + "/" + parent.ns + "/" + parent.name;
}

// Most news of pods are of their status.
bool same_to_the_outside(const Workload& left, const Workload& right) {
  return left.meta.uid == right.meta.uid && left.pod == right.pod &&
         left.template_labels == right.template_labels && left.addresses == right.addresses &&
         has_ended(left) == has_ended(right) && left.meta.owner_references == right.meta.owner_references;
}

}  // namespace

template <class T>
std::string FactIndex::kind_and_name(const T& object) {
  return object.kind + "/" + name_of(object.meta);
}
template <class T>
std::string FactIndex::full_name_of(const T& object) {
  return object.kind + "/" + object.meta.ns + "/" + name_of(object.meta);
}

const Service* FactIndex::present(const Service& object) const { return services_.present(object); }
const Workload* FactIndex::present(const Workload& object) const { return workloads_.present(object); }
const Entrance* FactIndex::present(const Entrance& object) const {
  const auto known = all_entrances_.find(full_name_of(object));
  return known == all_entrances_.end() ? nullptr : known->second.get();
}
const Gateway* FactIndex::present(const Gateway& object) const {
  return find(gateways_, object.meta.ns, kind_and_name(object));
}
const ReferenceGrant* FactIndex::present(const ReferenceGrant& object) const {
  return find(grants_, object.meta.ns, name_of(object.meta));
}
const Backend* FactIndex::present(const Backend& object) const {
  return find(backends_, object.meta.ns, kind_and_name(object));
}
const EndpointSlice* FactIndex::present(const EndpointSlice& object) const { return slices_.present(object); }
const NetworkPolicy* FactIndex::present(const NetworkPolicy& object) const {
  return find(network_policies_, object.meta.ns, kind_and_name(object));
}
const NetworkSet* FactIndex::present(const NetworkSet& object) const {
  return find(network_sets_, "", full_name_of(object));
}
const Advertisement* FactIndex::present(const Advertisement& object) const {
  return find(advertisements_, "", kind_and_name(object));
}

std::optional<Subject> FactIndex::same_as(const Subject& subject) const {
  return std::visit(
      [&](const auto* object) -> std::optional<Subject> {
        const auto* known = present(*object);
        return known == nullptr ? std::nullopt : std::optional<Subject>(known);
      },
      subject);
}

std::vector<std::string> FactIndex::namespaces() const {
  std::set<std::string> found;
  const auto add = [&](const auto& partition) {
    for (const auto& [ns, objects] : partition) found.insert(ns);
  };
  for (const std::string_view ns : services_.namespaces()) found.emplace(ns);
  for (const std::string_view ns : workloads_.namespaces()) found.emplace(ns);
  add(entrances_);
  add(gateways_);
  add(network_policies_);
  found.erase("");  // of the cluster-wide ones
  return {found.begin(), found.end()};
}

void FactIndex::put(std::shared_ptr<const Service> object, PackedObject<Service> packed) {
  remove(*object);
  touch_service(*object);
  if (object->type == "ExternalName") {
    const auto named = service_named(object->external_name);
    if (named) {
      touch(named->ns);
      aliases_[named->ns].insert_or_assign(object->meta.ns + "/" + name_of(object->meta), object);
    }
  }
  put_in(services_, std::move(object), std::move(packed));
}

// What is there is taken from where its name leads, which may be elsewhere than where that of `object` does.
void FactIndex::remove(const Service& object) {
  const Service* known = present(object);
  if (known == nullptr) return;
  touch_service(object);
  if (known->type == "ExternalName") {
    const auto named = service_named(known->external_name);
    if (named) touch(named->ns);
    if (named) erase(aliases_, named->ns, object.meta.ns + "/" + name_of(object.meta));
  }
  services_.remove(object);
}

// What leads to a Service that is not there counts where the Backend is that names it.
void FactIndex::touch_service(const Service& service) const {
  touch(service.meta.ns);
  for (const Backend* backend : backends_to(service.meta.ns)) touch(backend->meta.ns);
}

void FactIndex::put(std::shared_ptr<const Workload> object, PackedObject<Workload> packed) {
  const Workload* before = present(*object);
  if (before == nullptr || !same_to_the_outside(*before, *object)) {
    touch(object->meta.ns);
    for (const std::string& address : object->addresses) {
      for (const Backend* backend : backends_to(address)) touch(backend->meta.ns);
    }
  }
  forget_addresses(*object);
  const std::shared_ptr<const Workload> same = object;
  put_in(workloads_, std::move(object), std::move(packed));
  note_addresses(*same);
}

void FactIndex::remove(const Workload& object) {
  touch(object.meta.ns);
  forget_addresses(object);
  workloads_.remove(object);
}

void FactIndex::note_addresses(const Workload& object) {
  if (object.addresses.empty()) return;
  const std::string_view ns = *pod_namespaces_.insert(object.meta.ns).first;
  const std::string_view name = workloads_.name_of(object);
  for (const std::string& address : object.addresses) {
    at_address_.emplace(std::hash<std::string>()(address), std::pair(ns, name));
  }
}

// Of the object that stands under that name, before it goes.
void FactIndex::forget_addresses(const Workload& object) {
  const Workload* before = present(object);
  if (before == nullptr) return;
  const std::pair<std::string_view, std::string_view> key(before->meta.ns, before->meta.name);
  for (const std::string& address : before->addresses) {
    const auto [first, last] = at_address_.equal_range(std::hash<std::string>()(address));
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == key; });
    if (place != last) at_address_.erase(place);
  }
}

// In the order of their names, so that findings come out in a stable order.
std::vector<const Workload*> FactIndex::workloads_at(std::string_view address) const {
  std::vector<const Workload*> found;
  const auto [first, last] = at_address_.equal_range(std::hash<std::string_view>()(address));
  std::for_each(first, last, [&](const auto& entry) {
    const Workload* pod = workloads_.find(entry.second.first, "Pod", entry.second.second);
    if (pod != nullptr && has_address(*pod, address)) found.push_back(pod);
  });
  std::sort(found.begin(), found.end(),
            [](const Workload* left, const Workload* right) { return left->meta.key() < right->meta.key(); });
  return found;
}

void FactIndex::put(std::shared_ptr<const EndpointSlice> object, PackedObject<EndpointSlice> packed) {
  touch(object->meta.ns);
  put_in(slices_, std::move(object), std::move(packed));
}

void FactIndex::remove(const EndpointSlice& object) {
  touch(object.meta.ns);
  slices_.remove(object);
}

void FactIndex::pack_again() {
  services_.pack_again();
  workloads_.pack_again();
  slices_.pack_again();
}

// One that has no namespace is about all of them, for which "" stands here too.
void FactIndex::put(std::shared_ptr<const NetworkPolicy> object) {
  const std::string ns = object->meta.ns;
  std::string name = kind_and_name(*object);
  network_policies_[ns].insert_or_assign(std::move(name), std::move(object));
  touch(ns);
}

void FactIndex::remove(const NetworkPolicy& object) {
  erase(network_policies_, object.meta.ns, kind_and_name(object));
  touch(object.meta.ns);
}

void FactIndex::put(const std::shared_ptr<const NetworkSet>& object) {
  const NetworkSet* known = present(*object);
  const bool same =
      known != nullptr && known->networks == object->networks && known->meta.labels == object->meta.labels;
  if (known != nullptr && !same) touch_set(*known);
  network_sets_[""].insert_or_assign(full_name_of(*object), object);
  if (!same) touch_set(*object);
}

void FactIndex::remove(const NetworkSet& object) {
  const NetworkSet* known = present(object);
  if (known == nullptr) return;
  touch_set(*known);
  erase(network_sets_, "", full_name_of(object));
}

void FactIndex::touch_set(const NetworkSet& set) const {
  for (const auto& [ns, policies] : network_policies_) {
    for (const auto& [name, policy] : policies) {
      if (means(*policy, set, *this)) touch(ns);
    }
  }
}

std::vector<const NetworkPolicy*> FactIndex::network_policies(std::string_view ns) const {
  std::vector<const NetworkPolicy*> found = all(network_policies_, ns);
  if (ns.empty()) return found;
  for (const NetworkPolicy* policy : all(network_policies_, "")) {
    if (is_of_namespace(*policy, ns, namespace_labels(ns))) found.push_back(policy);
  }
  return found;
}

void FactIndex::put(std::shared_ptr<const Advertisement> object) {
  const std::string name = kind_and_name(*object);
  advertisements_[""].insert_or_assign(name, std::move(object));
  touch("");
}

void FactIndex::remove(const Advertisement& object) {
  erase(advertisements_, "", kind_and_name(object));
  touch("");
}

void FactIndex::put(std::shared_ptr<const ExposurePolicy> object) {
  std::shared_ptr<const ExposurePolicy>& place = policies_[object->meta.ns][object->meta.name];
  const bool same = place != nullptr && place->spec == object->spec;
  place = std::move(object);
  if (!same) touch("");
}

std::vector<const Service*> FactIndex::every_service() const {
  std::vector<std::string_view> namespaces = services_.namespaces();
  std::sort(namespaces.begin(), namespaces.end());
  std::vector<const Service*> found;
  for (const std::string_view ns : namespaces) {
    for (const Service* service : services(ns)) found.push_back(service);
  }
  return found;
}

std::vector<const EndpointSlice*> FactIndex::slices_of(const Service& service) const {
  std::vector<const EndpointSlice*> found = slices_.with(service.meta.ns, {{service.meta.name, ""}});
  std::erase_if(found, [&](const EndpointSlice* slice) { return service_of(*slice) != service.meta.name; });
  return found;
}

void FactIndex::put(const std::shared_ptr<const Entrance>& object) {
  remove(*object);
  if (object->targets.empty()) return;
  const std::string name = full_name_of(*object);
  touch_entrance(*object);
  for (const std::string& ns : namespaces_led_into(*object)) entrances_[ns].insert_or_assign(name, object);
  for (const ParentReference& parent : object->parents) {
    attached_[full_name(parent)].insert_or_assign(name, object);
  }
  all_entrances_.emplace(name, object);
}

// What is there is taken from where it leads, which may be elsewhere than where `object` does.
void FactIndex::remove(const Entrance& object) {
  const auto known = all_entrances_.find(full_name_of(object));
  if (known == all_entrances_.end()) return;
  touch_entrance(*known->second);
  for (const std::string& ns : namespaces_led_into(*known->second)) erase(entrances_, ns, known->first);
  for (const ParentReference& parent : known->second->parents) {
    erase(attached_, full_name(parent), known->first);
  }
  all_entrances_.erase(known);
}

void FactIndex::touch_entrance(const Entrance& entrance) const {
  for (const std::string& ns : namespaces_led_into(entrance)) touch(ns);
  for (const EntranceTarget& target : entrance.targets) {
    if (target.resource.empty()) continue;
    for (const Backend* backend : backends(target.ns)) {
      if (names(target, *backend)) touch_backend(*backend);
    }
  }
}

void FactIndex::touch_gateway(const Gateway& gateway) const {
  touch(gateway.meta.ns);
  for (const Entrance* entrance : entrances_at(gateway)) touch_entrance(*entrance);
  for (const Gateway* set : listener_sets_of(gateway)) {
    for (const Entrance* entrance : entrances_at(*set)) touch_entrance(*entrance);
  }
}

void FactIndex::put(std::shared_ptr<const Gateway> object) {
  remove(*object);
  touch_gateway(*object);
  if (object->kind != "Gateway") {
    const std::string of = full_name(filled_in(object->parent, object->meta.ns));
    listener_sets_[of].insert_or_assign(full_name(*object), object);
  }
  auto& known = gateways_[object->meta.ns];
  std::string name = kind_and_name(*object);
  known.insert_or_assign(std::move(name), std::move(object));
}

// What is there is taken from what it added to, which may be another Gateway than `object` names.
void FactIndex::remove(const Gateway& object) {
  const Gateway* before = present(object);
  if (before == nullptr) return;
  touch_gateway(*before);
  erase(listener_sets_, full_name(filled_in(before->parent, before->meta.ns)), full_name(*before));
  erase(gateways_, object.meta.ns, kind_and_name(object));
}

std::vector<const Entrance*> FactIndex::entrances_at(const Gateway& gateway) const {
  return all(attached_, full_name(gateway));
}

std::vector<const Gateway*> FactIndex::listener_sets_of(const Gateway& gateway) const {
  return all(listener_sets_, full_name(gateway));
}

void FactIndex::put(std::shared_ptr<const ReferenceGrant> object) {
  const std::string ns = object->meta.ns;
  put_told(grants_, std::move(object));
  touch_backends(ns);
}

void FactIndex::remove(const ReferenceGrant& object) {
  remove_told(grants_, object.meta);
  touch_backends(object.meta.ns);
}

void FactIndex::put(const std::shared_ptr<const Backend>& object) {
  remove(*object);
  for (const std::string& place : places_led_to(*object))
    backends_to_[place].insert_or_assign(full_name_of(*object), object);
  backends_[object->meta.ns].insert_or_assign(kind_and_name(*object), object);
  touch_backend(*object);
}

// What is there is taken from where it leads, which may be elsewhere than where `object` does.
void FactIndex::remove(const Backend& object) {
  const Backend* known = present(object);
  if (known == nullptr) return;
  touch_backend(*known);
  for (const std::string& place : places_led_to(*known)) erase(backends_to_, place, full_name_of(object));
  erase(backends_, object.meta.ns, kind_and_name(object));
}

// What leads to no Service counts where the Backend is.
void FactIndex::touch_backend(const Backend& backend) const {
  touch(backend.meta.ns);
  for (const BackendEndpoint& endpoint : backend.endpoints) {
    if (const auto named = service_at(endpoint)) touch(named->ns);
    const std::string address = address_of(endpoint);
    if (address.empty()) continue;
    for (const Service* service : every_service()) {
      if (service->cluster_ip == address) touch(service->meta.ns);
    }
  }
}

void FactIndex::touch_backends(std::string_view ns) const {
  for (const Backend* backend : backends(ns)) touch_backend(*backend);
}

void FactIndex::put(const std::shared_ptr<const Namespace>& object) {
  const auto [place, fresh] = namespaces_.try_emplace(object->meta.name, object->meta.labels);
  // By its labels policies are in force and listeners take routes, of other namespaces too.
  if (fresh || place->second != object->meta.labels) touch("");
  place->second = object->meta.labels;
}

void FactIndex::remove(const Namespace& object) {
  namespaces_.erase(object.meta.name);
  touch(object.meta.name);
}

const Labels* FactIndex::namespace_labels(std::string_view ns) const {
  const auto found = namespaces_.find(std::string(ns));
  return found == namespaces_.end() ? nullptr : &found->second;
}

}  // namespace berth::exposure
