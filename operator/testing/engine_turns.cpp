#include "operator/testing/engine_turns.h"

#include <algorithm>

namespace berth::controller {

void drain(Engine& engine) {
  for (bool busy = true; busy;) {
    busy = engine.work_once();
    for (const auto& watch : engine.watches()) {
      const auto progress = watch->step();
      busy = busy || (progress.ok() && *progress != runtime::Progress::kIdle &&
                      *progress != runtime::Progress::kEnded);
    }
  }
}

void run_for(Engine& engine, testing::ManualClock& clock, Duration span) {
  const Instant end = clock.monotonic() + span;
  drain(engine);
  while (clock.monotonic() < end) {
    const Instant next = std::min(end, engine.next_due().value_or(end));
    clock.advance(std::max(Duration(1), next - clock.monotonic()));
    drain(engine);
  }
}

}  // namespace berth::controller
