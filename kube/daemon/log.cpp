#include "kube/daemon/log.h"

#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace berth::daemon {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

char letter_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 'D';
    case LogLevel::kInfo:
      return 'I';
    case LogLevel::kWarn:
      return 'W';
    case LogLevel::kError:
      return 'E';
  }
  return 'E';
}

// How many bytes the UTF-8 character at the front has; 0 when there is none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  if (lead == 0xE0 && at(1) < 0xA0) return 0;
  if (lead == 0xED && at(1) > 0x9F) return 0;
  if (lead == 0xF0 && at(1) < 0x90) return 0;
  if (lead == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

// In quotes, as JSON wants it: also the text format's way, so that a value can be copied out of either. What
// is not UTF-8 becomes U+FFFD; controls (C1 and DEL too, which terminals obey) become escapes.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", c);
    } else if (c == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[1]));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void append_value(std::string& out, const LogValue& value) {
  std::visit(
      [&](auto v) {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, std::string_view>) {
          append_quoted(out, v);
        } else if constexpr (std::is_same_v<T, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          // JSON has no word for these.
          out += std::isfinite(v) ? fmt::format("{}", v) : fmt::format("\"{}\"", v);
        } else {
          out += fmt::format("{}", v);
        }
      },
      value.get());
}

void append_fields(std::string& out, LogFormat format, LogFields fields) {
  for (const LogField& field : fields) {
    if (format == LogFormat::kJson) {
      out += ',';
      append_quoted(out, field.key);
      out += ':';
    } else {
      out += ' ';
      out += field.key;
      out += '=';
    }
    append_value(out, field.value);
  }
}

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> take) : take_(std::move(take)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    take_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}
  std::function<void(std::string_view)> take_;
};

}  // namespace

struct Log::State {
  LogFormat format;
  spdlog::logger logger;

  State(LogFormat f, LogLevel least, spdlog::sink_ptr sink) : format(f), logger("berth", std::move(sink)) {
    logger.set_level(spdlog_level(least));
    logger.set_pattern("%v");
  }
};

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::kText;
  if (text == "json") return LogFormat::kJson;
  return malformed("'" + std::string(text) + "' is not a log format; write text or json");
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == name_of(level)) return level;
  }
  return malformed("'" + std::string(text) + "' is not a log level; write debug, info, warn or error");
}

Log::Log(LogFormat format, LogLevel least)
    : state_(std::make_shared<State>(format, least, std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(LogFormat format, LogLevel least, std::function<void(std::string_view)> sink)
    : state_(std::make_shared<State>(format, least, std::make_shared<FunctionSink>(std::move(sink)))) {}

Log::Log(std::shared_ptr<State> state, std::string text)
    : state_(std::move(state)), always_(std::move(text)) {}

void Log::debug(std::string_view message, LogFields fields) const {
  write(LogLevel::kDebug, message, fields);
}
void Log::info(std::string_view message, LogFields fields) const { write(LogLevel::kInfo, message, fields); }
void Log::warn(std::string_view message, LogFields fields) const { write(LogLevel::kWarn, message, fields); }
void Log::error(std::string_view message, LogFields fields) const {
  write(LogLevel::kError, message, fields);
}

bool Log::enabled(LogLevel level) const { return state_->logger.should_log(spdlog_level(level)); }

void Log::write(LogLevel level, std::string_view message, LogFields fields) const {
  if (!enabled(level)) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto micro = std::chrono::floor<std::chrono::microseconds>(now - seconds).count();
  const std::time_t time = seconds.count();
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::string line;
  if (state_->format == LogFormat::kJson) {
    line = fmt::format("{{\"ts\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z\",\"level\":\"{}\",\"msg\":",
                       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       micro, name_of(level));
  } else {
    line = fmt::format("{}{:02}{:02} {:02}:{:02}:{:02}.{:06} ", letter_of(level), utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, micro);
  }
  append_quoted(line, message);
  line += always_;
  append_fields(line, state_->format, fields);
  if (state_->format == LogFormat::kJson) line += '}';
  state_->logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

Log Log::with(LogFields fields) const {
  std::string text = always_;
  append_fields(text, state_->format, fields);
  return {state_, std::move(text)};
}

void log_error(const Log& log, LogLevel level, std::string_view message, const Error& error,
               LogFields fields) {
  if (!log.enabled(level)) return;
  const Log all = log.with(fields).with({{"error_code", to_string(error.code)}, {"error", error.message}});
  if (error.field.empty()) {
    all.write(level, message);
  } else {
    all.write(level, message, {{"field", error.field}});
  }
}

}  // namespace berth::daemon
