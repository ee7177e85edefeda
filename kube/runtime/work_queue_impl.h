// The bodies of work_queue.h's templates. Include work_queue.h instead.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "kube/runtime/work_queue.h"

namespace berth::runtime {

template <class Key>
WorkQueue<Key>::WorkQueue(const Clock& clock, Backoff backoff, std::uint64_t seed, QueueObserver observer)
    : clock_(&clock), backoff_(backoff), seed_(seed), observer_(std::move(observer)) {}

template <class Key>
void WorkQueue<Key>::add(const Key& key, Duration delay) {
  const Instant due = clock_->monotonic() + std::max(delay, Duration(0));
  {
    const std::lock_guard lock(mutex_);
    const auto hand = hands_.find(key);
    if (hand != hands_.end()) {
      std::optional<Instant>& again = hand->second.again;
      again = again ? std::min(*again, due) : due;
      return;
    }
    put_in_line(key, due);
  }
  changed_.notify_all();
}

template <class Key>
Duration WorkQueue<Key>::retry(const Key& key, Duration at_least) {
  Duration delay;
  {
    const std::lock_guard lock(mutex_);
    const int failures = ++failures_[key];
    delay = backoff_delay(backoff_, failures, seed_ + ++serial_, at_least);
    if (observer_.retried) observer_.retried();
  }
  add(key, delay);
  return delay;
}

template <class Key>
void WorkQueue<Key>::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  failures_.erase(key);
}

template <class Key>
std::optional<Key> WorkQueue<Key>::take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!shut_down_ && !stop.stop_requested()) {
    const Instant now = clock_->monotonic();
    if (auto key = take_due(now)) return key;
    // Woken by any change: an earlier key, the end, or a stop.
    const std::uint64_t seen = changes_;
    const auto something_changed = [&] { return changes_ != seen || shut_down_; };
    if (line_.empty()) {
      changed_.wait(lock, stop, something_changed);
    } else {
      changed_.wait_for(lock, stop, line_.begin()->first.due - now, something_changed);
    }
  }
  return std::nullopt;
}

template <class Key>
std::optional<Key> WorkQueue<Key>::try_take() {
  const std::lock_guard lock(mutex_);
  if (shut_down_) return std::nullopt;
  return take_due(clock_->monotonic());
}

template <class Key>
void WorkQueue<Key>::done(const Key& key) {
  {
    const std::lock_guard lock(mutex_);
    const auto hand = hands_.find(key);
    if (hand == hands_.end()) std::abort();  // given back twice, or never taken
    const Hand held = hand->second;
    hands_.erase(hand);
    if (observer_.finished) observer_.finished(clock_->monotonic() - held.since);
    if (!held.again) return;
    put_in_line(key, *held.again);
  }
  changed_.notify_all();
}

template <class Key>
void WorkQueue<Key>::shut_down() {
  {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
  }
  changed_.notify_all();
}

template <class Key>
std::optional<Instant> WorkQueue<Key>::next_due() const {
  const std::lock_guard lock(mutex_);
  if (line_.empty()) return std::nullopt;
  return line_.begin()->first.due;
}

template <class Key>
std::size_t WorkQueue<Key>::depth() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

template <class Key>
std::size_t WorkQueue<Key>::in_hand() const {
  const std::lock_guard lock(mutex_);
  return hands_.size();
}

template <class Key>
int WorkQueue<Key>::failures(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

template <class Key>
Duration WorkQueue<Key>::longest_running() const {
  const Instant now = clock_->monotonic();
  const std::lock_guard lock(mutex_);
  Duration longest(0);
  for (const auto& [key, hand] : hands_) longest = std::max(longest, now - hand.since);
  return longest;
}

template <class Key>
void WorkQueue<Key>::put_in_line(const Key& key, Instant due) {
  const auto standing = places_.find(key);
  if (standing != places_.end()) {
    if (standing->second.due <= due) return;
    line_.erase(standing->second);
    places_.erase(standing);
  } else if (observer_.added) {
    observer_.added();
  }
  const Place place{due, ++serial_};
  line_.emplace(place, key);
  places_.emplace(key, place);
  ++changes_;
  observe_depth();
}

template <class Key>
std::optional<Key> WorkQueue<Key>::take_due(Instant now) {
  if (line_.empty() || line_.begin()->first.due > now) return std::nullopt;
  const auto first = line_.begin();
  const Instant due = first->first.due;
  Key key = std::move(first->second);
  line_.erase(first);
  places_.erase(key);
  hands_.emplace(key, Hand{now, std::nullopt});
  if (observer_.taken) observer_.taken(now - due);
  observe_depth();
  return key;
}

template <class Key>
void WorkQueue<Key>::observe_depth() const {
  if (observer_.depth) observer_.depth(line_.size());
}

}  // namespace berth::runtime
