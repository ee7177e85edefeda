// Clock: what time it is, as a parameter of everything in kube/runtime that cares.
//
// wall() is for timestamps other processes read; monotonic() for every wait, deadline and cool-down. The two
// have different origins and must never be mixed. Thread-safety: implementations may be read from any thread.
#pragma once

#include <chrono>

#include "core/base/instant.h"

namespace berth::runtime {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since the Unix epoch; may jump.
  [[nodiscard]] virtual Instant wall() const = 0;
  // Milliseconds since some moment; never goes back. Stands still while the machine is suspended.
  [[nodiscard]] virtual Instant monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant wall() const override {
    return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count()};
  }
  [[nodiscard]] Instant monotonic() const override {
    return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count()};
  }
};

}  // namespace berth::runtime
