#include "core/allocation/ledger.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace berth::allocation {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kFixedFields = 8;
constexpr std::string_view kSticky = "sticky=";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

const char* word(EntryState state) { return state == EntryState::kHeld ? "held" : "resting"; }

Error unreadable(std::string_view text, const std::string& why) {
  return malformed("entry \"" + std::string(text.substr(0, 200)) + "\" " + why);
}

// A whole number from 0 up, without sign or blanks.
std::optional<std::int64_t> read_count(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || stop != text.data() + text.size() || number < 0) return {};
  return number;
}

std::optional<Slot> read_slot(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 2 || parts[0].empty()) return {};
  const auto protocol = parse_protocol(parts[1]);
  if (!protocol.ok()) return {};
  return Slot{std::string(parts[0]), *protocol};
}

std::string slots_text(const std::vector<Slot>& slots) {
  std::string text;
  for (const Slot& slot : slots) {
    if (!text.empty()) text += ',';
    text += slot.name + "/" + to_string(slot.protocol);
  }
  return text;
}

// "key=value" with a key of small letters and digits.
bool is_extra(std::string_view text) {
  const std::size_t key = text.find('=');
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return key != 0 && key != std::string_view::npos &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(key), plain);
}

// What stands behind the fixed fields; false when it is of no known shape.
bool read_extras(const std::vector<std::string_view>& fields, Entry& entry) {
  for (std::size_t i = kFixedFields; i < fields.size(); ++i) {
    if (!is_extra(fields[i])) return false;
    if (!fields[i].starts_with(kSticky)) {
      entry.extras.emplace_back(fields[i]);
      continue;
    }
    const auto seconds = read_count(fields[i].substr(kSticky.size()));
    if (!seconds) return false;
    entry.sticky_seconds = *seconds;
  }
  return true;
}

Error in_shard(const std::string& shard, const std::string& message) {
  return malformed("PortLedger " + shard + ": " + message);
}

std::size_t hash_of(const Uid& uid) { return std::hash<std::string>()(uid.text); }

constexpr auto kByHash = [](const auto& a, const auto& b) { return a.first < b.first; };

}  // namespace

bool Entry::has_slot(const std::string& name) const {
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.name == name; });
}

std::string encode(const Entry& entry) {
  std::string text(kVersion);
  for (const std::string& field :
       {std::string(word(entry.state)), to_string(entry.owner), entry.owner_uid.text, slots_text(entry.slots),
        std::to_string(entry.sequence), std::to_string(entry.since_seconds), entry.range}) {
    text += ' ';
    text += field;
  }
  if (entry.sticky_seconds > 0) text += ' ' + std::string(kSticky) + std::to_string(entry.sticky_seconds);
  for (const std::string& extra : entry.extras) text += ' ' + extra;
  return text;
}

Result<Entry> decode_entry(std::string_view text) {
  const auto fields = split(text, ' ');
  if (fields.front() != kVersion) {
    return unreadable(text, "is of version '" + std::string(fields.front().substr(0, 32)) +
                                "', this program knows version 1 only");
  }
  if (fields.size() < kFixedFields) return unreadable(text, "does not have eight fields");
  Entry entry;
  if (!read_extras(fields, entry)) return unreadable(text, "ends in something that is not key=value");
  if (fields[1] == word(EntryState::kHeld)) {
    entry.state = EntryState::kHeld;
  } else if (fields[1] == word(EntryState::kResting)) {
    entry.state = EntryState::kResting;
  } else {
    return unreadable(text, "is neither held nor resting");
  }
  const auto owner = split(fields[2], '/');
  if (owner.size() != 2 || owner[0].empty() || owner[1].empty()) return unreadable(text, "names no owner");
  entry.owner = {std::string(owner[0]), std::string(owner[1])};
  if (fields[3].empty()) return unreadable(text, "has no owner UID");
  entry.owner_uid.text = std::string(fields[3]);
  for (const std::string_view part : split(fields[4], ',')) {
    auto slot = read_slot(part);
    if (!slot) return unreadable(text, "has no readable port names");
    entry.slots.push_back(*std::move(slot));
  }
  if (!std::is_sorted(entry.slots.begin(), entry.slots.end())) {
    return unreadable(text, "has port names out of order");
  }
  const auto sequence = read_count(fields[5]);
  const auto since = read_count(fields[6]);
  if (!sequence || !since) return unreadable(text, "has no readable sequence and time");
  entry.sequence = *sequence;
  entry.since_seconds = *since;
  entry.range = std::string(fields[7]);
  return entry;
}

Shard empty_shard(Space space, int index) {
  Shard shard;
  shard.space = space;
  shard.index = index;
  shard.meta.name = shard_name(space, index);
  return shard;
}

Result<Shard> read_shard(const PortLedger& object) {
  const std::string& name = object.meta.name;
  const auto id = parse_shard_name(name);
  if (!id) return in_shard(name, "the name is not that of a shard");
  if (object.spec.space != to_string(id->space) || object.spec.shard != id->shard) {
    return in_shard(name, "spec says space '" + object.spec.space + "' shard " +
                              std::to_string(object.spec.shard) + ", the name says otherwise");
  }
  if (object.spec.fence < 0 || object.spec.next_sequence < 1) {
    return in_shard(name, "fence or nextSequence is out of range");
  }
  Shard shard{id->space, id->shard, object.meta, object.spec.fence, object.spec.next_sequence, {}};
  for (const auto& [text, record] : object.spec.entries) {
    const auto key = parse_number_key(id->space, text);
    if (!key.ok()) return in_shard(name, "entry '" + text + "': " + key.error().message);
    if (shard_of(key->port) != id->shard)
      return in_shard(name, "entry '" + text + "' lies outside the shard");
    auto entry = decode_entry(record);
    if (!entry.ok()) return in_shard(name, "entry '" + text + "': " + entry.error().message);
    if (entry->sequence >= shard.next_sequence) {
      return in_shard(name, "entry '" + text + "' has a sequence that was never given out");
    }
    shard.entries.insert_or_assign(*key, *std::move(entry));
  }
  return shard;
}

PortLedger write_shard(const Shard& shard) {
  PortLedger object;
  object.meta = shard.meta;
  object.spec.space = to_string(shard.space);
  object.spec.shard = shard.index;
  object.spec.fence = shard.fence;
  object.spec.next_sequence = shard.next_sequence;
  for (const auto& [key, entry] : shard.entries) object.spec.entries[to_string(key)] = encode(entry);
  return object;
}

Status Ledger::put(const PortLedger& object) {
  const auto id = parse_shard_name(object.meta.name);
  if (!id || id->space != space_) return in_shard(object.meta.name, "the name is not that of a shard here");
  remove(id->shard);
  auto shard = read_shard(object);
  if (!shard.ok()) {
    frozen_.insert_or_assign(id->shard, shard.error());
    return std::move(shard).error();
  }
  const auto stored = std::make_shared<const Shard>(*std::move(shard));
  auto owners = std::make_shared<Owners>();
  owners->reserve(stored->entries.size());
  for (const auto& each : stored->entries) owners->emplace_back(hash_of(each.second.owner_uid), &each);
  std::sort(owners->begin(), owners->end(), kByHash);
  shards_.insert_or_assign(id->shard, stored);
  owners_.insert_or_assign(id->shard, std::move(owners));
  return ok_status();
}

void Ledger::remove(int shard) {
  frozen_.erase(shard);
  shards_.erase(shard);
  owners_.erase(shard);
}

const Entry* Ledger::find(const NumberKey& key) const {
  const auto shard = shards_.find(shard_of(key.port));
  if (shard == shards_.end()) return nullptr;
  const auto entry = shard->second->entries.find(key);
  return entry == shard->second->entries.end() ? nullptr : &entry->second;
}

std::vector<std::pair<NumberKey, const Entry*>> Ledger::conflicting(const NumberKey& key) const {
  std::vector<std::pair<NumberKey, const Entry*>> entries;
  const auto shard = shards_.find(shard_of(key.port));
  if (shard == shards_.end()) return entries;
  any_conflicting(shard->second->entries, key, [&](const NumberKey& other, const Entry& entry) {
    entries.emplace_back(other, &entry);
    return false;
  });
  return entries;
}

std::vector<HeldNumber> Ledger::of_owner(const Uid& owner) const {
  std::vector<HeldNumber> numbers;
  const Owners::value_type wanted{hash_of(owner), nullptr};
  for (const auto& [shard, owners] : owners_) {
    const auto [first, last] = std::equal_range(owners->begin(), owners->end(), wanted, kByHash);
    for (auto at = first; at != last; ++at) {
      const auto& [key, entry] = *at->second;
      if (entry.owner_uid == owner) numbers.push_back({space_, key, entry});
    }
  }
  std::sort(numbers.begin(), numbers.end(),
            [](const HeldNumber& a, const HeldNumber& b) { return a.key < b.key; });
  return numbers;
}

Shard Ledger::shard(int index) const {
  const auto found = shards_.find(index);
  return found == shards_.end() ? empty_shard(space_, index) : *found->second;
}

const Error* Ledger::frozen(int shard) const {
  const auto found = frozen_.find(shard);
  return found == frozen_.end() ? nullptr : &found->second;
}

std::int64_t Ledger::fence() const {
  std::int64_t largest = 0;
  for (const auto& [index, shard] : shards_) largest = std::max(largest, shard->fence);
  return largest;
}

Ledgers::Ledgers() : ledgers_{Ledger(kSpaces[0]), Ledger(kSpaces[1]), Ledger(kSpaces[2])} {}

Status Ledgers::put(const PortLedger& object) {
  const auto id = parse_shard_name(object.meta.name);
  if (!id) return in_shard(object.meta.name, "the name is not that of a shard, the object is ignored");
  return ledgers_[static_cast<std::size_t>(id->space)].put(object);
}

void Ledgers::remove(const std::string& object_name) {
  if (const auto id = parse_shard_name(object_name)) {
    ledgers_[static_cast<std::size_t>(id->space)].remove(id->shard);
  }
}

std::vector<HeldNumber> Ledgers::of_owner(const Uid& owner) const {
  std::vector<HeldNumber> numbers;
  for (const Ledger& ledger : ledgers_) {
    const auto part = ledger.of_owner(owner);
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

std::int64_t Ledgers::fence() const {
  std::int64_t largest = 0;
  for (const Ledger& ledger : ledgers_) largest = std::max(largest, ledger.fence());
  return largest;
}

}  // namespace berth::allocation
