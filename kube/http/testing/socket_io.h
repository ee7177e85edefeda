// Blocking socket and TLS calls with a limit each, for both ends of a test's connections.
//
// Shares no code with what is tested: system calls and OpenSSL only. Thread-safety: a connection belongs to
// one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

struct ssl_st;

namespace berth::http::test {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): tests only
using Clock = std::chrono::steady_clock;

// Ends the test program, with OpenSSL's errors, unless `truth`.
void require(bool truth, const char* what);

// OpenSSL's socket BIO writes without MSG_NOSIGNAL.
void ignore_sigpipe();

// True as soon as the condition is; false when it has not become so within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 30s);

// A connected TCP socket to 127.0.0.1, or -1.
int connect_to(std::uint16_t port);

// `events` as of poll(2). 1: ready, 0: not before the deadline.
int wait_ready(int descriptor, short events, Clock::time_point deadline);
// Drives an OpenSSL call on a non-blocking socket to its end: its result, or -1 at the deadline.
int drive(int descriptor, ssl_st* session, Clock::time_point deadline, const std::function<int()>& call);

// `session` is null without TLS. False when the connection broke or took nothing for 10 s.
bool send_all(int descriptor, ssl_st* session, std::string_view bytes);
// What has arrived within the limit, at most 64 KiB; "" at the end or an error.
std::string receive_some(int descriptor, ssl_st* session, std::chrono::milliseconds limit);
// Whether the peer ends the connection within the limit; what comes before is thrown away.
bool ends(int descriptor, std::chrono::milliseconds limit);
// An RST instead of a FIN when it is closed.
void reset_at_close(int descriptor);

}  // namespace berth::http::test
