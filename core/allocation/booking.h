// Booking: what a batch of claims looks at and has written so far, shared by its two halves: recovery
// (recovery.h) and the choice of new numbers (chooser.cpp).
//
// Knows what a number is just now, inside the batch, and how an entry is made; decides nothing.
// Thread-safety: none, one owner.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/allocation/chooser.h"
#include "core/allocation/quota.h"

namespace berth::allocation {

struct Adoption;

// A request on its way to its grant or refusal.
struct Work {
  const Request* request;
  Holdings holdings = {};
  std::vector<std::string> recovered = {};
  std::set<std::string> shards = {};
  std::map<std::string, NumberKey> given = {};  // by port name: what this batch wrote for it
  const Adoption* adoption = nullptr;           // what it adopts, if a Service asks for it
  std::optional<Refused> conflict = {};         // a number it shows belongs to somebody else
};

// The entries a request would write; nothing reaches the shards before the whole request is granted.
using Draft = std::map<NumberKey, Entry>;

class Booking {
 public:
  // `view` must outlive the booking.
  explicit Booking(const ClaimView& view)
      : view_(view), writer_(view.ledgers, view.fence), quota_(view.ledgers, writer_, view.uses) {}

  [[nodiscard]] const ClaimView& view() const { return view_; }
  [[nodiscard]] const Quota& quota() const { return quota_; }
  [[nodiscard]] const ShardWriter& writer() const { return writer_; }

  // As the batch leaves it so far; nullptr: free, or unknown in a frozen shard.
  [[nodiscard]] const Entry* find(Space space, const NumberKey& key) const {
    return writer_.find(space, key);
  }
  // The entry of another that keeps `owner` from the number: one that is held before one that rests, for
  // `at_least` that long. A host port that pods of `owner` have already does not rest for it: there is nobody
  // that they could be mistaken for. Nor does what waits for `heir` rest for it.
  [[nodiscard]] std::optional<HeldNumber> in_the_way(Space space, const NumberKey& key, const Uid& owner,
                                                     Duration at_least,
                                                     const PortAllocation* heir = nullptr) const;
  // Has the record room for the entry?
  [[nodiscard]] bool has_room(Space space, const NumberKey& key, const Entry& entry) const {
    return key.node.empty() || writer_.has_room(space, key, entry);
  }
  // Why the number's shard cannot be used; nullptr when it can.
  [[nodiscard]] const Error* frozen(Space space, const NumberKey& key) const {
    return view_.ledgers.in(space).frozen(shard_of(key.port));
  }
  // How much longer the resting entry waits.
  [[nodiscard]] Duration rest_left(Space space, const NumberKey& key, const Entry& entry,
                                   Duration at_least) const;
  // May the number be handed out to anybody, as far as ledger, observed objects and reservations go? `heir`:
  // also when it only waits for that allocation.
  [[nodiscard]] bool is_free(const CompiledRange& range, const NumberKey& key,
                             const PortAllocation* heir = nullptr) const;

  // Makes the entries of `draft` durable with the batch and notes them in `work`.
  void commit(Work& work, Space space, const Draft& draft);
  // Frees what has rested in the shards that are written anyway.
  void forget_rested();

 private:
  void forget_rested(const ShardId& id);

  const ClaimView& view_;
  ShardWriter writer_;
  Quota quota_;
};

// Adds or renews the slot; false when another slot has that protocol already.
bool put_slot(Entry& entry, const Slot& slot);

// A held entry without slots yet, with the allocation's wishes.
Entry new_entry(const PortAllocation& allocation, const std::string& range);

// The port of that name. Requires: there is one.
const AllocationPort& spec_port(const PortAllocation& allocation, const std::string& name);

// "42 s", rounded up.
std::string seconds_text(Duration span);

}  // namespace berth::allocation
