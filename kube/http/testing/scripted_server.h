// ScriptedServer: a server that follows a script, over TLS or plain.
//
// Thread-safety: none, but for connections(); scripts run in threads of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kube/http/server.h"
#include "kube/http/testing/socket_io.h"

struct ssl_ctx_st;
struct ssl_st;

namespace berth::http::test {

// Each connection it accepts is given to `serve` in a thread of its own.
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

}  // namespace berth::http::test
