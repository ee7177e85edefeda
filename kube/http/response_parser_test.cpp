#include "kube/http/response_parser.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::http {
namespace {

using Step = ResponseParser::Step;

struct Read {
  Step step = Step::kNeedMore;
  Response response = {};
  std::string rest = {};
  Error error = {};
};

// Hands the bytes in as a socket would: `at_once` of them a time, and what was left again.
Read read(const std::string& bytes, std::size_t at_once, bool head = false, std::size_t max_header = 1024,
          std::uint64_t max_body = 100) {
  ResponseParser parser(max_header, max_body, head);
  Read result;
  std::string buffer;
  std::size_t fed = 0;
  for (;;) {
    std::size_t used = 0;
    result.step = buffer.empty() ? Step::kNeedMore : parser.read(buffer, used);
    buffer.erase(0, used);
    if (result.step == Step::kHeader) continue;
    if (result.step != Step::kNeedMore) break;
    if (fed == bytes.size()) {
      result.step = parser.read_end();
      break;
    }
    buffer += bytes.substr(fed, at_once);
    fed += std::min(at_once, bytes.size() - fed);
  }
  if (result.step == Step::kBroken) result.error = parser.failure();
  result.response = std::move(parser.response());
  result.rest = buffer + bytes.substr(fed);
  return result;
}

TEST(ResponseParser, ReadsEveryKindOfBodyHoweverItIsCut) {
  const struct {
    const char* name;
    std::string bytes;
    int status;
    std::string body;
    std::string rest;
    bool head = false;
  } cases[] = {
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP", 200, "abc", "HTTP"},
      {"no body", "HTTP/1.1 204 No Content\r\n\r\nnext", 204, "", "next"},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nnext", 304, "", "next"},
      {"to the end", "HTTP/1.0 200 OK\r\n\r\nall there is", 200, "all there is", ""},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: "
       "v\r\n\r\nnext",
       200, "abc0123456789", "next"},
      {"no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", ""},
      {"interim answers",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 201 "
       "Created\r\nContent-Length: 1\r\n\r\nx",
       201, "x", ""},
      {"an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, "", "", true},
      {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, "", ""},
  };
  for (const auto& c : cases) {
    for (std::size_t at_once = 1; at_once <= c.bytes.size(); ++at_once) {
      const Read result = read(c.bytes, at_once, c.head);
      ASSERT_EQ(result.step, Step::kDone)
          << c.name << " in pieces of " << at_once << ": " << result.error.message;
      ASSERT_EQ(result.response.status, c.status) << c.name;
      ASSERT_EQ(result.response.body, c.body) << c.name << " in pieces of " << at_once;
      ASSERT_EQ(result.rest, c.rest) << c.name << " in pieces of " << at_once;
    }
  }
}

TEST(ResponseParser, RefusesWhatIsNotAnAnswerHoweverItIsCut) {
  const struct {
    const char* name;
    std::string bytes;
    Code code = Code::kUnavailable;
  } cases[] = {
      {"nothing", ""},
      {"half a header", "HTTP/1.1 200 OK\r\nContent-"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"},
      {"half of the chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
      {"another version", "HTTP/2.0 200 OK\r\n\r\n"},
      {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"length and chunks",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"an encoding unasked for", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"},
      {"no hex", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      {"a chunk longer than it says",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"},
      {"another protocol unasked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
      {"a header without end", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x')},
      {"headers without end",
       [] {
         std::string text = "HTTP/1.1 200 OK\r\n";
         for (int i = 0; i < 200; ++i) text += "X: yyyyyyyyyy\r\n";
         return text;
       }()},
      {"interim answers without end",
       [] {
         std::string text;
         for (int i = 0; i < 20; ++i) text += "HTTP/1.1 100 Continue\r\n\r\n";
         return text;
       }()},
      {"a chunk header without end",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'x')},
      {"too long", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", Code::kMalformed},
      {"chunks too long",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + std::string(64, 'x') + "\r\n40\r\n",
       Code::kMalformed},
      {"too long to the end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), Code::kMalformed},
      {"a huge chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
       Code::kMalformed},
  };
  for (const auto& c : cases) {
    for (std::size_t at_once = 1; at_once <= std::max<std::size_t>(c.bytes.size(), 1);
         at_once += 1 + at_once / 8) {
      const Read result = read(c.bytes, at_once);
      ASSERT_EQ(result.step, Step::kBroken) << c.name << " in pieces of " << at_once;
      ASSERT_EQ(result.error.code, c.code) << c.name << ": " << result.error.message;
    }
  }
}

}  // namespace
}  // namespace berth::http
