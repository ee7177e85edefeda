// Base64 (RFC 4648 section 4), strict: padding is required, nothing else than the alphabet is accepted, and
// the unused bits are zero, so that one value has one form.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::json {

std::string base64_encoded(std::string_view bytes);
// nullopt: the text is not base64. Never says what the text was: it is often a secret.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace berth::json
