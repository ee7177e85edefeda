#include "kube/http/request_parser.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace berth::http {
namespace {

using Step = RequestParser::Step;
constexpr std::size_t kMaxHeader = 1024;
constexpr std::size_t kMaxBody = 100;

struct Read {
  Step step = Step::kNeedMore;
  int refused = 0;
  ServerRequest request = {};
  std::string rest = {};
};

// Hands the bytes in as a connection does: `at_once` of them a time, and what was left again.
Read read(const std::string& bytes, std::size_t at_once) {
  RequestParser parser(kMaxHeader, kMaxBody);
  Read result;
  std::string buffer;
  std::size_t fed = 0;
  for (;;) {
    std::size_t used = 0;
    result.step = parser.read(buffer, used);
    buffer.erase(0, used);
    if (result.step == Step::kHeader || (result.step == Step::kNeedMore && used > 0 && !buffer.empty()))
      continue;
    if (result.step != Step::kNeedMore || fed == bytes.size()) break;
    // The connection's buffer has room for a header and no more.
    const std::size_t room = std::min(at_once, kMaxHeader - buffer.size());
    buffer += bytes.substr(fed, room);
    fed += std::min(room, bytes.size() - fed);
  }
  if (result.step == Step::kRefused) result.refused = parser.refusal().status;
  result.request = parser.request();
  result.rest = buffer + bytes.substr(fed);
  return result;
}

TEST(RequestParser, ReadsGoodRequestsHoweverTheyAreCut) {
  const struct {
    const char* name;
    std::string bytes;
    ServerRequest request;
    std::string rest = {};
  } cases[] = {
      {"no body",
       "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nGET ",
       {.method = "GET", .target = "/a?b=c"},
       "GET "},
      {"a body",
       "POST / HTTP/1.1\r\nHost: x\r\ncontent-TYPE: a/b; c=d\r\nContent-Length: 3\r\n\r\nabcP",
       {.method = "POST", .target = "/", .content_type = "a/b; c=d", .body = "abc"},
       "P"},
      {"an empty body",
       "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
       {.method = "PUT", .target = "/"}},
      {"chunks",
       "PATCH / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nT: "
       "v\r\n\r\nX",
       {.method = "PATCH", .target = "/", .body = "abcde"},
       "X"},
      {"the largest body",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'),
       {.method = "POST", .target = "/", .body = std::string(100, 'x')}},
      {"the largest body in chunks",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + std::string(100, 'x') +
           "\r\n0\r\n\r\n",
       {.method = "POST", .target = "/", .body = std::string(100, 'x')}},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", {.method = "GET", .target = "/"}},
      {"a body with its own ends",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n",
       {.method = "POST", .target = "/", .body = "\r\n\r\n\r\n\r\n"}},
  };
  for (const auto& c : cases) {
    for (std::size_t at_once = 1; at_once <= c.bytes.size(); ++at_once) {
      const Read result = read(c.bytes, at_once);
      ASSERT_EQ(result.step, Step::kDone) << c.name << " in pieces of " << at_once;
      ASSERT_EQ(result.request.method, c.request.method) << c.name;
      ASSERT_EQ(result.request.target, c.request.target) << c.name;
      ASSERT_EQ(result.request.content_type, c.request.content_type) << c.name;
      ASSERT_EQ(result.request.body, c.request.body) << c.name << " in pieces of " << at_once;
      ASSERT_EQ(result.rest, c.rest) << c.name << " in pieces of " << at_once;
    }
  }
}

std::string head(const std::string& more, const std::string& line = "POST / HTTP/1.1") {
  return line + "\r\nHost: x\r\n" + more + "\r\n";
}

TEST(RequestParser, RefusesWhatInvitesSmugglingHoweverItIsCut) {
  const struct {
    const char* name;
    std::string bytes;
    int status = 400;
  } cases[] = {
      {"two lengths that differ", head("Content-Length: 1\r\nContent-Length: 2\r\n")},
      {"two lengths that agree", head("Content-Length: 1\r\nContent-Length: 1\r\n")},
      {"a list of lengths", head("Content-Length: 1, 2\r\n")},
      {"length and chunks", head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
      {"chunks and length", head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
      {"two encodings", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"an encoding we do not know", head("Transfer-Encoding: gzip\r\n"), 501},
      {"chunked and another", head("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"chunked twice", head("Transfer-Encoding: chunked, chunked\r\n"), 501},
      {"chunked misspelt", head("Transfer-Encoding: xchunked\r\n"), 501},
      {"chunked in HTTP/1.0", head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0")},
      {"a negative length", head("Content-Length: -1\r\n")},
      {"a signed length", head("Content-Length: +1\r\n")},
      {"a length in hex", head("Content-Length: 0x1\r\n")},
      {"a length beyond 64 bits", head("Content-Length: 99999999999999999999\r\n")},
      {"an empty length", head("Content-Length:\r\n")},
      {"a length of 2^64", head("Content-Length: 18446744073709551616\r\n")},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", head("Host: y\r\n")},
      {"a folded header", head("A: b\r\n c\r\n")},
      {"a folded header with a tab", head("A: b\r\n\tc\r\n")},
      {"a folded Host", "GET / HTTP/1.1\r\nHost:\r\n x\r\n\r\n"},
      {"a blank before the colon", head("A : b\r\n")},
      {"Host with a blank before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"},
      {"a name that is empty", head(": b\r\n")},
      {"a line without a colon", head("abc\r\n")},
      {"a NUL in a value", head(std::string("A: b\0c\r\n", 8))},
      {"a NUL in a name", head(std::string("A\0b: c\r\n", 8))},
      {"a NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28)},
      {"a lone CR in a value", head("A: b\rc\r\n")},
      {"lines that end with LF", "GET / HTTP/1.1\nHost: x\n\r\n\r\n"},
      {"a control character", head("A: \x01\r\n")},
      {"a method we do not know", head("", "BREW / HTTP/1.1")},
      {"a method in lower case", head("", "get / HTTP/1.1")},
      {"a proxy's method", head("", "CONNECT x:1 HTTP/1.1")},
      {"a blank in the target", head("", "GET /a b HTTP/1.1")},
      {"no target", head("", "GET  HTTP/1.1")},
      {"HTTP/0.9", "GET /\r\n\r\n"},
      {"HTTP/2", head("", "GET / HTTP/2.0")},
      {"HTTP/9.9", head("", "GET / HTTP/9.9")},
      {"http in lower case", head("", "GET / http/1.1")},
      {"HTTP/2's greeting", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"a greeting of TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
      {"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"two authorizations", head("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")},
      {"two content types", head("Content-Type: a/b\r\nContent-Type: c/d\r\n")},
      {"an expectation we cannot meet", head("Expect: a-pony\r\n"), 417},
      {"a header that is too long", head("A: " + std::string(2000, 'x') + "\r\n"), 431},
      {"a target that is too long", head("", "GET /" + std::string(2000, 'x') + " HTTP/1.1"), 431},
      {"a header without end", "GET / HTTP/1.1\r\nA: " + std::string(5000, 'x'), 431},
      {"a body that is too long", head("Content-Length: 101\r\n"), 413},
      {"a body far too long", head("Content-Length: 104857600\r\n"), 413},
      {"a chunk that is too long", head("Transfer-Encoding: chunked\r\n") + "65\r\nx", 413},
      {"a huge chunk", head("Transfer-Encoding: chunked\r\n") + "ffffffffffffffff\r\n", 413},
      {"chunks that are too long",
       head("Transfer-Encoding: chunked\r\n") + "40\r\n" + std::string(64, 'x') + "\r\n40\r\n", 413},
      {"a chunk size beyond 64 bits", head("Transfer-Encoding: chunked\r\n") + "10000000000000000\r\n"},
      {"a chunk size that is none", head("Transfer-Encoding: chunked\r\n") + "g\r\nxx"},
      {"a negative chunk size", head("Transfer-Encoding: chunked\r\n") + "-1\r\nx"},
      {"a chunk longer than it says", head("Transfer-Encoding: chunked\r\n") + "1\r\nabc\r\n0\r\n\r\n"},
      {"a chunk header without end", head("Transfer-Encoding: chunked\r\n") + "1;" + std::string(5000, 'x')},
      {"trailers without end", head("Transfer-Encoding: chunked\r\n") + "0\r\nA: " + std::string(5000, 'x')},
  };
  for (const auto& c : cases) {
    for (std::size_t at_once = 1; at_once <= c.bytes.size(); at_once += 1 + at_once / 8) {
      const Read result = read(c.bytes, at_once);
      ASSERT_EQ(result.step, Step::kRefused) << c.name << " in pieces of " << at_once;
      ASSERT_EQ(result.refused, c.status) << c.name << " in pieces of " << at_once;
    }
  }
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
  const struct {
    const char* header;
    const char* version;
    bool stays;
  } cases[] = {{"", "1.1", true},
               {"Connection: close\r\n", "1.1", false},
               {"Connection: Keep-Alive\r\n", "1.1", true},
               {"Connection: a, CLOSE\r\n", "1.1", false},
               {"", "1.0", false},
               {"Connection: keep-alive\r\n", "1.0", true}};
  for (const auto& c : cases) {
    RequestParser parser(kMaxHeader, kMaxBody);
    std::size_t used = 0;
    ASSERT_EQ(parser.read(head(c.header, std::string("GET / HTTP/") + c.version), used), Step::kDone)
        << c.header;
    EXPECT_EQ(parser.keep_alive(), c.stays) << c.header << c.version;
  }
}

// Damages good requests at random: never a crash, never more than it may hold, always an end.
TEST(RequestParser, SurvivesDamage) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::string good[] = {
      head("Content-Type: a/b\r\nContent-Length: 11\r\nExpect: 100-continue\r\n") + "hello world",
      head("Transfer-Encoding: chunked\r\n") + "3;a=\"b\"\r\nabc\r\n0\r\nT: v\r\n\r\n",
  };
  int done = 0;
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good[below(2)];
    for (std::size_t i = below(4); i > 0; --i) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 1:
          bytes.erase(at, 1 + below(8));
          break;
        case 2:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(16)));
          break;
        default:
          bytes.insert(at, 1, "\r\n :;,0f"[below(8)]);
      }
      if (bytes.empty()) bytes = "G";
    }
    const Read result = read(bytes, 1 + below(bytes.size()));
    ASSERT_LE(result.request.body.size(), kMaxBody);
    done += result.step == Step::kDone ? 1 : 0;
    refused += result.step == Step::kRefused ? 1 : 0;
  }
  // Both outcomes are common, or the damage shows nothing.
  EXPECT_GT(done, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace berth::http
