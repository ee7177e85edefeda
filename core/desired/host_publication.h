// Host publication: do the pods of an allocation carry its host ports, as the allocation says?
//
// In the space HostPort nothing is generated: the pods publish the numbers themselves. What they must carry
// is compared here with what they do. Thread-safety: pure.
#pragma once

#include <string>
#include <vector>

#include "core/allocation/holdings.h"
#include "core/allocation/occupancy.h"
#include "core/desired/ports.h"
#include "core/model/port_allocation.h"
#include "core/model/workload.h"

namespace berth::desired {

struct HostPublication {
  bool published = true;
  std::string reason = {};   // of the condition Published
  std::string message = {};  // names at most five pods

  bool operator==(const HostPublication&) const = default;
};

// The hostIP that pods must write for the port: as given, else 127.0.0.1 for exposure Localhost, else none.
std::string host_address(const PortAllocationSpec& spec, const AllocationPort& port);

// `numbers`: what the ports hold; `pods`: of the namespace, those that the selector takes in are looked at,
// unless they have ended or are being deleted. True: HostPort; AwaitingPods while there is no pod (the
// numbers can be read and written into one). False, the first that holds: PortTaken, PodOnOtherNode,
// HostPortMissing, HostPortDiffers, HostIPDiffers.
HostPublication judge_host_ports(const PortAllocation& allocation,
                                 const std::vector<allocation::Holding>& numbers,
                                 const std::vector<const Workload*>& pods, const allocation::Uses& uses);

}  // namespace berth::desired
