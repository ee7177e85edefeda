// Facts: what is known of the cluster when exposure is judged.
//
// An interface because there are two of them: the webhook's and audit's index over watched objects, and the
// CLI's over loaded files. Both hold decoded model objects; neither decides anything. Narrow questions stand
// beside wide ones, so that a judgement in a namespace of thousands looks at the few that it is about.
// Thread-safety: a Facts must not change while a judgement runs.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/model/advertisement.h"
#include "core/model/backend.h"
#include "core/model/endpoint_slice.h"
#include "core/model/entrance.h"
#include "core/model/exposure_policy.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/model/network_set.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::exposure {

// An object that exposure is judged on.
using Subject = std::variant<const Service*, const Workload*, const Entrance*, const Gateway*,
                             const ReferenceGrant*, const EndpointSlice*, const NetworkPolicy*,
                             const NetworkSet*, const Advertisement*, const Backend*>;

class Facts {
 public:
  virtual ~Facts() = default;

  virtual std::vector<const Service*> services(std::string_view ns) const = 0;
  // The one of that name, nullptr when there is none.
  virtual const Service* service(std::string_view ns, std::string_view name) const {
    for (const Service* service : services(ns)) {
      if (service->meta.name == name) return service;
    }
    return nullptr;
  }
  // Every one that selects pods with these labels, and perhaps others.
  virtual std::vector<const Service*> services_selecting(std::string_view ns, const Labels&) const {
    return services(ns);
  }
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
  // Backends of the namespace.
  virtual std::vector<const Backend*> backends(std::string_view ns) const = 0;
  // Backends, of every namespace, that lead to `place`: a namespace, or an address in its short form.
  virtual std::vector<const Backend*> backends_to(std::string_view place) const = 0;
  // Pods and every pod-template carrier of the namespace.
  virtual std::vector<const Workload*> workloads(std::string_view ns) const = 0;
  // The one of that kind and name, nullptr when there is none.
  virtual const Workload* workload(std::string_view ns, std::string_view kind, std::string_view name) const {
    for (const Workload* workload : workloads(ns)) {
      if (workload->kind == kind && workload->meta.name == name) return workload;
    }
    return nullptr;
  }
  // Every one whose pods have all of these labels, and perhaps others.
  virtual std::vector<const Workload*> workloads_with(std::string_view ns, const Labels&) const {
    return workloads(ns);
  }
  // Pods, of every namespace, that have this address.
  virtual std::vector<const Workload*> workloads_at(std::string_view address) const = 0;
  // EndpointSlices and Endpoints that are for the Service.
  virtual std::vector<const EndpointSlice*> slices_of(const Service& service) const = 0;
  // Cluster-wide ones too that are about the namespace; of "" every one that is cluster-wide.
  virtual std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const = 0;
  // Of all namespaces, and those of the whole cluster.
  virtual std::vector<const NetworkSet*> network_sets() const = 0;
  virtual std::vector<const Advertisement*> advertisements() const = 0;
  // Of all namespaces.
  virtual std::vector<const Service*> every_service() const = 0;
  virtual std::vector<const PortAllocation*> allocations(std::string_view ns) const = 0;
  // Labels of a namespace, nullptr when the namespace is not known: then a policy with a selector other than
  // "everything" counts as in force (never fooled by missing data).
  virtual const Labels* namespace_labels(std::string_view ns) const = 0;
  virtual std::vector<const ExposurePolicy*> policies() const = 0;
  // Those in which anything is that a way can lead to.
  virtual std::vector<std::string> namespaces() const = 0;
};

}  // namespace berth::exposure
