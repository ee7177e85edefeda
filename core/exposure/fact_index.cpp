#include "core/exposure/fact_index.h"

#include <algorithm>

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

}  // namespace

void FactIndex::put(std::shared_ptr<const Service> object) {
  remove(*object);
  if (object->type == "ExternalName") {
    const auto named = service_named(object->external_name);
    if (named) aliases_[named->ns].insert_or_assign(to_string(object->meta.key()), object);
  }
  put_in(services_, std::move(object));
}

// What is there is taken from where its name leads, which may be elsewhere than where that of `object` does.
void FactIndex::remove(const Service& object) {
  const auto in_namespace = services_.find(object.meta.ns);
  if (in_namespace == services_.end()) return;
  const auto known = in_namespace->second.find(object.meta.name);
  if (known == in_namespace->second.end()) return;
  if (known->second->type == "ExternalName") {
    const auto named = service_named(known->second->external_name);
    if (named) erase(aliases_, named->ns, to_string(object.meta.key()));
  }
  remove_from(services_, object.meta);
}

void FactIndex::put(std::shared_ptr<const Workload> object) {
  forget_addresses(*object);
  for (const std::string& address : object->addresses) at_address_.emplace(address, object.get());
  auto& objects = workloads_[object->meta.ns];
  std::string name = workload_name(*object);
  objects.insert_or_assign(std::move(name), std::move(object));
}

void FactIndex::remove(const Workload& object) {
  forget_addresses(object);
  erase(workloads_, object.meta.ns, workload_name(object));
}

// Of the object that stands under that name, before it goes.
void FactIndex::forget_addresses(const Workload& object) {
  const auto in_namespace = workloads_.find(object.meta.ns);
  if (in_namespace == workloads_.end()) return;
  const auto known = in_namespace->second.find(workload_name(object));
  if (known == in_namespace->second.end()) return;
  const Workload* present = known->second.get();
  for (const std::string& address : present->addresses) {
    const auto [first, last] = at_address_.equal_range(address);
    const auto place = std::find_if(first, last, [&](const auto& entry) { return entry.second == present; });
    if (place != last) at_address_.erase(place);
  }
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
  erase(slices_of_, object.meta.ns + "/" + service_of(*known->second), known->first);
  erase(slices_, object.meta.ns, slice_name(object));
}

std::vector<const EndpointSlice*> FactIndex::slices_of(const Service& service) const {
  return all(slices_of_, service.meta.ns + "/" + service.meta.name);
}

void FactIndex::put(const std::shared_ptr<const Entrance>& object) {
  remove(*object);
  if (object->targets.empty()) return;
  const std::string name = entrance_name(*object);
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
  for (const std::string& ns : namespaces_led_into(*known->second)) erase(entrances_, ns, known->first);
  for (const ParentReference& parent : known->second->parents) {
    erase(attached_, full_name(parent), known->first);
  }
  all_entrances_.erase(known);
}

void FactIndex::put(std::shared_ptr<const Gateway> object) {
  remove(*object);
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
  const Gateway& present = *known->second;
  erase(listener_sets_, full_name(filled_in(present.parent, present.meta.ns)), full_name(present));
  erase(gateways_, object.meta.ns, gateway_name(object));
}

std::vector<const Entrance*> FactIndex::entrances_at(const Gateway& gateway) const {
  return all(attached_, full_name(gateway));
}

std::vector<const Gateway*> FactIndex::listener_sets_of(const Gateway& gateway) const {
  return all(listener_sets_, full_name(gateway));
}

void FactIndex::put(const std::shared_ptr<const Namespace>& object) {
  namespaces_.insert_or_assign(object->meta.name, object->meta.labels);
}

void FactIndex::remove(const Namespace& object) { namespaces_.erase(object.meta.name); }

const Labels* FactIndex::namespace_labels(std::string_view ns) const {
  const auto found = namespaces_.find(std::string(ns));
  return found == namespaces_.end() ? nullptr : &found->second;
}

}  // namespace berth::exposure
