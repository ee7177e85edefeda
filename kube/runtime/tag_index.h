// TagIndex: the objects of a store by the words they are looked for.
//
// Holds a hash of namespace and tag, not the words: what it finds are candidates, for the caller to compare.
// Thread-safety: none of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/runtime/mix.h"

namespace berth::runtime {

using Tags = std::vector<std::string>;

// Item: where an object stays as long as it is indexed.
template <class Item>
class TagIndex {
 public:
  void add(std::string_view ns, const Tags& tags, const Item* item) {
    for (const std::string& tag : tags) items_.insert({hash(ns, tag), item});
  }
  void remove(std::string_view ns, const Tags& tags, const Item* item) {
    for (const std::string& tag : tags) items_.erase({hash(ns, tag), item});
  }
  void clear() { items_.clear(); }

  // Everything with all the tags, and possibly more: what the rarest of them finds. In no order. Requires a
  // tag.
  [[nodiscard]] std::vector<const Item*> candidates(std::string_view ns, const Tags& tags) const {
    std::vector<Found> found;
    for (const std::string& tag : tags) {
      const std::uint64_t hashed = hash(ns, tag);
      found.push_back({hashed, items_.lower_bound({hashed, nullptr}), {}});
    }
    // One step in each until the shortest ends: as dear as the rarest tag, not as the most frequent one.
    for (;;) {
      for (Found& each : found) {
        if (each.next == items_.end() || each.next->first != each.hashed) return std::move(each.items);
        each.items.push_back(each.next->second);
        ++each.next;
      }
    }
  }

 private:
  // By address where hashes are equal: nullptr is before all.
  using Items = std::set<std::pair<std::uint64_t, const Item*>>;
  struct Found {
    std::uint64_t hashed;
    typename Items::const_iterator next;
    std::vector<const Item*> items;
  };

  static std::uint64_t hash(std::string_view ns, std::string_view tag) {
    const std::hash<std::string_view> of;
    return mix(mix(of(ns)) ^ of(tag));
  }

  Items items_;
};

}  // namespace berth::runtime
