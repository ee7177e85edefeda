// Facts: what is known of the cluster when exposure is judged.
//
// An interface because there are two of them: the webhook's and audit's index over watched objects, and the
// CLI's over loaded files. Both hold decoded model objects; neither decides anything. Thread-safety: a Facts
// must not change while a judgement runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/advertisement.h"
#include "core/model/endpoint_slice.h"
#include "core/model/entrance.h"
#include "core/model/exposure_policy.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::exposure {

class Facts {
 public:
  virtual ~Facts() = default;

  virtual std::vector<const Service*> services(std::string_view ns) const = 0;
  // ExternalName Services, of every namespace, whose name means a Service of this one.
  virtual std::vector<const Service*> aliases(std::string_view ns) const = 0;
  // Of every namespace, those that lead into this one.
  virtual std::vector<const Entrance*> entrances(std::string_view ns) const = 0;
  // Those that are attached to this Gateway or ListenerSet.
  virtual std::vector<const Entrance*> entrances_at(const Gateway& gateway) const = 0;
  // Gateways and ListenerSets of the namespace.
  virtual std::vector<const Gateway*> gateways(std::string_view ns) const = 0;
  // ListenerSets, of every namespace, that add to this Gateway.
  virtual std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const = 0;
  virtual std::vector<const ReferenceGrant*> grants(std::string_view ns) const = 0;
  // Pods and every pod-template carrier of the namespace.
  virtual std::vector<const Workload*> workloads(std::string_view ns) const = 0;
  // Pods, of every namespace, that have this address.
  virtual std::vector<const Workload*> workloads_at(std::string_view address) const = 0;
  // EndpointSlices and Endpoints that are for the Service.
  virtual std::vector<const EndpointSlice*> slices_of(const Service& service) const = 0;
  virtual std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const = 0;
  virtual std::vector<const Advertisement*> advertisements() const = 0;
  // Of all namespaces.
  virtual std::vector<const Service*> every_service() const = 0;
  virtual std::vector<const PortAllocation*> allocations(std::string_view ns) const = 0;
  // Labels of a namespace, nullptr when the namespace is not known: then a policy with a selector other than
  // "everything" counts as in force (never fooled by missing data).
  virtual const Labels* namespace_labels(std::string_view ns) const = 0;
  virtual std::vector<const ExposurePolicy*> policies() const = 0;
};

}  // namespace berth::exposure
