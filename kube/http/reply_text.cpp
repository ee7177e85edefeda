#include "kube/http/reply_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>

namespace berth::http {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 ? c != 0x7F : c == '\t'; });
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

std::string http_date(std::time_t seconds) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text.data();
}

bool is_writable(const Reply& reply) {
  if (reply.status < 200 || reply.status > 599 || !is_value(reply.content_type)) return false;
  return std::ranges::all_of(reply.headers,
                             [](const auto& h) { return is_token(h.first) && is_value(h.second); });
}

void append_reply(std::string& out, const Reply& reply, bool close, bool head) {
  // Written once a second, not once a reply.
  thread_local std::time_t dated = 0;
  thread_local std::string date;
  if (const std::time_t now = std::time(nullptr); now != dated) {
    dated = now;
    date = http_date(now);
  }
  out.reserve(out.size() + reply.body.size() + 256);
  out += "HTTP/1.1 ";
  out += std::to_string(reply.status);
  out += ' ';
  out += reason_phrase(reply.status);
  out += "\r\nDate: ";
  out += date;
  // RFC 9110 8.6: no Content-Length in a 204.
  if (reply.status != 204) {
    if (!reply.content_type.empty()) {
      out += "\r\nContent-Type: ";
      out += reply.content_type;
    }
    out += "\r\nContent-Length: ";
    out += std::to_string(reply.body.size());
  }
  for (const auto& [name, value] : reply.headers) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  if (close) out += "\r\nConnection: close";
  out += "\r\n\r\n";
  if (!head && reply.status != 204) out += reply.body;
}

}  // namespace berth::http
