#include "cli/loader/node_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/base/overloaded.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

// The shortest text that reads back as the same double, laid out as Go's encoding/json does (no exponent from
// 1e-6 on), except that what is beyond int64 keeps its exponent: readers of JSON take it for a real at once.
std::string go_real(double number) {
  std::array<char, 64> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  std::string text(buffer.data(), error == std::errc() ? end : buffer.data());
  const double magnitude = std::abs(number);
  const std::size_t e = text.find('e');
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 9223372036854775808.0)) {
    // C++ pads the exponent to two digits, Go takes one off again.
    if (text.size() == e + 4 && text[e + 2] == '0') text.erase(e + 2, 1);
    return text;
  }
  const int exponent = std::atoi(text.c_str() + e + 1);
  std::string sign;
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-') sign = "-";
    if (c >= '0' && c <= '9') digits += c;
  }
  const int count = static_cast<int>(digits.size());
  if (exponent < 0) {
    digits = "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
  } else if (exponent + 1 >= count) {
    digits.append(static_cast<std::size_t>(exponent) + 1 - static_cast<std::size_t>(count), '0');
  } else {
    digits.insert(static_cast<std::size_t>(exponent) + 1, ".");
  }
  return sign + digits;
}

void write(json::Writer& writer, const Node& node) {
  std::visit(Overloaded{
                 [&](std::monostate) { writer.null(); },
                 [&](bool value) { writer.boolean(value); },
                 [&](std::int64_t value) { writer.integer(value); },
                 [&](double value) { writer.raw(go_real(value)); },
                 [&](const std::string& value) { writer.text(value); },
                 [&](const Sequence& items) {
                   writer.begin_list();
                   for (const Node& item : items) write(writer, item);
                   writer.end_list();
                 },
                 [&](const Mapping& members) {
                   writer.begin_object();
                   for (const Member& member : members) {
                     writer.key(member.key);
                     write(writer, member.value);
                   }
                   writer.end_object();
                 },
             },
             node.value);
}

}  // namespace

std::string to_json(const Node& node) {
  json::Writer writer;
  write(writer, node);
  return writer.take();
}

}  // namespace berth::cli
