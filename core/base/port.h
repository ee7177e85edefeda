// Port numbers, spans of them, and the protocols they belong to.
//
// A Port is always 1..65535; text and numbers from outside become one only through the checked functions
// here. Thread-safety: values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace berth {

class Port {
 public:
  static constexpr std::int64_t kMin = 1;
  static constexpr std::int64_t kMax = 65535;

  // Aborts outside 1..65535: for literals and numbers already checked.
  static Port of(std::int64_t number);
  // Guarantees: an error names the number and the valid range.
  static Result<Port> checked(std::int64_t number);

  [[nodiscard]] std::int32_t number() const { return number_; }
  auto operator<=>(const Port&) const = default;

 private:
  explicit Port(std::uint16_t number) : number_(number) {}
  std::uint16_t number_;
};

std::string to_string(Port port);

// "443": decimal digits only, no sign, no leading zero, no blank.
Result<Port> parse_port(std::string_view text);

// An inclusive range of ports, first <= last.
struct PortSpan {
  Port first;
  Port last;

  [[nodiscard]] bool contains(Port port) const { return first <= port && port <= last; }
  [[nodiscard]] bool intersects(const PortSpan& other) const {
    return first <= other.last && other.first <= last;
  }
  [[nodiscard]] std::int32_t size() const { return last.number() - first.number() + 1; }
  auto operator<=>(const PortSpan&) const = default;
};

// "443" or "24500-24599".
std::string to_string(const PortSpan& span);

// "443" or "24500-24599" (first <= last).
Result<PortSpan> parse_port_span(std::string_view text);

// As parse_port_span, and "+1000" or "+1000-+1999" counted from `base` (PortRange blocks, see api.md).
Result<PortSpan> parse_port_span_relative(std::string_view text, Port base);

// Sorted, disjoint, touching neighbours joined.
std::vector<PortSpan> normalized(std::vector<PortSpan> spans);

bool contains(const std::vector<PortSpan>& spans, Port port);
// How many numbers the spans hold. Requires: normalized.
std::int32_t count_ports(const std::vector<PortSpan>& spans);

// core/v1 Protocol; absent means TCP.
enum class Protocol : std::uint8_t { kTcp, kUdp, kSctp };

const char* to_string(Protocol protocol);
// Exactly "TCP", "UDP" or "SCTP": the API server is case-sensitive.
Result<Protocol> parse_protocol(std::string_view text);

}  // namespace berth
