#include "kube/http/test_support.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace berth::http::test {
namespace {

using Clock = std::chrono::steady_clock;

void require(bool truth, const char* what) {
  if (truth) return;
  std::fprintf(stderr, "test support: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

// OpenSSL's socket BIO writes without MSG_NOSIGNAL.
void ignore_sigpipe() { (void)std::signal(SIGPIPE, SIG_IGN); }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(bio, certificate) == 1, "cannot write a certificate");
  return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "cannot write a key");
  return text_of(bio);
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "cannot add an extension");
  X509_EXTENSION_free(extension);
}

X509* new_certificate(const std::string& name, EVP_PKEY* key, bool expired) {
  static std::atomic<long> serial{1};
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -60 : 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  require(X509_set_pubkey(certificate, key) == 1, "cannot set a key");
  return certificate;
}

// 1: ready, 0: not within the limit.
int wait_ready(int descriptor, short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd one{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&one, 1, static_cast<int>(std::max<long>(left, 0)));
}

// Drives an OpenSSL call on a non-blocking socket to its end.
template <class Call>
int drive(int descriptor, SSL* session, Clock::time_point deadline, Call call) {
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

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::map<std::string, std::string> headers_of(std::string_view head) {
  std::map<std::string, std::string> headers;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t next = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    if (const auto colon = line.find(": "); colon != std::string_view::npos) {
      headers[lower(std::string(line.substr(0, colon)))] = line.substr(colon + 2);
    }
    at = next;
  }
  return headers;
}

std::size_t number(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? 0
                                : static_cast<std::size_t>(std::strtoull(found->second.c_str(), nullptr, 10));
}

SSL_CTX* new_server_context(const KeyPair& pair, const std::string& client_ca) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* bio = BIO_new_mem_buf(pair.certificate_pem.data(), static_cast<int>(pair.certificate_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = BIO_new_mem_buf(pair.key_pem.data(), static_cast<int>(pair.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  require(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1,
          "cannot use a key pair");
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!client_ca.empty()) {
    bio = BIO_new_mem_buf(client_ca.data(), static_cast<int>(client_ca.size()));
    X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

// Making a context costs more than a handshake, so each kind is made once and kept.
SSL_CTX* client_context(const RawClient::Tls& tls) {
  static std::mutex mutex;
  // Never freed: OpenSSL may end before it.
  static auto& made = *new std::map<std::string, SSL_CTX*>;
  const std::lock_guard lock(mutex);
  SSL_CTX*& context = made[tls.ca_pem + "|" + tls.alpn + "|" + std::to_string(tls.max_version)];
  if (context != nullptr) return context;
  context = SSL_CTX_new(TLS_client_method());
  if (!tls.ca_pem.empty()) {
    BIO* bio = BIO_new_mem_buf(tls.ca_pem.data(), static_cast<int>(tls.ca_pem.size()));
    X509* ca = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
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

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

Authority::Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
  require(key_ != nullptr, "cannot make a key");
  certificate_ = new_certificate(name, key_, false);
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  add_extension(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_, certificate_, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate_, key_, EVP_sha256()) > 0, "cannot sign");
  pem_ = pem_of(certificate_);
}

Authority::~Authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

KeyPair Authority::issue(const std::string& alternative_names, const std::string& name, bool expired) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  require(key != nullptr, "cannot make a key");
  X509* leaf = new_certificate(name, key, expired);
  X509_set_issuer_name(leaf, X509_get_subject_name(certificate_));
  if (!alternative_names.empty()) {
    add_extension(leaf, certificate_, NID_subject_alt_name, alternative_names.c_str());
  }
  require(X509_sign(leaf, key_, EVP_sha256()) > 0, "cannot sign");
  KeyPair pair{pem_of(leaf), pem_of(key)};
  X509_free(leaf);
  EVP_PKEY_free(key);
  return pair;
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
    const std::size_t length = head ? 0 : number(answer.headers, "content-length");
    while (rest_.size() < end + 4 + length) {
      if (!more()) return {};
    }
    answer.body = rest_.substr(end + 4, length);
    rest_.erase(0, end + 4 + length);
    if (answer.status != 100) return answer;
  }
}

bool RawClient::ended(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  rest_.clear();
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (wait_ready(descriptor_, POLLIN, deadline) <= 0) return false;
    std::array<char, 4096> room{};
    const long count = ::recv(descriptor_, room.data(), room.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return true;
    if (left <= 0ms) return false;
  }
}

void RawClient::reset_on_close() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

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

std::string get(const std::string& target, bool close) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + (close ? "Connection: close\r\n" : "") + "\r\n";
}

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string ScriptedServer::Peer::read_some() { return receive_some(descriptor_, session_, 10s); }

std::string ScriptedServer::Peer::read_request() {
  std::size_t end = 0;
  while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
    const std::string some = read_some();
    if (some.empty()) return {};
    rest_ += some;
  }
  const std::size_t size = end + 4 + number(headers_of(rest_.substr(0, end)), "content-length");
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

void ScriptedServer::Peer::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool ScriptedServer::Peer::gone(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::array<char, 4096> room{};
  while (wait_ready(descriptor_, POLLIN, deadline) > 0) {
    const long count = ::recv(descriptor_, room.data(), room.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return true;
  }
  return false;
}

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

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t open_descriptors() {
  // One of them is the listing's own.
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                                                std::filesystem::directory_iterator())) -
         1;
}

}  // namespace berth::http::test
