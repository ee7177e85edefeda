#include "cli/yaml_output.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>
#include <vector>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include "cli/loader/json_text.h"
#include "core/base/overloaded.h"

namespace berth::cli {
namespace {

// YAML 1.1 reads these as something else than text, in any case of letters.
constexpr std::array<std::string_view, 9> kOtherThanText = {"y",   "n",    "yes",   "no",  "on",
                                                            "off", "true", "false", "null"};

bool is_plain(const std::string& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text.front())) return false;
  const bool simple = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-' || c == '_';
  });
  std::string lower = text;
  for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return simple && std::find(kOtherThanText.begin(), kOtherThanText.end(), lower) == kOtherThanText.end();
}

void emit(YAML::Emitter& out, const std::string& text) {
  if (text.find('\n') != std::string::npos && text.back() != '\n') {
    out << YAML::Literal;
  } else if (!is_plain(text)) {
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (printable) {
      out << YAML::SingleQuoted;
    } else {
      out << YAML::DoubleQuoted;
    }
  }
  out << text;
}

void emit(YAML::Emitter& out, const Node& node) {
  std::visit(Overloaded{
                 [&](std::monostate) { out << YAML::Null; },
                 [&](bool value) { out << value; },
                 [&](std::int64_t number) { out << number; },
                 [&](double number) { out << number; },
                 [&](const std::string& text) { emit(out, text); },
                 [&](const Sequence& list) {
                   out << YAML::BeginSeq;
                   for (const Node& each : list) emit(out, each);
                   out << YAML::EndSeq;
                 },
                 [&](const Mapping& members) {
                   out << YAML::BeginMap;
                   for (const Member& member : members) {
                     out << YAML::Key;
                     emit(out, member.key);
                     out << YAML::Value;
                     emit(out, member.value);
                   }
                   out << YAML::EndMap;
                 },
             },
             node.value);
}

}  // namespace

std::string yaml_of(const Node& node) {
  YAML::Emitter out;
  emit(out, node);
  return std::string(out.c_str(), out.size()) + "\n";
}

std::string yaml_of_json(std::string_view text) {
  const auto nodes = parse_json(text);
  const auto* parsed = std::get_if<std::vector<Node>>(&nodes);
  return parsed == nullptr || parsed->empty() ? "" : yaml_of(parsed->front());
}

}  // namespace berth::cli
