// The gate (testing/server_gate.h): messages that are too large, endless or malformed.
#include <cstdio>
#include <gtest/gtest.h>
#include <string>

#include "kube/http/testing/server_gate.h"

namespace berth::http {
namespace {

using test::Answer;
using test::eventually;
using test::kMaxGrowth;
using test::post;
using test::ServerProcess;
using namespace std::chrono_literals;

class ServerGateMessages : public test::ServerGate {};

INSTANTIATE_TEST_SUITE_P(Listener, ServerGateMessages, testing::Values(true, false), test::listener_name);

TEST_P(ServerGateMessages, RefusesAHundredMegabytesWithoutReadingThem) {
  const ServerProcess server(options());
  expect_healthy(server, 1, "nothing else happens");
  const long before = server.resident();
  const auto client = connect(server);
  ASSERT_TRUE(client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"));
  Answer answer;
  const std::size_t sent = send_until_answered(*client, std::string(64U << 10U, 'x'), 100U << 20U, answer);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers["connection"], "close");
  EXPECT_LT(sent, 16U << 20U);
  EXPECT_LE(server.resident() - before, kMaxGrowth);
  std::printf("  %s: 413 after %.2f of 100 MB, memory %+.1f MB\n", kind(), static_cast<double>(sent) / 1e6,
              static_cast<double>(server.resident() - before) / 1e6);
  // One who does not listen is cut off.
  const auto deaf = connect(server);
  ASSERT_TRUE(deaf->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"));
  std::size_t pushed = 0;
  const std::string piece(64U << 10U, 'x');
  while (pushed < (100U << 20U) && deaf->send(piece)) pushed += piece.size();
  EXPECT_LT(pushed, 32U << 20U);
  EXPECT_LE(server.resident() - before, kMaxGrowth);
}

TEST_P(ServerGateMessages, BoundsWhatHasNoEnd) {
  const ServerProcess server(options());
  expect_healthy(server, 1, "nothing else happens");
  const long before = server.resident();
  const struct {
    const char* name;
    const char* first;
    std::string piece;
    int status;
    std::size_t most;
  } cases[] = {
      {"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
       "10000\r\n" + std::string(65536, 'x') + "\r\n", 413, 32U << 20U},
      {"tiny chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"",
       std::string(4096, 'x'), 400, 16U << 20U},
      {"header", "GET / HTTP/1.1\r\nHost: x\r\nA: ", std::string(4096, 'x'), 431, 16U << 20U},
      {"headers", "GET / HTTP/1.1\r\nHost: x\r\n", "A: bcdefghijklmnop\r\nB: c\r\n", 431, 16U << 20U},
      {"target", "GET /", std::string(4096, 'x'), 431, 16U << 20U},
      {"trailers", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
       std::string(4096, 'x'), 400, 16U << 20U},
  };
  for (const auto& c : cases) {
    const auto client = connect(server);
    ASSERT_TRUE(client->send(c.first)) << c.name;
    Answer answer;
    const std::size_t sent = send_until_answered(*client, c.piece, 300U << 20U, answer);
    EXPECT_EQ(answer.status, c.status) << c.name;
    EXPECT_LT(sent, c.most) << c.name;
    std::printf("  %s: endless %s: %d after %.2f MB\n", kind(), c.name, answer.status,
                static_cast<double>(sent) / 1e6);
  }
  // The body of the first one may have been as large as bodies may be.
  EXPECT_LE(server.resident() - before, kMaxGrowth + (10L << 20U));
  expect_healthy(server, 5, "the endless ones are refused");
}

TEST_P(ServerGateMessages, RefusesWhatIsMalformedAndCloses) {
  const ServerProcess server(options());
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "A" + std::to_string(i) + ": b\r\n";
  const struct {
    const char* name;
    std::string bytes;
    int status = 400;
  } cases[] = {
      {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"length and chunks",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n"},
      {"Host with a blank", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
      {"NUL", std::string("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 36)},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
      {"huge chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
       413},
      {"no chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc"},
      {"unknown encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc", 501},
      {"10000 headers", "GET / HTTP/1.1\r\nHost: x\r\n" + many + "\r\n", 431},
      {"another protocol", "\x05\x01\x02\r\n\r\n"},
      {"a second request smuggled",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 30\r\n\r\naGET / HTTP/1.1\r\n\r\n"},
  };
  for (const auto& c : cases) {
    const auto client = connect(server);
    ASSERT_NE(client, nullptr) << c.name;
    client->send(c.bytes);
    EXPECT_EQ(client->answer().status, c.status) << c.name;
    EXPECT_TRUE(client->ended()) << c.name;
  }
  expect_healthy(server, 5, "the malformed ones are refused");
}

TEST_P(ServerGateMessages, ShedsBodiesBeyondItsMemory) {
  auto o = options();
  o.max_bytes_in_flight = 1U << 20U;
  const ServerProcess server(o);
  const std::string most(900U << 10U, 'x');
  const auto first = connect(server);
  ASSERT_TRUE(first->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 921601\r\n\r\n" + most));
  ASSERT_TRUE(eventually([&] { return ask_report(server).body_bytes == most.size(); }));
  const auto second = connect(server);
  ASSERT_TRUE(second->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 921600\r\n\r\n"));
  Answer shed;
  send_until_answered(*second, std::string(16U << 10U, 'x'), most.size(), shed);
  EXPECT_EQ(shed.status, 503);
  EXPECT_EQ(shed.headers["retry-after"], "1");
  expect_healthy(server, 5, "another's body fills the memory");
  EXPECT_EQ(first->ask("x").body, "921601");
  EXPECT_EQ(connect(server)->ask(post("/", most)).body, "921600");
}

}  // namespace
}  // namespace berth::http
