#include "kube/daemon/log.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace berth::daemon {
namespace {

using testing::MatchesRegex;

struct Lines {
  std::vector<std::string> lines{};
  Log log(LogFormat format, LogLevel least = LogLevel::kDebug) {
    return {format, least, [this](std::string_view line) { lines.emplace_back(line); }};
  }
  // The last line behind its time.
  std::string json() {
    return lines.back().substr(std::string(R"({"ts":"2026-11-21T08:00:00.123456Z",)").size());
  }
  std::string text() { return lines.back().substr(std::string("I1121 08:00:00.123456 ").size()); }
};

TEST(Log, WritesTextAfterKlog) {
  Lines out;
  out.log(LogFormat::kText)
      .info("Port assigned", {{"port", 24501}, {"allocation", "shop/api"}, {"new", true}});
  EXPECT_THAT(out.lines.back(),
              MatchesRegex("I[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6} "
                           "\"Port assigned\" port=24501 allocation=\"shop/api\" new=true"));
}

TEST(Log, WritesOneJsonObjectALine) {
  Lines out;
  out.log(LogFormat::kJson)
      .warn("Slow", {{"seconds", 1.5}, {"count", std::size_t{18446744073709551615U}}, {"left", -3}});
  EXPECT_THAT(out.lines.back(),
              MatchesRegex("[{]\"ts\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z\","
                           "\"level\":\"warn\",\"msg\":\"Slow\",\"seconds\":1[.]5,"
                           "\"count\":18446744073709551615,\"left\":-3[}]"));
}

TEST(Log, KeepsALineOneLineOfValidUtf8WhateverAValueHolds) {
  const struct {
    const char* name;
    std::string value;
    std::string written;
  } cases[] = {
      {"quotes", R"(a"b\c)", R"("a\"b\\c")"},
      {"line ends", "a\nb\r\tc", R"("a\nb\r\tc")"},
      {"terminal escapes", "\x1b[31mred\x7f", R"("\u001b[31mred\u007f")"},
      {"C1 controls",
       "a\xC2\x9B"
       "31m",
       R"("a\u009b31m")"},
      {"NUL", std::string("a\0b", 3), R"("a\u0000b")"},
      {"UTF-8", "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\xA2",
       "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\xA2\""},
      {"a lone continuation byte", "a\x80z", "\"a\xEF\xBF\xBDz\""},
      {"an overlong slash", "\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"a surrogate", "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"above U+10FFFF", "\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"a cut character", "a\xE2\x82", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"empty", "", "\"\""},
  };
  Lines out;
  for (const auto& c : cases) {
    out.log(LogFormat::kJson).info("m", {{"k", c.value}});
    EXPECT_EQ(out.json(), R"("level":"info","msg":"m","k":)" + c.written + "}") << c.name;
    out.log(LogFormat::kText).info("m", {{"k", c.value}});
    EXPECT_EQ(out.text(), "\"m\" k=" + c.written) << c.name;
    out.log(LogFormat::kText).info(c.value);
    EXPECT_EQ(out.text(), c.written) << c.name;
  }
}

TEST(Log, WritesNumbersThatJsonHasNoWordForAsText) {
  Lines out;
  out.log(LogFormat::kJson).info("m", {{"a", std::numeric_limits<double>::infinity()}, {"b", std::nan("")}});
  EXPECT_EQ(out.json(), R"("level":"info","msg":"m","a":"inf","b":"nan"})");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  Lines out;
  const Log log = out.log(LogFormat::kText, LogLevel::kWarn);
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  ASSERT_EQ(out.lines.size(), 2U);
  EXPECT_EQ(out.lines[0].front(), 'W');
  EXPECT_EQ(out.lines[1].front(), 'E');
  EXPECT_FALSE(log.enabled(LogLevel::kInfo));
}

TEST(Log, CarriesFieldsAlong) {
  Lines out;
  const Log child = out.log(LogFormat::kText).with({{"controller", "port"}}).with({{"worker", 2}});
  child.info("m", {{"own", 1}});
  EXPECT_EQ(out.text(), R"("m" controller="port" worker=2 own=1)");
}

TEST(Log, WritesAnErrorWithItsCodeAndField) {
  Lines out;
  const Log log = out.log(LogFormat::kJson);
  log_error(log, LogLevel::kError, "Cannot read", malformed("bad port", "spec.port"), {{"file", "a.yaml"}});
  EXPECT_EQ(
      out.json(),
      R"("level":"error","msg":"Cannot read","file":"a.yaml","error_code":"Malformed","error":"bad port","field":"spec.port"})");
  log_error(log, LogLevel::kWarn, "Retry", Error{Code::kTimeout, "slow"});
  EXPECT_EQ(out.json(), R"("level":"warn","msg":"Retry","error_code":"Timeout","error":"slow"})");
}

TEST(Log, NeverTearsALine) {
  Lines out;
  const Log log = out.log(LogFormat::kText);
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&log, t] {
      for (int i = 0; i < 250; ++i) log.info("m", {{"thread", t}, {"i", i}});
    });
  }
  for (auto& writer : writers) writer.join();
  ASSERT_EQ(out.lines.size(), 1000U);
  for (const auto& line : out.lines) {
    ASSERT_THAT(line, MatchesRegex("I[^ ]+ [^ ]+ \"m\" thread=[0-3] i=[0-9]+"));
  }
}

TEST(Log, GoesToStandardErrorALineAtATime) {
  testing::internal::CaptureStderr();
  const Log log(LogFormat::kText, LogLevel::kInfo);
  log.info("one");
  log.info("two");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, MatchesRegex("I[^ ]+ [^ ]+ \"one\"\nI[^ ]+ [^ ]+ \"two\"\n"));
}

TEST(Log, ReadsFormatsAndLevels) {
  EXPECT_EQ(*parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(*parse_log_format("text"), LogFormat::kText);
  EXPECT_EQ(*parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(*parse_log_level("error"), LogLevel::kError);
  EXPECT_NE(parse_log_format("JSON").error().message.find("text or json"), std::string::npos);
  EXPECT_NE(parse_log_level("verbose").error().message.find("debug, info, warn or error"), std::string::npos);
}

}  // namespace
}  // namespace berth::daemon
