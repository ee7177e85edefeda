// LedgerPace: when the ledgers may be worked on next, so that a burst of claims is few writes and one alone
// does not wait.
//
// A step grants to everybody who waits. While the numbers it has granted are still being shown there is no
// use in granting more: the longer that takes, the more are granted at once, and the fewer shards are
// written. How long it takes is guessed, and when the guess is over the queue tells whether it was long
// enough. Nor may looking through everything use up a core. After a pause the next step is due at once. Times
// are monotonic. Thread-safety: a value; its owner guards it.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/base/instant.h"

namespace berth::controller {

class LedgerPace {
 public:
  // Several times what one allocation takes to be written down, so that batches grow as soon as requests come
  // in by the dozen a second.
  static constexpr Duration kPerGrant{25};
  // Of the time between two steps at most a quarter is spent in them.
  static constexpr int kShare = 3;
  static constexpr Duration kLongest{1000};
  // The same while granted numbers are still being shown: at least that often somebody is granted his.
  static constexpr Duration kLongestBehind{8000};
  static constexpr Duration kAskAgain{50};

  // A step that granted so many allocations their numbers is over.
  void stepped(Instant begun, Instant ended, std::size_t granted) {
    const auto shown_after = kPerGrant * static_cast<std::int64_t>(std::min<std::size_t>(granted, 1000));
    next_ = ended + std::min(kLongest, std::max<Duration>(shown_after, (ended - begun) * kShare));
    behind_ = ended + std::min(kLongestBehind, shown_after);
  }

  // `showing`: numbers that were granted wait to be shown. With what is returned for that reason the question
  // is to be asked again.
  [[nodiscard]] Duration wait(Instant now, bool showing) const {
    if (now < next_) return next_ - now;
    return showing && now < behind_ ? std::min(kAskAgain, behind_ - now) : Duration(0);
  }

 private:
  Instant next_ = {};
  Instant behind_ = {};
};

}  // namespace berth::controller
