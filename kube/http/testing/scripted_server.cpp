#include "kube/http/testing/scripted_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "kube/http/testing/authority.h"
#include "kube/http/testing/message_text.h"

namespace berth::http::test {
namespace {

SSL_CTX* new_server_context(const KeyPair& pair, const std::string& client_ca) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  show(context, pair);
  if (!client_ca.empty()) trust(context, client_ca, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  return context;
}

}  // namespace

std::string ScriptedServer::Peer::read_some() { return receive_some(descriptor_, session_, 10s); }

std::string ScriptedServer::Peer::read_request() {
  std::size_t end = 0;
  while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
    const std::string some = read_some();
    if (some.empty()) return {};
    rest_ += some;
  }
  const std::size_t size = end + 4 + content_length(headers_of(rest_.substr(0, end)));
  while (rest_.size() < size) {
    const std::string some = read_some();
    if (some.empty()) return {};
    rest_ += some;
  }
  std::string request = rest_.substr(0, size);
  rest_.erase(0, size);
  return request;
}

bool ScriptedServer::Peer::send(std::string_view bytes) { return send_all(descriptor_, session_, bytes); }

void ScriptedServer::Peer::end() {
  if (session_ != nullptr) SSL_shutdown(session_);
  ::shutdown(descriptor_, SHUT_WR);
}

void ScriptedServer::Peer::reset() { reset_at_close(descriptor_); }

bool ScriptedServer::Peer::gone(std::chrono::milliseconds limit) { return ends(descriptor_, limit); }

ScriptedServer::ScriptedServer(Script serve) : serve_(std::move(serve)) { listen(); }

ScriptedServer::ScriptedServer(Script serve, const KeyPair& pair)
    : serve_(std::move(serve)), context_(new_server_context(pair, "")) {
  listen();
}

ScriptedServer::ScriptedServer(Script serve, const KeyPair& pair, const std::string& client_ca_pem)
    : serve_(std::move(serve)), context_(new_server_context(pair, client_ca_pem)) {
  listen();
}

void ScriptedServer::listen() {
  ignore_sigpipe();
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
              ::listen(listener_, 64) == 0 &&
              ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { run(); });
}

void ScriptedServer::run() {
  for (;;) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) return;
    const int on = 1;
    (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    const int index = accepted_++;
    open_.push_back(descriptor);
    threads_.emplace_back([this, descriptor, index] {
      SSL* session = nullptr;
      bool ready = true;
      if (context_ != nullptr) {
        session = SSL_new(context_);
        SSL_set_fd(session, descriptor);
        ready = drive(descriptor, session, Clock::now() + 10s, [&] { return SSL_accept(session); }) == 1;
      }
      Peer peer(descriptor, session);
      if (ready) serve_(peer, index);
      SSL_free(session);
      const std::lock_guard inner(mutex_);
      std::erase(open_, descriptor);
      ::close(descriptor);
    });
  }
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  SSL_CTX_free(context_);
}

int ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

}  // namespace berth::http::test
