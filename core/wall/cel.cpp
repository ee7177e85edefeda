#include "core/wall/cel.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/base/control_character.h"

namespace berth::wall {

std::string cel_string(std::string_view text) {
  constexpr std::array kHex = {'0', '1', '2', '3', '4', '5', '6', '7',
                               '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      literal += '\\';
      literal += c;
    } else if (is_control(c)) {
      literal += "\\x";
      literal += kHex.at(byte >> 4U);
      literal += kHex.at(byte & 0xfU);
    } else {
      literal += c;
    }
  }
  return literal + "\"";
}

std::string cel_text(std::string_view text, const std::map<std::string_view, std::string>& values) {
  constexpr std::string_view kName = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  std::string filled;
  while (true) {
    const std::size_t at = text.find('$');
    filled += text.substr(0, at);
    if (at == std::string_view::npos) return filled;
    text.remove_prefix(at + 1);
    const std::size_t length = std::min(text.find_first_not_of(kName), text.size());
    if (length == 0) {
      filled += '$';  // the end of a pattern
      continue;
    }
    const auto value = values.find(text.substr(0, length));
    if (value == values.end()) std::abort();
    filled += value->second;
    text.remove_prefix(length);
  }
}

std::string cel_strings(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + cel_string(text);
  return "[" + list + "]";
}

std::string cel_object_name(const std::string& object) {
  const std::string name = object + ".metadata.name";
  return "request.namespace + \"/\" + (has(" + name + ") ? " + name + " : \"\")";
}

}  // namespace berth::wall
