// Effective ports: a PortAllocation as everything that decides sees it, with plain ports only.
//
// `count: 3` of port rtp becomes the ports rtp-0, rtp-1 and rtp-2, with targetPort and a requested port
// counted up. `alsoProtocol: UDP` of port dns adds the port dns-udp, for which the number of dns is asked.
// `migrateFrom` of port api adds the port api-old for the number that clients still know: the
// same target and the same clients, and that number requested. Each made port names the port of the spec in
// `group`. The shells apply this once, where an allocation enters a decision; nothing downstream knows
// counts, further protocols or migrations, except the few that ask the functions below. Thread-safety: pure
// functions.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/base/instant.h"
#include "core/model/port_allocation.h"

namespace berth {

// Names of made ports: "rtp-0", "dns-udp", "api-old", "rtp-0-old". The schema keeps them from meeting other
// names.
std::string member_name(const std::string& group, std::int64_t index);
std::string twin_name(const std::string& port, Protocol protocol);
std::string old_name(const std::string& port);

// Has the allocation neither counts nor further protocols nor migrations, or is it effective already? Then
// there is nothing to make.
bool is_plain(const PortAllocation& allocation);

// Each port of the spec, followed by the one for its further protocol, and each of them by the one for its
// old number while the migration lasts. `now`: the wall
// clock; nothing = a migration that has an end lasts until the status shows that it has ended.
//
// A migration ends at `until`, and once it has it never begins again by itself: a status that holds every
// number of this generation without the old one says so to every leader, whatever its clock says.
std::vector<AllocationPort> effective_ports(const PortAllocation& allocation, std::optional<Instant> now);

// The allocation with its effective ports; a plain one comes back as it is, without a copy.
PortAllocation effective(PortAllocation allocation, std::optional<Instant> now);
std::shared_ptr<const PortAllocation> effective(std::shared_ptr<const PortAllocation> allocation,
                                                std::optional<Instant> now);

// ---- of an effective port ----

// Is it the one for an old number?
bool is_old_number(const AllocationPort& port);
// Its place among the numbers in a row of its group, from 0; nothing when it stands alone. Ports that share
// a number for two protocols have one place, 0.
std::optional<std::int64_t> member_index(const AllocationPort& port);

// When the first of the effective ports for an old number goes by itself; nothing when none does.
std::optional<Instant> first_end(const PortAllocation& effective);

}  // namespace berth
