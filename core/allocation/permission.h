// Permission: what ranges and policies let an allocation have, whoever holds which number.
//
// Asked for new numbers only: no edit of a range or a policy moves a number that is held. Not here: whether a
// number is free (chooser.h), how many a namespace may hold (quota.h).
// Each question is answered with a refusal, or with nothing when it is permitted. Thread-safety: immutable.
#pragma once

#include <optional>

#include "core/allocation/occupancy.h"
#include "core/allocation/range.h"
#include "core/allocation/refusal.h"

namespace berth::allocation {

class Permission {
 public:
  // References must outlive the object. `namespace_labels`: of the allocation's namespace; nullptr = not
  // known: only ranges for all namespaces are open to it, and every policy counts.
  Permission(const PortAllocation& allocation, const Labels* namespace_labels, const Ranges& ranges,
             const InternalNumbers& internal)
      : allocation_(allocation), namespace_labels_(namespace_labels), ranges_(ranges), internal_(internal) {}

  // Is the range open to the namespace?
  [[nodiscard]] std::optional<Refused> refuse_range(const CompiledRange& range) const;
  // May what stands behind the port be reached as the port asks? A targetPort written as a name says no
  // number: it is not judged here.
  [[nodiscard]] std::optional<Refused> refuse_target(const AllocationPort& port) const;
  // May the port have the number that it asks for, there? Nothing: `port.port` is a number of `place`, not
  // reserved, and its target is permitted too.
  [[nodiscard]] std::optional<Refused> refuse_number(const Source& place, const AllocationPort& port) const;
  // The same for a number that the port migrates from (core/model/effective_ports.h), in the space of
  // `range`: it may lie outside of every range, but not in one that is closed to the namespace, and nobody
  // may reserve it; unless it is the allocation's own already. Nor may the outside come to what is internal.
  [[nodiscard]] std::optional<Refused> refuse_old_number(const CompiledRange& range,
                                                         const AllocationPort& port, bool own) const;
  // Does the port ask for outside exposure?
  [[nodiscard]] bool asks_outside(const AllocationPort& port) const;

 private:
  const PortAllocation& allocation_;
  const Labels* namespace_labels_;
  const Ranges& ranges_;
  const InternalNumbers& internal_;
};

}  // namespace berth::allocation
