// Simulation: operators, users and an API server in one seeded thread.
//
// Every step is drawn from the seed: a watch reads, a key is worked on, a user changes something, a request
// fails, a process dies and starts again, time passes. Thread-safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"
#include "kube/testing/manual_clock.h"
#include "operator/engine.h"

namespace berth::controller {

// Guards that can be taken out to see that the checks notice.
enum class Sabotage {
  kNone,
  kNoCompareAndSwap,  // ledgers are written over whatever is there
};

struct SimulationOptions {
  std::uint64_t seed = 0;
  int operators = 1;
  int steps = 400;
  int allocations = 8;
  int numbers = 6;  // in the range: fewer than wanted, so that some wait
  // People work in a second namespace, too; the operators see it in the first and the last third of the steps
  // and have no rights there in the middle one.
  bool narrowed = false;
  testing::FaultRates faults = {};
  bool crashes = true;
  Sabotage sabotage = Sabotage::kNone;
};

struct SimulationResult {
  std::vector<std::string> breaches = {};    // of the history invariants, and of rights
  std::vector<std::string> unfinished = {};  // after the faults ended: what did not come to rest as it should
  std::size_t writes_at_rest = 0;
  std::size_t granted = 0;  // allocations that were Ready at the end
};

SimulationResult simulate(const SimulationOptions& options);

// The schedule of that number in the great run (simulate.cpp): small, and a quiet cluster, faults and
// crashes, or two leaders by turns.
SimulationOptions schedule(std::uint64_t seed);

// What a schedule must not show, a line each; empty when it kept every promise.
std::vector<std::string> complaints(const SimulationResult& result);

}  // namespace berth::controller
