#include "kube/json/packed_text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "core/base/instant.h"
#include "kube/json/common_words.h"

namespace berth::json {
namespace {

// What an odd number says.
constexpr std::uint64_t kUuid = 0;
constexpr std::uint64_t kTime = 1;
constexpr std::uint64_t kDecimal = 2;
constexpr std::uint64_t kFirstWord = 3;

std::uint64_t first_earlier() { return kFirstWord + common_words(); }

constexpr std::size_t kUuidText = 36;
constexpr std::size_t kUuidBytes = 16;
constexpr std::string_view kHex = "0123456789abcdef";

// Of the texts of an object so many are known again. A shorter one is as cheap to write anew, a longer one is
// rarely repeated, and looking for it takes time.
constexpr std::size_t kMostKnown = 64;
bool is_worth_knowing(std::string_view text, std::size_t known) {
  return text.size() >= 4 && text.size() <= 128 && known < kMostKnown;
}

constexpr bool is_dash(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

// RFC 4122, lower case, as the API server writes them: anything else would come back changed.
bool is_uuid(std::string_view text) {
  if (text.size() != kUuidText) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash(i) ? text[i] != '-' : kHex.find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

void append_uuid(std::string& bytes, std::string_view text) {
  unsigned half = 0;
  bool whole = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash(i)) continue;
    const auto digit = static_cast<unsigned>(kHex.find(text[i]));
    if (whole) bytes.push_back(static_cast<char>(half << 4U | digit));
    half = digit;
    whole = !whole;
  }
}

std::string uuid_text(std::string_view bytes) {
  std::string text;
  text.reserve(kUuidText);
  for (const char byte : bytes) {
    if (is_dash(text.size())) text.push_back('-');
    const auto value = static_cast<unsigned char>(byte);
    text.push_back(kHex[value >> 4U]);
    text.push_back(kHex[value & 0xFU]);
  }
  return text;
}

constexpr std::string_view kTimeShape = "2026-01-03T10:00:00Z";

std::string time_text(std::int64_t seconds) { return to_rfc3339(Instant{seconds * 1000}); }

// Unix seconds, when the text is just what they are written as.
std::optional<std::int64_t> as_time(std::string_view text) {
  if (text.size() != kTimeShape.size() || text.back() != kTimeShape.back()) return std::nullopt;
  const auto instant = parse_rfc3339(text);
  if (!instant.ok()) return std::nullopt;
  const std::int64_t seconds = instant->milliseconds / 1000;
  if (time_text(seconds) != text) return std::nullopt;
  return seconds;
}

// Resource versions, above all. Shorter ones take no less this way.
std::optional<std::uint64_t> as_decimal(std::string_view text) {
  constexpr std::size_t kFewest = 4;
  constexpr std::size_t kMost = 18;
  if (text.size() < kFewest || text.size() > kMost || text.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void put_size(std::string& bytes, std::size_t size) { put_number(bytes, std::uint64_t{size} << 1U); }
void put_sign(std::string& bytes, std::uint64_t sign) { put_number(bytes, sign << 1U | 1U); }

}  // namespace

void put_number(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) bytes.push_back(static_cast<char>((value & 0x7FU) | 0x80U));
  bytes.push_back(static_cast<char>(value));
}

void put_signed(std::string& bytes, std::int64_t value) {
  put_number(bytes, static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U));
}

std::string_view take_bytes(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) std::abort();
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

std::uint64_t take_number(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7U) {
    const auto byte = static_cast<unsigned char>(take_bytes(bytes, 1).front());
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
}

std::int64_t take_signed(std::string_view& bytes) {
  const std::uint64_t value = take_number(bytes);
  return static_cast<std::int64_t>(value >> 1U ^ (0 - (value & 1U)));
}

void TextPacker::put(std::string& bytes, std::string_view text) {
  if (const auto word = common_word(text)) {
    put_sign(bytes, kFirstWord + *word);
    return;
  }
  if (const auto known = std::find(earlier_.begin(), earlier_.end(), text); known != earlier_.end()) {
    put_sign(bytes, first_earlier() + static_cast<std::uint64_t>(known - earlier_.begin()));
    return;
  }
  if (is_worth_knowing(text, earlier_.size())) earlier_.emplace_back(text);
  if (is_uuid(text)) {
    put_sign(bytes, kUuid);
    append_uuid(bytes, text);
  } else if (const auto seconds = as_time(text)) {
    put_sign(bytes, kTime);
    put_signed(bytes, *seconds);
  } else if (const auto number = as_decimal(text)) {
    put_sign(bytes, kDecimal);
    put_number(bytes, *number);
  } else {
    put_size(bytes, text.size());
    bytes += text;
  }
}

void TextUnpacker::take(std::string_view& bytes, std::string& text) {
  const std::string_view begin = bytes;
  const std::uint64_t number = take_number(bytes);
  const std::uint64_t sign = number >> 1U;
  if (number % 2 == 0) {
    text = take_bytes(bytes, sign);
  } else if (sign == kUuid) {
    text = uuid_text(take_bytes(bytes, kUuidBytes));
  } else if (sign == kTime) {
    text = time_text(take_signed(bytes));
  } else if (sign == kDecimal) {
    text = std::to_string(take_number(bytes));
  } else if (sign < first_earlier()) {
    text = common_word(sign - kFirstWord);
    return;
  } else {
    const std::uint64_t known = sign - first_earlier();
    if (known >= earlier_.size()) std::abort();
    std::string_view there = earlier_[known];
    TextUnpacker().take(there, text);
    return;
  }
  if (is_worth_knowing(text, earlier_.size())) earlier_.push_back(begin);
}

}  // namespace berth::json
