// ServerProcess: a Server in a process of its own, so that its memory and descriptors can be counted.
//
// It answers /stats with its Report, /large with 16 MiB and anything else with the size of the body. SIGTERM
// drains it. Thread-safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>

#include "kube/http/server.h"

namespace berth::http::test {

// What the server says of itself (ServerStats).
struct Report {
  std::uint64_t evicted = 0;
  std::uint64_t accept_failures = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t connections = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t body_bytes = 0;
};
// The answer to /stats.
Report read_report(const std::string& body);

class ServerProcess {
 public:
  // `descriptors`: the limit it runs under, 0: that of this process.
  explicit ServerProcess(const ServerOptions& options, rlim_t descriptors = 0);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Bytes.
  [[nodiscard]] long resident() const;
  [[nodiscard]] long descriptors() const;
  void ask_to_stop() const;
  // The exit status, -1 when it did not end within 30 s or by a signal.
  int ended();

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace berth::http::test
