#include "core/allocation/shard_writer.h"

#include <algorithm>
#include <utility>

#include "core/base/api_names.h"

namespace berth::allocation {

Shard& ShardWriter::open(Space space, const NumberKey& key) {
  const ShardId id{space, shard_of(key.port)};
  const auto found = dirty_.find(id);
  if (found != dirty_.end()) return found->second;
  // Writing over what could not be read would lose it: the callers never come here.
  if (ledgers_.in(space).frozen(id.shard) != nullptr) std::abort();
  Shard shard = ledgers_.in(space).shard(id.shard);
  shard.fence = std::max(shard.fence, fence_);
  if (shard.meta.resource_version.empty()) shard.meta.labels[kManagedByLabel] = kManagedByValue;
  return dirty_.emplace(id, std::move(shard)).first->second;
}

const Entry* ShardWriter::find(Space space, const NumberKey& key) const {
  const auto shard = dirty_.find({space, shard_of(key.port)});
  if (shard == dirty_.end()) return ledgers_.in(space).find(key);
  const auto entry = shard->second.entries.find(key);
  return entry == shard->second.entries.end() ? nullptr : &entry->second;
}

void ShardWriter::put(Space space, const NumberKey& key, Entry entry, Instant now) {
  Shard& shard = open(space, key);
  entry.sequence = shard.next_sequence++;
  entry.since_seconds = std::max<std::int64_t>(0, now.milliseconds / 1000);
  shard.entries.insert_or_assign(key, std::move(entry));
}

void ShardWriter::erase(Space space, const NumberKey& key) { open(space, key).entries.erase(key); }

std::vector<ShardWrite> ShardWriter::writes() const {
  std::vector<ShardWrite> writes;
  for (const auto& [id, shard] : dirty_) writes.push_back({write_shard(shard)});
  return writes;
}

}  // namespace berth::allocation
