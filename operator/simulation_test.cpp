#include "operator/testing/simulation.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <numeric>

namespace berth::controller {
namespace {

// BERTH_SIMULATION_SEED replays one schedule; BERTH_SIMULATIONS runs more of them than a test run does.
std::uint64_t first_seed() {
  const char* text = std::getenv("BERTH_SIMULATION_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

int schedules(int usual) {
  const char* text = std::getenv("BERTH_SIMULATIONS");
  return text == nullptr ? usual : std::atoi(text);
}

std::string joined(const std::vector<std::string>& lines) {
  return std::accumulate(lines.begin(), lines.end(), std::string(),
                         [](const std::string& all, const std::string& line) { return all + "\n  " + line; });
}

void expect_promises(const SimulationOptions& options) {
  const SimulationResult result = simulate(options);
  EXPECT_TRUE(result.breaches.empty()) << "seed " << options.seed << joined(result.breaches);
  EXPECT_TRUE(result.unfinished.empty()) << "seed " << options.seed << joined(result.unfinished);
  EXPECT_EQ(result.writes_at_rest, 0U) << "seed " << options.seed;
}

testing::FaultRates rough() {
  testing::FaultRates rates;
  rates.not_sent = 20;
  rates.reply_lost = 30;
  rates.conflict = 30;
  rates.throttled = 10;
  rates.broken = 10;
  rates.unavailable = 20;
  return rates;
}

TEST(Simulation, KeepsItsPromisesOnAQuietCluster) {
  const std::uint64_t seed = first_seed();
  for (int i = 0; i < schedules(20); ++i) {
    SimulationOptions options;
    options.seed = seed + static_cast<std::uint64_t>(i);
    options.crashes = false;
    expect_promises(options);
  }
}

TEST(Simulation, KeepsItsPromisesUnderFaultsAndCrashes) {
  const std::uint64_t seed = first_seed();
  for (int i = 0; i < schedules(60); ++i) {
    SimulationOptions options;
    options.seed = seed + static_cast<std::uint64_t>(i);
    options.faults = rough();
    expect_promises(options);
  }
}

TEST(Simulation, KeepsItsPromisesUnderTwoLeaders) {
  const std::uint64_t seed = first_seed();
  for (int i = 0; i < schedules(60); ++i) {
    SimulationOptions options;
    options.seed = seed + static_cast<std::uint64_t>(i);
    options.operators = 2;
    options.steps = 700;
    options.faults = rough();
    expect_promises(options);
  }
}

// The operators lose sight of a namespace, where people go on, and see it again.
TEST(Simulation, KeepsItsPromisesWhenANamespaceIsTakenAwayAndGivenBack) {
  const std::uint64_t seed = first_seed();
  for (int i = 0; i < schedules(40); ++i) {
    SimulationOptions options;
    options.seed = seed + static_cast<std::uint64_t>(i);
    options.operators = 1 + i % 2;
    options.steps = 450;
    options.faults = rough();
    options.narrowed = true;
    expect_promises(options);
  }
}

// The schedules of the great run, with sanitizers.
TEST(Simulation, KeepsItsPromisesInSmallSchedulesOfEveryKind) {
  const std::uint64_t seed = first_seed();
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(schedules(100)); ++i) {
    const auto lines = complaints(simulate(schedule(seed + i)));
    EXPECT_TRUE(lines.empty()) << "seed " << seed + i << joined(lines);
  }
}

TEST(Simulation, NoticesInSmallSchedulesTooWhenTheCompareAndSwapIsTakenOut) {
  const std::uint64_t seed = first_seed();
  std::size_t caught = 0;
  for (std::uint64_t i = 0; i < 400 && caught == 0; ++i) {
    SimulationOptions options = schedule(seed + i);
    options.sabotage = Sabotage::kNoCompareAndSwap;
    caught += simulate(options).breaches.size();
  }
  EXPECT_GT(caught, 0U) << "from seed " << seed;
}

TEST(Simulation, NoticesWhenTheCompareAndSwapIsTakenOut) {
  const std::uint64_t seed = first_seed();
  std::size_t caught = 0;
  for (int i = 0; i < 60 && caught == 0; ++i) {
    SimulationOptions options;
    options.seed = seed + static_cast<std::uint64_t>(i);
    options.operators = 2;
    options.steps = 700;
    options.sabotage = Sabotage::kNoCompareAndSwap;
    caught += simulate(options).breaches.size();
  }
  EXPECT_GT(caught, 0U) << "from seed " << seed;
}

}  // namespace
}  // namespace berth::controller
