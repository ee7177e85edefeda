#include "core/exposure/fact_index.h"

namespace berth::exposure {
namespace {

std::string workload_name(const Workload& workload) { return workload.kind + "/" + workload.meta.name; }

}  // namespace

void FactIndex::put(std::shared_ptr<const Workload> object) {
  auto& objects = workloads_[object->meta.ns];
  std::string name = workload_name(*object);
  objects.insert_or_assign(std::move(name), std::move(object));
}

void FactIndex::remove(const Workload& object) { erase(workloads_, object.meta.ns, workload_name(object)); }

void FactIndex::put(const std::shared_ptr<const Namespace>& object) {
  namespaces_.insert_or_assign(object->meta.name, object->meta.labels);
}

void FactIndex::remove(const Namespace& object) { namespaces_.erase(object.meta.name); }

const Labels* FactIndex::namespace_labels(std::string_view ns) const {
  const auto found = namespaces_.find(std::string(ns));
  return found == namespaces_.end() ? nullptr : &found->second;
}

}  // namespace berth::exposure
