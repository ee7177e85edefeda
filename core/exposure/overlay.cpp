#include "core/exposure/overlay.h"

#include <algorithm>

namespace berth::exposure {
namespace {

// Only names where both stand in one namespace. Compared in place, for a namespace may hold thousands.
bool same_object(const Service& left, const Service& right) { return left.meta.name == right.meta.name; }
bool same_object(const Workload& left, const Workload& right) {
  return left.meta.name == right.meta.name && left.kind == right.kind;
}
bool same_object(const Entrance& left, const Entrance& right) {
  return !left.meta.name.empty() && left.meta.name == right.meta.name && left.meta.ns == right.meta.ns &&
         left.kind == right.kind;
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
// An entrance may stand elsewhere than where it leads, and lead elsewhere than it did.
std::vector<const Entrance*> Overlay::entrances(std::string_view ns) const {
  std::vector<const Entrance*> found = base_.entrances(ns);
  const Entrance* const* replaced = std::get_if<const Entrance*>(&replaced_);
  if (replaced == nullptr) return found;
  const Entrance* const* present = present_ ? std::get_if<const Entrance*>(&*present_) : nullptr;
  const bool comes_in = present != nullptr && leads_into(**present, ns);
  const auto place = std::find_if(found.begin(), found.end(),
                                  [&](const Entrance* one) { return same_object(*one, **replaced); });
  if (place == found.end()) {
    if (comes_in) found.push_back(*present);
  } else if (comes_in) {
    *place = *present;
  } else {
    found.erase(place);
  }
  return found;
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
