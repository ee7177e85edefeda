#include "kube/client/connect.h"

#include <utility>

#include "kube/http/tls_transport.h"

namespace berth::client {
namespace {

// Puts the server's own path before every request's.
class PathTransport final : public http::Transport {
 public:
  PathTransport(std::unique_ptr<http::Transport> inner, std::string path)
      : inner_(std::move(inner)), path_(std::move(path)) {}

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    return inner_->exchange(below(request), deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override {
    return inner_->open(below(request), deadline);
  }

 private:
  [[nodiscard]] http::Request below(const http::Request& request) const {
    http::Request moved = request;
    moved.target.insert(0, path_);
    return moved;
  }

  std::unique_ptr<http::Transport> inner_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<http::Transport>> make_transport(const ClusterAccess& access,
                                                        const std::string& user_agent) {
  http::TransportOptions options;
  options.host = access.host;
  options.port = access.port;
  options.plain = access.plain;
  options.tls.ca_pem = access.ca_pem;
  options.tls.certificate_pem = access.client_cert_pem;
  options.tls.key_pem = access.client_key_pem;
  options.tls.server_name = access.server_name;
  options.tls.skip_verify = access.insecure;
  options.user_agent = user_agent;
  // One for each thread that asks, or a busy program shakes hands all the time. Few stay open when it rests.
  options.max_idle_connections = 16;
  options.token_file = access.token_file;
  if (options.token_file.empty() && !access.token.empty()) {
    options.token = [token = access.token] { return token; };
  }
  TRY(std::unique_ptr<http::Transport> transport, http::TlsTransport::make(std::move(options)));
  if (access.path.empty()) return transport;
  return std::unique_ptr<http::Transport>(std::make_unique<PathTransport>(std::move(transport), access.path));
}

}  // namespace berth::client
