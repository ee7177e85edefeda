// Does a PortAllocation stand behind a way out?
#pragma once

#include <vector>

#include "core/exposure/facts.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// The port of an allocation as written, with outside exposure, that declares this way, by one of its numbers
// in a row or by the one it migrates from where it has such: same namespace, the Service
// selects only pods that the allocation selects (or the workload's pods are among them), same protocol and
// target, and the number shown or the Service port is the number allocated. While a number is not known yet,
// only a Service that carries the allocation's UID label counts. nullptr when there is none.
const AllocationPort* covering_port(const WayOut& way, const Facts& facts);

}  // namespace berth::exposure
