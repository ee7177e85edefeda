// Release: which entries may go, what must be proved first, and the next content of their shards.
//
// Two steps, because a cache may be wrong and a wrong release hands a live number to somebody else:
// 1. release_candidates(): from the cached view, what looks releasable;
// 2. the shell reads live (GET, not from the cache) what the candidate asks for and, when an owner is gone,
//    deletes its generated objects (plan_release in core/plan.h);
// 3. release(): checks the proofs against a fresh ledger by key and sequence, and makes the shard writes.
// Held -> Resting -> free; only held entries are released, only rested ones freed. Read ledgers before owners
// (allocation.md 4.6). Thread-safety: pure functions.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/allocation/chooser.h"
#include "core/allocation/holdings.h"
#include "core/base/namespace_scope.h"

namespace berth::allocation {

enum class ReleaseCause : std::uint8_t {
  kOwnerGone,    // no PortAllocation with that UID
  kPortRemoved,  // its owner lives but the slot serves no port of the spec (removed, renumbered, moved)
  kLost,  // chosen, never published, taken by an object nobody declared, and replaced by another number
  kUncommitted,  // claimed but never shown, and the claim refused since (half of it, or before an edit)
};

// "OwnerGone", ...
const char* to_string(ReleaseCause cause);

struct ReleaseCandidate {
  HeldNumber number;
  std::vector<Slot> slots = {};  // what is released; all of the entry's = the number goes to rest
  ReleaseCause cause = ReleaseCause::kOwnerGone;

  bool operator==(const ReleaseCandidate&) const = default;
  // What to GET live: the owner, and the Services generated for it.
  [[nodiscard]] ObjectKey owner() const { return number.entry.owner; }
  [[nodiscard]] std::vector<ObjectKey> services() const;
};

// `allocations`: every PortAllocation of the cluster as cached, read after the ledgers, effective without a
// clock (core/model/effective_ports.h). `refused`: UIDs whose
// last claim was refused. Nothing is a candidate that an observed Service of its owner still uses or its
// status still shows, except for owners that are gone: their Services are deleted on the way.
std::vector<ReleaseCandidate> release_candidates(const Ledgers& ledgers,
                                                 const std::vector<const PortAllocation*>& allocations,
                                                 const Ranges& ranges, const Uses& uses,
                                                 const std::vector<Uid>& refused);
// Of that only what nobody living holds: `living` are the UIDs of every PortAllocation as cached. Owners in a
// namespace that `scope` does not cover are seen by nobody, and so they are not gone either.
std::vector<ReleaseCandidate> orphan_candidates(const Ledgers& ledgers, const NamespaceScope& scope,
                                                const std::set<Uid>& living);
// The same of owners with these names alone; `living` are the UIDs of the PortAllocations of these names.
std::vector<ReleaseCandidate> orphan_candidates(const Ledgers& ledgers, const NamespaceScope& scope,
                                                const std::set<Uid>& living,
                                                const std::set<ObjectKey>& owners);
// Those of one owner that lives: `entries` is everything the ledgers hold under its UID.
std::vector<ReleaseCandidate> release_candidates(const PortAllocation& owner,
                                                 const std::vector<HeldNumber>& entries, const Ranges& ranges,
                                                 const Uses& uses, bool refused);

// What live reads found.
struct ReleaseProof {
  ReleaseCandidate candidate;
  // The object now under the owner's key, effective without a clock, whatever its UID; empty = the API server
  // answered NotFound.
  std::optional<PortAllocation> owner = {};
  // Those of candidate.services() that exist now, whosever they are.
  std::vector<Service> services = {};
  // Of a host port whose owner lives: the pods that its selector takes in now.
  std::vector<Workload> pods = {};
};

struct ReleaseRefused {
  HeldNumber number;
  std::string why = {};

  bool operator==(const ReleaseRefused&) const = default;
};

struct ReleasePlan {
  bool superseded = false;
  std::vector<ShardWrite> writes = {};
  std::vector<HeldNumber> released = {};  // as they were before, for events and metrics
  std::vector<ReleaseRefused> refused = {};

  bool operator==(const ReleasePlan&) const = default;
};

// Requires: `ledgers` at least as fresh as the candidates. A proof releases only when key, owner UID and
// sequence still match, the owner is not found or has another UID (kOwnerGone) or lives and does not need the
// slots (the other causes), and no live Service generated for the owner, nor a live pod of its own, uses the
// number.
ReleasePlan release(const Ledgers& ledgers, const std::vector<ReleaseProof>& proofs, const Ranges& ranges,
                    std::int64_t fence, Instant now);

// Frees what has rested. Claims do this on the way for shards they write; this is for shards at rest.
ReleasePlan sweep(const Ledgers& ledgers, const Ranges& ranges, const RestClock& rest, Instant monotonic_now,
                  std::int64_t fence);
// When the next number will have rested; nothing when none rests.
std::optional<Duration> next_sweep(const Ledgers& ledgers, const Ranges& ranges, const RestClock& rest,
                                   Instant monotonic_now);

}  // namespace berth::allocation
