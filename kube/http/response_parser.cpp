#include "kube/http/response_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/none.hpp>
#include <optional>
#include <string>
#include <utility>

#include "kube/http/message_collector.h"

namespace berth::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr std::uint64_t kMaxReserve = 8UL << 20U;
constexpr int kMaxInterim = 8;

class Collector final : public MessageCollector<false, Response, kMaxReserve> {
 public:
  bool odd_encoding = false;

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       beast::error_code&) override {}
  void on_response_impl(int status, beast::string_view, int, beast::error_code& ec) override {
    ec = {};
    message.status = status;
  }
  void on_field_impl(field name, beast::string_view text, beast::string_view value,
                     beast::error_code& ec) override {
    ec = {};
    odd_encoding = odd_encoding || (name == field::transfer_encoding && !beast::iequals(value, "chunked"));
    std::string key(text.data(), text.size());
    std::ranges::transform(
        key, key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    // RFC 9110 5.2: lines of one name are one list.
    auto [entry, fresh] = message.headers.try_emplace(std::move(key), value.data(), value.size());
    if (!fresh) entry->second.append(", ").append(value.data(), value.size());
  }
};

}  // namespace

struct ResponseParser::Impl {
  std::size_t max_header_bytes;
  std::uint64_t max_body_bytes;
  bool head;
  std::optional<Collector> collector{};
  bool in_header = true;
  int interim = 0;
  Error error{};

  void begin() {
    collector.emplace();
    collector->header_limit(static_cast<std::uint32_t>(max_header_bytes));
    if (max_body_bytes == kNoLimit) {
      collector->body_limit(boost::none);
    } else {
      collector->body_limit(max_body_bytes);
    }
    collector->skip(head);
    in_header = true;
  }

  Step broken(Code code, std::string why) {
    error = {code, std::move(why)};
    return Step::kBroken;
  }

  Step broken(const beast::error_code& ec) {
    if (ec == beast::http::error::body_limit) {
      return broken(Code::kMalformed,
                    "the answer's body exceeds " + std::to_string(max_body_bytes) + " bytes");
    }
    return broken(Code::kUnavailable, "the answer is not HTTP/1.1: " + ec.message());
  }

  Step read_header(std::string_view bytes, std::size_t& used) {
    beast::error_code ec;
    const std::size_t n = collector->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    used += n;
    if (ec == beast::http::error::need_more) {
      // Beast uses lines up as they are whole and so counts its limit anew after each.
      header_bytes += n;
      if (header_bytes > max_header_bytes) return broken(beast::http::error::header_limit);
      return Step::kNeedMore;
    }
    if (ec) return broken(ec);
    if (!collector->is_header_done()) return Step::kNeedMore;
    header_bytes = 0;
    if (collector->odd_encoding) {
      return broken(Code::kUnavailable, "the answer has a Transfer-Encoding other than chunked");
    }
    const int status = collector->message.status;
    if (status == 101) return broken(Code::kUnavailable, "the server changed the protocol unasked");
    if (status < 200) {
      if (++interim > kMaxInterim) return broken(Code::kUnavailable, "the server sends interim answers only");
      begin();
      return bytes.size() > n ? read_header(bytes.substr(n), used) : Step::kNeedMore;
    }
    in_header = false;
    if (collector->is_done()) return Step::kDone;
    collector->eager(true);
    return Step::kHeader;
  }

  std::size_t header_bytes = 0;
};

ResponseParser::ResponseParser(std::size_t max_header_bytes, std::uint64_t max_body_bytes, bool head)
    : impl_(std::make_unique<Impl>(Impl{max_header_bytes, max_body_bytes, head})) {
  impl_->begin();
}

ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;

ResponseParser::Step ResponseParser::read(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (impl_->collector->is_done()) return Step::kDone;
  if (bytes.empty()) return Step::kNeedMore;
  if (impl_->in_header) return impl_->read_header(bytes, used);
  if (!impl_->collector->can_read(bytes.size())) return Step::kNeedMore;
  beast::error_code ec;
  used = impl_->collector->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != beast::http::error::need_more) return impl_->broken(ec);
  if (impl_->collector->is_done()) return Step::kDone;
  if (used == 0 && bytes.size() >= impl_->max_header_bytes) {
    return impl_->broken(Code::kUnavailable, "the answer has a chunk header that does not end");
  }
  return Step::kNeedMore;
}

ResponseParser::Step ResponseParser::read_end() {
  if (impl_->collector->is_done()) return Step::kDone;
  if (impl_->collector->got_some()) {
    beast::error_code ec;
    impl_->collector->put_eof(ec);
    if (!ec && impl_->collector->is_done()) return Step::kDone;
  }
  return impl_->broken(Code::kUnavailable, impl_->in_header
                                               ? "the server closed the connection without an answer"
                                               : "the server closed the connection within its answer");
}

Response& ResponseParser::response() { return impl_->collector->message; }
bool ResponseParser::keep_alive() const { return impl_->collector->keep_alive(); }
const Error& ResponseParser::failure() const { return impl_->error; }

}  // namespace berth::http
