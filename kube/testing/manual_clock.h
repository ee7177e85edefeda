// ManualClock: a Clock that stands still until a test moves it.
//
// Thread-safety: all functions from any thread.
#pragma once

#include <atomic>

#include "core/base/instant.h"
#include "kube/runtime/clock.h"

namespace berth::testing {

class ManualClock final : public runtime::Clock {
 public:
  // 2026-01-01T00:00:00Z; the monotonic clock has another origin so that mixing the two shows.
  explicit ManualClock(Instant wall = Instant{1'767'225'600'000}, Instant monotonic = Instant{1'000'000})
      : wall_(wall.milliseconds), monotonic_(monotonic.milliseconds) {}

  [[nodiscard]] Instant wall() const override { return Instant{wall_.load()}; }
  [[nodiscard]] Instant monotonic() const override { return Instant{monotonic_.load()}; }

  void advance(Duration span) {
    wall_ += span.count();
    monotonic_ += span.count();
  }
  // Somebody sets the wall clock; the monotonic one does not notice.
  void jump_wall(Duration span) { wall_ += span.count(); }

 private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> monotonic_;
};

}  // namespace berth::testing
