#include "kube/client/events.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "kube/json/utf8.h"
#include "kube/wire/kind.h"

namespace berth::client {
namespace {

constexpr std::size_t kMaxNote = 1024;     // events.k8s.io/v1 validation
constexpr std::size_t kMaxReason = 128;    // likewise, and of the action
constexpr std::size_t kMaxInstance = 128;  // likewise
constexpr std::size_t kMaxName = 253;      // DNS subdomain
constexpr std::size_t kMaxSeries = 4096;   // remembered at once

std::string cut(const std::string& text, std::size_t most) {
  return std::string(json::cut_utf8(json::valid_utf8(text), most));
}

std::string identity_of(const ObjectReference& object) {
  return object.kind + "/" + object.ns + "/" + object.name + "/" + object.uid.text;
}

// Unique per process and moment; the server refuses a second event of the same name. FNV-1a of what makes it
// so.
std::string name_suffix(const std::string& instance, Instant now, std::uint64_t serial) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto take = [&hash](std::uint64_t byte) { hash = (hash ^ (byte & 0xFFU)) * 0x100000001B3U; };
  for (const char c : instance) take(static_cast<unsigned char>(c));
  for (unsigned shift = 0; shift < 64; shift += 8)
    take(static_cast<std::uint64_t>(now.milliseconds) >> shift);
  for (unsigned shift = 0; shift < 64; shift += 8) take(serial >> shift);
  char text[17] = {};
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

bool worth_another_try(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kTimeout || error.code == Code::kThrottled ||
         error.code == Code::kConflict;
}

}  // namespace

EventRecorder::EventRecorder(const Client& client, Config config)
    : client_(&client), config_(std::move(config)) {}

void EventRecorder::record(const EventNote& note, Instant now) {
  Event event;
  event.regarding = note.regarding;
  event.type = note.type;
  event.reason = cut(note.reason, kMaxReason);
  event.action = cut(note.action, kMaxReason);
  event.note = cut(note.note, kMaxNote);
  event.reporting_controller = config_.controller;
  event.reporting_instance = cut(config_.instance, kMaxInstance);
  event.event_time = to_rfc3339_micro(now);
  // Events of cluster-scoped objects stand in "default", where kubectl describe looks for them.
  event.meta.ns = note.regarding.ns.empty() ? "default" : note.regarding.ns;

  const std::lock_guard lock(mutex_);
  prune(now);
  SeriesKey key{identity_of(event.regarding), event.type, event.reason, event.note};
  const auto present = series_.find(key);
  if (present != series_.end()) {
    Series& series = present->second;
    ++series.count;
    series.last = now;
    ++counts_.counted;
    if (!series.queued) {
      series.queued = true;
      pending_.push_back(std::move(key));
    }
    return;
  }
  if (pending_.size() >= config_.max_pending || series_.size() >= kMaxSeries) {
    ++counts_.dropped;
    return;
  }
  const std::string suffix = name_suffix(event.reporting_instance, now, ++serial_);
  event.meta.name = cut(event.regarding.name, kMaxName - suffix.size() - 1) + "." + suffix;
  Series series;
  series.event = std::move(event);
  series.last = now;
  series.queued = true;
  series_.emplace(key, std::move(series));
  pending_.push_back(std::move(key));
}

Result<bool> EventRecorder::step(Instant now) {
  SeriesKey key;
  Series work;
  {
    const std::lock_guard lock(mutex_);
    prune(now);
    // The first that is due; the others keep their places.
    const auto due = std::find_if(pending_.begin(), pending_.end(), [&](const SeriesKey& each) {
      const Series& series = series_.at(each);
      const bool soon = series.written > 0 && now - series.written_at < config_.series_interval;
      return !soon && take_token(std::get<0>(each), now);
    });
    if (due == pending_.end()) return false;
    key = std::move(*due);
    pending_.erase(due);
    work = series_.at(key);
  }

  const Status result = work.written == 0 ? create(work.event) : count(work);

  const std::lock_guard lock(mutex_);
  const auto found = series_.find(key);
  if (found == series_.end()) return true;  // grown old meanwhile
  Series& series = found->second;
  if (result.ok()) {
    ++counts_.written;
    series.failures = 0;
    series.written = work.written == 0 ? 1 : work.count;
    series.written_at = now;
    series.queued = series.count > series.written;
    if (series.queued) pending_.push_back(key);
    return true;
  }
  if (worth_another_try(result.error()) && ++series.failures < config_.attempts) {
    pending_.push_back(key);
  } else {
    ++counts_.dropped;
    series_.erase(found);
  }
  return result.error();
}

EventRecorder::Counts EventRecorder::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

bool EventRecorder::take_token(const std::string& object, Instant now) {
  const auto [found, fresh] = buckets_.try_emplace(object, Bucket{static_cast<double>(config_.burst), now});
  Bucket& bucket = found->second;
  if (!fresh && now > bucket.at) {
    const double grown = static_cast<double>((now - bucket.at).count()) /
                         static_cast<double>(std::max<std::int64_t>(config_.refill.count(), 1));
    bucket.tokens = std::min(bucket.tokens + grown, static_cast<double>(config_.burst));
  }
  bucket.at = std::max(bucket.at, now);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

// Series end a window after their last occurrence; what was still to be written of them is dropped. Full
// buckets need not be remembered.
void EventRecorder::prune(Instant now) {
  if (now - pruned_at_ < Duration(1000) && now >= pruned_at_) return;
  pruned_at_ = now;
  std::erase_if(pending_, [&](const SeriesKey& key) {
    const Series& series = series_.at(key);
    if (now - series.last < config_.series_window) return false;
    ++counts_.dropped;
    return true;
  });
  std::erase_if(series_, [&](const auto& each) { return now - each.second.last >= config_.series_window; });
  std::erase_if(buckets_, [&](const auto& each) {
    return now - each.second.at >= config_.refill * (config_.burst + 1);
  });
}

Status EventRecorder::create(const Event& event) const {
  const auto created = client_->create(wire::kEvent, event);
  // The name is ours alone: it exists because the answer to an earlier try was lost.
  if (created.ok() || created.error().code == Code::kExists) return ok_status();
  return created.error();
}

Status EventRecorder::count(const Series& series) const {
  const std::string body = "{\"series\":{\"count\":" + std::to_string(series.count) +
                           ",\"lastObservedTime\":\"" + to_rfc3339_micro(series.last) + "\"}}";
  const auto patched = client_->merge_patch<Event>(wire::kEvent, series.event.meta.key(), body);
  if (patched.ok()) return ok_status();
  return patched.error();
}

}  // namespace berth::client
