// Calico's selector expressions ("app == 'db' && !has(public)") as label selectors.
//
// What a label selector cannot say (contains, starts with, ends with, global()) is taken for more, under a
// negation too, and so is what cannot be read, is very long or would need very many selectors: everybody is
// selected then. Source: docs.tigera.io/calico, "Network policy", selectors. Thread-safety: pure function.
#pragma once

#include <string_view>
#include <vector>

#include "core/model/meta.h"

namespace berth::adapters {

// Alternatives: the expression selects whom one of them selects. None at all: it selects nobody.
std::vector<LabelSelector> calico_alternatives(std::string_view expression);

}  // namespace berth::adapters
