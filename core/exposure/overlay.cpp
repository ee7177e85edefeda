#include "core/exposure/overlay.h"

#include <algorithm>

#include "core/model/external_name.h"

namespace berth::exposure {
namespace {

// Compared in place, for a namespace may hold thousands.
template <class T>
bool same_object(const T& left, const T& right) {
  if constexpr (requires { left.kind; }) {
    if (left.kind != right.kind) return false;
  }
  if (left.meta.name != right.meta.name || left.meta.ns != right.meta.ns) return false;
  return !left.meta.name.empty() || (!left.meta.uid.empty() && left.meta.uid == right.meta.uid);
}

}  // namespace

Overlay::Overlay(const Facts& base, Subject replaced, std::optional<Subject> present)
    : base_(base), replaced_(replaced), present_(present) {}

template <class T, class IsOfNamespace>
std::vector<const T*> Overlay::laid_over(std::vector<const T*> found, IsOfNamespace is_of_namespace) const {
  const T* const* replaced = std::get_if<const T*>(&replaced_);
  if (replaced == nullptr) return found;
  const T* const* present = present_ ? std::get_if<const T*>(&*present_) : nullptr;
  const bool comes_in = present != nullptr && is_of_namespace(**present);
  const auto place = std::find_if(found.begin(), found.end(),
                                  [&](const T* object) { return same_object(*object, **replaced); });
  if (place == found.end()) {
    if (comes_in) found.push_back(*present);
  } else if (comes_in) {
    *place = *present;
  } else {
    found.erase(place);
  }
  return found;
}

// Of those without a name yet none is ever asked for.
template <class T, class IsMeant>
const T* Overlay::laid_over(const T* found, IsMeant is_meant) const {
  const T* const* replaced = std::get_if<const T*>(&replaced_);
  if (replaced == nullptr || !is_meant(**replaced)) return found;
  const T* const* present = present_ ? std::get_if<const T*>(&*present_) : nullptr;
  return present != nullptr && is_meant(**present) ? *present : nullptr;
}

std::vector<const Service*> Overlay::services(std::string_view ns) const {
  return laid_over(base_.services(ns), [&](const Service& service) { return service.meta.ns == ns; });
}
const Service* Overlay::service(std::string_view ns, std::string_view name) const {
  return laid_over(base_.service(ns, name), [&](const Service& service) {
    return service.meta.name == name && service.meta.ns == ns;
  });
}
std::vector<const Service*> Overlay::services_selecting(std::string_view ns, const Labels& labels) const {
  return laid_over(base_.services_selecting(ns, labels),
                   [&](const Service& service) { return service.meta.ns == ns; });
}
std::vector<const Service*> Overlay::aliases(std::string_view ns) const {
  return laid_over(base_.aliases(ns), [&](const Service& service) { return is_alias_into(service, ns); });
}
// An entrance may stand elsewhere than where it leads, and lead elsewhere than it did.
std::vector<const Entrance*> Overlay::entrances(std::string_view ns) const {
  return laid_over(base_.entrances(ns), [&](const Entrance& entrance) { return leads_into(entrance, ns); });
}
std::vector<const Entrance*> Overlay::entrances_at(const Gateway& gateway) const {
  return laid_over(base_.entrances_at(gateway),
                   [&](const Entrance& entrance) { return attaches_to(entrance, gateway); });
}
std::vector<const Gateway*> Overlay::gateways(std::string_view ns) const {
  return laid_over(base_.gateways(ns), [&](const Gateway& gateway) { return gateway.meta.ns == ns; });
}
std::vector<const Gateway*> Overlay::listener_sets_of(const Gateway& gateway) const {
  return laid_over(base_.listener_sets_of(gateway),
                   [&](const Gateway& set) { return adds_to(set, gateway); });
}
std::vector<const ReferenceGrant*> Overlay::grants(std::string_view ns) const {
  return laid_over(base_.grants(ns), [&](const ReferenceGrant& grant) { return grant.meta.ns == ns; });
}
std::vector<const Backend*> Overlay::backends(std::string_view ns) const {
  return laid_over(base_.backends(ns), [&](const Backend& backend) { return backend.meta.ns == ns; });
}
std::vector<const Backend*> Overlay::backends_to(std::string_view place) const {
  return laid_over(base_.backends_to(place),
                   [&](const Backend& backend) { return leads_to(backend, place); });
}
std::vector<const Workload*> Overlay::workloads(std::string_view ns) const {
  return laid_over(base_.workloads(ns), [&](const Workload& workload) { return workload.meta.ns == ns; });
}
const Workload* Overlay::workload(std::string_view ns, std::string_view kind, std::string_view name) const {
  return laid_over(base_.workload(ns, kind, name), [&](const Workload& workload) {
    return workload.kind == kind && workload.meta.name == name && workload.meta.ns == ns;
  });
}
std::vector<const Workload*> Overlay::workloads_with(std::string_view ns, const Labels& labels) const {
  return laid_over(base_.workloads_with(ns, labels),
                   [&](const Workload& workload) { return workload.meta.ns == ns; });
}
std::vector<const Workload*> Overlay::workloads_at(std::string_view address) const {
  return laid_over(base_.workloads_at(address),
                   [&](const Workload& workload) { return has_address(workload, address); });
}
std::vector<const EndpointSlice*> Overlay::slices_of(const Service& service) const {
  return laid_over(base_.slices_of(service), [&](const EndpointSlice& slice) {
    return slice.meta.ns == service.meta.ns && service_of(slice) == service.meta.name;
  });
}
std::vector<const NetworkPolicy*> Overlay::network_policies(std::string_view ns) const {
  return laid_over(base_.network_policies(ns), [&](const NetworkPolicy& policy) {
    if (!policy.cluster_wide) return policy.meta.ns == ns;
    return ns.empty() || is_of_namespace(policy, ns, namespace_labels(ns));
  });
}
std::vector<const NetworkSet*> Overlay::network_sets() const {
  return laid_over(base_.network_sets(), [](const NetworkSet&) { return true; });
}
std::vector<const Advertisement*> Overlay::advertisements() const {
  return laid_over(base_.advertisements(), [](const Advertisement&) { return true; });
}
std::vector<const Service*> Overlay::every_service() const {
  return laid_over(base_.every_service(), [](const Service&) { return true; });
}
std::vector<const PortAllocation*> Overlay::allocations(std::string_view ns) const {
  return base_.allocations(ns);
}
const Labels* Overlay::namespace_labels(std::string_view ns) const { return base_.namespace_labels(ns); }
std::vector<const ExposurePolicy*> Overlay::policies() const { return base_.policies(); }
std::vector<std::string> Overlay::namespaces() const { return base_.namespaces(); }

}  // namespace berth::exposure
