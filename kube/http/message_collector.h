// MessageCollector: what collecting a request and a response with Boost.Beast have in common: the body.
//
// Inside of kube/http, and like Beast itself only for its .cpp files. Beast's own container of fields is not
// needed: those who derive from this take what they want of the first line and the headers. Thread-safety:
// none.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>

namespace berth::http {

// Message has a `body`, a std::string. A declared length is given room at once up to kMaxReserve bytes, and
// the rest as it arrives: it is only a claim.
template <bool kIsRequest, class Message, std::uint64_t kMaxReserve>
class MessageCollector : public boost::beast::http::basic_parser<kIsRequest> {
 public:
  Message message{};

  // Whether put() may be called with so many bytes. Beast 1.81 asserts five where it reads the last chunk's
  // header a second time; whatever the chunk, no message ends in less ("0", CRLF, CRLF). The bytes of a chunk
  // are never held back: they may be the end of an event.
  [[nodiscard]] bool can_read(std::size_t size) const {
    return !this->chunked() || chunk_left_ > 0 || size >= 5;
  }

 protected:
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

 private:
  void on_header_impl(ErrorCode& ec) final { ec = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) final {
    ec = {};
    if (length) message.body.reserve(static_cast<std::size_t>(std::min(*length, kMaxReserve)));
  }
  std::size_t on_body_impl(Text bytes, ErrorCode& ec) final {
    ec = {};
    message.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t size, Text /*extensions*/, ErrorCode& ec) final {
    ec = {};
    chunk_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, Text bytes, ErrorCode& ec) final {
    chunk_left_ -= bytes.size();
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(ErrorCode& ec) final { ec = {}; }

  std::uint64_t chunk_left_ = 0;  // of the chunk that is being read
};

}  // namespace berth::http
