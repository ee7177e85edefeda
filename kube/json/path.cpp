#include "kube/json/path.h"

#include <algorithm>

#include "core/base/control_character.h"
#include "kube/json/utf8.h"

namespace berth::json {
namespace {

// Keys come from outside: a path stays one short printable line.
constexpr std::size_t kMaxKeyBytes = 128;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string printable(std::string_view key) {
  std::string text(cut_utf8(key, kMaxKeyBytes));
  if (text.size() < key.size()) text += "...";
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

}  // namespace

std::optional<std::vector<std::string_view>> FieldPath::keys() const {
  std::vector<std::string_view> keys;
  for (const Step& step : steps_) {
    if (step.index != kNoIndex) return std::nullopt;
    keys.push_back(step.key);
  }
  return keys;
}

std::string FieldPath::text() const {
  std::string text;
  for (const Step& step : steps_) {
    if (step.index != kNoIndex) {
      text += "[" + std::to_string(step.index) + "]";
    } else if (!step.key.empty() && std::all_of(step.key.begin(), step.key.end(), is_plain)) {
      if (!text.empty()) text += ".";
      text += printable(step.key);
    } else {
      text += "[" + printable(step.key) + "]";
    }
  }
  return text;
}

}  // namespace berth::json
