#include "kube/json/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace berth::json {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (std::int8_t& value : values) value = -1;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = make_values();

char digit(std::uint32_t bits) { return kAlphabet[bits & 0x3FU]; }

}  // namespace

std::string base64_encoded(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8U) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    text += digit(bits >> 18U);
    text += digit(bits >> 12U);
    text += count > 1 ? digit(bits >> 6U) : '=';
    text += count > 2 ? digit(bits) : '=';
  }
  return text;
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::string_view four = text.substr(at, 4);
    std::size_t digits = 4;
    if (at + 4 == text.size()) {
      if (four[3] == '=') digits = four[2] == '=' ? 2 : 3;
    }
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int value = i < digits ? kValues[static_cast<unsigned char>(four[i])] : 0;
      if (value < 0) return std::nullopt;
      bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    }
    const std::uint32_t unused = digits == 2 ? 0xFFFFU : digits == 3 ? 0xFFU : 0U;
    if ((bits & unused) != 0) return std::nullopt;
    for (std::size_t i = 0; i + 1 < digits; ++i) bytes += static_cast<char>((bits >> (16U - 8U * i)) & 0xFFU);
  }
  return bytes;
}

}  // namespace berth::json
