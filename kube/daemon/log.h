// Log: lines about what the program does, as text for people or as JSON for machines.
//
// Not a trace and not a metric: nothing may depend on it. A Log is a cheap handle that is passed around by
// value; copies write to the same place.
// Thread-safety: all functions may be called from several threads at once; a line is never torn.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace berth::daemon {

enum class LogFormat : std::uint8_t { kText, kJson };
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// "text" or "json".
Result<LogFormat> parse_log_format(std::string_view text);
// "debug", "info", "warn" or "error".
Result<LogLevel> parse_log_level(std::string_view text);

// One value of a line: text, a number or a truth. Refers to text that must live as long as the call.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}                      // NOLINT(google-explicit-*)
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-*)
  LogValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT(google-explicit-*)
  LogValue(std::same_as<bool> auto truth) : value_(truth) {}             // NOLINT(google-explicit-*)
  LogValue(char) = delete;
  LogValue(double number) : value_(number) {}  // NOLINT(google-explicit-*)
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
  LogValue(Integer number) {  // NOLINT(google-explicit-*)
    if constexpr (std::signed_integral<Integer>) {
      value_ = static_cast<std::int64_t>(number);
    } else {
      value_ = static_cast<std::uint64_t>(number);
    }
  }

  using Value = std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double>;
  [[nodiscard]] const Value& get() const { return value_; }

 private:
  Value value_;
};

// Keys are the program's own words in snake_case, other than ts, level and msg.
struct LogField {
  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

// Text, after klog:  I1121 08:00:00.123456 "Port assigned" port=24501 allocation="shop/api"
// JSON:              {"ts":"2026-11-21T08:00:00.123456Z","level":"info","msg":"Port assigned","port":24501}
// Times are UTC. Whatever a value holds, a line stays one line of valid UTF-8 without control characters.
class Log {
 public:
  // Writes to the standard error stream.
  Log(LogFormat format, LogLevel least);
  // Hands every line, without its end, to `sink`, one at a time: for tests.
  Log(LogFormat format, LogLevel least, std::function<void(std::string_view)> sink);

  void debug(std::string_view message, LogFields fields = {}) const;
  void info(std::string_view message, LogFields fields = {}) const;
  void warn(std::string_view message, LogFields fields = {}) const;
  void error(std::string_view message, LogFields fields = {}) const;
  void write(LogLevel level, std::string_view message, LogFields fields = {}) const;

  // For values that are dear to compute.
  [[nodiscard]] bool enabled(LogLevel level) const;

  // A Log whose every line also has these fields, before its own.
  [[nodiscard]] Log with(LogFields fields) const;

 private:
  struct State;
  Log(std::shared_ptr<State> state, std::string text);

  std::shared_ptr<State> state_;
  std::string always_;  // the fields of with(), already written in the format
};

// One line about an Error: with error_code and error, and field where there is one, after `fields`.
void log_error(const Log& log, LogLevel level, std::string_view message, const Error& error,
               LogFields fields = {});

}  // namespace berth::daemon
