// What the tests of kube/http stand on: certificates, raw clients and a scripted server.
//
// Blocking system calls and OpenSSL only, so that they share no code with what they test.
// Thread-safety: none, but for ScriptedServer::requests().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kube/http/server.h"

struct ssl_ctx_st;
struct ssl_st;
struct evp_pkey_st;
struct x509_st;

namespace berth::http::test {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): tests only

// True as soon as the condition is; false when it has not become so within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 30s);

// Signs certificates. P-256, valid from an hour ago for a day.
class Authority {
 public:
  explicit Authority(const std::string& name = "test CA");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  [[nodiscard]] const std::string& pem() const { return pem_; }
  // alternative_names in OpenSSL's form: "DNS:example.test,IP:127.0.0.1".
  [[nodiscard]] KeyPair issue(const std::string& alternative_names, const std::string& name = "leaf",
                              bool expired = false) const;

 private:
  evp_pkey_st* key_;
  x509_st* certificate_;
  std::string pem_;
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};
};

// A client that says exactly what it is told.
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

// A connected TCP socket to 127.0.0.1, or -1.
int connect_to(std::uint16_t port);

std::string get(const std::string& target, bool close = false);
std::string post(const std::string& target, const std::string& body);

// A server that follows a script: each connection it accepts is given to `serve` in a thread of its own.
class ScriptedServer {
 public:
  // One connection, seen from the server.
  class Peer {
   public:
    Peer(int descriptor, ssl_st* session) : descriptor_(descriptor), session_(session) {}
    // The next request with its body, "" at the end.
    std::string read_request();
    bool send(std::string_view bytes);
    // Ends in good order: TLS says farewell.
    void end();
    // Breaks: RST.
    void reset();
    // Waits until the client has gone or the limit passes.
    bool gone(std::chrono::milliseconds limit = 10s);

   private:
    friend class ScriptedServer;
    std::string read_some();
    int descriptor_;
    ssl_st* session_;
    std::string rest_{};
  };
  using Script = std::function<void(Peer&, int connection)>;  // connections count from 0

  explicit ScriptedServer(Script serve);              // plain
  ScriptedServer(Script serve, const KeyPair& pair);  // TLS
  ScriptedServer(Script serve, const KeyPair& pair, const std::string& client_ca_pem);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const;

 private:
  void listen();
  void run();
  Script serve_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_{};
  int accepted_ = 0;
  std::vector<int> open_{};
  std::vector<std::thread> threads_{};
  std::thread acceptor_{};
};

// Of this process: bytes of resident memory, and open descriptors.
std::size_t resident_bytes();
std::size_t open_descriptors();

}  // namespace berth::http::test
