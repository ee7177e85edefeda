// Adoption: Services that somebody made before there was an allocation, and that ask by an annotation to be
// taken over by one. Which numbers they bring, why they may not come, and what of their form is kept.
//
// `berth.dev/adopt: <PortAllocation>` on a Service of the same namespace, which must have a name that the
// allocation generates. Each of its ports must be one of the spec: by name, else by targetPort, else because
// there is only one on both sides. The number it has (nodePort, or port where the Service has no nodePort of
// the space) is then asked for by the spec's port, whether it lies in the range or not: nothing moves. The
// ledger holds it first, the Service is patched last (core/plan.h); both read what is here.
// Thread-safety: pure functions over values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/allocation/refusal.h"
#include "core/allocation/space.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"

namespace berth::allocation {

// The allocation that the Service asks for, "" when it asks for none. A Service that was taken over goes on
// asking: nothing follows from that.
std::string asks_for(const Service& service);

// Does it ask for this allocation, and is it nobody's yet? `allocation`: its key.
bool waits_for_adoption(const Service& service, const ObjectKey& allocation);

// A port of the spec and the port of the Service that becomes it.
struct AdoptedPort {
  std::string slot = {};
  Protocol protocol = Protocol::kTcp;
  Port number;
  ServicePort present = {};

  bool operator==(const AdoptedPort&) const = default;
};

struct Adoption {
  std::vector<const Service*> services = {};  // those that wait for the allocation
  std::vector<AdoptedPort> ports = {};        // empty when it is refused
  std::optional<Refused> refused = {};

  bool operator==(const Adoption&) const = delete;
};

// `services`: any; those that wait for the allocation are read. `space`: where its numbers are.
Adoption read_adoption(const PortAllocation& allocation, Space space,
                       const std::vector<const Service*>& services);

// The allocation as it reads while it adopts: as if each adopted port asked for the number that it has.
PortAllocation adopting(const PortAllocation& allocation, const Adoption& adoption);

// Which ports of the spec the ports of the Service are, by their place in the list; nothing for a stranger.
std::vector<const AllocationPort*> match_ports(const std::vector<AllocationPort>& spec,
                                               const std::vector<ServicePort>& ports);

// What an adopted Service keeps of the form it had where Berth would have made it otherwise. It stands in an
// annotation of the Service: taken off, the Service gets Berth's own form.
struct AdoptedForm {
  struct Kept {
    std::string name = {};
    std::int64_t port = 0;  // inside the cluster; only beside a nodePort of the space NodePort

    bool operator==(const Kept&) const = default;
  };
  std::map<std::string, Kept> ports = {};  // by port of the spec
  bool local_traffic = false;              // externalTrafficPolicy: Local
  bool node_ports = false;                 // allocateLoadBalancerNodePorts of a LoadBalancer

  bool operator==(const AdoptedForm&) const = default;
};

// "api=web:80,externalTrafficPolicy=Local"; "" of an empty form.
std::string encode(const AdoptedForm& form);
// The form that the Service remembers; an empty one when it remembers none, or nothing that can be read.
AdoptedForm adopted_form(const Service& service);
// The form that it has.
AdoptedForm present_form(const Service& service, const std::vector<AllocationPort>& spec);

// The port of the spec that the Service's port is, by the form that the Service remembers.
std::string slot_of(const AdoptedForm& form, const ServicePort& port);

}  // namespace berth::allocation
