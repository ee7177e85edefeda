// Document: simdjson's reading of a whole text, within the limits of codec.h.
//
// The one header of this folder with a third-party type: only for .cpp files of kube/json. Thread-safety: a
// parser belongs to one call.
#pragma once

#include <optional>
#include <simdjson.h>
#include <string_view>

#include "core/base/result.h"

namespace berth::json {

// Grammar, UTF-8, size and depth are checked. The element lives as long as the parser and its next call.
Result<simdjson::dom::element> parse_document(simdjson::dom::parser& parser, std::string_view text);

// The first object, at any depth, that has one key twice. simdjson keeps both, and whoever looks a key up
// sees the first while the API server keeps the last: what two readers read differently must be refused.
std::optional<Error> duplicate_key(const simdjson::dom::element& root);

}  // namespace berth::json
