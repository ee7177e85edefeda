// Takeover: an existing Service becomes one of ours without any change of what it does.
//
// What of its form Berth would have made otherwise is remembered beside it (allocation::AdoptedForm) and kept
// from then on; anything else that would have to change keeps it from being taken over, with the reason and
// what to write. Thread-safety: pure.
#pragma once

#include "core/allocation/adoption.h"
#include "core/desired/diff.h"

namespace berth::desired {

// The wanted Service as one that keeps that form. Requires: `present` has the name of `wanted`.
Service in_form(Service wanted, const Service& present, const allocation::AdoptedForm& form);

// The wanted Service in the form that the present one of ours remembers, if it was adopted. Its memory is
// made anew as long as it still asks for the allocation.
Service in_remembered_form(Service wanted, const Service& present, const PortAllocation& allocation);

// Requires: `present` waits to be adopted by the allocation that `wanted` is for. Settled or Create never.
Difference take_over(const Service& present, const Service& wanted, const PortAllocation& allocation);

// The Service with the ports of the spec as names of its ports.
Service with_slot_names(Service service, const allocation::AdoptedForm& form);

}  // namespace berth::desired
