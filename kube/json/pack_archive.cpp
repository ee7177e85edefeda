#include "kube/json/pack_archive.h"

#include <cstdlib>

#include "core/base/overloaded.h"
#include "kube/json/common_words.h"

namespace berth::json {
namespace {

// In the place of a text's length.
constexpr std::uint64_t kUuid = 1;
constexpr std::uint64_t kFirstWord = 3;

constexpr std::size_t kUuidText = 36;
constexpr std::size_t kUuidBytes = 16;
constexpr std::string_view kHex = "0123456789abcdef";

// What of the IntOrString there is.
enum Choice : unsigned { kNothing, kNumber, kName };

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

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U ^ (0 - (value & 1U)));
}

}  // namespace

void UnmarkedArchive::fail(std::string_view /*why*/) { std::abort(); }

bool PackArchive::enter(std::string_view /*name*/, bool write) {
  put_byte(write ? 1 : 0);
  return write;
}

bool PackArchive::begin_list(std::size_t size) {
  put_number(size);
  open_list(size);
  return true;
}

void PackArchive::integer(std::int64_t& value, IntegerRange /*range*/) { put_number(zigzag(value)); }

void PackArchive::int_or_string(TargetPort& value) {
  std::visit(Overloaded{[this](std::monostate) { put_byte(kNothing); },
                        [this](std::int64_t number) {
                          put_byte(kNumber);
                          put_number(zigzag(number));
                        },
                        [this](const std::string& name) {
                          put_byte(kName);
                          put_text(name);
                        }},
             value);
}

void PackArchive::string_map(std::map<std::string, std::string>& value) {
  put_number(value.size());
  for (const auto& [key, text] : value) {
    put_text(key);
    put_text(text);
  }
}

void PackArchive::put_number(std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) put_byte(static_cast<unsigned>(value & 0x7FU) | 0x80U);
  put_byte(static_cast<unsigned>(value));
}

void PackArchive::put_text(const std::string& value) {
  if (is_uuid(value)) {
    put_number(kUuid);
    append_uuid(bytes_, value);
    return;
  }
  if (const auto word = common_word(value)) {
    put_number((std::uint64_t{*word} << 1U) + kFirstWord);
    return;
  }
  put_number(std::uint64_t{value.size()} << 1U);
  bytes_ += value;
}

bool UnpackArchive::enter(std::string_view /*name*/, bool /*write*/) { return take_byte() != 0; }

bool UnpackArchive::begin_list(std::size_t /*size*/) {
  open_list(take_number());
  return true;
}

void UnpackArchive::integer(std::int64_t& value, IntegerRange /*range*/) { value = unzigzag(take_number()); }

void UnpackArchive::int_or_string(TargetPort& value) {
  switch (take_byte()) {
    case kNumber:
      value = unzigzag(take_number());
      return;
    case kName:
      take_text(value.emplace<std::string>());
      return;
    default:
      value = std::monostate{};
  }
}

void UnpackArchive::string_map(std::map<std::string, std::string>& value) {
  for (std::uint64_t left = take_number(); left > 0; --left) {
    std::string key;
    take_text(key);
    // In their order already.
    take_text(value.emplace_hint(value.end(), std::move(key), std::string())->second);
  }
}

unsigned UnpackArchive::take_byte() { return static_cast<unsigned char>(take(1).front()); }

std::uint64_t UnpackArchive::take_number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7U) {
    const unsigned byte = take_byte();
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
}

void UnpackArchive::take_text(std::string& value) {
  const std::uint64_t size = take_number();
  if (size == kUuid) {
    value = uuid_text(take(kUuidBytes));
  } else if (size % 2 != 0) {
    value = common_word((size - kFirstWord) >> 1U);
  } else {
    value = take(size >> 1U);
  }
}

std::string_view UnpackArchive::take(std::uint64_t size) {
  if (size > bytes_.size()) std::abort();
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

}  // namespace berth::json
