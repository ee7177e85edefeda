// Migration: what the status of an allocation says of its old numbers (core/model/effective_ports.h).
// Thread-safety: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/meta.h"
#include "core/model/port_allocation.h"

namespace berth::desired {

// Condition Migrating, without its time: True while an old number is held, False (MigrationEnded) when only
// fields are left of it; nothing for an allocation without migrateFrom, or before the old number is held.
// `allocation`: effective; `numbers`: what its ports hold.
std::optional<Condition> migration_condition(const PortAllocation& allocation,
                                             const std::vector<AllocatedPort>& numbers);

// The numbers as people read them, one text for each port or row: "api:24511/TCP", "rtp:24500-24502/UDP".
std::vector<std::string> number_texts(const PortAllocation& allocation,
                                      const std::vector<AllocatedPort>& numbers);

}  // namespace berth::desired
