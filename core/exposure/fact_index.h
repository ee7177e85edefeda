// FactIndex: Facts kept up to date object by object, partitioned by namespace.
//
// Values are shared, so that an index costs no second copy of what a watch has decoded. It decides nothing,
// but tells whoever audits in which namespaces ways may have come or gone. Thread-safety: none; the owner
// locks out writers while a judgement reads (a judgement takes microseconds).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/exposure/facts.h"

namespace berth::exposure {

class FactIndex final : public Facts {
 public:
  // Called by put() and remove(), before they return, with each namespace whose ways out may be others now;
  // "" = all of them. What changes nothing that is judged (the status of a pod, of a policy) is not told.
  void on_touched(std::function<void(std::string_view ns)> touched) { touched_ = std::move(touched); }
  // Those in which anything is that a way can lead to.
  [[nodiscard]] std::vector<std::string> namespaces() const;

  void put(std::shared_ptr<const Service> object);
  void put(const std::shared_ptr<const Entrance>& object);
  void put(std::shared_ptr<const Gateway> object);
  void put(std::shared_ptr<const ReferenceGrant> object) { put_told(grants_, std::move(object)); }
  void put(std::shared_ptr<const Workload> object);
  void put(std::shared_ptr<const EndpointSlice> object);
  void put(std::shared_ptr<const Advertisement> object);
  void put(std::shared_ptr<const NetworkPolicy> object) { put_told(network_policies_, std::move(object)); }
  void put(std::shared_ptr<const PortAllocation> object) { put_told(allocations_, std::move(object)); }
  void put(std::shared_ptr<const ExposurePolicy> object);
  void put(const std::shared_ptr<const Namespace>& object);

  void remove(const Service& object);
  void remove(const Entrance& object);
  void remove(const Gateway& object);
  void remove(const ReferenceGrant& object) { remove_told(grants_, object.meta); }
  void remove(const Workload& object);
  void remove(const EndpointSlice& object);
  void remove(const Advertisement& object);
  void remove(const NetworkPolicy& object) { remove_told(network_policies_, object.meta); }
  void remove(const PortAllocation& object) { remove_told(allocations_, object.meta); }
  void remove(const ExposurePolicy& object) { remove_told(policies_, object.meta); }
  void remove(const Namespace& object);

  std::vector<const Service*> services(std::string_view ns) const override { return all(services_, ns); }
  std::vector<const Service*> aliases(std::string_view ns) const override { return all(aliases_, ns); }
  std::vector<const Entrance*> entrances(std::string_view ns) const override { return all(entrances_, ns); }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override;
  std::vector<const Gateway*> gateways(std::string_view ns) const override { return all(gateways_, ns); }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override;
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override { return all(grants_, ns); }
  std::vector<const Workload*> workloads(std::string_view ns) const override { return all(workloads_, ns); }
  std::vector<const Workload*> workloads_at(std::string_view address) const override;
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override;
  std::vector<const Advertisement*> advertisements() const override { return all(advertisements_, ""); }
  std::vector<const Service*> every_service() const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override {
    return all(network_policies_, ns);
  }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return all(allocations_, ns);
  }
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const ExposurePolicy*> policies() const override { return all(policies_, ""); }

 private:
  void forget_addresses(const Workload& object);
  [[nodiscard]] const Workload* present(const Workload& object) const;
  void touch(std::string_view ns) const {
    if (touched_) touched_(ns);
  }
  void touch_entrance(const Entrance& entrance) const;
  // Where routes lead that may come in by it.
  void touch_gateway(const Gateway& gateway) const;

  // Ordered by name within a namespace, so that findings come out in a stable order.
  template <class T>
  using Partition = std::unordered_map<std::string, std::map<std::string, std::shared_ptr<const T>>>;

  template <class T>
  static void put_in(Partition<T>& partition, std::shared_ptr<const T> object) {
    auto& objects = partition[object->meta.ns];
    const std::string& name = object->meta.name;
    objects.insert_or_assign(name, std::move(object));
  }

  template <class T>
  void put_told(Partition<T>& partition, std::shared_ptr<const T> object) {
    const std::string ns = object->meta.ns;
    put_in(partition, std::move(object));
    touch(ns);
  }

  template <class T>
  void remove_told(Partition<T>& partition, const Meta& meta) {
    remove_from(partition, meta);
    touch(meta.ns);
  }

  template <class T>
  static void remove_from(Partition<T>& partition, const Meta& meta) {
    erase(partition, meta.ns, meta.name);
  }

  template <class T>
  static void erase(Partition<T>& partition, const std::string& ns, const std::string& name) {
    const auto objects = partition.find(ns);
    if (objects == partition.end()) return;
    objects->second.erase(name);
    if (objects->second.empty()) partition.erase(objects);
  }

  template <class T>
  static std::vector<const T*> all(const Partition<T>& partition, std::string_view ns) {
    std::vector<const T*> found;
    const auto objects = partition.find(std::string(ns));
    if (objects == partition.end()) return found;
    found.reserve(objects->second.size());
    for (const auto& entry : objects->second) found.push_back(entry.second.get());
    return found;
  }

  std::function<void(std::string_view)> touched_;
  Partition<Service> services_;
  Partition<Service> aliases_;     // by the namespace that their names lead into, keyed by namespace and name
  Partition<Entrance> entrances_;  // by where they lead; keyed by kind, namespace and name
  std::unordered_map<std::string, std::shared_ptr<const Entrance>> all_entrances_;  // by the same key
  Partition<Entrance> attached_;      // by what they are attached to, under the same key
  Partition<Gateway> gateways_;       // keyed by kind and name
  Partition<Gateway> listener_sets_;  // by what they add to, keyed by kind, namespace and name
  Partition<ReferenceGrant> grants_;
  Partition<Workload> workloads_;  // keyed by kind and name
  // By the addresses of Pods, as they stand in the Pods of workloads_.
  std::unordered_multimap<std::string_view, const Workload*> at_address_;
  Partition<EndpointSlice> slices_;     // keyed by kind and name
  Partition<EndpointSlice> slices_of_;  // by namespace and name of the Service
  Partition<NetworkPolicy> network_policies_;
  Partition<Advertisement> advertisements_;  // keyed by kind and name
  Partition<PortAllocation> allocations_;
  Partition<ExposurePolicy> policies_;
  std::unordered_map<std::string, Labels> namespaces_;
};

}  // namespace berth::exposure
