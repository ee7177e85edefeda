#include "operator/rivals.h"

namespace berth::controller {

Rivals::News Rivals::note(std::int64_t fence, Instant now) {
  const std::lock_guard lock(mutex_);
  if (fence <= largest_) return News::kNone;
  largest_ = fence;
  while (!seen_.empty() && now - seen_.front() >= kWithin) seen_.pop_front();
  seen_.push_back(now);
  const bool many = seen_.size() >= kMany;
  if (seen_.size() > kMany) seen_.pop_front();
  if (!many) return News::kFence;
  if (told_ && now - *told_ < kTellAgain) return News::kNone;
  told_ = now;
  return News::kAnother;
}

}  // namespace berth::controller
