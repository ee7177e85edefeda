// Undeclared numbers: does a manifest use numbers of a declared range that no allocation of its own holds?
//
// A nodePort, a hostPort, or a port of a load balancer that lies in a PortRange of its space needs a
// PortAllocation that holds it: for a Service the one that it was generated for, for pods one whose selector
// takes them in (holding or, until it is answered, asking for the number). spec.undeclared of the range says
// what becomes of any other use; of several ranges that hold the number the one that denies is told.
// Not here: ways out of the cluster (core/exposure). Thread-safety: pure function over values.
#pragma once

#include <optional>
#include <vector>

#include "core/admission.h"
#include "core/number_books.h"

namespace berth {

// Only numbers that `old_object` did not use; nor, for pods and what owners make, the owners' templates.
// Requires: `object` as it would be stored (numbers that a dry run makes up are gone).
std::vector<Finding> make_undeclared_findings(const Judged& object, const std::optional<Judged>& old_object,
                                              const exposure::Facts& facts, const NumberBooks& books);

}  // namespace berth
