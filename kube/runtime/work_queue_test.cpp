#include "kube/runtime/work_queue.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "kube/testing/manual_clock.h"

namespace berth::runtime {
namespace {

using testing::ManualClock;
using Queue = WorkQueue<std::string>;
using std::chrono::milliseconds;

constexpr Backoff kExact{milliseconds(10), milliseconds(100), 0.0};

TEST(WorkQueue, HoldsAKeyOnce) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.depth(), 1U);
  EXPECT_EQ(queue.try_take(), "a");
  EXPECT_EQ(queue.try_take(), std::nullopt);
}

TEST(WorkQueue, TheEarlierOfTwoTimesWins) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a", milliseconds(50));
  queue.add("a", milliseconds(20));
  queue.add("a", milliseconds(90));
  EXPECT_EQ(queue.next_due(), clock.monotonic() + milliseconds(20));
  EXPECT_EQ(queue.try_take(), std::nullopt);
  clock.advance(milliseconds(20));
  EXPECT_EQ(queue.try_take(), "a");
  EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(WorkQueue, GivesKeysInTheOrderTheyAreDue) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("late", milliseconds(30));
  queue.add("first");
  queue.add("second");
  queue.add("soon", milliseconds(10));
  clock.advance(milliseconds(40));
  EXPECT_EQ(queue.try_take(), "first");
  EXPECT_EQ(queue.try_take(), "second");
  EXPECT_EQ(queue.try_take(), "soon");
  EXPECT_EQ(queue.try_take(), "late");
}

TEST(WorkQueue, OfTheKeysThatAreDueTheSmallestRankGoesFirst) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("third", {}, 2);
  queue.add("second", {}, 1);
  queue.add("first");
  queue.add("not yet", milliseconds(10));
  EXPECT_TRUE(queue.any_due(0));
  EXPECT_EQ(queue.try_take(), "first");
  EXPECT_FALSE(queue.any_due(0));
  EXPECT_EQ(queue.try_take(), "second");
  EXPECT_EQ(queue.try_take(), "third");
  EXPECT_EQ(queue.try_take(), std::nullopt);
  EXPECT_EQ(queue.next_due(), clock.monotonic() + milliseconds(10));
}

TEST(WorkQueue, AKeyThatHasBeenDueForLongHasItsTurnAmongMany) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("last", {}, 2);
  queue.add("second to last", {}, 2);
  clock.advance(Queue::kPatience - milliseconds(1));
  queue.add("new");
  EXPECT_EQ(queue.try_take(), "new");
  clock.advance(milliseconds(1));
  for (const std::string patient : {"last", "second to last"}) {
    std::uint64_t before = 1;
    for (; before <= 2 * Queue::kPatientTurns; ++before) {
      queue.add("newer " + std::to_string(before));
      const auto taken = queue.try_take();
      ASSERT_TRUE(taken);
      queue.done(*taken);
      if (*taken == patient) break;
      EXPECT_TRUE(taken->starts_with("newer ")) << *taken;
    }
    EXPECT_EQ(before, Queue::kPatientTurns);
  }
}

TEST(WorkQueue, AKeyHasTheRankOfTheLastAddAndTheEarlierTime) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("demoted", {}, 0);
  queue.add("promoted", {}, 2);
  queue.add("demoted", milliseconds(50), 2);
  queue.add("promoted", milliseconds(50), 1);
  EXPECT_EQ(queue.depth(), 2U);
  EXPECT_EQ(queue.try_take(), "promoted");
  EXPECT_EQ(queue.try_take(), "demoted");
  EXPECT_EQ(queue.depth(), 0U);
}

TEST(WorkQueue, AKeyAddedWhileInHandComesBackWithItsNewRank) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a");
  ASSERT_EQ(queue.try_take(), "a");
  queue.add("a", {}, 2);
  queue.done("a");
  queue.add("b", {}, 1);
  EXPECT_EQ(queue.try_take(), "b");
  EXPECT_EQ(queue.try_take(), "a");
}

TEST(WorkQueue, AKeyIsNeverInTwoHands) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a");
  EXPECT_EQ(queue.try_take(), "a");
  queue.add("a");
  queue.add("a", milliseconds(10));
  EXPECT_EQ(queue.try_take(), std::nullopt) << "it is being worked on";
  EXPECT_EQ(queue.in_hand(), 1U);
  queue.done("a");
  EXPECT_EQ(queue.try_take(), "a") << "it was triggered meanwhile";
  queue.done("a");
  EXPECT_EQ(queue.try_take(), std::nullopt) << "once is enough";
}

TEST(WorkQueue, AHeldKeyKeepsItsTime) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a");
  (void)queue.try_take();
  queue.add("a", milliseconds(100));
  queue.done("a");
  EXPECT_EQ(queue.try_take(), std::nullopt);
  clock.advance(milliseconds(100));
  EXPECT_EQ(queue.try_take(), "a");
}

TEST(WorkQueue, WaitsLongerAfterEachFailureInARow) {
  ManualClock clock;
  Queue queue(clock, kExact);
  EXPECT_EQ(queue.retry("a"), milliseconds(10));
  EXPECT_EQ(queue.retry("a"), milliseconds(20));
  EXPECT_EQ(queue.retry("a"), milliseconds(40));
  EXPECT_EQ(queue.retry("a"), milliseconds(80));
  EXPECT_EQ(queue.retry("a"), milliseconds(100));
  EXPECT_EQ(queue.retry("b"), milliseconds(10)) << "each key counts for itself";
  EXPECT_EQ(queue.failures("a"), 5);
  queue.forget("a");
  EXPECT_EQ(queue.retry("a"), milliseconds(10));
}

TEST(WorkQueue, RespectsWhatTheServerAsksFor) {
  ManualClock clock;
  Queue queue(clock, kExact);
  EXPECT_EQ(queue.retry("a", milliseconds(5000)), milliseconds(5000));
  EXPECT_EQ(queue.next_due(), clock.monotonic() + milliseconds(5000));
}

TEST(WorkQueue, DoesNotDelayAKeyThatIsDueSoonerAnyway) {
  ManualClock clock;
  Queue queue(clock, kExact);
  queue.add("a");
  queue.retry("a", milliseconds(5000));
  EXPECT_EQ(queue.try_take(), "a");
}

TEST(WorkQueue, ReportsToItsObserver) {
  ManualClock clock;
  std::vector<std::string> told;
  QueueObserver observer;
  observer.added = [&] { told.push_back("added"); };
  observer.retried = [&] { told.push_back("retried"); };
  observer.taken = [&](Duration waited) { told.push_back("taken " + std::to_string(waited.count())); };
  observer.finished = [&](Duration worked) { told.push_back("finished " + std::to_string(worked.count())); };
  Queue queue(clock, kExact, 0, observer);
  queue.add("a");
  queue.add("a");
  clock.advance(milliseconds(7));
  (void)queue.try_take();
  clock.advance(milliseconds(3));
  queue.retry("a");
  queue.done("a");
  EXPECT_EQ(told, (std::vector<std::string>{"added", "taken 7", "retried", "finished 3", "added"}));
}

TEST(WorkQueue, TellsWhatIsUnderWayAndForHowLong) {
  ManualClock clock;
  Queue queue(clock, kExact);
  for (const char* key : {"a", "b", "in line"}) queue.add(key);
  (void)queue.try_take();
  clock.advance(milliseconds(20));
  (void)queue.try_take();
  clock.advance(milliseconds(3));
  EXPECT_EQ(queue.under_way(), (WorkUnderWay{2, milliseconds(23), milliseconds(26)}));
  queue.done("a");
  EXPECT_EQ(queue.under_way(), (WorkUnderWay{1, milliseconds(3), milliseconds(3)}));
  queue.done("b");
  EXPECT_EQ(queue.under_way(), WorkUnderWay{});
}

TEST(WorkQueueDeathTest, DoneWithoutTakeAborts) {
  ManualClock clock;
  Queue queue(clock);
  EXPECT_DEATH(queue.done("a"), "");
}

TEST(WorkQueue, NothingIsGivenAfterTheEnd) {
  ManualClock clock;
  Queue queue(clock);
  queue.add("a");
  queue.shut_down();
  EXPECT_EQ(queue.try_take(), std::nullopt);
  EXPECT_EQ(queue.take({}), std::nullopt);
}

// Against the obvious model: a map of due times and a set of held keys.
TEST(WorkQueue, AgreesWithASlowModel) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    ManualClock clock;
    Queue queue(clock, kExact);
    std::map<std::string, Instant> line;
    std::map<std::string, std::optional<Instant>> hands;
    const auto model_add = [&](const std::string& key, Instant due) {
      if (const auto hand = hands.find(key); hand != hands.end()) {
        hand->second = hand->second ? std::min(*hand->second, due) : due;
      } else if (const auto at = line.find(key); at == line.end() || due < at->second) {
        line[key] = due;
      }
    };
    for (int i = 0; i < 300; ++i) {
      const std::string key(1, static_cast<char>('a' + static_cast<char>(random() % 5)));
      switch (random() % 4) {
        case 0: {
          const milliseconds delay(random() % 30);
          queue.add(key, delay);
          model_add(key, clock.monotonic() + delay);
          break;
        }
        case 1: {
          const auto taken = queue.try_take();
          Instant earliest{std::numeric_limits<std::int64_t>::max()};
          for (const auto& [each, due] : line) earliest = std::min(earliest, due);
          ASSERT_EQ(taken.has_value(), earliest <= clock.monotonic()) << "seed " << seed;
          if (taken) {
            ASSERT_TRUE(line.contains(*taken)) << "seed " << seed;
            ASSERT_EQ(line[*taken], earliest) << "seed " << seed;
            line.erase(*taken);
            hands[*taken] = std::nullopt;
          }
          break;
        }
        case 2:
          if (const auto hand = hands.find(key); hand != hands.end()) {
            const auto again = hand->second;
            hands.erase(hand);
            queue.done(key);
            if (again) model_add(key, *again);
          }
          break;
        default:
          clock.advance(milliseconds(random() % 10));
      }
      ASSERT_EQ(queue.depth(), line.size()) << "seed " << seed;
      ASSERT_EQ(queue.in_hand(), hands.size()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace berth::runtime
