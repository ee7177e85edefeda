#include "kube/json/slice.h"

#include <cstddef>

namespace berth::json {
namespace {

// Every loop also ends at the end of the text, so that even a broken requirement reads nothing beyond it.
// Functions take and return a position: kept in a register, this is several times faster than in a member.
using Position = const char*;

struct Text {
  Position end;

  [[nodiscard]] Position after_space(Position at) const {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
  }

  [[nodiscard]] bool stands_at(Position at, char c) const { return at != end && *at == c; }

  // Requires: at a quote.
  [[nodiscard]] Position after_string(Position at) const {
    ++at;
    while (at != end) {
      const char c = *at++;
      if (c == '"') return at;
      if (c == '\\' && at != end) ++at;
    }
    return end;
  }

  // Requires: at an opening bracket.
  [[nodiscard]] Position after_container(Position at) const {
    std::size_t open = 0;
    while (at != end) {
      const char c = *at;
      if (c == '"') {
        at = after_string(at);
        continue;
      }
      ++at;
      if (c == '{' || c == '[') {
        ++open;
      } else if ((c == '}' || c == ']') && --open == 0) {
        return at;
      }
    }
    return end;
  }

  // Requires: no blank here.
  [[nodiscard]] Position after_value(Position at) const {
    if (at == end) return end;
    if (*at == '"') return after_string(at);
    if (*at == '{' || *at == '[') return after_container(at);
    constexpr std::string_view kEnds = ",]} \n\r\t";
    while (at != end && kEnds.find(*at) == std::string_view::npos) ++at;
    return at;
  }

  // Where the value of `key` begins in the object at `at`, nullptr when it has none.
  [[nodiscard]] Position member(Position at, std::string_view key) const {
    if (!stands_at(at, '{')) return nullptr;
    at = after_space(at + 1);
    while (stands_at(at, '"')) {
      const Position name_end = after_string(at);
      const std::string_view quoted(at, static_cast<std::size_t>(name_end - at));
      at = after_space(name_end);
      if (!stands_at(at, ':')) return nullptr;
      at = after_space(at + 1);
      if (quoted.size() == key.size() + 2 && quoted.substr(1, key.size()) == key) return at;
      at = after_space(after_value(at));
      if (!stands_at(at, ',')) return nullptr;
      at = after_space(at + 1);
    }
    return nullptr;
  }
};

}  // namespace

std::optional<std::string_view> slice_at(std::string_view document, std::span<const std::string_view> path) {
  const Text text{document.data() + document.size()};
  Position at = text.after_space(document.data());
  for (const std::string_view key : path) {
    at = text.member(at, key);
    if (at == nullptr) return std::nullopt;
  }
  return std::string_view(at, static_cast<std::size_t>(text.after_value(at) - at));
}

}  // namespace berth::json
