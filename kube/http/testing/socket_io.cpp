#include "kube/http/testing/socket_io.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace berth::http::test {

void require(bool truth, const char* what) {
  if (truth) return;
  std::fprintf(stderr, "test support: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

void ignore_sigpipe() { (void)std::signal(SIGPIPE, SIG_IGN); }

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return -1;
  }
  const int on = 1;
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

int wait_ready(int descriptor, short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd one{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&one, 1, static_cast<int>(std::max<long>(left, 0)));
}

int drive(int descriptor, SSL* session, Clock::time_point deadline, const std::function<int()>& call) {
  for (;;) {
    ERR_clear_error();
    const int result = call();
    if (result > 0) return result;
    const int why = SSL_get_error(session, result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return result;
    const short events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (wait_ready(descriptor, events, deadline) <= 0) return -1;
  }
}

bool send_all(int descriptor, SSL* session, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto deadline = Clock::now() + 10s;
    long sent = 0;
    if (session != nullptr) {
      const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20U));
      sent = drive(descriptor, session, deadline, [&] { return SSL_write(session, bytes.data(), size); });
    } else {
      sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EAGAIN) {
        if (wait_ready(descriptor, POLLOUT, deadline) <= 0) return false;
        continue;
      }
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string receive_some(int descriptor, SSL* session, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::string room(64UL << 10U, '\0');
  long count = 0;
  if (session != nullptr) {
    count = drive(descriptor, session, deadline,
                  [&] { return SSL_read(session, room.data(), static_cast<int>(room.size())); });
  } else {
    if (wait_ready(descriptor, POLLIN, deadline) <= 0) return {};
    count = ::recv(descriptor, room.data(), room.size(), MSG_DONTWAIT);
  }
  room.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return room;
}

bool ends(int descriptor, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::array<char, 4096> room{};
  while (wait_ready(descriptor, POLLIN, deadline) > 0) {
    const long count = ::recv(descriptor, room.data(), room.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return true;
    if (Clock::now() >= deadline) return false;
  }
  return false;
}

void reset_at_close(int descriptor) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

}  // namespace berth::http::test
