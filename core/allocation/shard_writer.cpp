#include "core/allocation/shard_writer.h"

#include <algorithm>
#include <utility>

#include "core/base/api_names.h"

namespace berth::allocation {
namespace {

// `"key":"entry",`
std::size_t size_of(const NumberKey& key, const Entry& entry) {
  constexpr std::size_t kPunctuation = 6;
  return to_string(key).size() + encode(entry).size() + kPunctuation;
}

}  // namespace

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

const std::map<NumberKey, Entry>* ShardWriter::entries_beside(Space space, const NumberKey& key) const {
  const int index = shard_of(key.port);
  if (const auto written = dirty_.find({space, index}); written != dirty_.end())
    return &written->second.entries;
  const auto& shards = ledgers_.in(space).shards();
  const auto stored = shards.find(index);
  return stored == shards.end() ? nullptr : &stored->second->entries;
}

std::vector<std::pair<NumberKey, const Entry*>> ShardWriter::conflicting(Space space,
                                                                         const NumberKey& key) const {
  std::vector<std::pair<NumberKey, const Entry*>> found;
  any_conflicting(space, key, [&](const NumberKey& other, const Entry& entry) {
    found.emplace_back(other, &entry);
    return false;
  });
  return found;
}

bool ShardWriter::has_room(Space space, const NumberKey& key, const Entry& entry) const {
  const ShardId id{space, shard_of(key.port)};
  const auto [known, fresh] = bytes_.try_emplace(id, 0);
  if (const auto* entries = entries_beside(space, key); fresh && entries != nullptr) {
    for (const auto& [other, present] : *entries) known->second += size_of(other, present);
  }
  const Entry* before = find(space, key);
  const std::size_t replaced = before == nullptr ? 0 : size_of(key, *before);
  return known->second - replaced + size_of(key, entry) <= kMaxShardBytes;
}

const Entry* ShardWriter::find(Space space, const NumberKey& key) const {
  const auto shard = dirty_.find({space, shard_of(key.port)});
  if (shard == dirty_.end()) return ledgers_.in(space).find(key);
  const auto entry = shard->second.entries.find(key);
  return entry == shard->second.entries.end() ? nullptr : &entry->second;
}

void ShardWriter::put(Space space, const NumberKey& key, Entry entry, Instant now) {
  Shard& shard = open(space, key);
  bytes_.erase({space, shard.index});
  entry.sequence = shard.next_sequence++;
  entry.since_seconds = std::max<std::int64_t>(0, now.milliseconds / 1000);
  shard.entries.insert_or_assign(key, std::move(entry));
}

void ShardWriter::erase(Space space, const NumberKey& key) {
  bytes_.erase({space, shard_of(key.port)});
  open(space, key).entries.erase(key);
}

std::vector<ShardWrite> ShardWriter::writes() const {
  std::vector<ShardWrite> writes;
  for (const auto& [id, shard] : dirty_) writes.push_back({write_shard(shard)});
  return writes;
}

}  // namespace berth::allocation
