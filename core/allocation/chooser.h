// Chooser: which number next, for every waiting allocation at once.
//
// claim() answers a whole batch against one view of the ledgers and says which shards to write. The write is
// a compare-and-swap on the shard's resourceVersion; when it fails the caller takes in the fresh shard and
// asks again: nothing of an old answer is ever re-applied. Same input in any order, same answer (I15).
// Not here: any write, any time of its own. Thread-safety: pure function.
//
// Guarantees
// - a number is granted only when the ledger, observed objects, reservations and policy leave it free;
//   picks of one batch see each other; per allocation all ports or none;
// - numbers an allocation already shows (status, its Services) without an entry are re-claimed, exactly those
//   and before anything new; of two that show one number the older keeps it and nothing is moved;
// - a Service that waits to be adopted (adoption.h) keeps its numbers: they are held for the allocation
// before
//   anything is chosen;
// - oldest first (creationTimestamp, then UID); a chosen number avoids those that others of the batch request
//   by number, as long as others are left;
// - every request ends in exactly one grant or refusal; allocations that are being deleted get neither.
#pragma once

#include <string>
#include <vector>

#include "core/allocation/holdings.h"
#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"
#include "core/allocation/refusal.h"
#include "core/allocation/rest.h"
#include "core/allocation/shard_writer.h"

namespace berth::allocation {

struct Request {
  const PortAllocation* allocation;  // effective (core/model/effective_ports.h)
  const Labels* namespace_labels;    // nullptr = not known: only a range for all namespaces serves
  // Of the namespace; only those generated for it, or waiting to be adopted by it, are looked at.
  std::vector<const Service*> services = {};
};

// What the decision may look at. References must outlive the call.
struct ClaimView {
  const Ledgers& ledgers;
  const Ranges& ranges;
  const Uses& uses;
  const InternalNumbers& internal;
  const RestClock& rest;
  Instant monotonic_now;   // of the clock that `rest` observed with
  Instant now;             // wall clock, for `since`
  std::int64_t fence = 0;  // the lease's transition count under which this leader writes
};

struct Grant {
  ObjectKey allocation = {};
  Uid uid = {};
  Space space = Space::kNodePort;
  std::vector<Holding> ports = {};          // every port of the spec, in its order
  std::vector<std::string> recovered = {};  // names of ports that were re-claimed (event LedgerRebuilt)
  std::vector<std::string> shards = {};     // names of the shards whose writes make it durable; empty: it is

  bool operator==(const Grant&) const = default;
};

struct ClaimPlan {
  bool superseded = false;              // a shard carries a larger fence: write nothing, step down
  std::vector<ShardWrite> writes = {};  // by name; independent of each other
  std::vector<Grant> grants = {};       // in the order of service
  std::vector<Refusal> refusals = {};   // in the order of service

  bool operator==(const ClaimPlan&) const = default;
};

ClaimPlan claim(const std::vector<Request>& requests, const ClaimView& view);

// Does the allocation need a claim at all? False when the ledger already serves every port, and no Service
// waits for it.
bool wants_numbers(const PortAllocation& allocation, const Ledgers& ledgers, const Ranges& ranges,
                   const Uses& uses);

}  // namespace berth::allocation
