// The streams that a TlsTransport opens: watches.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>

#include "kube/http/testing/authority.h"
#include "kube/http/testing/scripted_server.h"
#include "kube/http/testing/socket_io.h"
#include "kube/http/testing/transport_fixture.h"

namespace berth::http {
namespace {

using test::Authority;
using test::kGet;
using test::make;
using test::plain;
using test::ScriptedServer;
using test::secure;
using Peer = ScriptedServer::Peer;
using namespace std::chrono_literals;

std::string chunk(const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Stream, DeliversBytesAsTheyComeAndThenTheEnd) {
  const Authority authority;
  std::promise<void> next;
  ScriptedServer server(
      [&](Peer& peer, int) {
        peer.read_request();
        peer.send(kChunkedHead);
        peer.send(chunk("one\n"));
        next.get_future().wait();
        peer.send(chunk("two\n") + "0\r\n\r\n");
        peer.gone();
      },
      authority.issue("IP:127.0.0.1"));
  const auto transport = make(secure(server, authority));
  auto stream = transport->open({.target = "/watch"}, 10s);
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
  next.set_value();
  EXPECT_EQ(*(*stream)->read(10s), "two\n");
  EXPECT_EQ(*(*stream)->read(10s), "");
  EXPECT_EQ(*(*stream)->read(10s), "");
}

TEST(Stream, OutlivesItsTransport) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead + chunk("one\n"));
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
}

TEST(Stream, DeliversWhatCameBeforeAFailureFirst) {
  ScriptedServer server([&](Peer& peer, int connection) {
    peer.read_request();
    if (connection == 0) {
      peer.send(kChunkedHead + chunk("one\n") + "5\r\ntw");  // and breaks off
    } else {
      peer.send(kChunkedHead + chunk("one\n") + "5\r\ntw" + "o, and more" + "no chunk");
      peer.gone();
    }
  });
  const auto transport = make(plain(server.port()));
  for (int i = 0; i < 2; ++i) {
    auto stream = transport->open(kGet, 10s);
    ASSERT_TRUE(stream.ok());
    std::string all;
    Result<std::string> last = std::string();
    do {
      last = (*stream)->read(10s);
      if (last.ok()) all += *last;
    } while (last.ok() && !last->empty());
    ASSERT_FALSE(last.ok()) << i;
    EXPECT_EQ(last.error().code, Code::kUnavailable) << i;
    EXPECT_EQ(all.substr(0, 6), "one\ntw") << i;
    EXPECT_FALSE((*stream)->read(10s).ok()) << "a failure stays";
  }
}

TEST(Stream, FailsWhenNothingComesForTooLong) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead + chunk("one\n"));
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  EXPECT_EQ(*(*stream)->read(10s), "one\n");
  EXPECT_EQ((*stream)->read(30ms).error().code, Code::kTimeout);
}

TEST(Stream, IsCancelledFromAnotherThread) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead);
    peer.gone();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  ASSERT_TRUE(stream.ok());
  std::promise<void> reading;
  auto read = std::async(std::launch::async, [&] {
    reading.set_value();
    return (*stream)->read(60s);
  });
  reading.get_future().wait();
  (*stream)->cancel();
  ASSERT_EQ(read.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(read.get().error().code, Code::kCancelled);
  EXPECT_EQ((*stream)->read(60s).error().code, Code::kCancelled);
}

TEST(Stream, HoldsBackAServerThatIsFasterThanItsReader) {
  std::atomic<std::size_t> sent{0};
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(kChunkedHead);
    const std::string piece = chunk(std::string(64U << 10U, 'x'));
    while (sent < (256U << 20U) && peer.send(piece)) sent += piece.size();
  });
  auto stream = make(plain(server.port()))->open(kGet, 10s);
  ASSERT_TRUE((*stream)->read(10s).ok());
  // The pipe fills and the server gets stuck: what it has sent stops growing far below all it wants to send.
  std::size_t before = 0;
  ASSERT_TRUE(test::eventually([&] {
    std::this_thread::sleep_for(20ms);
    return std::exchange(before, sent.load()) == sent.load();
  }));
  EXPECT_LT(sent.load(), 64U << 20U);
  (*stream)->cancel();
  stream = Error{};
}

TEST(Stream, IsNotOpenedByAStatusOtherThan200) {
  ScriptedServer server([](Peer& peer, int connection) {
    peer.read_request();
    if (connection == 0) peer.send("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\ntoo old");
    if (connection == 1) peer.send("HTTP/1.1 429 Slow\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n");
    if (connection == 2) peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nyou may not");
    if (connection == 3) {
      peer.send("HTTP/1.1 500 Sorry\r\n\r\n");
      while (peer.send(std::string(1024, 'x'))) {
      }
    }
  });
  const auto transport = make(plain(server.port()));
  const auto gone = transport->open(kGet, 10s).error();
  EXPECT_EQ(gone.code, Code::kGone);
  EXPECT_NE(gone.message.find("too old"), std::string::npos);
  const auto slow = transport->open(kGet, 10s).error();
  EXPECT_EQ(slow.code, Code::kThrottled);
  EXPECT_EQ(slow.retry_after_seconds, 4);
  const auto forbidden = transport->open(kGet, 10s).error();
  EXPECT_EQ(forbidden.code, Code::kForbidden) << "the body broke off, the status did not";
  EXPECT_NE(forbidden.message.find("you may not"), std::string::npos);
  EXPECT_EQ(transport->open(kGet, 10s).error().code, Code::kUnavailable);
}

TEST(Stream, WaitsForItsHeaderNoLongerThanTheDeadline) {
  ScriptedServer server([](Peer& peer, int) { peer.gone(); });
  EXPECT_EQ(make(plain(server.port()))->open(kGet, 50ms).error().code, Code::kTimeout);
}

}  // namespace
}  // namespace berth::http
