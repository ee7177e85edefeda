// ShardWriter: the next content of the shards that a decision changes.
//
// Works on copies: the ledgers as read stay as they are until the write is answered (never touch the cached
// object before the reply). Gives every changed entry a new sequence and every written shard the fence.
// Thread-safety: none, one owner.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/base/instant.h"

namespace berth::allocation {

// A shard to write: PUT with meta.resourceVersion, or POST when it has none (then AlreadyExists = conflict).
struct ShardWrite {
  PortLedger object = {};

  bool operator==(const ShardWrite&) const = default;
  [[nodiscard]] bool creates() const { return object.meta.resource_version.empty(); }
};

// The size of a shard's entries as they are written, in bytes, from which on it takes no more: with what one
// allocation can add (32 entries below 1 KiB) the object stays below 512 KiB, a third of what etcd takes.
inline constexpr std::size_t kMaxShardBytes = std::size_t{480} * 1024;

class ShardWriter {
 public:
  // `ledgers` must outlive the writer. Requires: fence at least as large as that of every shard.
  ShardWriter(const Ledgers& ledgers, std::int64_t fence) : ledgers_(ledgers), fence_(fence) {}

  // As it will be; nullptr: free, or unknown in a frozen shard.
  [[nodiscard]] const Entry* find(Space space, const NumberKey& key) const;
  // Every entry that conflicts with the key, its own among them.
  [[nodiscard]] std::vector<std::pair<NumberKey, const Entry*>> conflicting(Space space,
                                                                            const NumberKey& key) const;
  // The same without a copy: visit(key, entry) until it answers true; did it?
  template <class Visit>
  bool any_conflicting(Space space, const NumberKey& key, Visit visit) const {
    const auto* entries = entries_beside(space, key);
    return entries != nullptr && allocation::any_conflicting(*entries, key, visit);
  }
  // Has the number's shard room for such an entry? An object must stay well below what the API server takes;
  // only host ports per node can come near (docs/reference/api.md).
  [[nodiscard]] bool has_room(Space space, const NumberKey& key, const Entry& entry) const;
  // Requires: the shard is not frozen. Sequence and time of the entry are set here.
  void put(Space space, const NumberKey& key, Entry entry, Instant now);
  void erase(Space space, const NumberKey& key);

  [[nodiscard]] const std::map<ShardId, Shard>& dirty() const { return dirty_; }
  // One per changed shard, by space and number.
  [[nodiscard]] std::vector<ShardWrite> writes() const;

 private:
  Shard& open(Space space, const NumberKey& key);
  [[nodiscard]] const std::map<NumberKey, Entry>* entries_beside(Space space, const NumberKey& key) const;

  const Ledgers& ledgers_;
  std::int64_t fence_;
  std::map<ShardId, Shard> dirty_;
  mutable std::map<ShardId, std::size_t> bytes_;  // of the entries, as written
};

}  // namespace berth::allocation
