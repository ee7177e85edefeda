// Overlay: facts with one object put in the place of another, or taken away.
//
// So the ways before and after a request are found by the same code over two views of the same facts.
// Thread-safety: as the facts beneath; they and the objects must outlive it.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/exposure/facts.h"

namespace berth::exposure {

class Overlay final : public Facts {
 public:
  // The facts without the object of `replaced`'s kind and key, and with `present` instead, which has the same
  // kind and namespace. Of objects that have no name yet (generateName) the uid tells which is which; one
  // without that too replaces nothing.
  Overlay(const Facts& base, Subject replaced, std::optional<Subject> present);

  std::vector<const Service*> services(std::string_view ns) const override;
  const Service* service(std::string_view ns, std::string_view name) const override;
  std::vector<const Service*> services_selecting(std::string_view ns, const Labels& labels) const override;
  std::vector<const Service*> aliases(std::string_view ns) const override;
  std::vector<const Entrance*> entrances(std::string_view ns) const override;
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override;
  std::vector<const Gateway*> gateways(std::string_view ns) const override;
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override;
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override;
  std::vector<const Backend*> backends(std::string_view ns) const override;
  std::vector<const Backend*> backends_to(std::string_view place) const override;
  std::vector<const Workload*> workloads(std::string_view ns) const override;
  const Workload* workload(std::string_view ns, std::string_view kind, std::string_view name) const override;
  std::vector<const Workload*> workloads_with(std::string_view ns, const Labels& labels) const override;
  std::vector<const Workload*> workloads_at(std::string_view address) const override;
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override;
  std::vector<const NetworkSet*> network_sets() const override;
  std::vector<const Advertisement*> advertisements() const override;
  std::vector<const Service*> every_service() const override;
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override;
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const ExposurePolicy*> policies() const override;
  // As the base has them: no object that is laid over looks for a namespace that is new.
  std::vector<std::string> namespaces() const override;

 private:
  // `found`: what the base has of the namespace; is_of_namespace(const T&): does an object belong there?
  template <class T, class IsOfNamespace>
  std::vector<const T*> laid_over(std::vector<const T*> found, IsOfNamespace is_of_namespace) const;

  // The same of one object: what the base has, and whether it is the one that was asked for.
  template <class T, class IsMeant>
  const T* laid_over(const T* found, IsMeant is_meant) const;

  const Facts& base_;
  Subject replaced_;
  std::optional<Subject> present_;
};

}  // namespace berth::exposure
