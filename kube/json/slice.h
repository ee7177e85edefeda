// Slice: where the value of a member stands in the text of a document.
//
// For handing parts of a document on as text without printing them anew, which costs more than parsing them.
// Not a parser: requires a document that parse_document has accepted. Thread-safety: pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace berth::json {

// The text of the value at `path` (keys, from the root). nullopt when a key is not found as it is spelled: it
// is absent, or written with escapes. Of equal keys the first counts.
std::optional<std::string_view> slice_at(std::string_view document, std::span<const std::string_view> path);

}  // namespace berth::json
