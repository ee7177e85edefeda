#include "cli/loader/problem.h"

#include <algorithm>

#include "core/base/control_character.h"

namespace berth::cli {

std::string quoted(std::string_view value) {
  constexpr std::size_t kShown = 60;
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"";
  std::size_t shown = std::min(value.size(), kShown);
  // Not through the middle of a character.
  while (shown < value.size() && shown > 0 && (static_cast<unsigned char>(value[shown]) & 0xC0U) == 0x80)
    --shown;
  for (const char c : value.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (is_control(c)) {
      text += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xFU]};
    } else {
      text += c;
    }
  }
  return text + (shown < value.size() ? "...\"" : "\"");
}

std::string to_string(const Problem& problem, const char* severity) {
  std::string text = problem.file;
  if (problem.mark.line > 0) {
    text += ":" + std::to_string(problem.mark.line) + ":" + std::to_string(problem.mark.column);
  }
  return text + ": " + severity + ": " + problem.message;
}

}  // namespace berth::cli
