#include "core/base/port.h"

#include <algorithm>
#include <charconv>

namespace berth {
namespace {

Error out_of_range(std::string_view value) {
  return malformed("'" + std::string(value) + "' is not a port: ports are whole numbers from 1 to 65535");
}

}  // namespace

Port Port::of(std::int64_t number) {
  if (number < kMin || number > kMax) std::abort();
  return Port(static_cast<std::uint16_t>(number));
}

Result<Port> Port::checked(std::int64_t number) {
  if (number < kMin || number > kMax) return out_of_range(std::to_string(number));
  return Port(static_cast<std::uint16_t>(number));
}

std::string to_string(Port port) { return std::to_string(port.number()); }

Result<Port> parse_port(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  // from_chars accepts a minus sign and leading zeros; neither is a plain decimal port.
  if (text.empty() || text.front() < '1' || text.front() > '9') return out_of_range(text);
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stop != end) return out_of_range(text);
  if (number > Port::kMax) return out_of_range(text);
  return Port::of(number);
}

std::string to_string(const PortSpan& span) {
  if (span.first == span.last) return to_string(span.first);
  return to_string(span.first) + "-" + to_string(span.last);
}

namespace {

Result<Port> parse_end(std::string_view text, std::optional<Port> base) {
  if (!base || text.empty() || text.front() != '+') return parse_port(text);
  const std::string_view digits = text.substr(1);
  if (digits == "0") return *base;
  TRY(const Port offset, parse_port(digits));
  return Port::checked(std::int64_t{base->number()} + offset.number());
}

Result<PortSpan> parse_span(std::string_view text, std::optional<Port> base) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    TRY(const Port only, parse_end(text, base));
    return PortSpan{only, only};
  }
  TRY(const Port first, parse_end(text.substr(0, dash), base));
  TRY(const Port last, parse_end(text.substr(dash + 1), base));
  if (last < first) {
    return malformed("'" + std::string(text) + "' runs backwards: write the lower port first, as in '" +
                     to_string(last) + "-" + to_string(first) + "'");
  }
  return PortSpan{first, last};
}

}  // namespace

Result<PortSpan> parse_port_span(std::string_view text) { return parse_span(text, std::nullopt); }

Result<PortSpan> parse_port_span_relative(std::string_view text, Port base) { return parse_span(text, base); }

std::vector<PortSpan> normalized(std::vector<PortSpan> spans) {
  std::sort(spans.begin(), spans.end());
  std::vector<PortSpan> joined;
  for (const PortSpan& span : spans) {
    if (!joined.empty() && span.first.number() <= joined.back().last.number() + 1) {
      joined.back().last = std::max(joined.back().last, span.last);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

bool contains(const std::vector<PortSpan>& spans, Port port) {
  return std::any_of(spans.begin(), spans.end(), [&](const PortSpan& span) { return span.contains(port); });
}

std::int32_t count_ports(const std::vector<PortSpan>& spans) {
  std::int32_t count = 0;
  for (const PortSpan& span : spans) count += span.size();
  return count;
}

const char* to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kSctp:
      return "SCTP";
  }
  return "TCP";
}

Result<Protocol> parse_protocol(std::string_view text) {
  if (text == "TCP") return Protocol::kTcp;
  if (text == "UDP") return Protocol::kUdp;
  if (text == "SCTP") return Protocol::kSctp;
  return malformed("'" + std::string(text) + "' is not a protocol: write TCP, UDP or SCTP");
}

}  // namespace berth
