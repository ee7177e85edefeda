#include "kube/http/testing/server_process.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "kube/http/testing/socket_io.h"

namespace berth::http::test {
namespace {

constexpr std::size_t kLargeReply = 16U << 20U;

Reply report(const ServerStats& s) {
  std::ostringstream out;
  out << s.evicted << ' ' << s.accept_failures << ' ' << s.timeouts << ' ' << s.connections << ' '
      << s.in_flight << ' ' << s.bytes_in_flight;
  return {.content_type = "text/plain", .body = out.str()};
}

// As the programs do it: SIGTERM drains.
[[noreturn]] void serve(const ServerOptions& options, rlim_t descriptors, int port_pipe) {
  sigset_t set{};
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (descriptors > 0) {
    const rlimit limit{.rlim_cur = descriptors, .rlim_max = descriptors};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) std::_Exit(3);
  }
  Server* self = nullptr;
  auto server = Server::start(options, [&self](const ServerRequest& request) {
    if (request.target == "/stats") return report(self->stats());
    if (request.target == "/large") return Reply{.body = std::string(kLargeReply, 'x')};
    return Reply{.body = std::to_string(request.body.size())};
  });
  if (!server.ok()) std::_Exit(4);
  self = server->get();
  const std::uint16_t port = self->port();
  if (::write(port_pipe, &port, sizeof port) != sizeof port) std::_Exit(5);
  int signal = 0;
  sigwait(&set, &signal);
  const bool clean = self->drain(200ms, 5s);
  server->reset();
  std::_Exit(clean ? 0 : 1);
}

}  // namespace

Report read_report(const std::string& body) {
  std::istringstream words(body);
  Report r;
  words >> r.evicted >> r.accept_failures >> r.timeouts >> r.connections >> r.in_flight >> r.body_bytes;
  EXPECT_TRUE(words) << "no report";
  return r;
}

ServerProcess::ServerProcess(const ServerOptions& options, rlim_t descriptors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) serve(options, descriptors, ends[1]);
  ::close(ends[1]);
  EXPECT_EQ(::read(ends[0], &port_, sizeof port_), static_cast<ssize_t>(sizeof port_));
  ::close(ends[0]);
}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

long ServerProcess::resident() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  long total = 0;
  long pages = 0;
  file >> total >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

long ServerProcess::descriptors() const {
  return static_cast<long>(
      std::distance(std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd"),
                    std::filesystem::directory_iterator()));
}

void ServerProcess::ask_to_stop() const { ::kill(pid_, SIGTERM); }

int ServerProcess::ended() {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace berth::http::test
