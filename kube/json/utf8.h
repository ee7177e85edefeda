// UTF-8 (RFC 3629): making text valid, and cutting it without breaking a character.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::json {

bool is_valid_utf8(std::string_view text);

// Every byte that is no part of a well-formed character becomes U+FFFD. Overlong forms, surrogates and code
// points above U+10FFFF are not well-formed.
std::string valid_utf8(std::string_view text);

// The longest beginning of `text` of at most `max_bytes` that ends between characters. Requires valid UTF-8.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace berth::json
