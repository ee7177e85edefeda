#include "kube/testing/builders.h"

#include <utility>

#include "core/base/api_names.h"

namespace berth::testing {

Meta make_meta(std::string ns, std::string name, Labels labels) {
  Meta meta;
  meta.ns = std::move(ns);
  meta.name = std::move(name);
  meta.labels = std::move(labels);
  return meta;
}

Namespace make_namespace(std::string name, Labels labels) {
  Namespace made;
  labels[kNamespaceNameLabel] = name;
  made.meta = make_meta("", std::move(name), std::move(labels));
  made.phase = "Active";
  return made;
}

ServicePort make_service_port(std::int64_t port, TargetPort target, std::int64_t node_port, std::string name,
                              Protocol protocol) {
  ServicePort made;
  made.name = std::move(name);
  made.protocol = protocol;
  made.port = port;
  made.target_port = std::move(target);
  made.node_port = node_port;
  return made;
}

Service make_service(std::string ns, std::string name, std::vector<ServicePort> ports, std::string type) {
  Service made;
  made.selector = {{"app", name}};
  made.meta = make_meta(std::move(ns), std::move(name));
  made.type = std::move(type);
  made.ports = std::move(ports);
  return made;
}

PortRange make_prange(std::string name, std::string space, std::vector<std::string> ports) {
  PortRange made;
  made.meta = make_meta("", std::move(name));
  made.spec.space = std::move(space);
  made.spec.ports = std::move(ports);
  return made;
}

AllocationPort make_palloc_port(std::string name, TargetPort target, std::int64_t port, Protocol protocol) {
  AllocationPort made;
  made.name = std::move(name);
  made.target_port = std::move(target);
  made.port = port;
  made.protocol = protocol;
  return made;
}

PortAllocation make_palloc(std::string ns, std::string name, std::string range,
                           std::vector<AllocationPort> ports, std::string exposure) {
  PortAllocation made;
  made.spec.selector = {{"app", name}};
  made.meta = make_meta(std::move(ns), std::move(name));
  made.spec.range_name = std::move(range);
  made.spec.ports = std::move(ports);
  made.spec.exposure = std::move(exposure);
  return made;
}

PortLedger make_ledger(std::string name, std::string space, std::int64_t shard) {
  PortLedger made;
  made.meta = make_meta("", std::move(name));
  made.spec.space = std::move(space);
  made.spec.shard = shard;
  return made;
}

Lease make_lease(std::string ns, std::string name, std::string holder, std::int64_t duration_seconds) {
  Lease made;
  made.meta = make_meta(std::move(ns), std::move(name));
  made.holder = std::move(holder);
  made.duration_seconds = duration_seconds;
  return made;
}

OwnerReference make_owner(std::string api_version, std::string kind, std::string name, Uid uid) {
  OwnerReference made;
  made.api_version = std::move(api_version);
  made.kind = std::move(kind);
  made.name = std::move(name);
  made.uid = std::move(uid);
  made.controller = true;
  made.block_owner_deletion = true;
  return made;
}

}  // namespace berth::testing
