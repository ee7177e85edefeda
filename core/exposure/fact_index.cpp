#include "core/exposure/fact_index.h"

#include <algorithm>
#include <set>

#include "core/model/external_name.h"

namespace berth::exposure {
namespace {

std::string workload_name(const Workload& workload) { return workload.kind + "/" + workload.meta.name; }
std::string slice_name(const EndpointSlice& slice) { return slice.kind + "/" + slice.meta.name; }
std::string entrance_name(const Entrance& entrance) {
  return entrance.kind + "/" + entrance.meta.ns + "/" + entrance.meta.name;
}
std::string full_name(const Gateway& gateway) {
  return gateway.kind + "/" + gateway.meta.ns + "/" + gateway.meta.name;
}
std::string full_name(const ParentReference& parent) {
  return parent.kind + "/" + parent.ns + "/" + parent.name;
}
std::string gateway_name(const Gateway& gateway) { return gateway.kind + "/" + gateway.meta.name; }

// Most news of pods are of their status.
bool same_to_the_outside(const Workload& left, const Workload& right) {
  return left.meta.uid == right.meta.uid && left.pod == right.pod &&
         left.template_labels == right.template_labels && left.addresses == right.addresses &&
         has_ended(left) == has_ended(right) && left.meta.owner_references == right.meta.owner_references;
}

}  // namespace

std::vector<std::string> FactIndex::namespaces() const {
  std::set<std::string> found;
  const auto add = [&](const auto& partition) {
    for (const auto& [ns, objects] : partition) found.insert(ns);
  };
  add(services_);
  add(entrances_);
  add(gateways_);
  add(workloads_);
  add(network_policies_);
  return {found.begin(), found.end()};
}

void FactIndex::put(std::shared_ptr<const Service> object) {
  remove(*object);
  touch(object->meta.ns);
  if (object->type == "ExternalName") {
    const auto named = service_named(object->external_name);
    if (named) {
      touch(named->ns);
      aliases_[named->ns].insert_or_assign(to_string(object->meta.key()), object);
    }
  }
  put_in(services_, std::move(object));
}

// What is there is taken from where its name leads, which may be elsewhere than where that of `object` does.
void FactIndex::remove(const Service& object) {
  const auto in_namespace = services_.find(object.meta.ns);
  if (in_namespace == services_.end()) return;
  const auto known = in_namespace->second.find(object.meta.name);
  if (known == in_namespace->second.end()) return;
  touch(object.meta.ns);
  if (known->second->type == "ExternalName") {
    const auto named = service_named(known->second->external_name);
    if (named) touch(named->ns);
    if (named) erase(aliases_, named->ns, to_string(object.meta.key()));
  }
  remove_from(services_, object.meta);
}

void FactIndex::put(std::shared_ptr<const Workload> object) {
  const Workload* before = present(*object);
  if (before == nullptr || !same_to_the_outside(*before, *object)) touch(object->meta.ns);
  forget_addresses(*object);
  for (const std::string& address : object->addresses) at_address_.emplace(address, object.get());
  auto& objects = workloads_[object->meta.ns];
  std::string name = workload_name(*object);
  objects.insert_or_assign(std::move(name), std::move(object));
}

void FactIndex::remove(const Workload& object) {
  touch(object.meta.ns);
  forget_addresses(object);
  erase(workloads_, object.meta.ns, workload_name(object));
}

// Of the object that stands under that name, before it goes.
void FactIndex::forget_addresses(const Workload& object) {
  const Workload* before = present(object);
  if (before == nullptr) return;
  for (const std::string& address : before->addresses) {
    const auto [first, last] = at_address_.equal_range(address);
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == before; });
    if (place != last) at_address_.erase(place);
  }
}

const Workload* FactIndex::present(const Workload& object) const {
  const auto in_namespace = workloads_.find(object.meta.ns);
  if (in_namespace == workloads_.end()) return nullptr;
  const auto known = in_namespace->second.find(workload_name(object));
  return known == in_namespace->second.end() ? nullptr : known->second.get();
}

// In the order of their names, so that findings come out in a stable order.
std::vector<const Workload*> FactIndex::workloads_at(std::string_view address) const {
  std::vector<const Workload*> found;
  const auto [first, last] = at_address_.equal_range(address);
  std::for_each(first, last, [&](const auto& entry) { found.push_back(entry.second); });
  std::sort(found.begin(), found.end(),
            [](const Workload* left, const Workload* right) { return left->meta.key() < right->meta.key(); });
  return found;
}

void FactIndex::put(std::shared_ptr<const EndpointSlice> object) {
  remove(*object);
  touch(object->meta.ns);
  const std::string name = slice_name(*object);
  const std::string& service = service_of(*object);
  if (!service.empty()) slices_of_[object->meta.ns + "/" + service].insert_or_assign(name, object);
  slices_[object->meta.ns].insert_or_assign(name, std::move(object));
}

// What is there is taken from the Service that it was for, which may be another than that of `object`.
void FactIndex::remove(const EndpointSlice& object) {
  const auto in_namespace = slices_.find(object.meta.ns);
  if (in_namespace == slices_.end()) return;
  const auto known = in_namespace->second.find(slice_name(object));
  if (known == in_namespace->second.end()) return;
  touch(object.meta.ns);
  erase(slices_of_, object.meta.ns + "/" + service_of(*known->second), known->first);
  erase(slices_, object.meta.ns, slice_name(object));
}

void FactIndex::put(std::shared_ptr<const Advertisement> object) {
  const std::string name = object->kind + "/" + object->meta.name;
  advertisements_[""].insert_or_assign(name, std::move(object));
  touch("");
}

void FactIndex::remove(const Advertisement& object) {
  erase(advertisements_, "", object.kind + "/" + object.meta.name);
  touch("");
}

void FactIndex::put(std::shared_ptr<const ExposurePolicy> object) {
  std::shared_ptr<const ExposurePolicy>& place = policies_[object->meta.ns][object->meta.name];
  const bool same = place != nullptr && place->spec == object->spec;
  place = std::move(object);
  if (!same) touch("");
}

std::vector<const Service*> FactIndex::every_service() const {
  std::vector<std::string_view> namespaces;
  for (const auto& [ns, services] : services_) namespaces.push_back(ns);
  std::sort(namespaces.begin(), namespaces.end());
  std::vector<const Service*> found;
  for (const std::string_view ns : namespaces) {
    for (const Service* service : services(ns)) found.push_back(service);
  }
  return found;
}

std::vector<const EndpointSlice*> FactIndex::slices_of(const Service& service) const {
  return all(slices_of_, service.meta.ns + "/" + service.meta.name);
}

void FactIndex::put(const std::shared_ptr<const Entrance>& object) {
  remove(*object);
  if (object->targets.empty()) return;
  const std::string name = entrance_name(*object);
  touch_entrance(*object);
  for (const std::string& ns : namespaces_led_into(*object)) entrances_[ns].insert_or_assign(name, object);
  for (const ParentReference& parent : object->parents) {
    attached_[full_name(parent)].insert_or_assign(name, object);
  }
  all_entrances_.emplace(name, object);
}

// What is there is taken from where it leads, which may be elsewhere than where `object` does.
void FactIndex::remove(const Entrance& object) {
  const auto known = all_entrances_.find(entrance_name(object));
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
  std::string name = gateway_name(*object);
  known.insert_or_assign(std::move(name), std::move(object));
}

// What is there is taken from what it added to, which may be another Gateway than `object` names.
void FactIndex::remove(const Gateway& object) {
  const auto in_namespace = gateways_.find(object.meta.ns);
  if (in_namespace == gateways_.end()) return;
  const auto known = in_namespace->second.find(gateway_name(object));
  if (known == in_namespace->second.end()) return;
  const Gateway& before = *known->second;
  touch_gateway(before);
  erase(listener_sets_, full_name(filled_in(before.parent, before.meta.ns)), full_name(before));
  erase(gateways_, object.meta.ns, gateway_name(object));
}

std::vector<const Entrance*> FactIndex::entrances_at(const Gateway& gateway) const {
  return all(attached_, full_name(gateway));
}

std::vector<const Gateway*> FactIndex::listener_sets_of(const Gateway& gateway) const {
  return all(listener_sets_, full_name(gateway));
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
