// Backoff: how long to wait before trying again.
//
// Pure: the same attempts and seed give the same delay. Defaults are client-go's per-item limits (5 ms
// doubling to 1000 s). Thread-safety: pure functions.
#pragma once

#include <cstdint>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace berth::runtime {

struct Backoff {
  Duration first{5};
  Duration most{1'000'000};
  double jitter = 0.2;  // the delay is spread over [1 - jitter, 1] of its full length

  bool operator==(const Backoff&) const = default;
};

// Between tries of a list or watch: starts as client-go's reflector (0.8 s doubling) but ends at 5 s, not 30:
// after an outage of the API server the view must not be old for half a minute, and ten kinds are no load.
inline constexpr Backoff kWatchBackoff{Duration(800), Duration(5'000), 0.5};

// `failures` in a row so far, at least 1. Never more than config.most, never less than `at_least` (a
// Retry-After), which may exceed it.
Duration backoff_delay(const Backoff& config, int failures, std::uint64_t seed,
                       Duration at_least = Duration(0));

// The server's Retry-After in `error`, 0 when it gave none.
Duration retry_after(const Error& error);

}  // namespace berth::runtime
