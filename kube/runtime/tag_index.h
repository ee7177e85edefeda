// TagIndex: the objects of a store by the words they are looked for.
//
// Holds a hash of namespace and tag, not the words: what it finds are candidates, for the caller to compare.
// Thread-safety: none of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
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
    for (const std::string& tag : tags) {
      const Entry entry{hash(ns, tag), item};
      Bucket& bucket = bucket_of(entry.first);
      const auto at = std::lower_bound(bucket.begin(), bucket.end(), entry);
      if (at == bucket.end() || *at != entry) bucket.insert(at, entry);
    }
  }
  void remove(std::string_view ns, const Tags& tags, const Item* item) {
    for (const std::string& tag : tags) {
      const Entry entry{hash(ns, tag), item};
      Bucket& bucket = bucket_of(entry.first);
      const auto at = std::lower_bound(bucket.begin(), bucket.end(), entry);
      if (at != bucket.end() && *at == entry) bucket.erase(at);
    }
  }
  void clear() { buckets_ = std::vector<Bucket>(kBuckets); }

  // Everything with all the tags, and possibly more: what the rarest of them finds. In no order. Requires a
  // tag.
  [[nodiscard]] std::vector<const Item*> candidates(std::string_view ns, const Tags& tags) const {
    std::vector<Range> found;
    for (const std::string& tag : tags) {
      const std::uint64_t hashed = hash(ns, tag);
      const Bucket& bucket = buckets_[hashed / kHashesPerBucket];
      found.push_back(std::equal_range(bucket.begin(), bucket.end(), Entry{hashed, nullptr},
                                       [](const Entry& a, const Entry& b) { return a.first < b.first; }));
    }
    const auto rarest = std::min_element(found.begin(), found.end(), [](const Range& a, const Range& b) {
      return a.second - a.first < b.second - b.first;
    });
    std::vector<const Item*> items;
    for (auto at = rarest->first; at != rarest->second; ++at) items.push_back(at->second);
    return items;
  }

 private:
  // Sorted; a few large pieces of memory instead of one for each tag of each object.
  using Entry = std::pair<std::uint64_t, const Item*>;
  using Bucket = std::vector<Entry>;
  using Range = std::pair<typename Bucket::const_iterator, typename Bucket::const_iterator>;

  static constexpr std::size_t kBuckets = 1024;
  static constexpr std::uint64_t kHashesPerBucket =
      (std::numeric_limits<std::uint64_t>::max() / kBuckets) + 1;

  static std::uint64_t hash(std::string_view ns, std::string_view tag) {
    const std::hash<std::string_view> of;
    return mix(mix(of(ns)) ^ of(tag));
  }

  Bucket& bucket_of(std::uint64_t hashed) { return buckets_[hashed / kHashesPerBucket]; }

  std::vector<Bucket> buckets_ = std::vector<Bucket>(kBuckets);
};

}  // namespace berth::runtime
