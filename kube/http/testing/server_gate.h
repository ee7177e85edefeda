// ServerGate: the gate a server must pass before it may stand in front of an API server.
//
// What hostile, broken and vanishing clients do to it, over TLS and plain; the figures are printed. The tests
// are in server_gate_*_test.cpp. Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "kube/http/server.h"
#include "kube/http/testing/authority.h"
#include "kube/http/testing/raw_client.h"
#include "kube/http/testing/server_process.h"
#include "kube/http/testing/socket_io.h"

namespace berth::http::test {

// What a server may grow by, in bytes, and still count as having lost nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
inline constexpr long kMaxGrowth = 48L << 20U;
#else
inline constexpr bool kSanitized = false;
inline constexpr long kMaxGrowth = 5L << 20U;
#endif

// What a client says that then falls silent: a greeting of TLS, a request.
inline const std::string kHalfHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half", 15);
inline constexpr char kHalfHeader[] = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Le";

long milliseconds_since(Clock::time_point start);

// The parameter: TLS, else plain.
class ServerGate : public ::testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite();

  [[nodiscard]] static bool tls() { return GetParam(); }
  [[nodiscard]] static const char* kind() { return tls() ? "TLS" : "plain"; }

  [[nodiscard]] ServerOptions options() const;
  // Null when the server does not let it in.
  [[nodiscard]] static std::unique_ptr<RawClient> connect(const ServerProcess& server);
  static Report ask_report(const ServerProcess& server);

  // `count` well-behaved clients, one after another, each on a connection of its own.
  static void expect_healthy(const ServerProcess& server, int count, const char* while_what);
  // As many as at first, soon.
  static void expect_descriptors(const ServerProcess& server, long base);
  // Sends piece after piece until there is an answer or `most` bytes are sent; how much was sent.
  static std::size_t send_until_answered(RawClient& client, const std::string& piece, std::size_t most,
                                         Answer& answer);

  const Authority authority_{};
};

std::string listener_name(const ::testing::TestParamInfo<bool>& info);

}  // namespace berth::http::test
