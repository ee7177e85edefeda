// ResponseParser: bytes of a connection -> one response, whole or piece by piece.
//
// Inside of kube/http. Interim responses (1xx) are skipped. Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::http {

class ResponseParser {
 public:
  enum class Step {
    kNeedMore,  // call again with what was left and more
    kHeader,    // status and headers are known; call again with the rest
    kDone,      // the response is complete
    kBroken,    // failure() says why; the connection is of no more use
  };

  static constexpr std::uint64_t kNoLimit = UINT64_MAX;

  // `head`: the answer to a HEAD request, which has no body whatever its header says.
  ResponseParser(std::size_t max_header_bytes, std::uint64_t max_body_bytes, bool head);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;
  ResponseParser& operator=(ResponseParser&&) = delete;

  // Reads from the front of `bytes` and says how much of it is used up. The caller needs room for
  // max_header_bytes.
  Step read(std::string_view bytes, std::size_t& used);
  // The server has ended the connection in good order: kDone where that ends the body, else kBroken.
  Step read_end();

  // The body read since it was last taken stays in it until it is moved away.
  Response& response();
  // Of kDone: whether the connection can be used again.
  [[nodiscard]] bool keep_alive() const;
  // Of kBroken: Unavailable, or Malformed where the answer is larger than allowed.
  [[nodiscard]] const Error& failure() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::http
