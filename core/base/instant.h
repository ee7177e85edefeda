// Instant: a point in time as core sees it; always a parameter, never read from a clock here.
//
// Wall-clock milliseconds since the Unix epoch, as the API's timestamps. Cool-down is measured against a
// monotonic Instant that the operator's clock supplies (allocation.md 4.7).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth {

using Duration = std::chrono::milliseconds;

struct Instant {
  std::int64_t milliseconds = 0;

  auto operator<=>(const Instant&) const = default;
  Instant operator+(Duration span) const { return {milliseconds + span.count()}; }
  Duration operator-(Instant other) const { return Duration(milliseconds - other.milliseconds); }
};

// RFC 3339 in UTC with whole seconds, as metav1.Time: "2026-01-03T10:00:00Z".
std::string to_rfc3339(Instant instant);
// The same with microseconds, as metav1.MicroTime (Lease, Event).
std::string to_rfc3339_micro(Instant instant);
// RFC 3339 with optional fraction and offset; years 0001 to 9999.
Result<Instant> parse_rfc3339(std::string_view text);

// "130s", "2m", "1h30m", "500ms", "0": a subset of Go's duration, never negative. At most 365 days.
Result<Duration> parse_duration(std::string_view text);

}  // namespace berth
