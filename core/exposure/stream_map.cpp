#include "core/exposure/stream_map.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "core/base/port.h"

namespace berth::exposure {
namespace {

// As the controllers read numbers (Go, strconv.Atoi): with a sign and with zeros in front.
std::optional<std::int64_t> port_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return Port::checked(number) ? std::optional(number) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The name of an object or of a port: what stands in a longer text by chance has other characters.
bool is_name(std::string_view text) {
  const auto is_letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

std::optional<EntranceTarget> target_of(std::string_view key, std::string_view value) {
  const auto shown = port_number(key);
  if (!shown) return std::nullopt;
  value = trimmed(value);
  const std::size_t slash = value.find('/');
  const std::size_t colon = value.find(':');
  if (slash == std::string_view::npos || colon == std::string_view::npos || colon < slash)
    return std::nullopt;
  const std::string_view ns = value.substr(0, slash);
  const std::string_view service = value.substr(slash + 1, colon - slash - 1);
  std::string_view port = value.substr(colon + 1);
  port = port.substr(0, port.find(':'));
  const auto number = port_number(port);
  if (!is_name(ns) || !is_name(service) || (!number && !is_name(port))) return std::nullopt;
  EntranceTarget target;
  target.ns = ns;
  target.service = service;
  target.port_number = number.value_or(0);
  if (!number) target.port_name = port;
  target.sign = "key " + std::string(key);
  target.shown = *shown;
  target.number_field = "data[" + std::string(key) + "]";
  return target;
}

}  // namespace

bool forwards_a_stream(std::string_view key, std::string_view value) {
  return target_of(key, value).has_value();
}

Entrance entrance_of(const ConfigMap& config_map) {
  Entrance entrance;
  entrance.meta = config_map.meta;
  entrance.kind = "ConfigMap";
  entrance.via = Via::kConfigMap;
  entrance.by_host = false;
  for (const auto& [key, value] : config_map.data) {
    if (auto target = target_of(key, value)) entrance.targets.push_back(*std::move(target));
  }
  return entrance;
}

void keep_only_streams(ConfigMap& config_map) {
  std::erase_if(config_map.data,
                [](const auto& entry) { return !forwards_a_stream(entry.first, entry.second); });
  config_map.meta.labels.clear();
  config_map.meta.annotations.clear();
  config_map.meta.owner_references.clear();
}

}  // namespace berth::exposure
