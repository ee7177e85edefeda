// Ports: what each port of an allocation means once its number is known: who may connect, to which container
// ports.
//
// Everything that cannot be resolved stays closed and is a Problem, never an open rule: a peer list that
// became empty drops the port, because an absent `from` would admit everybody. Thread-safety: pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/allocation/holdings.h"
#include "core/allocation/occupancy.h"
#include "core/base/cidr.h"
#include "core/model/exposure_policy.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/workload.h"

namespace berth::desired {

enum class Exposure : std::uint8_t { kExternal, kCluster, kNamespace, kLocalhost };

// The port's own exposure, else that of the spec, else Cluster (the API's default).
Exposure exposure_of(const PortAllocationSpec& spec, const AllocationPort& port);

// What keeps a part of an allocation from being published or enforced; reason (core/base/reasons.h) and
// message of a condition.
struct Problem {
  std::string reason = {};
  std::string message = {};
  bool needs_edit = false;  // waiting does not help (condition Stalled)

  bool operator==(const Problem&) const = default;
};

// Networks by name, as the ExposurePolicies in force in a namespace declare them. When several declare one
// name the strictest reading holds: the addresses that all of them contain. `namespace_labels` nullptr = not
// known: every policy counts.
class Networks {
 public:
  Networks() = default;
  Networks(const std::vector<const ExposurePolicy*>& policies, const Labels* namespace_labels);

  // nullptr: nobody declares it. An empty list: declared, but no address is left.
  [[nodiscard]] const std::vector<Cidr>* find(const std::string& name) const;

 private:
  std::map<std::string, std::vector<Cidr>> networks_;
};

struct ResolvedPort {
  std::string name = {};
  Protocol protocol = Protocol::kTcp;
  Exposure exposure = Exposure::kCluster;
  Port number;
  TargetPort target = {};                     // as written; the Service carries it
  std::vector<std::int64_t> containers = {};  // ascending; empty: nothing to open yet
  bool anyone = false;                        // External without allowFrom: a rule without `from`
  std::vector<NetworkPolicyPeer> peers = {};  // in the order of allowFrom
  std::vector<std::string> cidrs = {};        // the address blocks among the peers
  bool restricted = false;                    // allowFrom is given
  bool withheld = false;                      // neither published nor opened (an internal container port)

  bool operator==(const ResolvedPort&) const = default;
  // Something to open: a container port and somebody who may come.
  [[nodiscard]] bool opens() const { return !withheld && !containers.empty() && (anyone || !peers.empty()); }
};

// One source or destination as peers of a NetworkPolicy; `cidrs` gets the address blocks among them. A
// Problem when it means nobody: `whose` names it ("port api", "allowTo[0]").
std::optional<Problem> resolve_peer(const AllocationPeer& peer, const Networks& networks,
                                    const std::string& whose, std::vector<NetworkPolicyPeer>& peers,
                                    std::vector<std::string>& cidrs);

struct ResolveView {
  const std::vector<const Workload*>& pods;  // of the namespace, at least those the selector matches
  const Networks& networks;
  const allocation::InternalNumbers& internal;
  const Labels* namespace_labels;               // nullptr = not known
  const std::vector<const Service*>& services;  // present and generated for this allocation
};

struct Resolution {
  std::vector<ResolvedPort> ports = {};  // in the order of spec.ports, those with a number
  std::vector<Problem> problems = {};

  bool operator==(const Resolution&) const = default;
};

// An External port whose container port is internal is withheld, unless the present Service already leads
// there (what was exposed before stays, and is the audit's to report: docs/reference/api.md).
Resolution resolve_ports(const PortAllocation& allocation, const std::vector<allocation::Holding>& numbers,
                         const ResolveView& view);

}  // namespace berth::desired
