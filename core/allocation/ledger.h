// Ledger: who holds which number, as read from the PortLedger shards of one space; and the codec of entries.
//
// One entry per number: Held (somebody has it) or Resting (released, not yet to be reused). What can be
// derived is not stored: reserved (PortRange), external (observed Services), draining (range edits).
// A shard that cannot be read is frozen: it counts as full, is never treated as empty and never written.
// Not here: choosing (chooser.h), releasing (release.h). Thread-safety: as any value; changed by put/remove.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/allocation/space.h"
#include "core/base/object_key.h"
#include "core/base/result.h"
#include "core/model/port_ledger.h"

namespace berth::allocation {

enum class EntryState : std::uint8_t { kHeld, kResting };

// One port of an allocation: its name and protocol.
struct Slot {
  std::string name = {};
  Protocol protocol = Protocol::kTcp;

  auto operator<=>(const Slot&) const = default;
};

// Identity is owner UID + slot, never a name (allocation.md, finding 6).
struct Entry {
  EntryState state = EntryState::kHeld;
  ObjectKey owner = {};
  Uid owner_uid = {};
  // Sorted by name, not empty. More than one only in the NodePort space, where the ports of one allocation
  // may share a number under different protocols (TCP and UDP of one service).
  std::vector<Slot> slots = {};
  std::int64_t sequence = 0;       // unique in its shard, renewed by every change; release compares it
  std::int64_t since_seconds = 0;  // Unix time of the last change, for people and for `sticky_seconds`
  std::string range = {};          // the PortRange it was taken from
  // So long the number waits, once it rests because its owner is gone, for an allocation of the owner's
  // namespace and name (core/allocation/sticky.h); 0 = it does not.
  std::int64_t sticky_seconds = 0;
  std::vector<std::string> extras = {};  // "key=value" that this version does not know; kept as they are

  bool operator==(const Entry&) const = default;
  [[nodiscard]] bool held() const { return state == EntryState::kHeld; }
  [[nodiscard]] bool has_slot(const std::string& name) const;
};

// "1 held mesh/api-gateway <uid> api/TCP 17 1763700000 mesh": version, state, owner, UID, slots (comma), seq,
// since, range; behind them what is not the rule, as "key=value": " sticky=3600". Fields never contain
// blanks, because Kubernetes names cannot.
std::string encode(const Entry& entry);
// Requires nothing; an unknown version or any other shape is an error that quotes the text.
Result<Entry> decode_entry(std::string_view text);

// One PortLedger object, decoded. A shard without resourceVersion does not exist yet.
struct Shard {
  Space space = Space::kNodePort;
  int index = 0;
  Meta meta = {};
  std::int64_t fence = 0;
  std::int64_t next_sequence = 1;
  std::map<NumberKey, Entry> entries = {};

  bool operator==(const Shard&) const = default;
};

// Errors name the shard and the key. Name, space and number of the shard must agree; every key must lie in
// the shard; sequences must be below next_sequence.
Result<Shard> read_shard(const PortLedger& object);
PortLedger write_shard(const Shard& shard);
Shard empty_shard(Space space, int index);

// An entry with its place.
struct HeldNumber {
  Space space = Space::kNodePort;
  NumberKey key;
  Entry entry = {};

  bool operator==(const HeldNumber&) const = default;
};

// All shards of one space.
class Ledger {
 public:
  explicit Ledger(Space space) : space_(space) {}

  [[nodiscard]] Space space() const { return space_; }

  // Takes in an object as the API server holds it, replacing what was known of that shard. Requires: its name
  // is a shard of this space. An error says why the shard is frozen now.
  Status put(const PortLedger& object);
  void remove(int shard);

  // nullptr: free, or unknown in a frozen shard.
  [[nodiscard]] const Entry* find(const NumberKey& key) const;
  // Every entry that keeps others from the number, held and resting, by key: its own, and in the space
  // HostPort that of every node beside those of single ones.
  [[nodiscard]] std::vector<std::pair<NumberKey, const Entry*>> conflicting(const NumberKey& key) const;
  // Every entry of that owner, held and resting, by key.
  [[nodiscard]] std::vector<HeldNumber> of_owner(const Uid& owner) const;
  using Shards = std::map<int, std::shared_ptr<const Shard>>;  // never null
  [[nodiscard]] const Shards& shards() const { return shards_; }
  // The stored shard, or an empty one that does not exist yet. Requires: not frozen.
  [[nodiscard]] Shard shard(int index) const;
  // Why the shard cannot be used; nullptr when it can.
  [[nodiscard]] const Error* frozen(int shard) const;
  [[nodiscard]] const std::map<int, Error>& frozen() const { return frozen_; }
  // The largest fence in any shard: larger than the own one means another leader took over.
  [[nodiscard]] std::int64_t fence() const;

 private:
  Space space_;
  Shards shards_;  // a copy of the ledger shares them
  std::map<int, Error> frozen_;
  // Where each owner's entries are, derived from a shard that never changes; so copies share it, too.
  using Owners =
      std::vector<std::pair<std::size_t, const std::pair<const NumberKey, Entry>*>>;  // by hash of UID
  std::map<int, std::shared_ptr<const Owners>> owners_;
};

// The ledgers of all spaces.
class Ledgers {
 public:
  Ledgers();

  // An object that is no shard at all (its name says no space and number) is an error and changes nothing.
  Status put(const PortLedger& object);
  void remove(const std::string& object_name);

  [[nodiscard]] const Ledger& in(Space space) const { return ledgers_[static_cast<std::size_t>(space)]; }
  // Every entry of that owner in every space.
  [[nodiscard]] std::vector<HeldNumber> of_owner(const Uid& owner) const;
  [[nodiscard]] std::int64_t fence() const;

 private:
  std::array<Ledger, kSpaces.size()> ledgers_;
};

}  // namespace berth::allocation
