#include "core/base/instant.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace berth {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

std::string formatted(Instant instant, bool micro) {
  const std::chrono::sys_time<Duration> time{Duration(instant.milliseconds)};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  const int length =
      micro ? std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", int{date.year()},
                            unsigned{date.month()}, unsigned{date.day()}, int(clock.hours().count()),
                            int(clock.minutes().count()), int(clock.seconds().count()),
                            int(clock.subseconds().count()) * 1000)
            : std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()},
                            unsigned{date.month()}, unsigned{date.day()}, int(clock.hours().count()),
                            int(clock.minutes().count()), int(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

// Reads exactly `width` digits at `at` and moves on.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t width) {
  if (at + width > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += width;
  return value;
}

bool literal(std::string_view text, std::size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

std::optional<Instant> read_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const auto year = digits(text, at, 4);
  if (!year || *year == 0 || !literal(text, at, '-')) return std::nullopt;
  const auto month = digits(text, at, 2);
  if (!month || !literal(text, at, '-')) return std::nullopt;
  const auto day = digits(text, at, 2);
  if (!day || !literal(text, at, 'T')) return std::nullopt;
  const auto hour = digits(text, at, 2);
  if (!hour || *hour > 23 || !literal(text, at, ':')) return std::nullopt;
  const auto minute = digits(text, at, 2);
  if (!minute || *minute > 59 || !literal(text, at, ':')) return std::nullopt;
  const auto second = digits(text, at, 2);
  if (!second || *second > 60) return std::nullopt;
  std::int64_t milliseconds = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    std::int64_t scale = 100;
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      milliseconds += scale * (text[at] - '0');
      scale /= 10;
      ++at;
    }
    if (at == start) return std::nullopt;
  }
  minutes offset{0};
  if (!literal(text, at, 'Z')) {
    const bool plus = at < text.size() && text[at] == '+';
    if (!plus && (at >= text.size() || text[at] != '-')) return std::nullopt;
    ++at;
    const auto offset_hours = digits(text, at, 2);
    if (!offset_hours || *offset_hours > 23 || !literal(text, at, ':')) return std::nullopt;
    const auto offset_minutes = digits(text, at, 2);
    if (!offset_minutes || *offset_minutes > 59) return std::nullopt;
    offset = hours(*offset_hours) + minutes(*offset_minutes);
    if (!plus) offset = -offset;
  }
  if (at != text.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month(unsigned(*month)),
                                         std::chrono::day(unsigned(*day))};
  if (!date.ok()) return std::nullopt;
  const auto time = sys_days{date} + hours(*hour) + minutes(*minute) + seconds(*second) - offset;
  return Instant{std::chrono::duration_cast<Duration>(time.time_since_epoch()).count() + milliseconds};
}

std::optional<Duration> unit_of(std::string_view unit) {
  if (unit == "ms") return Duration(1);
  if (unit == "s") return Duration(1000);
  if (unit == "m") return minutes(1);
  if (unit == "h") return hours(1);
  return std::nullopt;
}

std::optional<Duration> read_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  constexpr std::int64_t kMostMilliseconds = 365LL * 24 * 3600 * 1000;
  std::int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t number = 0;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || number > kMostMilliseconds) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const std::size_t unit_length = text.find_first_of("0123456789");
    const std::string_view unit = text.substr(0, unit_length);
    const auto scale = unit_of(unit);
    if (!scale) return std::nullopt;
    total += number * scale->count();
    if (total > kMostMilliseconds) return std::nullopt;
    text.remove_prefix(unit.size());
  }
  return Duration(total);
}

}  // namespace

std::string to_rfc3339(Instant instant) { return formatted(instant, false); }

std::string to_rfc3339_micro(Instant instant) { return formatted(instant, true); }

Result<Instant> parse_rfc3339(std::string_view text) {
  if (const auto instant = read_rfc3339(text)) return *instant;
  return malformed("'" + std::string(text) + "' is not a time: write it as in '2027-01-31T00:00:00Z'");
}

Result<Duration> parse_duration(std::string_view text) {
  if (const auto duration = read_duration(text)) return *duration;
  return malformed("'" + std::string(text) + "' is not a duration: write it as in '130s', '2m' or '1h30m'");
}

}  // namespace berth
