#include "core/model/network_set.h"

#include <algorithm>

#include "core/model/namespace_selector.h"

namespace berth {
namespace {

bool holds(const NetworkSetTerm& term, const NetworkSet& set, const Labels* labels) {
  if (!matches(term.labels, set.meta.labels)) return false;
  return set.meta.ns.empty() ? matches(term.namespaces, {})
                             : matches_namespace(term.namespaces, set.meta.ns, labels);
}

}  // namespace

bool selects(const NetworkSetSelector& selector, std::string_view policy_namespace, const NetworkSet& set,
             const Labels* labels) {
  if (selector.project != set.project) return false;
  if (!selector.name.empty() && selector.name != set.meta.name) return false;
  const bool is_bound = selector.of_own_namespace && !policy_namespace.empty();
  if (is_bound && set.meta.ns != policy_namespace) return false;
  return std::all_of(selector.all_of.begin(), selector.all_of.end(), [&](const auto& any_of) {
    return std::any_of(any_of.begin(), any_of.end(),
                       [&](const NetworkSetTerm& term) { return holds(term, set, labels); });
  });
}

}  // namespace berth
