#include "core/exposure/overlay.h"

#include <algorithm>

namespace berth::exposure {
namespace {

// Only names: both stand in one namespace. Compared in place, for a namespace may hold thousands.
bool same_object(const Service& left, const Service& right) { return left.meta.name == right.meta.name; }
bool same_object(const Ingress& left, const Ingress& right) { return left.meta.name == right.meta.name; }
bool same_object(const Workload& left, const Workload& right) {
  return left.meta.name == right.meta.name && left.kind == right.kind;
}

}  // namespace

Overlay::Overlay(const Facts& base, Subject replaced, std::optional<Subject> present)
    : base_(base), replaced_(replaced), present_(present) {}

template <class T>
std::vector<const T*> Overlay::laid_over(std::vector<const T*> found, std::string_view ns) const {
  const T* const* replaced = std::get_if<const T*>(&replaced_);
  if (replaced == nullptr || (*replaced)->meta.ns != ns) return found;
  const T* const* present = present_ ? std::get_if<const T*>(&*present_) : nullptr;
  const bool comes_in = present != nullptr;
  const auto place = (*replaced)->meta.name.empty()
                         ? found.end()
                         : std::find_if(found.begin(), found.end(),
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

std::vector<const Service*> Overlay::services(std::string_view ns) const {
  return laid_over(base_.services(ns), ns);
}
std::vector<const Ingress*> Overlay::ingresses(std::string_view ns) const {
  return laid_over(base_.ingresses(ns), ns);
}
std::vector<const Workload*> Overlay::workloads(std::string_view ns) const {
  return laid_over(base_.workloads(ns), ns);
}
std::vector<const PortAllocation*> Overlay::allocations(std::string_view ns) const {
  return base_.allocations(ns);
}
const Labels* Overlay::namespace_labels(std::string_view ns) const { return base_.namespace_labels(ns); }
std::vector<const ExposurePolicy*> Overlay::policies() const { return base_.policies(); }

}  // namespace berth::exposure
