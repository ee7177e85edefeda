// Triggers: which keys a change of an observed object makes worth looking at.
//
// May name too many keys (looking costs little and writes nothing at rest), never too few. Reads the stores
// for "who selects this pod". Thread-safety: functions over const stores; callable from every watch thread.
#pragma once

#include <cstdint>
#include <vector>

#include "operator/stores.h"
#include "operator/work.h"

namespace berth::controller {

using WorkKeys = std::vector<runtime::WorkKey>;

WorkKeys affected(const runtime::Change<PortLedger>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<PortRange>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<PortAllocation>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<Service>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<NetworkPolicy>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<ConfigMap>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<Namespace>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<Workload>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<ExposurePolicy>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<ValidatingAdmissionPolicy>& change, const Stores& stores);
WorkKeys affected(const runtime::Change<ValidatingAdmissionPolicyBinding>& change, const Stores& stores);

// Does the pod take other numbers of its node now than before, or do its labels make it another allocation's?
bool takes_other_host_ports(const runtime::Change<Workload>& change);

// Everything there is: after the start and after a change that concerns everybody.
WorkKeys everything(const Stores& stores);

// How long to wait before looking, so that a burst of changes is one look: statuses that summarise many
// objects are written at most about once a second. (The ledgers have a pace of their own: ledger_pace.h.)
Duration settle_time(const runtime::WorkKey& key);

// Who goes first when much is due (runtime::WorkQueue): the few keys that serve many, then allocations that
// show no number yet, because whoever asked waits for that, then all others.
enum class Rank : std::uint8_t { kServesMany, kNumbersWanted, kRest };
Rank rank(const runtime::WorkKey& key, const Stores& stores);

}  // namespace berth::controller
