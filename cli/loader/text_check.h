// What a manifest may consist of, byte by byte, before anybody parses it.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "cli/loader/refusal.h"

namespace berth::cli {

// Both YAML and JSON: the first byte sequence that is not UTF-8 (RFC 3629).
std::optional<Refusal> check_utf8(std::string_view bytes);

// YAML only: characters that YAML 1.1 does not allow or takes for line breaks while editors do not show one.
// Requires: check_utf8 found nothing.
std::optional<Refusal> check_yaml_characters(std::string_view text);

}  // namespace berth::cli
