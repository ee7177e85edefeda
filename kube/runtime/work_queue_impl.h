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
void WorkQueue<Key>::add(const Key& key, Duration delay, std::size_t rank) {
  if (rank >= kRanks) std::abort();
  const Instant due = clock_->monotonic() + std::max(delay, Duration(0));
  {
    const std::lock_guard lock(mutex_);
    const auto hand = hands_.find(key);
    if (hand != hands_.end()) {
      std::optional<Instant>& again = hand->second.again;
      again = again ? std::min(*again, due) : due;
      hand->second.rank = rank;
      return;
    }
    put_in_line(key, due, rank);
  }
  changed_.notify_all();
}

template <class Key>
Duration WorkQueue<Key>::retry(const Key& key, Duration at_least, std::size_t rank) {
  Duration delay;
  {
    const std::lock_guard lock(mutex_);
    const int failures = ++failures_[key];
    delay = backoff_delay(backoff_, failures, seed_ + ++serial_, at_least);
    if (observer_.retried) observer_.retried();
  }
  add(key, delay, rank);
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
    if (const auto due = first_due()) {
      changed_.wait_for(lock, stop, *due - now, something_changed);
    } else {
      changed_.wait(lock, stop, something_changed);
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
    put_in_line(key, *held.again, held.rank);
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
  return first_due();
}

template <class Key>
std::size_t WorkQueue<Key>::depth() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

template <class Key>
bool WorkQueue<Key>::any_due(std::size_t rank) const {
  const std::lock_guard lock(mutex_);
  const Line& line = lines_.at(rank);
  return !line.empty() && line.begin()->first.due <= clock_->monotonic();
}

template <class Key>
std::size_t WorkQueue<Key>::in_hand() const {
  const std::lock_guard lock(mutex_);
  return hands_.size();
}

template <class Key>
bool WorkQueue<Key>::is_in_hand(const Key& key) const {
  const std::lock_guard lock(mutex_);
  return hands_.contains(key);
}

template <class Key>
int WorkQueue<Key>::failures(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

template <class Key>
WorkUnderWay WorkQueue<Key>::under_way() const {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_->monotonic();
  WorkUnderWay work;
  work.keys = hands_.size();
  for (const auto& [key, hand] : hands_) {
    const Duration worked = now - hand.since;
    work.longest = std::max(work.longest, worked);
    work.total += worked;
  }
  return work;
}

template <class Key>
void WorkQueue<Key>::put_in_line(const Key& key, Instant due, std::size_t rank) {
  const auto standing = places_.find(key);
  if (standing != places_.end()) {
    const Standing before = standing->second;
    if (before.place.due <= due && before.rank == rank) return;
    due = std::min(due, before.place.due);
    lines_.at(before.rank).erase(before.place);
    places_.erase(standing);
  } else if (observer_.added) {
    observer_.added();
  }
  const Place place{due, ++serial_};
  lines_.at(rank).emplace(place, key);
  places_.emplace(key, Standing{rank, place});
  ++changes_;
  observe_depth();
}

template <class Key>
typename WorkQueue<Key>::Line* WorkQueue<Key>::due_line(Instant now) {
  Line* turn = nullptr;
  Line* oldest = nullptr;
  for (Line& line : lines_) {
    if (line.empty() || line.begin()->first.due > now) continue;
    if (turn == nullptr) turn = &line;
    if (now - line.begin()->first.due < kPatience) continue;
    if (oldest == nullptr || line.begin()->first < oldest->begin()->first) oldest = &line;
  }
  if (oldest == nullptr || oldest == turn) return turn;
  if (++passed_over_ < kPatientTurns) return turn;
  passed_over_ = 0;
  return oldest;
}

template <class Key>
std::optional<Instant> WorkQueue<Key>::first_due() const {
  std::optional<Instant> first;
  for (const Line& line : lines_) {
    if (line.empty()) continue;
    const Instant due = line.begin()->first.due;
    first = first ? std::min(*first, due) : due;
  }
  return first;
}

template <class Key>
std::optional<Key> WorkQueue<Key>::take_due(Instant now) {
  Line* line = due_line(now);
  if (line == nullptr) return std::nullopt;
  const auto first = line->begin();
  const Instant due = first->first.due;
  Key key = std::move(first->second);
  line->erase(first);
  places_.erase(key);
  hands_.emplace(key, Hand{now});
  if (observer_.taken) observer_.taken(now - due);
  observe_depth();
  return key;
}

template <class Key>
void WorkQueue<Key>::observe_depth() const {
  if (observer_.depth) observer_.depth(places_.size());
}

}  // namespace berth::runtime
