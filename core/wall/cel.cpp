#include "core/wall/cel.h"

#include <array>

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
    } else if (byte < 0x20 || byte == 0x7f) {
      literal += "\\x";
      literal += kHex.at(byte >> 4U);
      literal += kHex.at(byte & 0xfU);
    } else {
      literal += c;
    }
  }
  return literal + "\"";
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
