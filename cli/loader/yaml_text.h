// One YAML document -> Node. The only place that talks to yaml-cpp.
//
// Refused although YAML allows them: anchors and aliases (an alias bomb is a few bytes), merge keys, tags
// beyond the core ones, keys that are no scalars, duplicate keys (kubectl keeps one of them silently).
// Thread-safety: free function without state.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "cli/loader/node.h"
#include "cli/loader/refusal.h"

namespace berth::cli {

// nullopt: the document is empty. `first_line` is the line of the file at which `text` starts.
// Requires: valid UTF-8, line breaks are \n, no "---" line inside, at most kMaxYamlDocumentBytes.
std::variant<std::optional<Node>, Refusal> parse_yaml(const std::string& text, int first_line);

}  // namespace berth::cli
