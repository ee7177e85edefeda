#include "kube/http/status_error.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::http {
namespace {

TEST(StatusError, NamesWhatACallerBranchesOn) {
  const struct {
    int status;
    Code code;
  } cases[] = {
      {401, Code::kForbidden},   {403, Code::kForbidden},   {404, Code::kNotFound},
      {409, Code::kConflict},    {410, Code::kGone},        {422, Code::kInvalid},
      {429, Code::kThrottled},   {500, Code::kUnavailable}, {503, Code::kUnavailable},
      {504, Code::kUnavailable}, {599, Code::kUnavailable}, {400, Code::kMalformed},
      {301, Code::kMalformed},   {204, Code::kMalformed},   {0, Code::kMalformed},
      {600, Code::kMalformed},
  };
  for (const auto& c : cases) {
    const Error error = error_from_status({.status = c.status});
    EXPECT_EQ(error.code, c.code) << c.status;
    EXPECT_NE(error.message.find(std::to_string(c.status)), std::string::npos) << error.message;
  }
}

TEST(StatusError, CarriesRetryAfterOnlyWhereItIsANumberOfSeconds) {
  const struct {
    const char* header;
    int seconds;
  } cases[] = {{"7", 7},
               {"0", 0},
               {"-5", 0},
               {"7s", 0},
               {"", 0},
               {"99999", 3600},
               {"1.5", 0},
               {" 3", 0},
               {"9999999999999", 3600},
               {"-9999999999999", 0},
               {"Wed, 21 Oct 2026 07:28:00 GMT", 0}};
  for (const auto& c : cases) {
    const Error error = error_from_status({.status = 429, .headers = {{"retry-after", c.header}}});
    EXPECT_EQ(error.retry_after_seconds, c.seconds) << c.header;
  }
  EXPECT_EQ(error_from_status({.status = 503, .headers = {{"retry-after", "2"}}}).retry_after_seconds, 2);
  EXPECT_EQ(error_from_status({.status = 404, .headers = {{"retry-after", "2"}}}).retry_after_seconds, 0);
  EXPECT_EQ(error_from_status({.status = 429}).retry_after_seconds, 0);
}

TEST(StatusError, ShowsTheStartOfTheBodyAsOneLineOfWholeCharacters) {
  EXPECT_EQ(error_from_status({.status = 404, .body = "404 page\r\nnot\x1b found\n"}).message,
            "the server answered with HTTP status 404: 404 page  not  found");
  // 1023 bytes and then a character of two: it does not fit and is left out whole.
  const Error error = error_from_status({.status = 500, .body = std::string(1023, 'x') + "\xC3\xA4y"});
  EXPECT_TRUE(error.message.ends_with(std::string(1023, 'x')));
  EXPECT_TRUE(error_from_status({.status = 500, .body = std::string(1022, 'x') + "\xC3\xA4y"})
                  .message.ends_with("x\xC3\xA4"));
  // No character at all in it, only continuation bytes: still bounded.
  EXPECT_LT(error_from_status({.status = 500, .body = std::string(5000, '\x80')}).message.size(), 1100U);
}

}  // namespace
}  // namespace berth::http
