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

// An object that exposure is judged on.
using Subject =
    std::variant<const Service*, const Workload*, const Entrance*, const Gateway*, const ReferenceGrant*,
                 const EndpointSlice*, const NetworkPolicy*, const Advertisement*>;

class Overlay final : public Facts {
 public:
  // The facts without the object of `replaced`'s kind and key, and with `present` instead, which has the same
  // kind and namespace. An object that has no name yet (generateName) replaces nothing.
  Overlay(const Facts& base, Subject replaced, std::optional<Subject> present);

  std::vector<const Service*> services(std::string_view ns) const override;
  std::vector<const Service*> aliases(std::string_view ns) const override;
  std::vector<const Entrance*> entrances(std::string_view ns) const override;
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override;
  std::vector<const Gateway*> gateways(std::string_view ns) const override;
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override;
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override;
  std::vector<const Workload*> workloads(std::string_view ns) const override;
  std::vector<const Workload*> workloads_at(std::string_view address) const override;
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override;
  std::vector<const Advertisement*> advertisements() const override;
  std::vector<const Service*> every_service() const override;
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override;
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const ExposurePolicy*> policies() const override;

 private:
  // `found`: what the base has of the namespace; is_of_namespace(const T&): does an object belong there?
  template <class T, class IsOfNamespace>
  std::vector<const T*> laid_over(std::vector<const T*> found, IsOfNamespace is_of_namespace) const;

  const Facts& base_;
  Subject replaced_;
  std::optional<Subject> present_;
};

}  // namespace berth::exposure
