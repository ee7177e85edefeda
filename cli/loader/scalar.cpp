#include "cli/loader/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace berth::cli {
namespace {

using Value = decltype(Node::value);

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Go's strconv.ParseUint on digits alone: the whole text, base 2 to 16, no sign, no overflow.
std::optional<std::uint64_t> digits(std::string_view text, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value whole(std::uint64_t magnitude, bool negative) {
  constexpr std::uint64_t kLimit = 1ULL << 63U;
  if (negative && magnitude == kLimit) return std::numeric_limits<std::int64_t>::min();
  if (magnitude < kLimit) {
    const auto number = static_cast<std::int64_t>(magnitude);
    return negative ? -number : number;
  }
  const auto number = static_cast<double>(magnitude);
  return negative ? -number : number;
}

// Go's strconv.ParseInt and ParseUint with base 0: sign, then 0x, 0o, 0b, a leading 0 for octal, or decimal.
std::optional<Value> go_integer(std::string_view text) {
  const bool sign = !text.empty() && (text.front() == '+' || text.front() == '-');
  const bool negative = sign && text.front() == '-';
  if (sign) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char prefix = static_cast<char>(text[1] | 0x20);
    base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
    if (prefix == 'x' || prefix == 'b' || prefix == 'o') {
      if (text.size() < 3) return std::nullopt;
      text.remove_prefix(2);
    } else {
      text.remove_prefix(1);
    }
  }
  const std::optional<std::uint64_t> magnitude = digits(text, base);
  if (!magnitude) return std::nullopt;
  constexpr std::uint64_t kLimit = 1ULL << 63U;
  // Beyond int64 Go only takes unsigned numbers, which bear no sign; decimal ones are read as floats instead.
  if (sign && *magnitude > (negative ? kLimit : kLimit - 1)) return std::nullopt;
  return whole(*magnitude, negative);
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool looks_like_float(std::string_view text) {
  std::size_t i = 0;
  const auto skip_digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  const auto skip_sign = [&] {
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  };
  skip_sign();
  const std::size_t before = skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (skip_digits() == 0 && before == 0) return false;
  } else if (before == 0) {
    return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return i == text.size();
}

// Whether a decimal text that overflows or underflows double does the latter.
bool underflows(std::string_view text) {
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) return text[exponent + 1] == '-';
  return text.find('.') != std::string_view::npos && text.find_first_of("123456789") > text.find('.');
}

// Requires: looks_like_float(text).
std::optional<Value> decimal(std::string_view text) {
  if (text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    if (!underflows(text)) return std::nullopt;  // Go then keeps the text
    number = 0;
  }
  // Go prints whole floats without a point, so that they are integers to every reader after it.
  constexpr double kExact =
      9007199254740992.0;  // 2^53; larger ones keep Go's shortest digits (node_json.cpp)
  if (number == std::trunc(number) && std::abs(number) < kExact) return static_cast<std::int64_t>(number);
  return number;
}

// Go's ParseFloat allows one underscore between digits.
bool underscores_between_digits(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return false;
  }
  return true;
}

// The library's second look at "0b": what follows may bear a sign of its own.
std::optional<Value> signed_binary(std::string_view plain) {
  const bool outer = plain.starts_with("-0b");
  if (!outer && !plain.starts_with("0b")) return std::nullopt;
  plain.remove_prefix(outer ? 3 : 2);
  const bool inner = !plain.empty() && (plain.front() == '+' || plain.front() == '-');
  if (outer && inner) return std::nullopt;
  const bool negative = outer || (inner && plain.front() == '-');
  if (inner) plain.remove_prefix(1);
  const std::optional<std::uint64_t> magnitude = digits(plain, 2);
  if (!magnitude || (inner && *magnitude >= 1ULL << 63U)) return std::nullopt;
  return whole(*magnitude, negative);
}

}  // namespace

std::optional<Value> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string plain(text);
  std::erase(plain, '_');
  if (text.front() == '.') {
    if (!underscores_between_digits(text) || !looks_like_float(plain)) return std::nullopt;
    return decimal(plain);
  }
  if (!is_digit(text.front()) && text.front() != '+' && text.front() != '-') return std::nullopt;
  if (std::optional<Value> integer = go_integer(plain)) return integer;
  if (looks_like_float(plain)) {
    if (std::optional<Value> value = decimal(plain)) return value;
  }
  return signed_binary(plain);
}

std::optional<bool> boolean(std::string_view text) {
  constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                      "True", "TRUE", "on",  "On",  "ON"};
  constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                       "False", "FALSE", "off", "Off", "OFF"};
  if (one_of(text, kTrue)) return true;
  if (one_of(text, kFalse)) return false;
  return std::nullopt;
}

bool is_null(std::string_view text) {
  constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  return one_of(text, kNull);
}

bool is_not_finite(std::string_view text) {
  constexpr std::array<std::string_view, 12> kNames = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                                       "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  return one_of(text, kNames);
}

Value resolve_plain(std::string_view text) {
  if (is_null(text)) return std::monostate{};
  if (const std::optional<bool> value = boolean(text)) return *value;
  if (std::optional<Value> value = number(text)) return *std::move(value);
  return std::string(text);
}

}  // namespace berth::cli
