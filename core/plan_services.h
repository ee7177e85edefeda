// Plan of the Services: what brings those that are present to what is wanted, and takes over those that ask
// for it.
//
// Part of plan() (core/plan.h), which orders the writes among those of other kinds. Thread-safety: pure.
#pragma once

#include <optional>
#include <vector>

#include "core/allocation/adoption.h"
#include "core/plan_writes.h"

namespace berth::plan_services {

// What waits to be adopted by the allocation; without any Service when nothing does.
allocation::Adoption adoption_of(const Observation& seen);

// Those generated for the allocation and those that wait for it, their ports under the names that the spec
// gives them.
std::vector<Service> under_names_of_the_spec(const PortAllocation& allocation,
                                             const std::vector<const Service*>& own,
                                             const allocation::Adoption& adoption);

struct Decision {
  plan_writes::Writes writes = {};
  std::vector<ObjectKey> adopted = {};  // Services that `writes` takes over
  // A stranger has the name, and clients that policies would cut off: nothing is to be written.
  std::optional<plan_writes::Problem> held_back = {};
};

// `wanted`: as Berth makes them; afterwards in the form that adopted ones keep. `problems`: what keeps the
// spec from being enforced as it is written. `guarded`: the allocation has policies already.
Decision decide(const Observation& seen, const PortAllocation& allocation,
                const allocation::Adoption& adoption, const std::vector<plan_writes::Problem>& problems,
                bool guarded, std::vector<Service>& wanted);

}  // namespace berth::plan_services
