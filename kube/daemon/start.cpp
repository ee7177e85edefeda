#include "kube/daemon/start.h"

#include <array>
#include <unistd.h>

namespace berth::daemon {

std::string process_identity() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + "_" + std::to_string(getpid());
}

int give_up(const Log& log, std::string_view doing, const Error& error) {
  log_error(log, LogLevel::kError, doing, error);
  return 1;
}

http::ServerOptions listening_on(const ListenAddress& address) {
  http::ServerOptions options;
  options.address = address.host;
  options.port = address.port;
  return options;
}

Result<std::unique_ptr<http::Server>> serve_health(const ListenAddress& address, const Health& health) {
  http::ServerOptions options = listening_on(address);
  options.tls = false;
  return http::Server::start(options, health.handler());
}

}  // namespace berth::daemon
