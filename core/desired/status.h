// Status of PortAllocation and PortRange, made from what is decided and observed.
//
// Conditions of a PortAllocation, always all of them and in this order; the first that fails gives Ready its
// reason:
//   Allocated  True: NumbersHeld. False: the RefusalReason, or Pending before the first answer.
//   Published  True: ServiceInPlace, NothingToPublish (Localhost only), HostPort, AwaitingPods. False:
//              NotAllocated, NameTaken, Refused (the API server would not take it), PortInternal, Unprotected
//              (its policies cannot be written, so it is not opened), a reason of host_publication.h.
//   Enforced   True: PoliciesInPlace. False: NotAllocated or a reason of desired/ports.h.
//   Ready      True: Ready.
//   Migrating  only where a port has migrateFrom (migration.h); nothing to do with Ready.
//   Reconciling, Stalled: as kstatus reads them; Stalled when only an edit can help.
// An unchanged status compares equal to the one present (merged_conditions), so nothing is written at rest.
// Thread-safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/allocation/refusal.h"
#include "core/allocation/usage.h"
#include "core/desired/host_publication.h"
#include "core/desired/ports.h"
#include "core/model/port_allocation.h"
#include "core/model/port_range.h"

namespace berth::desired {

struct AllocationFindings {
  std::vector<allocation::Holding> numbers = {};    // what the spec's ports hold, in its order
  bool complete = false;                            // every port of the spec has its number
  std::vector<std::string> notes = {};              // for the message of Allocated
  std::optional<allocation::Refusal> refusal = {};  // why it is not complete
  std::string service_name = {};                    // "" while nothing is published
  std::optional<HostPublication> host_ports = {};   // the pods publish, no Service does
  std::optional<Problem> publication = {};          // why it is not published as written
  std::vector<Problem> enforcement = {};            // why it is not enforced as written
};

// `allocation`: effective.
PortAllocationStatus make_allocation_status(const PortAllocation& allocation,
                                            const AllocationFindings& findings, Instant now);

// "api:24511/TCP rtp:24520-24522/UDP" of the texts (migration.h); at most 1024 bytes, cut at a port and ended
// with "...".
std::string make_summary(const std::vector<std::string>& texts);

// `compiled` empty: the range could not be read, `error` says why. `others`: every range, for overlaps.
// `node_ports`: the API server's --service-node-port-range when it is known.
struct RangeFindings {
  const allocation::CompiledRange* compiled = nullptr;
  const Error* error = nullptr;
  allocation::RangeUsage usage = {};
  std::vector<std::string> overlapping = {};    // names of the ranges of the space that share numbers
  std::vector<std::string> frozen_shards = {};  // shards of the range that cannot be read
  std::optional<PortSpan> node_ports = {};
};

// Ready False: InvalidSpec, LedgerFrozen. NearExhaustion from 80 % of what may be
// handed out, Exhausted at the last number.
PortRangeStatus make_range_status(const PortRange& range, const RangeFindings& findings, Instant now);

// A condition that turned since the status that was written before, to be told as an Event.
struct Turn {
  Condition condition = {};
  bool warning = false;  // for the worse: Ready became False, or any other condition True

  bool operator==(const Turn&) const = default;
};

// In the order of `after`. Reconciling and Stalled only repeat Ready and are left out, as is what is well
// from the start.
std::vector<Turn> turns(const std::vector<Condition>& before, const std::vector<Condition>& after);

// Names of the other usable ranges of the same space that share a number with this one.
std::vector<std::string> overlapping_ranges(const allocation::CompiledRange& range,
                                            const allocation::Ranges& ranges);

}  // namespace berth::desired
