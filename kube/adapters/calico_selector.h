// Calico's selector expressions ("app == 'db' && !has(public)") as label selectors.
//
// What a label selector cannot say (contains, starts with, ends with, global()) is taken for more, under a
// negation too, and so is what cannot be read, is very long or would need very many selectors: everybody is
// selected then. Source: docs.tigera.io/calico, "Network policy", selectors. Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/meta.h"

namespace berth::adapters {

// Alternatives: the expression selects whom one of them selects. None at all: it selects nobody.
std::vector<LabelSelector> calico_alternatives(std::string_view expression);

// The same of a namespaceSelector: there all() means what is in a namespace, and global() what is in none.
std::vector<LabelSelector> calico_namespaces(std::string_view expression);

// Is it a label that Calico gives to what is in a namespace: projectcalico.org/namespace, or "pcns.team" for
// the namespace's own label team?
bool is_of_calico_namespace(std::string_view key);
// How Kubernetes calls such a label of the namespace, or the namespace's name ("projectcalico.org/name").
std::string label_of_calico_namespace(std::string key);

}  // namespace berth::adapters
