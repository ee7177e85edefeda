#include "core/plan_services.h"

#include <algorithm>
#include <utility>

#include "core/base/reasons.h"
#include "core/desired/takeover.h"

namespace berth::plan_services {
namespace {

using allocation::Adoption;
using allocation::waits_for_adoption;
using plan_writes::Problem;

// Something in the spec that would keep out whom the Service lets in today.
const Problem* closing(const std::vector<Problem>& problems) {
  const auto found = std::find_if(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.reason == reason::kNetworkNotFound || problem.reason == reason::kPeerOutsideExposure ||
           problem.reason == reason::kPeerUnreadable;
  });
  return found == problems.end() ? nullptr : &*found;
}

bool holds_node_port(const Observation& seen, std::int64_t number) {
  return std::any_of(seen.entries.begin(), seen.entries.end(), [&](const allocation::HeldNumber& held) {
    return held.space == allocation::Space::kNodePort && held.key.port.number() == number;
  });
}

// Would the Service go on showing a number of the ledger as the node port of a port that the API server is to
// choose one for? It gives such a port the node port that the port of that name had before
// (registry/core/service, patchAllocatedValues), so a list of ports does not take it away.
bool keeps_a_number(const Observation& seen, const Service& present, const Service& wanted) {
  if (wanted.type != "NodePort") return false;
  return std::any_of(wanted.ports.begin(), wanted.ports.end(), [&](const ServicePort& port) {
    if (port.node_port != 0) return false;
    return std::any_of(present.ports.begin(), present.ports.end(), [&](const ServicePort& before) {
      return before.name == port.name && before.node_port != 0 && holds_node_port(seen, before.node_port);
    });
  });
}

// While the Service is no NodePort it has no node ports; the next look makes it one again, with a number that
// the API server chooses.
Service without_node_ports(Service service) {
  service.type = "ClusterIP";
  service.external_traffic_policy.clear();
  for (ServicePort& port : service.ports) port.node_port = 0;
  return service;
}

desired::Difference take_over(const Service& present, const Service& wanted, const PortAllocation& allocation,
                              const Adoption& adoption, const std::vector<Problem>& problems) {
  if (adoption.refused) return desired::Clash{reason::kAdoptionRefused, adoption.refused->message};
  if (const Problem* problem = closing(problems)) {
    return desired::Clash{reason::kAdoptionRefused,
                          "Service " + to_string(present.meta.key()) +
                              " is not adopted, because clients that it has would be cut off: " +
                              problem->message + "; nothing of it is changed"};
  }
  return desired::take_over(present, wanted, allocation);
}

}  // namespace

Adoption adoption_of(const Observation& seen) {
  const ObjectKey key = seen.allocation->meta.key();
  const bool asked = std::any_of(seen.services.begin(), seen.services.end(),
                                 [&](const Service* service) { return waits_for_adoption(*service, key); });
  if (!asked) return {};
  const auto space = allocation::route(*seen.allocation, *seen.ranges, seen.entries);
  if (!std::holds_alternative<allocation::Space>(space)) return {};
  return allocation::read_adoption(*seen.allocation, std::get<allocation::Space>(space), seen.services);
}

std::vector<Service> under_names_of_the_spec(const PortAllocation& allocation,
                                             const std::vector<const Service*>& own,
                                             const Adoption& adoption) {
  std::vector<Service> named;
  for (const Service* service : own) {
    named.push_back(desired::with_slot_names(*service, allocation::adopted_form(*service)));
  }
  for (const Service* service : adoption.services) {
    const auto form = allocation::present_form(*service, allocation.spec.ports);
    named.push_back(desired::with_slot_names(*service, form));
  }
  return named;
}

Decision decide(const Observation& seen, const PortAllocation& allocation, const Adoption& adoption,
                const std::vector<Problem>& problems, bool guarded, std::vector<Service>& wanted) {
  Decision decision;
  for (Service& service : wanted) {
    const Service* present = plan_writes::find_named(seen.services, service.meta.key());
    const Uid owner = present == nullptr ? allocation.meta.uid : allocation::generated_for(present->meta);
    if (present != nullptr && owner == allocation.meta.uid) {
      service = desired::in_remembered_form(std::move(service), *present, allocation);
      if (keeps_a_number(seen, *present, service)) service = without_node_ports(std::move(service));
    }
    if (present == nullptr || !waits_for_adoption(*present, allocation.meta.key())) {
      plan_writes::write_wanted(seen.services, service, decision.writes);
    } else {
      auto difference = take_over(*present, service, allocation, adoption, problems);
      if (const auto* clash = std::get_if<desired::Clash>(&difference)) {
        decision.writes.clashes.push_back({clash->reason, clash->message, true});
      } else {
        decision.writes.actions.push_back(PatchObject{ObjectKind::kService, present->meta.key(),
                                                      present->meta.uid, present->meta.resource_version,
                                                      std::get<desired::Patch>(difference).edits});
        decision.adopted.push_back(present->meta.key());
        service = desired::in_form(std::move(service), *present,
                                   allocation::present_form(*present, allocation.spec.ports));
      }
    }
    // Its clients would be cut off by policies that are made for another Service; not once the pods are
    // guarded anyway.
    const auto& clashes = decision.writes.clashes;
    if (owner.empty() && !guarded && !clashes.empty() && !decision.held_back) {
      decision.held_back =
          Problem{clashes.back().reason, "no NetworkPolicy is written yet: " + clashes.back().message,
                  clashes.back().needs_edit};
    }
  }
  if (decision.held_back) {
    decision.writes.actions.clear();
    decision.adopted.clear();
  }
  return decision;
}

}  // namespace berth::plan_services
