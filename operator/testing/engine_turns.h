// An engine with its watches, turned by hand: in one thread, by a clock that stands still between turns.
//
// Thread-safety: none.
#pragma once

#include "core/base/instant.h"
#include "kube/testing/manual_clock.h"
#include "operator/engine.h"

namespace berth::controller {

// Does whatever there is to do at this moment.
void drain(Engine& engine);

// Lets time pass, and does whatever becomes due in it.
void run_for(Engine& engine, testing::ManualClock& clock, Duration span);

}  // namespace berth::controller
