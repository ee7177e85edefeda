// Builders: model objects as tests need them, with the fields that matter as parameters.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "core/model/service.h"

namespace berth::testing {

Meta make_meta(std::string ns, std::string name, Labels labels = {});

Namespace make_namespace(std::string name, Labels labels = {});

ServicePort make_service_port(std::int64_t port, TargetPort target = {}, std::int64_t node_port = 0,
                              std::string name = {}, Protocol protocol = Protocol::kTcp);
// Selector app=<name>.
Service make_service(std::string ns, std::string name, std::vector<ServicePort> ports,
                     std::string type = "ClusterIP");

// ports: "24500-24599" spans.
PortRange make_prange(std::string name, std::string space, std::vector<std::string> ports);

AllocationPort make_palloc_port(std::string name, TargetPort target, std::int64_t port = 0,
                                Protocol protocol = Protocol::kTcp);
// Selector app=<name>.
PortAllocation make_palloc(std::string ns, std::string name, std::string range,
                           std::vector<AllocationPort> ports, std::string exposure = "Cluster");

PortLedger make_ledger(std::string name, std::string space, std::int64_t shard);

Lease make_lease(std::string ns, std::string name, std::string holder, std::int64_t duration_seconds);

OwnerReference make_owner(std::string api_version, std::string kind, std::string name, Uid uid);

}  // namespace berth::testing
