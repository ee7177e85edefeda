// Rivals: tells a change of leader from two operators that lead beside each other, by the fences found in
// ledgers.
//
// A fence larger than the own one is news once or twice in a life: another process led before, or a Lease was
// deleted. When new ones come again and again, somebody leads by a lease of its own, in another namespace or
// in another cluster that shares the API server: no number is given twice, but each keeps the other from its
// work. Not a decision about who leads. Thread-safety: all methods from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "core/base/instant.h"

namespace berth::controller {

class Rivals {
 public:
  // So many different fences within so long are no change of leader.
  static constexpr std::size_t kMany = 3;
  static constexpr Duration kWithin = std::chrono::minutes(1);
  // Is told again after so long, if it goes on.
  static constexpr Duration kTellAgain = std::chrono::minutes(10);

  enum class News {
    kNone,     // this fence was told, or that there is a rival
    kFence,    // a larger fence than any before
    kAnother,  // somebody else works beside us
  };

  // `fence`: found in a ledger, larger than the own one. `now`: monotonic, never before that of the last
  // call.
  News note(std::int64_t fence, Instant now);

 private:
  std::mutex mutex_;
  std::int64_t largest_ = -1;
  std::deque<Instant> seen_;  // when new fences came, within kWithin
  std::optional<Instant> told_;
};

}  // namespace berth::controller
