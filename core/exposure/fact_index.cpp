#include "core/exposure/fact_index.h"

namespace berth::exposure {
namespace {

std::string workload_name(const Workload& workload) { return workload.kind + "/" + workload.meta.name; }
std::string entrance_name(const Entrance& entrance) {
  return entrance.kind + "/" + entrance.meta.ns + "/" + entrance.meta.name;
}

}  // namespace

void FactIndex::put(std::shared_ptr<const Workload> object) {
  auto& objects = workloads_[object->meta.ns];
  std::string name = workload_name(*object);
  objects.insert_or_assign(std::move(name), std::move(object));
}

void FactIndex::remove(const Workload& object) { erase(workloads_, object.meta.ns, workload_name(object)); }

void FactIndex::put(const std::shared_ptr<const Entrance>& object) {
  remove(*object);
  const std::string name = entrance_name(*object);
  for (const std::string& ns : namespaces_led_into(*object)) entrances_[ns].insert_or_assign(name, object);
  all_entrances_.emplace(name, object);
}

// What is there is taken from where it leads, which may be elsewhere than where `object` does.
void FactIndex::remove(const Entrance& object) {
  const auto known = all_entrances_.find(entrance_name(object));
  if (known == all_entrances_.end()) return;
  for (const std::string& ns : namespaces_led_into(*known->second)) erase(entrances_, ns, known->first);
  all_entrances_.erase(known);
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
