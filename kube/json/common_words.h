// Common words: what stands in nearly every object that Berth makes or watches, for packing (pack_archive.h).
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace berth::json {

// How many there are.
std::size_t common_words();
// The place of a word in the list; nothing when it is not in it.
std::optional<std::size_t> common_word(std::string_view text);
// The word in that place. Requires: common_word() has returned it.
std::string_view common_word(std::size_t place);

}  // namespace berth::json
