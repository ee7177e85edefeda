// Holdings: which entries of the ledger serve which ports of an allocation's spec.
//
// The one place that answers "does this port keep its number?": a port keeps it as long as its name stays in
// the spec, whatever happens to ranges (invariant I5). Only an edit of the allocation itself moves a number:
// another `port`, another `rangeName` whose range does not hold the number, another `nodeName`, or, where the
// protocol is part of the key, another `protocol`. Another `block` or `purpose` does not move a held number:
// from here it cannot be told from an edit of the range. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"
#include "core/allocation/refusal.h"
#include "core/model/port_allocation.h"

namespace berth::allocation {

// A port of the spec and the number that serves it.
struct Holding {
  Slot slot = {};
  Port number;
  NumberKey key;
  std::int64_t sequence = 0;
  std::string range = {};
  // Kept only until the number that the edited spec asks for is granted: the port is in `wanting` too.
  bool interim = false;
  // The record says something else than the spec, and claim() renews it without moving the number: another
  // protocol (NodePort only), another stickyFor, or the name the port had before it got a count or lost it.
  bool outdated = false;
  std::string recorded = {};  // that other name, "" = the slot's

  bool operator==(const Holding&) const = default;
};

// An entry, or some slots of it, that serves no port of the spec any more.
struct Surplus {
  HeldNumber number;
  std::vector<Slot> slots = {};  // those that are not needed; all of them = the entry can go

  bool operator==(const Surplus&) const = default;
};

struct Holdings {
  Space space = Space::kNodePort;    // of `serving`
  std::optional<Space> target = {};  // where `wanting` is to be claimed; nothing: see `unroutable`
  std::optional<Refusal> unroutable = {};
  std::vector<Holding> serving = {};      // in the order of spec.ports
  std::vector<std::string> wanting = {};  // names of ports to claim a number for, in the order of spec.ports
  std::vector<Surplus> surplus = {};      // by space and key; it may still be published
  std::vector<std::string> notes = {};    // what a user should know, e.g. a number outside its block

  bool operator==(const Holdings&) const = default;
  [[nodiscard]] bool complete() const { return wanting.empty(); }
  [[nodiscard]] const Holding* find(const std::string& slot) const;
};

// The space an allocation's numbers are claimed in. Held numbers bind it: a range that is deleted, replaced
// in another space or given another purpose moves nothing. Otherwise the range decides; without one, a
// refusal.
std::variant<Space, Refusal> route(const PortAllocation& allocation, const Ranges& ranges,
                                   const std::vector<HeldNumber>& entries);

// `entries`: everything the ledgers hold under the allocation's UID. When several serve one port, the number
// that the spec requests wins, then one of the range it names, then the one in status, then one that is
// published, then the lowest sequence.
// A chosen nodePort that a foreign Service grabbed before it could be published does not serve, nor do the
// others of its row. `allocation`: effective (core/model/effective_ports.h), here as everywhere below.
Holdings assess(const PortAllocation& allocation, const std::vector<HeldNumber>& entries,
                const Ranges& ranges, const Uses& uses);

// Does somebody else have the nodePort, and the allocation's own Services do not?
bool taken_by_others(const Uid& owner, Space space, const NumberKey& key, const Uses& uses);

// The same, or contested, for a number that Berth chose and never published, or for one of those in a row
// with it: others may be chosen. A number that was published, or asked for, is kept and reported instead.
bool lost_to_others(const PortAllocation& allocation, const AllocationPort& port, Space space,
                    const NumberKey& key, const Uses& uses);

// Is the surplus one that was lost to others, for a port that the spec still has?
bool is_lost(const PortAllocation& allocation, const Surplus& surplus, const Uses& uses);

// Does the spec still let the number serve the port for good? Not when it asks for another number, or, where
// the protocol is part of the key, another protocol, or names a range elsewhere that does not hold it, or
// another node.
bool suits(const PortAllocation& allocation, const AllocationPort& port, const HeldNumber& number,
           const Ranges& ranges);

// A number that the allocation shows (status.ports, or its own Services), by port name.
struct ShownNumber {
  Slot slot = {};
  Port number;

  bool operator==(const ShownNumber&) const = default;
};

// What recovery re-claims when the ledger does not know it: at most one number per port of the spec, none for
// a port that requests another one; status before Services. `services`: any, only generated ones count.
std::vector<ShownNumber> shown_numbers(const PortAllocation& allocation, Space space,
                                       const std::vector<const Service*>& services);

// Did others take a number of `shown` (lost_to_others) whose port nothing else serves now?
bool lost_any(const PortAllocation& allocation, const Holdings& holdings,
              const std::vector<ShownNumber>& shown, const Uses& uses);

}  // namespace berth::allocation
