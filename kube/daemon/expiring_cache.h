// ExpiringCache: answers that hold for a while, never more than so many.
//
// Thread-safety: none; whoever shares one locks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/instant.h"

namespace berth::daemon {

template <class Value>
class ExpiringCache {
 public:
  // Requires most > 0.
  explicit ExpiringCache(std::size_t most) : most_(most) {}

  // nullopt: never known, or known too long ago.
  [[nodiscard]] std::optional<Value> get(const std::string& key, Instant now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.until) return std::nullopt;
    return found->second.value;
  }

  // When there is no room the one goes that would end first.
  void put(const std::string& key, Value value, Instant now, Duration good_for) {
    entries_.insert_or_assign(key, Entry{std::move(value), now + good_for});
    if (entries_.size() <= most_) return;
    std::erase_if(entries_, [&](const auto& entry) { return now >= entry.second.until; });
    while (entries_.size() > most_) {
      entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        return a.second.until < b.second.until;
      }));
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Value value;
    Instant until;
  };
  std::size_t most_;
  std::map<std::string, Entry> entries_ = {};
};

}  // namespace berth::daemon
