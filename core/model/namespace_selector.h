// Selectors of namespaces, of which perhaps only the name is known. Thread-safety: pure function.
#pragma once

#include <string_view>

#include "core/model/meta.h"

namespace berth {

// A namespace of that name with these labels, whether or not the one that says the name is among them;
// nullptr: none is known but that one, and then it may match.
bool matches_namespace(const LabelSelector& selector, std::string_view ns, const Labels* labels);

}  // namespace berth
