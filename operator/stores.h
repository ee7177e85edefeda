// Stores: everything the operator watches, readable as one consistent cut.
//
// Thread-safety: as runtime::Store.
#pragma once

#include <functional>

#include "core/base/namespace_scope.h"
#include "core/model/admission_policy.h"
#include "core/model/config_map.h"
#include "core/model/exposure_policy.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/runtime/store.h"

namespace berth::controller {

// Called after a change can be read; see triggers.h.
struct StoreListeners {
  std::function<void(const runtime::Change<PortLedger>&)> ledgers = {};
  std::function<void(const runtime::Change<PortRange>&)> ranges = {};
  std::function<void(const runtime::Change<PortAllocation>&)> allocations = {};
  std::function<void(const runtime::Change<Service>&)> services = {};
  std::function<void(const runtime::Change<NetworkPolicy>&)> policies = {};
  std::function<void(const runtime::Change<ConfigMap>&)> config_maps = {};
  std::function<void(const runtime::Change<Namespace>&)> namespaces = {};
  std::function<void(const runtime::Change<Workload>&)> pods = {};
  std::function<void(const runtime::Change<ExposurePolicy>&)> exposure_policies = {};
  std::function<void(const runtime::Change<ValidatingAdmissionPolicy>&)> admission_policies = {};
  std::function<void(const runtime::Change<ValidatingAdmissionPolicyBinding>&)> admission_bindings = {};
  // A namespaced kind was listed, of everything or of a namespace; its changes were told before.
  std::function<void()> listed = {};
  // History went backwards (etcd was restored): everything is listed anew before anything is decided.
  std::function<void(const runtime::Rewound&)> rewound = {};
};

struct Stores {
  // Of namespaced kinds only what the scope covers is ever here.
  explicit Stores(const StoreListeners& listeners, NamespaceScope covered = {});

  const NamespaceScope scope;
  runtime::StoreGroup group;
  // Ledgers are listed first and owners after them (allocation.md 4.6: the reverse order frees live numbers).
  runtime::Store<PortLedger> ledgers;
  runtime::Store<PortRange> ranges;
  runtime::Store<PortAllocation> allocations;
  runtime::Store<Service> services;
  runtime::Store<NetworkPolicy> policies;
  runtime::Store<ConfigMap> config_maps;  // generated ones only (kConfigMapLabel)
  runtime::Store<Namespace> namespaces;
  runtime::Store<Workload> pods;
  runtime::Store<ExposurePolicy> exposure_policies;
  // Of second walls only (kWallLabel), and only where they are kept; no number depends on them.
  runtime::Store<ValidatingAdmissionPolicy> admission_policies;
  runtime::Store<ValidatingAdmissionPolicyBinding> admission_bindings;

  // Every kind but those of second walls has been listed since the start or the last rewind (invariant I7);
  // where namespaces are named, every kind of the cluster: what is seen of namespaces is asked one by one.
  [[nodiscard]] bool ready(const runtime::Snapshot& snapshot) const;
  // What is absent from the stores is absent from the namespace, as of when it was listed: the scope covers
  // it and every kind of it has been listed, or there is no such namespace, so that nothing can be in it.
  // Otherwise nothing is concluded about it and nothing done in it.
  [[nodiscard]] bool sees(const runtime::Snapshot& snapshot, const std::string& ns) const;
  // All of which that is so.
  [[nodiscard]] NamespaceScope seen(const runtime::Snapshot& snapshot) const;
};

}  // namespace berth::controller

// Compiled in stores.cpp alone: a store is much, and nearly everything here uses one.
namespace berth::runtime {

extern template class Store<PortLedger>;
extern template class Store<PortRange>;
extern template class Store<PortAllocation>;
extern template class Store<Service>;
extern template class Store<NetworkPolicy>;
extern template class Store<ConfigMap>;
extern template class Store<Namespace>;
extern template class Store<Workload>;
extern template class Store<ExposurePolicy>;
extern template class Store<ValidatingAdmissionPolicy>;
extern template class Store<ValidatingAdmissionPolicyBinding>;

}  // namespace berth::runtime
