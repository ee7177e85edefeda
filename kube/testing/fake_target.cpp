#include "kube/testing/fake_target.h"

#include <vector>

namespace berth::testing {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool parse_query(std::string_view query, FakeTarget& target) {
  if (query.empty()) return true;
  for (const std::string_view pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    const auto key = decoded(pair.substr(0, equals), true);
    const auto value =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1), true);
    if (!key || !value) return false;
    target.query[*key] = *value;
  }
  return true;
}

}  // namespace

std::optional<FakeTarget> parse_target(std::string_view target) {
  FakeTarget parsed;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    if (!parse_query(target.substr(question + 1), parsed)) return std::nullopt;
    target = target.substr(0, question);
  }
  if (target.empty() || target.front() != '/') return std::nullopt;
  std::vector<std::string> steps;
  for (const std::string_view step : split(target.substr(1), '/')) {
    auto text = decoded(step, false);
    if (!text || text->empty()) return std::nullopt;
    steps.push_back(std::move(*text));
  }
  std::size_t at = 0;
  if (steps[0] == "api" && steps.size() >= 3) {
    parsed.version = steps[1];
    at = 2;
  } else if (steps[0] == "apis" && steps.size() >= 4) {
    parsed.group = steps[1];
    parsed.version = steps[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  // "namespaces/x" and "namespaces/x/status" are a Namespace itself, "namespaces/x/services" lies in one.
  const std::size_t left = steps.size() - at;
  if (steps[at] == "namespaces" && left >= 3 && steps[at + 2] != "status" && steps[at + 2] != "finalize") {
    parsed.ns = steps[at + 1];
    at += 2;
  }
  parsed.plural = steps[at++];
  if (at < steps.size()) parsed.name = steps[at++];
  if (at < steps.size()) parsed.subresource = steps[at++];
  if (at < steps.size()) return std::nullopt;
  return parsed;
}

}  // namespace berth::testing
