// JSON text -> Nodes, strictly as RFC 8259, with the place of every value.
//
// Its own reader because kube/json, which reads every byte from the network, knows no lines; the text made of
// the Nodes goes through kube/json all the same. Thread-safety: free function without state.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "cli/loader/node.h"
#include "cli/loader/refusal.h"

namespace berth::cli {

// A stream of values, one after another with only white space between, as kubectl takes it.
// Requires: valid UTF-8. Refused: duplicate keys, depth, size of one value.
std::variant<std::vector<Node>, Refusal> parse_json(std::string_view text);

}  // namespace berth::cli
