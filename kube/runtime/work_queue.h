// WorkQueue: keys that need work, each at most once in line and never in two hands at once.
//
// A key added twice stands once, at the earlier of the two times. A key added while it is being worked on is
// held, and goes in line when done() is called. A failed key is added again with retry(), which waits longer
// each time it fails in a row (Backoff) and at least the server's Retry-After. Why a key was added is not
// kept: work is decided from what is observed. Of the keys that are due the smallest rank goes first, within
// a rank the one that became due first, then by insertion; but when keys have been due for kPatience, of
// kPatientTurns keys taken one is the first of those: nobody starves, and a burst that takes minutes is still
// worked on in its order. A key has the rank of the last add().
//
// Thread-safety: every function from any thread. Key needs operator<.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "core/base/instant.h"
#include "core/base/object_key.h"
#include "core/base/result.h"
#include "kube/runtime/backoff.h"
#include "kube/runtime/clock.h"

namespace berth::runtime {

// A key of a queue that serves several kinds.
struct WorkKey {
  std::string kind = {};
  ObjectKey object = {};

  auto operator<=>(const WorkKey&) const = default;
};

// Metrics hooks; called under the queue's lock, so they must be quick and must not call the queue.
struct QueueObserver {
  std::function<void()> added = {};  // went in line (not when it stood there already)
  std::function<void()> retried = {};
  std::function<void(Duration waited)> taken = {};  // since it was due
  std::function<void(Duration worked)> finished = {};
  std::function<void(std::size_t depth)> depth = {};  // keys in line, due or not
};

// What has been taken and is not done yet, at one moment. Times are since each key was taken.
struct WorkUnderWay {
  std::size_t keys = 0;
  Duration longest{0};
  Duration total{0};

  bool operator==(const WorkUnderWay&) const = default;
};

template <class Key = WorkKey>
class WorkQueue {
 public:
  // Ranks are 0 (first) to kRanks - 1.
  static constexpr std::size_t kRanks = 3;
  // How long a key that is due may stand behind those of smaller ranks.
  static constexpr Duration kPatience = std::chrono::seconds(30);
  static constexpr std::uint64_t kPatientTurns = 32;

  // `clock` must outlive the queue.
  explicit WorkQueue(const Clock& clock, Backoff backoff = {}, std::uint64_t seed = 0,
                     QueueObserver observer = {});
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void add(const Key& key, Duration delay = Duration(0), std::size_t rank = 0);

  // Adds the key after a failure; counts failures in a row. Returns the delay.
  Duration retry(const Key& key, Duration at_least = Duration(0), std::size_t rank = 0);
  // The key did not fail: its next failure is a first one.
  void forget(const Key& key);

  // Waits for a key that is due; nullopt when stopped or shut down. Every key taken must be given to done().
  std::optional<Key> take(std::stop_token stop);
  // Without waiting: nullopt when none is due now.
  std::optional<Key> try_take();
  void done(const Key& key);

  // From now on take() returns nullopt, also where it waits.
  void shut_down();

  // When the next key becomes due (maybe in the past); nullopt when none is in line.
  [[nodiscard]] std::optional<Instant> next_due() const;
  [[nodiscard]] std::size_t depth() const;
  // Is a key of that rank due?
  [[nodiscard]] bool any_due(std::size_t rank) const;
  [[nodiscard]] std::size_t in_hand() const;
  // Has it been taken, and is it not done yet?
  [[nodiscard]] bool is_in_hand(const Key& key) const;
  [[nodiscard]] int failures(const Key& key) const;
  [[nodiscard]] WorkUnderWay under_way() const;

 private:
  struct Place {
    Instant due = {};
    std::uint64_t serial = 0;
    auto operator<=>(const Place&) const = default;
  };
  using Line = std::map<Place, Key>;
  struct Standing {
    std::size_t rank = 0;
    Place place = {};
  };
  struct Hand {
    Instant since = {};
    std::optional<Instant> again = {};  // re-triggered while running
    std::size_t rank = 0;               // of that
  };

  void put_in_line(const Key& key, Instant due, std::size_t rank);
  std::optional<Key> take_due(Instant now);
  // Whose turn it is; nullptr when none is due.
  [[nodiscard]] Line* due_line(Instant now);
  // When the first of all lines becomes due; nullopt when all are empty.
  [[nodiscard]] std::optional<Instant> first_due() const;
  void observe_depth() const;

  const Clock* clock_;
  const Backoff backoff_;
  const std::uint64_t seed_;
  const QueueObserver observer_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::array<Line, kRanks> lines_;
  std::map<Key, Standing> places_;
  std::map<Key, Hand> hands_;
  std::map<Key, int> failures_;
  std::uint64_t serial_ = 0;
  std::uint64_t passed_over_ = 0;  // keys taken before one that has been due for kPatience, in a row
  std::uint64_t changes_ = 0;      // of the line, so that a waiter sees one
  bool shut_down_ = false;
};

}  // namespace berth::runtime

#include "kube/runtime/work_queue_impl.h"
