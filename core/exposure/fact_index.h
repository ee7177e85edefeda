// FactIndex: Facts kept up to date object by object, partitioned by namespace.
//
// Objects are told apart by kind, namespace and name; those that have no name yet by their uid. Values are
// shared, so that an index costs no second copy of what a watch keeps, whole or packed. It decides nothing,
// but tells whoever audits in which namespaces ways may have come or gone. Thread-safety: none; the owner
// locks out writers while a judgement reads (a judgement takes microseconds).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/exposure/facts.h"
#include "core/exposure/labelled_objects.h"

namespace berth::exposure {

class FactIndex final : public Facts {
 public:
  // Called by put() and remove(), before they return, with each namespace whose ways out may be others now;
  // "" = all of them. What changes nothing that is judged (the status of a pod, of a policy) is not told.
  void on_touched(std::function<void(std::string_view ns)> touched) { touched_ = std::move(touched); }
  // Those of which there are tens of thousands may be packed: what is asked for is unpacked, and stays so.
  void put(std::shared_ptr<const Service> object, PackedObject<Service> packed = {});
  void put(const std::shared_ptr<const Entrance>& object);
  void put(std::shared_ptr<const Gateway> object);
  void put(std::shared_ptr<const ReferenceGrant> object);
  void put(const std::shared_ptr<const Backend>& object);
  void put(std::shared_ptr<const Workload> object, PackedObject<Workload> packed = {});
  void put(std::shared_ptr<const EndpointSlice> object, PackedObject<EndpointSlice> packed = {});
  void put(std::shared_ptr<const Advertisement> object);
  void put(std::shared_ptr<const NetworkPolicy> object);
  void put(const std::shared_ptr<const NetworkSet>& object);
  void put(std::shared_ptr<const PortAllocation> object) { put_told(allocations_, std::move(object)); }
  void put(std::shared_ptr<const ExposurePolicy> object);
  void put(const std::shared_ptr<const Namespace>& object);

  void remove(const Service& object);
  void remove(const Entrance& object);
  void remove(const Gateway& object);
  void remove(const ReferenceGrant& object);
  void remove(const Backend& object);
  void remove(const Workload& object);
  void remove(const EndpointSlice& object);
  void remove(const Advertisement& object);
  void remove(const NetworkPolicy& object);
  void remove(const NetworkSet& object);
  void remove(const PortAllocation& object) { remove_told(allocations_, object.meta); }
  void remove(const ExposurePolicy& object) { remove_told(policies_, object.meta); }
  void remove(const Namespace& object);

  // How many packed objects stand whole beside their bytes.
  [[nodiscard]] std::size_t unpacked() const {
    return services_.unpacked() + workloads_.unpacked() + slices_.unpacked();
  }
  // Forgets those; what was handed out of them is void.
  void pack_again();

  // The object of the same kind, namespace and name that is there.
  [[nodiscard]] std::optional<Subject> same_as(const Subject& subject) const;

  std::vector<const Service*> services(std::string_view ns) const override { return services_.all(ns); }
  const Service* service(std::string_view ns, std::string_view name) const override {
    return services_.find(ns, "", name);
  }
  std::vector<const Service*> services_selecting(std::string_view ns, const Labels& labels) const override {
    return services_.within(ns, labels);
  }
  std::vector<const Service*> aliases(std::string_view ns) const override { return all(aliases_, ns); }
  std::vector<const Entrance*> entrances(std::string_view ns) const override { return all(entrances_, ns); }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override;
  std::vector<const Gateway*> gateways(std::string_view ns) const override { return all(gateways_, ns); }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override;
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override { return all(grants_, ns); }
  std::vector<const Backend*> backends(std::string_view ns) const override { return all(backends_, ns); }
  std::vector<const Backend*> backends_to(std::string_view place) const override {
    return all(backends_to_, place);
  }
  std::vector<const Workload*> workloads(std::string_view ns) const override { return workloads_.all(ns); }
  const Workload* workload(std::string_view ns, std::string_view kind, std::string_view name) const override {
    return workloads_.find(ns, kind, name);
  }
  std::vector<const Workload*> workloads_with(std::string_view ns, const Labels& labels) const override {
    return workloads_.with(ns, labels);
  }
  std::vector<const Workload*> workloads_at(std::string_view address) const override;
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override;
  std::vector<const Advertisement*> advertisements() const override { return all(advertisements_, ""); }
  std::vector<const Service*> every_service() const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override;
  std::vector<const NetworkSet*> network_sets() const override { return all(network_sets_, ""); }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return all(allocations_, ns);
  }
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const ExposurePolicy*> policies() const override { return all(policies_, ""); }
  std::vector<std::string> namespaces() const override;

 private:
  void note_addresses(const Workload& object);
  void forget_addresses(const Workload& object);
  void touch(std::string_view ns) const {
    if (touched_) touched_(ns);
  }
  void touch_service(const Service& service) const;
  void touch_entrance(const Entrance& entrance) const;
  // Where routes lead that may come in by it.
  void touch_gateway(const Gateway& gateway) const;
  // Where routes lead that name it.
  void touch_backend(const Backend& backend) const;
  void touch_backends(std::string_view ns) const;
  // What the policies are about that let it in.
  void touch_set(const NetworkSet& set) const;

  static std::string name_of(const Meta& meta) {
    return meta.name.empty() ? meta.generate_name + "*" + meta.uid.text : meta.name;
  }

  template <class T>
  static std::string kind_and_name(const T& object);
  template <class T>
  static std::string full_name_of(const T& object);

  // The object under the name of `object`; nullptr when there is none.
  [[nodiscard]] const Service* present(const Service& object) const;
  [[nodiscard]] const Workload* present(const Workload& object) const;
  [[nodiscard]] const Entrance* present(const Entrance& object) const;
  [[nodiscard]] const Gateway* present(const Gateway& object) const;
  [[nodiscard]] const ReferenceGrant* present(const ReferenceGrant& object) const;
  [[nodiscard]] const Backend* present(const Backend& object) const;
  [[nodiscard]] const EndpointSlice* present(const EndpointSlice& object) const;
  [[nodiscard]] const NetworkPolicy* present(const NetworkPolicy& object) const;
  [[nodiscard]] const NetworkSet* present(const NetworkSet& object) const;
  [[nodiscard]] const Advertisement* present(const Advertisement& object) const;

  // Ordered by name within a namespace, so that findings come out in a stable order.
  template <class T>
  using Partition = std::unordered_map<std::string, std::map<std::string, std::shared_ptr<const T>>>;

  template <class T>
  static void put_in(Partition<T>& partition, std::shared_ptr<const T> object) {
    auto& objects = partition[object->meta.ns];
    std::string name = name_of(object->meta);
    objects.insert_or_assign(std::move(name), std::move(object));
  }

  template <class T, auto LabelsOf>
  static void put_in(LabelledObjects<T, LabelsOf>& objects, std::shared_ptr<const T> object,
                     PackedObject<T> packed) {
    if (packed.bytes == nullptr) {
      objects.put(std::move(object));
    } else {
      objects.put(*object, std::move(packed));
    }
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
    erase(partition, meta.ns, name_of(meta));
  }

  // nullptr when there is none.
  template <class T>
  static const T* find(const Partition<T>& partition, const std::string& ns, const std::string& name) {
    const auto objects = partition.find(ns);
    if (objects == partition.end()) return nullptr;
    const auto known = objects->second.find(name);
    return known == objects->second.end() ? nullptr : known->second.get();
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
  static const Labels& selector_of(const Service& service) { return service.selector; }
  static const Labels& labels_of(const Workload& workload) { return workload.template_labels; }
  static Labels name_of_service(const EndpointSlice& slice) { return {{service_of(slice), ""}}; }

  LabelledObjects<Service, &FactIndex::selector_of> services_;
  Partition<Service> aliases_;     // by the namespace that their names lead into, keyed by namespace and name
  Partition<Entrance> entrances_;  // by where they lead; keyed by kind, namespace and name
  std::unordered_map<std::string, std::shared_ptr<const Entrance>> all_entrances_;  // by the same key
  Partition<Entrance> attached_;      // by what they are attached to, under the same key
  Partition<Gateway> gateways_;       // keyed by kind and name
  Partition<Gateway> listener_sets_;  // by what they add to, keyed by kind, namespace and name
  Partition<ReferenceGrant> grants_;
  Partition<Backend> backends_;     // keyed by kind and name
  Partition<Backend> backends_to_;  // by where they lead, keyed by kind, namespace and name
  LabelledObjects<Workload, &FactIndex::labels_of> workloads_;
  // By a hash of the address: namespace and name of the Pod, as they stand in pod_namespaces_ and workloads_.
  std::unordered_multimap<std::size_t, std::pair<std::string_view, std::string_view>> at_address_;
  std::set<std::string, std::less<>> pod_namespaces_;
  LabelledObjects<EndpointSlice, &FactIndex::name_of_service> slices_;
  Partition<NetworkPolicy> network_policies_;  // keyed by kind and name; cluster-wide ones under ""
  Partition<NetworkSet> network_sets_;         // all under "", keyed by kind, namespace and name
  Partition<Advertisement> advertisements_;    // keyed by kind and name
  Partition<PortAllocation> allocations_;
  Partition<ExposurePolicy> policies_;
  std::unordered_map<std::string, Labels> namespaces_;
};

}  // namespace berth::exposure
