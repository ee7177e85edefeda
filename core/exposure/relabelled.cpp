#include "core/exposure/relabelled.h"

#include <algorithm>

namespace berth::exposure {

const Labels* RelabelledFacts::namespace_labels(std::string_view ns) const {
  return ns == ns_ ? &labels_ : base_.namespace_labels(ns);
}

std::vector<const NetworkPolicy*> RelabelledFacts::network_policies(std::string_view ns) const {
  std::vector<const NetworkPolicy*> found = base_.network_policies(ns);
  if (ns != ns_) return found;
  std::erase_if(found, [](const NetworkPolicy* policy) { return policy->cluster_wide; });
  for (const NetworkPolicy* policy : base_.network_policies("")) {
    if (is_of_namespace(*policy, ns, &labels_)) found.push_back(policy);
  }
  return found;
}

}  // namespace berth::exposure
