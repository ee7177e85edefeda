// Nodes -> YAML that every reader of Kubernetes takes for the same value.
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

#include "cli/loader/node.h"

namespace berth::cli {

// One document, members in the order of the Node. Texts that something could take for another type are
// quoted; texts of several lines become literal blocks.
std::string yaml_of(const Node& node);

// The same of a text of JSON that we have written.
std::string yaml_of_json(std::string_view text);

}  // namespace berth::cli
