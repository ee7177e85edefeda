// Mix: one number scrambled into another, for jitter that a seed decides.
//
// splitmix64's finaliser (Steele, Lea, Flood 2014). Not for secrets. Thread-safety: pure functions.
#pragma once

#include <cstdint>

namespace berth::runtime {

constexpr std::uint64_t mix(std::uint64_t seed) {
  seed += 0x9E3779B97F4A7C15U;
  seed = (seed ^ (seed >> 30U)) * 0xBF58476D1CE4E5B9U;
  seed = (seed ^ (seed >> 27U)) * 0x94D049BB133111EBU;
  return seed ^ (seed >> 31U);
}

// [0, 1).
constexpr double unit_interval(std::uint64_t mixed) { return static_cast<double>(mixed >> 11U) * 0x1.0p-53; }

}  // namespace berth::runtime
