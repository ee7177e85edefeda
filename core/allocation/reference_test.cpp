// Every small world there is, compared with a slow and obvious chooser.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <optional>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/chooser.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

constexpr int kNumbers = 4;
constexpr std::int64_t kFirst = 24574;  // two shards: ..24575 and 24576..

enum class State { kFree, kHeld, kResting, kReserved, kForeign };
constexpr std::array kStates = {State::kFree, State::kHeld, State::kResting, State::kReserved,
                                State::kForeign};
using World = std::array<State, kNumbers>;

// What an owner asks for: 0 = a chosen number, -2 = two chosen ones in a row, otherwise the number.
using Wish = std::vector<std::int64_t>;
constexpr std::int64_t kRow = -2;
const std::array<Wish, 7> kWishes = {Wish{},        Wish{0},   Wish{0, 0}, Wish{kFirst}, Wish{kFirst + 2, 0},
                                     Wish{0, kRow}, Wish{kRow}};

// Where a row that waits would stand: where the fewest numbers are missing, the lowest such place.
std::optional<std::size_t> place_to_wait(const World& world, const std::array<bool, kNumbers>& usable) {
  std::optional<std::size_t> best;
  int fewest = 3;
  for (std::size_t at = 0; at + 1 < kNumbers; ++at) {
    if (world[at] == State::kReserved || world[at + 1] == State::kReserved) continue;
    const int missing = (usable[at] ? 0 : 1) + (usable[at + 1] ? 0 : 1);
    if (missing < fewest) best = at;
    fewest = std::min(fewest, missing);
  }
  return best;
}

// By the book: oldest first; requested, then chosen ones, the lowest that nobody asks for, else the lowest;
// what the older ones could have while they wait is not chosen for the younger.
std::vector<std::string> reference(const World& world, const std::vector<Wish>& wishes) {
  std::array<bool, kNumbers> held_back{};
  std::array<bool, kNumbers> free{};
  std::array<bool, kNumbers> asked{};
  for (std::size_t i = 0; i < kNumbers; ++i) free[i] = world[i] == State::kFree;
  for (const Wish& wish : wishes) {
    for (const std::int64_t number : wish) {
      if (number > 0) asked[static_cast<std::size_t>(number - kFirst)] = true;
    }
  }
  std::vector<std::string> answers;
  for (const Wish& wish : wishes) {
    auto left = free;
    std::vector<std::optional<std::size_t>> got(wish.size());
    bool all = true;
    for (std::size_t i = 0; i < wish.size(); ++i) {
      if (wish[i] <= 0) continue;
      const auto at = static_cast<std::size_t>(wish[i] - kFirst);
      if (left[at]) got[i] = at;
      left[at] = false;
      all = all && got[i].has_value();
    }
    for (std::size_t i = 0; i < wish.size() && all; ++i) {
      if (wish[i] > 0) continue;
      const std::size_t length = wish[i] == kRow ? 2 : 1;
      for (const bool avoid : {true, false}) {
        for (std::size_t at = 0; at + length <= kNumbers && !got[i]; ++at) {
          bool fits = true;
          for (std::size_t j = at; j < at + length; ++j) {
            fits = fits && left[j] && !held_back[j] && !(avoid && asked[j]);
          }
          if (fits) got[i] = at;
        }
      }
      all = got[i].has_value();
      for (std::size_t j = 0; j < length && got[i]; ++j) left[*got[i] + j] = false;
      if (all) continue;
      std::array<bool, kNumbers> usable{};
      for (std::size_t at = 0; at < kNumbers; ++at) {
        const bool drafted = free[at] && !left[at];
        held_back[at] = held_back[at] || drafted;
        usable[at] = free[at] && !held_back[at];
      }
      if (length == 1) continue;
      if (const auto at = place_to_wait(world, usable)) {
        for (const std::size_t j : {*at, *at + 1}) held_back[j] = held_back[j] || usable[j];
      }
    }
    std::string answer;
    if (all) {
      free = left;
      for (std::size_t i = 0; i < wish.size(); ++i) {
        for (std::size_t j = 0; j < (wish[i] == kRow ? 2U : 1U); ++j) {
          answer += (answer.empty() ? "p" : " p") + std::to_string(i) +
                    (wish[i] == kRow ? "-" + std::to_string(j) : "") + ":" +
                    std::to_string(kFirst + static_cast<std::int64_t>(*got[i] + j));
        }
      }
    } else {
      answer = "refused";
    }
    answers.push_back(answer);
  }
  return answers;
}

testing::Cluster cluster_of(const World& world, const std::vector<Wish>& wishes) {
  testing::Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24574-24577"})};
  const PortAllocation other = testing::allocation("other", {testing::port("x")});
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const std::int64_t number = kFirst + static_cast<std::int64_t>(i);
    Entry record = testing::entry(other, "x", static_cast<std::int64_t>(i) + 1);
    if (world[i] == State::kResting) record.state = EntryState::kResting;
    if (world[i] == State::kHeld || world[i] == State::kResting)
      cluster.put(Space::kNodePort, number, record);
    if (world[i] == State::kReserved)
      cluster.ranges[0].spec.reserved.push_back({{std::to_string(number)}, "x"});
    if (world[i] == State::kForeign) {
      cluster.services.push_back(testing::service("data", "s" + std::to_string(i), "NodePort",
                                                  {testing::service_port("a", 80, number)}));
    }
  }
  for (std::size_t owner = 0; owner < wishes.size(); ++owner) {
    std::vector<AllocationPort> ports;
    for (std::size_t i = 0; i < wishes[owner].size(); ++i) {
      const bool row = wishes[owner][i] == kRow;
      ports.push_back(testing::port("p" + std::to_string(i), row ? 0 : wishes[owner][i]));
      ports.back().count = row ? 2 : 0;
    }
    cluster.allocations.push_back(effective(
        testing::allocation("o" + std::to_string(owner), std::move(ports), static_cast<int>(owner)), {}));
  }
  return cluster;
}

std::vector<World> all_worlds() {
  std::vector<World> worlds;
  for (const State a : kStates) {
    for (const State b : kStates) {
      for (const State c : kStates) {
        for (const State d : kStates) worlds.push_back({a, b, c, d});
      }
    }
  }
  return worlds;
}

// Compares a third of the worlds per test, so that ctest can run them side by side.
void compare(std::size_t part) {
  const auto worlds = all_worlds();
  std::size_t cases = 0;
  for (std::size_t w = part; w < worlds.size(); w += 3) {
    for (const Wish& x : kWishes) {
      for (const Wish& y : kWishes) {
        for (const Wish& z : {cases % 2 == 0 ? kWishes[2] : kWishes[6]}) {
          const std::vector<Wish> wishes = {x, y, z};
          const testing::Cluster cluster = cluster_of(worlds[w], wishes);
          const ClaimPlan plan = cluster.claim_all();
          const auto expected = reference(worlds[w], wishes);
          for (std::size_t owner = 0; owner < wishes.size(); ++owner) {
            std::string answer = testing::outcome_for(plan, "o" + std::to_string(owner));
            if (testing::refusal_for(plan, "o" + std::to_string(owner)) != nullptr) answer = "refused";
            ASSERT_EQ(answer, expected[owner]) << "world " << w << " owner " << owner << " case " << cases;
          }
          ++cases;
        }
      }
    }
  }
  EXPECT_GT(cases, 5'000U);
}

TEST(SmallWorld, AgreesWithTheReferencePart1) { compare(0); }
TEST(SmallWorld, AgreesWithTheReferencePart2) { compare(1); }
TEST(SmallWorld, AgreesWithTheReferencePart3) { compare(2); }

}  // namespace
}  // namespace berth::allocation
