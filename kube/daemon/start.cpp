#include "kube/daemon/start.h"

namespace berth::daemon {

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
