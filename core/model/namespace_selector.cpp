#include "core/model/namespace_selector.h"

#include <string>

#include "core/base/api_names.h"

namespace berth {

bool matches_namespace(const LabelSelector& selector, std::string_view ns, const Labels* labels) {
  if (labels != nullptr && labels->contains(kNamespaceNameLabel)) return matches(selector, *labels);
  Labels named = labels != nullptr ? *labels : Labels();
  named.emplace(kNamespaceNameLabel, ns);
  if (labels != nullptr) return matches(selector, named);
  LabelSelector known = selector;
  std::erase_if(known.match_labels, [](const auto& label) { return label.first != kNamespaceNameLabel; });
  std::erase_if(known.match_expressions,
                [](const LabelRequirement& requirement) { return requirement.key != kNamespaceNameLabel; });
  return matches(known, named);
}

}  // namespace berth
