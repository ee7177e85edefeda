// RawClient: a client that says exactly what it is told, over TLS or plain.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kube/http/testing/message_text.h"
#include "kube/http/testing/socket_io.h"

struct ssl_st;

namespace berth::http::test {

struct Answer {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

class RawClient {
 public:
  struct Tls {
    std::string ca_pem = {};  // "": anything is accepted
    std::string server_name = {};
    std::string alpn = "http/1.1";  // "": none
    int max_version = 0;            // 0: any, else OpenSSL's number
  };

  static std::unique_ptr<RawClient> plain(std::uint16_t port);
  // Null when the handshake fails within 10 s.
  static std::unique_ptr<RawClient> tls(std::uint16_t port, const Tls& tls);
  static std::unique_ptr<RawClient> tls(std::uint16_t port);

  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the connection broke or took nothing for 10 s.
  bool send(std::string_view bytes);
  // What has arrived within the limit, at most 64 KiB; "" at the end or an error.
  std::string receive(std::chrono::milliseconds limit = 10s);
  // One whole response with Content-Length; status 0 when there was none within the limit.
  Answer answer(std::chrono::milliseconds limit = 10s, bool head = false);
  // Whether an answer has begun to come, or the end has; does not wait.
  bool has_news();
  Answer ask(std::string_view request) { return send(request) ? answer() : Answer{}; }
  // Whether the server ends the connection within the limit; what comes before is thrown away.
  bool ended(std::chrono::milliseconds limit = 10s);
  // An RST instead of a FIN when this is destroyed.
  void reset_on_close();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // Of the server's certificate, "" without TLS.
  [[nodiscard]] std::string certificate_name() const;
  [[nodiscard]] std::string alpn() const;

 private:
  explicit RawClient(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  ssl_st* session_ = nullptr;
  std::string rest_{};
};

}  // namespace berth::http::test
