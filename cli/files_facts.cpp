#include "cli/files_facts.h"

#include <set>
#include <utility>

#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/model/external_name.h"

namespace berth::cli {

FilesFacts::Row& FilesFacts::row_of(const Object& object) {
  const std::string& ns = meta_of(object.model).ns;
  return std::visit(Overloaded{
                        [&](const Service&) -> Row& { return services_[ns]; },
                        [&](const Entrance&) -> Row& { std::abort(); },  // stands in many
                        [&](const Gateway&) -> Row& { return gateways_[ns]; },
                        [&](const ReferenceGrant&) -> Row& { return grants_[ns]; },
                        [&](const EndpointSlice&) -> Row& { return slices_[ns]; },
                        [&](const Workload&) -> Row& { return workloads_[ns]; },
                        [&](const Advertisement&) -> Row& { return advertisements_[ns]; },
                        [&](const NetworkPolicy&) -> Row& { return network_policies_[ns]; },
                        [&](const PortAllocation&) -> Row& { return allocations_[ns]; },
                        [&](const ExposurePolicy&) -> Row& { return policies_; },
                        [&](const Namespace&) -> Row& { std::abort(); },  // kept as labels
                        [&](const PortRange&) -> Row& { std::abort(); },  // not a fact of exposure
                    },
                    object.model);
}

void FilesFacts::put(const Object& object) {
  if (const auto* ns = std::get_if<Namespace>(&object.model)) {
    Labels labels = ns->meta.labels;
    labels[kNamespaceNameLabel] = ns->meta.name;  // the API server sets it on every namespace
    namespaces_.insert_or_assign(ns->meta.name, std::move(labels));
    return;
  }
  if (std::holds_alternative<PortRange>(object.model)) return;
  if (std::holds_alternative<Entrance>(object.model)) return put_entrance(object);
  Row& row = row_of(object);
  const std::string identity = object.identity();
  if (!identity.empty()) {
    const auto [place, fresh] = places_.emplace(identity, row.size());
    if (!fresh) {
      row[place->second] = &object;
      return;
    }
  }
  row.push_back(&object);
}

void FilesFacts::put_entrance(const Object& object) {
  const std::string identity = object.identity();
  const Object* before = nullptr;
  if (!identity.empty()) before = std::exchange(entrances_by_identity_[identity], &object);
  if (before != nullptr) {
    for (const std::string& ns : namespaces_led_into(std::get<Entrance>(before->model))) {
      std::erase(entrances_[ns], before);
    }
  }
  for (const std::string& ns : namespaces_led_into(std::get<Entrance>(object.model))) {
    entrances_[ns].push_back(&object);
  }
}

template <class T>
std::vector<const T*> FilesFacts::all(const std::map<std::string, Row, std::less<>>& rows,
                                      std::string_view ns) const {
  std::vector<const T*> found;
  const auto row = rows.find(ns);
  if (row == rows.end()) return found;
  found.reserve(row->second.size());
  for (const Object* object : row->second) {
    if (object != hidden_) found.push_back(std::get_if<T>(&object->model));
  }
  return found;
}

std::vector<const Service*> FilesFacts::services(std::string_view ns) const {
  return all<Service>(services_, ns);
}
std::vector<const Entrance*> FilesFacts::entrances(std::string_view ns) const {
  return all<Entrance>(entrances_, ns);
}
// Files hold few of these: they are looked through.
std::vector<const Service*> FilesFacts::aliases(std::string_view ns) const {
  std::vector<const Service*> found;
  for (const auto& [own, row] : services_) {
    for (const Service* service : all<Service>(services_, own)) {
      if (is_alias_into(*service, ns)) found.push_back(service);
    }
  }
  return found;
}
std::vector<const Entrance*> FilesFacts::entrances_at(const Gateway& gateway) const {
  std::set<const Entrance*> seen;
  std::vector<const Entrance*> found;
  for (const auto& [ns, row] : entrances_) {
    for (const Entrance* entrance : all<Entrance>(entrances_, ns)) {
      if (attaches_to(*entrance, gateway) && seen.insert(entrance).second) found.push_back(entrance);
    }
  }
  return found;
}
std::vector<const Gateway*> FilesFacts::gateways(std::string_view ns) const {
  return all<Gateway>(gateways_, ns);
}
std::vector<const Gateway*> FilesFacts::listener_sets_of(const Gateway& gateway) const {
  std::vector<const Gateway*> found;
  for (const auto& [ns, row] : gateways_) {
    for (const Gateway* set : all<Gateway>(gateways_, ns)) {
      if (adds_to(*set, gateway)) found.push_back(set);
    }
  }
  return found;
}
std::vector<const ReferenceGrant*> FilesFacts::grants(std::string_view ns) const {
  return all<ReferenceGrant>(grants_, ns);
}
std::vector<const Workload*> FilesFacts::workloads(std::string_view ns) const {
  return all<Workload>(workloads_, ns);
}
std::vector<const Workload*> FilesFacts::workloads_at(std::string_view address) const {
  std::vector<const Workload*> found;
  for (const auto& [ns, row] : workloads_) {
    for (const Workload* workload : all<Workload>(workloads_, ns)) {
      if (has_address(*workload, address)) found.push_back(workload);
    }
  }
  return found;
}
std::vector<const EndpointSlice*> FilesFacts::slices_of(const Service& service) const {
  std::vector<const EndpointSlice*> found = all<EndpointSlice>(slices_, service.meta.ns);
  std::erase_if(found, [&](const EndpointSlice* slice) { return service_of(*slice) != service.meta.name; });
  return found;
}
std::vector<const Advertisement*> FilesFacts::advertisements() const {
  return all<Advertisement>(advertisements_, "");
}
std::vector<const Service*> FilesFacts::every_service() const {
  std::vector<const Service*> found;
  for (const auto& [ns, row] : services_) {
    for (const Service* service : all<Service>(services_, ns)) found.push_back(service);
  }
  return found;
}
std::vector<const NetworkPolicy*> FilesFacts::network_policies(std::string_view ns) const {
  return all<NetworkPolicy>(network_policies_, ns);
}
std::vector<const PortAllocation*> FilesFacts::allocations(std::string_view ns) const {
  return all<PortAllocation>(allocations_, ns);
}

const Labels* FilesFacts::namespace_labels(std::string_view ns) const {
  const auto labels = namespaces_.find(ns);
  return labels == namespaces_.end() ? nullptr : &labels->second;
}

std::vector<const ExposurePolicy*> FilesFacts::policies() const {
  std::vector<const ExposurePolicy*> found;
  for (const Object* object : policies_) found.push_back(std::get_if<ExposurePolicy>(&object->model));
  return found;
}

}  // namespace berth::cli
