// RequestParser: bytes of a connection -> requests, strict where leniency invites smuggling.
//
// Inside of kube/http. Boost.Beast reads the grammar; what it lets pass and we do not is checked here. It
// never looks behind the end of the request, so pipelined requests stay with the caller.
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "kube/http/server.h"

namespace berth::http {

class RequestParser {
 public:
  enum class Step {
    kNeedMore,  // call again with what was left and more
    kHeader,    // the header is accepted and a body follows; call again with the rest
    kDone,      // request() is complete
    kRefused,   // refusal() says why; nothing more can be read from this connection
  };

  RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Reads from the front of `bytes` and says how much of it is used up; the rest must be handed in again. The
  // caller needs room for max_header_bytes; should that be full and nothing used up, the parser refuses.
  Step read(std::string_view bytes, std::size_t& used);
  // Makes ready for the next request of the connection.
  void reset();

  // Of kHeader and later.
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool is_head() const;
  [[nodiscard]] std::size_t body_size() const;  // so far

  ServerRequest& request();
  // Of kRefused: 400, 413, 417, 431 or 501, and the reason as plain text.
  [[nodiscard]] const Reply& refusal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::http
