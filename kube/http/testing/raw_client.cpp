#include "kube/http/testing/raw_client.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "kube/http/testing/authority.h"

namespace berth::http::test {
namespace {

// Making a context costs more than a handshake, so each kind is made once and kept.
SSL_CTX* client_context(const RawClient::Tls& tls) {
  static std::mutex mutex;
  // Never freed: OpenSSL may end before it.
  static auto& made = *new std::map<std::string, SSL_CTX*>;
  const std::lock_guard lock(mutex);
  SSL_CTX*& context = made[tls.ca_pem + "|" + tls.alpn + "|" + std::to_string(tls.max_version)];
  if (context != nullptr) return context;
  context = SSL_CTX_new(TLS_client_method());
  if (!tls.ca_pem.empty()) trust(context, tls.ca_pem, SSL_VERIFY_PEER);
  if (tls.max_version != 0) SSL_CTX_set_max_proto_version(context, tls.max_version);
  if (!tls.alpn.empty()) {
    std::string list(1, static_cast<char>(tls.alpn.size()));
    list += tls.alpn;
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
  }
  return context;
}

}  // namespace

std::unique_ptr<RawClient> RawClient::plain(std::uint16_t port) {
  const int descriptor = connect_to(port);
  if (descriptor < 0) return nullptr;
  return std::unique_ptr<RawClient>(new RawClient(descriptor));
}

std::unique_ptr<RawClient> RawClient::tls(std::uint16_t port) { return tls(port, Tls()); }

std::unique_ptr<RawClient> RawClient::tls(std::uint16_t port, const Tls& tls) {
  ignore_sigpipe();
  auto client = plain(port);
  if (!client) return nullptr;
  client->session_ = SSL_new(client_context(tls));
  // The pipe is non-blocking from here on: every wait has its limit.
  BIO* bio = BIO_new_socket(client->descriptor_, BIO_NOCLOSE);
  BIO_set_nbio(bio, 1);
  BIO_socket_nbio(client->descriptor_, 1);
  SSL_set_bio(client->session_, bio, bio);
  if (!tls.server_name.empty()) {
    SSL_set_tlsext_host_name(client->session_, tls.server_name.c_str());
    SSL_set1_host(client->session_, tls.server_name.c_str());
  }
  const int shaken = drive(client->descriptor_, client->session_, Clock::now() + 10s,
                           [&] { return SSL_connect(client->session_); });
  if (shaken != 1) return nullptr;
  return client;
}

RawClient::~RawClient() {
  SSL_free(session_);
  ::close(descriptor_);
}

bool RawClient::send(std::string_view bytes) { return send_all(descriptor_, session_, bytes); }

std::string RawClient::receive(std::chrono::milliseconds limit) {
  if (!rest_.empty()) return std::exchange(rest_, {});
  return receive_some(descriptor_, session_, limit);
}

bool RawClient::has_news() {
  pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
  if (!rest_.empty()) return true;
  if (::poll(&readable, 1, 0) <= 0) return false;
  if (session_ == nullptr) return true;
  // It may be TLS's own: session tickets come unasked.
  std::array<char, 4096> room{};
  ERR_clear_error();
  const int count = SSL_read(session_, room.data(), static_cast<int>(room.size()));
  if (count > 0) rest_.append(room.data(), static_cast<std::size_t>(count));
  return count > 0 || SSL_get_error(session_, count) != SSL_ERROR_WANT_READ;
}

Answer RawClient::answer(std::chrono::milliseconds limit, bool head) {
  const auto deadline = Clock::now() + limit;
  const auto more = [&] {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    const std::string some = receive_some(descriptor_, session_, std::max(left, 0ms));
    rest_ += some;
    return !some.empty();
  };
  for (;;) {
    std::size_t end = 0;
    while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    Answer answer;
    answer.status = rest_.size() > 12 ? std::atoi(rest_.c_str() + 9) : 0;
    answer.headers = headers_of(rest_.substr(0, end));
    const std::size_t length = head ? 0 : content_length(answer.headers);
    while (rest_.size() < end + 4 + length) {
      if (!more()) return {};
    }
    answer.body = rest_.substr(end + 4, length);
    rest_.erase(0, end + 4 + length);
    if (answer.status != 100) return answer;
  }
}

bool RawClient::ended(std::chrono::milliseconds limit) {
  rest_.clear();
  return ends(descriptor_, limit);
}

void RawClient::reset_on_close() { reset_at_close(descriptor_); }

std::string RawClient::certificate_name() const {
  if (session_ == nullptr) return {};
  X509* certificate = SSL_get1_peer_certificate(session_);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  X509_free(certificate);
  return name.data();
}

std::string RawClient::alpn() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  if (session_ != nullptr) SSL_get0_alpn_selected(session_, &chosen, &size);
  return std::string(reinterpret_cast<const char*>(chosen), size);
}

}  // namespace berth::http::test
