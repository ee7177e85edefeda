// Patch: the edits that core found due, as the text of one JSON merge patch with its preconditions.
//
// Pure. Thread-safety: free functions without state.
#pragma once

#include <string>

#include "core/plan.h"

namespace berth::controller {

std::string patch_text(const PatchObject& action);

}  // namespace berth::controller
