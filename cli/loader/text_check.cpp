#include "cli/loader/text_check.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

namespace berth::cli {
namespace {

struct Rune {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The code point at `at`; overlong forms and surrogates are not UTF-8.
Rune decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[at + i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {};
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return {};
  return {code, length};
}

// Calls `refused(code)` for every rune, stops at the first message that is not empty.
template <class Refused>
std::optional<Refusal> scan(std::string_view text, Refused&& refused) {
  Mark mark{1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const Rune rune = decode(text, at);
    if (std::string message = refused(rune, at); !message.empty()) return Refusal{mark, std::move(message)};
    at += rune.bytes;
    mark.column += static_cast<int>(rune.bytes);
    if (rune.code == '\n') mark = {mark.line + 1, 1};
  }
  return std::nullopt;
}

std::string hex(std::uint32_t code) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "U+%04X", code);
  return buffer.data();
}

bool allowed_in_yaml(std::uint32_t code) {
  return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code <= 0x7E) ||
         (code >= 0xA0 && code <= 0xD7FF) || (code >= 0xE000 && code <= 0xFFFD && code != 0xFEFF) ||
         code >= 0x10000;
}

}  // namespace

std::optional<Refusal> check_utf8(std::string_view bytes) {
  return scan(bytes, [](const Rune& rune, std::size_t) -> std::string {
    return rune.bytes == 0 ? "the file is not UTF-8 text" : "";
  });
}

std::optional<Refusal> check_yaml_characters(std::string_view text) {
  return scan(text, [&](const Rune& rune, std::size_t at) -> std::string {
    if (rune.code == '\r' && (at + 1 == text.size() || text[at + 1] != '\n')) {
      return "a carriage return without line feed is a line break for kubectl only; end the line with \\n";
    }
    if (rune.code == 0x85 || rune.code == 0x2028 || rune.code == 0x2029) {
      return hex(rune.code) +
             " is a line break for kubectl and for nobody else; remove it or write it as an " +
             "escape in double quotes";
    }
    if (!allowed_in_yaml(rune.code)) return hex(rune.code) + " is not allowed in YAML; remove it";
    return "";
  });
}

}  // namespace berth::cli
