// JSON text of a Node: what the codec, and so the judgement, gets to see.
//
// Thread-safety: pure function.
#pragma once

#include <string>

#include "cli/loader/node.h"

namespace berth::cli {

// Members in the order of the text; numbers that are not integers in Go's spelling ("0.5", "1e+21").
std::string to_json(const Node& node);

}  // namespace berth::cli
