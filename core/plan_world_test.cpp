// A whole small world under one seed (core/testing/world.h): whatever happens, the invariants hold after
// every write, and at rest everything is served or told why not. Known-bad leaders show that the checks have
// teeth.
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

#include "core/testing/world.h"

namespace berth {
namespace {

using testing::Mistake;
using testing::World;

constexpr unsigned kFirstSeed = 20'261'121;
constexpr unsigned kSeeds = 150;
constexpr int kSteps = 120;

// BERTH_WORLD_SEED replays one history; BERTH_WORLDS runs more of them than a test run does.
unsigned from_environment(const char* name, unsigned usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST(WholeWorld, KeepsItsInvariantsWhateverHappens) {
  const unsigned first = from_environment("BERTH_WORLD_SEED", kFirstSeed);
  const unsigned count = from_environment("BERTH_WORLDS", first == kFirstSeed ? kSeeds : 1);
  for (unsigned seed = first; seed < first + count; ++seed) {
    World world(seed, Mistake::kNone);
    const std::string broken = world.run(kSteps);
    if (broken.empty()) continue;
    std::string history;
    for (const std::string& line : world.history()) history += "  " + line + "\n";
    FAIL() << "seed " << seed << ": " << broken << "\n" << history;
  }
}

class KnownBad : public ::testing::TestWithParam<Mistake> {};

TEST_P(KnownBad, LeaderIsCaught) {
  for (unsigned seed = kFirstSeed; seed < kFirstSeed + 1000; ++seed) {
    World world(seed, GetParam());
    const std::string broken = world.run(kSteps);
    if (broken.empty()) continue;
    std::cout << "seed " << seed << ": " << broken << "\n";
    return;
  }
  FAIL() << "no seed from " << kFirstSeed << " on shows it";
}

INSTANTIATE_TEST_SUITE_P(Leaders, KnownBad,
                         ::testing::Values(Mistake::kNoRest, Mistake::kNoLiveProof, Mistake::kReleaseFirst,
                                           Mistake::kBlindRetry, Mistake::kNoUid, Mistake::kNoOwnerProof,
                                           Mistake::kForgetsWishes));

}  // namespace
}  // namespace berth
