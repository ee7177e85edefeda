#include "kube/http/reply_text.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::http {
namespace {

std::string without_date(std::string text) {
  const std::size_t at = text.find("\r\nDate: ");
  return text.erase(at, text.find("\r\n", at + 2) - at);
}

std::string text_of(const Reply& reply, bool close, bool head) {
  std::string out;
  append_reply(out, reply, close, head);
  return without_date(out);
}

TEST(ReplyText, WritesStatusHeadersAndBody) {
  EXPECT_EQ(text_of({.body = "{}"}, false, false),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(
      text_of({.status = 503, .content_type = "text/plain", .body = "x", .headers = {{"Retry-After", "1"}}},
              true, false),
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nRetry-After: "
      "1\r\n"
      "Connection: close\r\n\r\nx");
  EXPECT_EQ(text_of({.body = "{}"}, false, true),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(text_of({.status = 204, .body = "not sent"}, false, false), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(text_of({.status = 299, .content_type = ""}, false, false),
            "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
}

TEST(ReplyText, KnowsWhatCannotBeWritten) {
  EXPECT_TRUE(is_writable({.headers = {{"X-A", "a b\tc"}, {"X-B", ""}}}));
  const Reply wrong[] = {
      {.status = 0},
      {.status = 100},
      {.status = 600},
      {.content_type = "a\r\nX: y"},
      {.headers = {{"", "a"}}},
      {.headers = {{"A B", "a"}}},
      {.headers = {{"A:", "a"}}},
      {.headers = {{"A", "a\nb"}}},
      {.headers = {{"A", std::string("a\0b", 3)}}},
  };
  for (const Reply& reply : wrong) EXPECT_FALSE(is_writable(reply)) << reply.status << reply.content_type;
}

TEST(ReplyText, WritesDatesAsHttpDoes) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
  EXPECT_EQ(http_date(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace berth::http
