#include "kube/http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "kube/http/message_collector.h"

namespace berth::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using beast::http::verb;

constexpr std::uint64_t kMaxReserve = 1UL << 20U;

bool same_word(beast::string_view a, beast::string_view b) { return beast::iequals(a, b); }

class Collector final : public MessageCollector<true, ServerRequest, kMaxReserve> {
 public:
  verb method = verb::unknown;
  bool is_11 = false;
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  int content_types = 0;
  int authorizations = 0;
  bool chunked_only = false;
  bool expects_continue = false;
  bool expects_other = false;

 private:
  void on_request_impl(verb v, beast::string_view name, beast::string_view target, int version,
                       beast::error_code& ec) override {
    ec = {};
    method = v;
    is_11 = version == 11;
    message.method.assign(name.data(), name.size());
    message.target.assign(target.data(), target.size());
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(field name, beast::string_view /*text*/, beast::string_view value,
                     beast::error_code& ec) override {
    ec = {};
    switch (name) {
      case field::host:
        ++hosts;
        break;
      case field::content_length:
        ++lengths;
        break;
      case field::transfer_encoding:
        ++encodings;
        chunked_only = same_word(value, "chunked");
        break;
      case field::content_type:
        ++content_types;
        message.content_type.assign(value.data(), value.size());
        break;
      case field::authorization:
        ++authorizations;
        message.authorization.assign(value.data(), value.size());
        break;
      case field::expect:
        (same_word(value, "100-continue") ? expects_continue : expects_other) = true;
        break;
      default:
        break;
    }
  }
};

}  // namespace

struct RequestParser::Impl {
  std::size_t max_header_bytes;
  std::size_t max_body_bytes;
  std::optional<Collector> collector{};
  std::size_t searched = 0;  // of the header, for its end
  bool in_header = true;
  Reply refusal{};

  void begin() {
    collector.emplace();
    collector->header_limit(static_cast<std::uint32_t>(max_header_bytes));
    collector->body_limit(max_body_bytes);
    searched = 0;
    in_header = true;
  }

  Step refuse(int status, std::string why) {
    refusal = Reply{.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(why)};
    refusal.body += '\n';
    return Step::kRefused;
  }

  Step refuse(const beast::error_code& ec) {
    if (ec == beast::http::error::body_limit) {
      return refuse(413, "the body exceeds " + std::to_string(max_body_bytes) + " bytes");
    }
    if (ec == beast::http::error::header_limit) return header_too_long();
    return refuse(400, "not a request of HTTP/1.1: " + ec.message());
  }

  Step header_too_long() {
    return refuse(431, "the request line and headers exceed " + std::to_string(max_header_bytes) + " bytes");
  }

  // What Beast accepts and we do not (http-stack.md 2).
  std::optional<Step> objection() {
    const Collector& c = *collector;
    if (c.method == verb::unknown) return refuse(400, "unknown method");
    if (c.method == verb::connect) return refuse(400, "this is not a proxy");
    // RFC 9112 3.2: exactly one Host, else 400; HTTP/1.0 may have none.
    if (c.hosts > 1 || (c.hosts == 0 && c.is_11)) return refuse(400, "exactly one Host is needed");
    // RFC 9112 6.3: two lengths are an error even when equal in value; both kinds of length are smuggling.
    if (c.lengths > 1 || c.encodings > 1 || (c.lengths > 0 && c.encodings > 0)) {
      return refuse(400, "more than one length");
    }
    if (c.encodings > 0 && !c.is_11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (c.encodings > 0 && !c.chunked_only) return refuse(501, "only chunked is understood");
    if (c.content_types > 1) return refuse(400, "more than one Content-Type");
    if (c.authorizations > 1) return refuse(400, "more than one Authorization");
    if (c.expects_other) return refuse(417, "only 100-continue can be expected");
    return std::nullopt;
  }

  // The header is handed to Beast when it is whole, so that its raw lines can be looked at.
  Step read_header(std::string_view bytes, std::size_t& used) {
    // Whatever speaks another protocol (TLS, say) is told at once instead of at its deadline.
    if (bytes.front() < 'A' || bytes.front() > 'Z') return refuse(400, "not a request of HTTP/1.1");
    const std::size_t at = bytes.find("\r\n\r\n", searched);
    const std::size_t size = at == std::string_view::npos ? bytes.size() : at + 4;
    if (size > max_header_bytes || (at == std::string_view::npos && size == max_header_bytes)) {
      return header_too_long();
    }
    if (at == std::string_view::npos) {
      searched = size < 3 ? 0 : size - 3;
      return Step::kNeedMore;
    }
    const std::string_view header = bytes.substr(0, size);
    // RFC 9112 5.2: a server may refuse line folding; Beast joins the lines.
    if (header.find("\r\n ") != std::string_view::npos || header.find("\r\n\t") != std::string_view::npos) {
      return refuse(400, "a header is folded over several lines");
    }
    beast::error_code ec;
    collector->put(boost::asio::const_buffer(header.data(), header.size()), ec);
    if (ec) return refuse(ec);
    if (!collector->is_header_done()) return refuse(400, "not a request of HTTP/1.1");
    if (const auto no = objection()) return *no;
    used = size;
    if (collector->is_done()) return Step::kDone;
    in_header = false;
    collector->eager(true);
    return Step::kHeader;
  }

  Step read_body(std::string_view bytes, std::size_t& used) {
    if (!collector->can_read(bytes.size())) return Step::kNeedMore;
    beast::error_code ec;
    used = collector->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec && ec != beast::http::error::need_more) return refuse(ec);
    if (collector->is_done()) return Step::kDone;
    if (used == 0 && bytes.size() >= max_header_bytes) return refuse(400, "a chunk's header is too long");
    return Step::kNeedMore;
  }
};

RequestParser::RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : impl_(std::make_unique<Impl>(Impl{max_header_bytes, max_body_bytes})) {
  impl_->begin();
}

RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::read(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (bytes.empty()) return Step::kNeedMore;
  if (impl_->in_header) return impl_->read_header(bytes, used);
  return impl_->read_body(bytes, used);
}

void RequestParser::reset() { impl_->begin(); }

bool RequestParser::expects_continue() const { return impl_->collector->expects_continue; }
bool RequestParser::keep_alive() const { return impl_->collector->keep_alive(); }
bool RequestParser::is_head() const { return impl_->collector->method == verb::head; }
std::size_t RequestParser::body_size() const { return impl_->collector->message.body.size(); }
ServerRequest& RequestParser::request() { return impl_->collector->message; }
const Reply& RequestParser::refusal() const { return impl_->refusal; }

}  // namespace berth::http
