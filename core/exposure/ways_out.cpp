#include "core/exposure/ways_out.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/overloaded.h"
#include "core/exposure/announcements.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/fingerprints.h"
#include "core/exposure/load_balancers.h"
#include "core/exposure/neighbourhood.h"

namespace berth::exposure {
namespace {

// Owner chains are three long in practice (CronJob, Job, Pod); a forged circle must end too.
constexpr int kMaxOwners = 8;

// The beginning of a way: everything up to the Service port.
struct Opening {
  Via via = Via::kLoadBalancer;
  std::int64_t shown = 0;
  Audience audience = {};
  const Entrance* entrance = nullptr;
  const EntranceTarget* target = nullptr;
  std::string_view sign = {};
};

// The end of a way: everything behind the Service port.
struct Ending {
  const Workload* workload = nullptr;
  std::string container = {};
  std::int64_t number = 0;
  std::string unresolved = {};
};

void add_sorted(std::vector<std::string>& list, const std::string& item) {
  const auto place = std::lower_bound(list.begin(), list.end(), item);
  if (place == list.end() || *place != item) list.insert(place, item);
}

// Source ranges belong to the whole Service and are the same for the same way.
void join(Audience& audience, const Audience& more) {
  for (const std::string& host : more.hosts) add_sorted(audience.hosts, host);
  for (const std::string& address : more.addresses) add_sorted(audience.addresses, address);
}

// Ways, each once: the same way found again only widens its audience. All come from one view of the facts, so
// an object is told by its address.
class Collection {
 public:
  void add(WayOut way) {
    // A Service port that was found says more than the target by which it was named.
    const EntranceTarget* target = way.service_port != nullptr ? nullptr : way.target;
    const auto [place, is_new] =
        places_.emplace(Key{way.via, way.shown, way.protocol, way.sign, way.entrance, target, way.service,
                            way.service_port, way.workload, way.container_port, way.health_check},
                        ways_.size());
    if (is_new) {
      ways_.push_back(std::move(way));
    } else {
      join(ways_[place->second].audience, way.audience);
    }
  }

  std::vector<WayOut> take() { return std::move(ways_); }

 private:
  using Key =
      std::tuple<Via, std::int64_t, Protocol, std::string_view, const Entrance*, const EntranceTarget*,
                 const Service*, const ServicePort*, const Workload*, std::int64_t, bool>;
  std::map<Key, std::size_t> places_;
  std::vector<WayOut> ways_;
};

// The topmost owner of whom `says_the_same` holds all the way up, or `workload` itself.
const Workload& reported_as(const Workload& workload, Neighbourhood& around,
                            const std::function<bool(const Workload&)>& says_the_same) {
  const Workload* top = &workload;
  for (int step = 0; step < kMaxOwners; ++step) {
    const Workload* above = around.owner(*top);
    if (above == nullptr || above == top || !says_the_same(*above)) break;
    top = above;
  }
  return *top;
}

bool refers_to(const EntranceTarget& target, const Service& service, const ServicePort& port) {
  if (target.first_port) return &port == &service.ports.front();
  if (target.protocol && *target.protocol != port.protocol) return false;
  if (!target.port_name.empty()) return target.port_name == port.name;
  return target.port_number == port.port;
}

Opening opening_of(const Entrance& entrance, const EntranceTarget& target, std::vector<std::string> hosts) {
  Opening opening{entrance.via, target.shown, {}, &entrance, &target};
  opening.audience.hosts = std::move(hosts);
  return opening;
}

// What the Service itself opens for one of its ports.
std::vector<Opening> own_openings(const Service& service, const ServicePort& port) {
  std::vector<Opening> openings;
  const bool balances = service.type == "LoadBalancer";
  if (balances && !is_internal_load_balancer(service)) {
    Opening opening{Via::kLoadBalancer, port.port};
    opening.audience.sources = service.load_balancer_source_ranges;
    openings.push_back(std::move(opening));
  }
  if (service.type == "NodePort" || (balances && opens_node_port(service, port))) {
    openings.push_back({Via::kNodePort, port.node_port});
  }
  Opening by_address{Via::kExternalIp, port.port};
  for (const std::string& ip : service.external_ips) add_sorted(by_address.audience.addresses, ip);
  if (!balances) {
    // An address in the status of any other type was written by hand (CVE-2020-8554, exposure.md row 9).
    for (const LoadBalancerIngress& claimed : service.load_balancer_status) {
      add_sorted(by_address.audience.addresses, claimed.ip.empty() ? claimed.hostname : claimed.ip);
    }
  }
  if (!by_address.audience.addresses.empty()) openings.push_back(std::move(by_address));
  for (const Announcement& announced : announcements_of(service, port)) {
    Opening opening{announced.via, announced.shown};
    opening.sign = announced.sign;
    openings.push_back(std::move(opening));
  }
  return openings;
}

std::string nobody_has(const Service& service, const std::string& name) {
  return (service.selector.empty() ? "a Service without a selector has nobody to ask for a port named \""
                                   : "no selected workload has a port named \"") +
         name + "\"";
}

// Ends of a Service port in one workload.
void add_endings(const Service& service, const ServicePort& port, const Workload& workload,
                 Neighbourhood& around, std::vector<Ending>& endings) {
  for (const ContainerEnd& end : ends_of(port, workload.pod)) {
    const Workload& top = reported_as(workload, around, [&](const Workload& above) {
      if (!selects(service, above)) return false;
      const std::vector<ContainerEnd> same = ends_of(port, above.pod);
      return std::any_of(same.begin(), same.end(),
                         [&](const ContainerEnd& candidate) { return candidate.number == end.number; });
    });
    endings.push_back({&top, end.container != nullptr ? end.container->name : "", end.number, {}});
  }
}

// Where a Service port leads, whoever is selected; never empty.
std::vector<Ending> all_endings(const Service& service, const ServicePort& port,
                                const std::vector<const Workload*>& selected, Neighbourhood& around) {
  if (service.type == "ExternalName") {
    return {{nullptr, "", 0, "the Service is an ExternalName for " + service.external_name}};
  }
  std::vector<Ending> endings;
  for (const Workload* workload : selected) add_endings(service, port, *workload, around, endings);
  if (!endings.empty()) return endings;
  return std::visit(Overloaded{[](std::int64_t number) -> std::vector<Ending> {
                                 return {{nullptr, "", number, {}}};
                               },
                               [&](const std::string& name) -> std::vector<Ending> {
                                 return {{nullptr, "", 0, nobody_has(service, name)}};
                               }},
                    target_of(port));
}

Protocol protocol_of(const Opening& opening, const ServicePort* port) {
  if (port != nullptr) return port->protocol;
  return opening.target != nullptr ? opening.target->protocol.value_or(Protocol::kTcp) : Protocol::kTcp;
}

WayOut way(const Opening& opening, const Service* service, const ServicePort* port, const Ending& ending) {
  WayOut found;
  found.via = opening.via;
  found.shown = opening.shown;
  found.protocol = protocol_of(opening, port);
  found.audience = opening.audience;
  found.sign = opening.sign;
  found.entrance = opening.entrance;
  found.target = opening.target;
  found.service = service;
  found.service_port = port;
  found.workload = ending.workload;
  found.container = ending.container;
  found.container_port = ending.number;
  found.unresolved = ending.unresolved;
  return found;
}

struct NamedTarget {
  const Entrance* entrance;
  const EntranceTarget* target;
};

std::vector<NamedTarget> targets_naming(const Service& service, Neighbourhood& around) {
  std::vector<NamedTarget> targets;
  for (const Entrance* entrance : around.entrances()) {
    for (const EntranceTarget& target : entrance->targets) {
      const bool named = !target.service.empty() && target.service == service.meta.name;
      if (named && target.ns == service.meta.ns) {
        targets.push_back({entrance, &target});
      }
    }
  }
  return targets;
}

using EndingsOf = std::function<std::vector<Ending>(const ServicePort&)>;

// Every way through `service`, its ends as `endings_of` tells.
void add_ways_through(const Service& service, Neighbourhood& around, const EndingsOf& endings_of,
                      Collection& ways) {
  const std::vector<NamedTarget> targets = targets_naming(service, around);
  for (const ServicePort& port : service.ports) {
    std::vector<Opening> openings = own_openings(service, port);
    for (const NamedTarget& named : targets) {
      if (refers_to(*named.target, service, port)) {
        openings.push_back(opening_of(*named.entrance, *named.target, {named.target->host}));
      }
    }
    if (openings.empty()) continue;
    const std::vector<Ending> endings = endings_of(port);
    for (const Opening& opening : openings) {
      for (const Ending& ending : endings) ways.add(way(opening, &service, &port, ending));
    }
  }
}

void add_health_check(const Service& service, Collection& ways) {
  if (service.type != "LoadBalancer" || service.health_check_node_port == 0) return;
  WayOut found;
  found.via = Via::kNodePort;
  found.shown = service.health_check_node_port;
  found.service = &service;
  found.health_check = true;
  ways.add(std::move(found));
}

void add_target(const Entrance& entrance, const EntranceTarget& target, std::vector<std::string> hosts,
                Neighbourhood& around, Collection& ways) {
  const Opening opening = opening_of(entrance, target, std::move(hosts));
  const auto unresolved = [&](const Service* service, std::string reason) {
    ways.add(way(opening, service, nullptr, {nullptr, "", 0, std::move(reason)}));
  };
  if (!target.unknown.empty()) return unresolved(nullptr, target.unknown);
  if (!target.resource.empty()) return unresolved(nullptr, "the backend is no Service");
  const Service* service = around.service(target.service);
  const std::string name = to_string(ObjectKey{target.ns, target.service});
  if (service == nullptr) return unresolved(nullptr, "there is no Service " + name + " yet");

  const auto [first, last] = std::pair(service->ports.begin(), service->ports.end());
  if (std::any_of(first, last, [&](const ServicePort& port) { return refers_to(target, *service, port); })) {
    const std::vector<const Workload*> selected = around.selected_by(*service);
    for (const ServicePort& port : service->ports) {
      if (!refers_to(target, *service, port)) continue;
      for (const Ending& ending : all_endings(*service, port, selected, around)) {
        ways.add(way(opening, service, &port, ending));
      }
    }
    return;
  }
  const std::string port =
      target.port_name.empty() ? std::to_string(target.port_number) : "named \"" + target.port_name + "\"";
  unresolved(service, target.first_port ? "the Service has no port" : "the Service has no port " + port);
}

void add_node_openings(const Workload& workload, Neighbourhood& around, Collection& ways) {
  const PodSpec& pod = workload.pod;
  const std::vector<HostOpening> openings = host_openings(pod);
  for (const HostOpening& opening : openings) {
    WayOut found;
    found.via = pod.host_network ? Via::kHostNetwork : Via::kHostPort;
    found.shown = opening.shown;
    found.protocol = opening.port->protocol;
    if (!pod.host_network) found.audience.addresses.push_back(opening.port->host_ip);
    found.workload = &reported_as(workload, around, [&](const Workload& above) {
      const std::vector<HostOpening> same = host_openings(above.pod);
      return above.pod.host_network == pod.host_network &&
             std::any_of(same.begin(), same.end(),
                         [&](const HostOpening& candidate) { return candidate.same_numbers(opening); });
    });
    found.container = opening.container->name;
    found.container_port = opening.port->container_port;
    ways.add(std::move(found));
  }
  if (pod.host_network && openings.empty()) {
    WayOut found;
    found.via = Via::kHostNetwork;
    found.workload = &reported_as(workload, around, [](const Workload& above) {
      return above.pod.host_network && host_openings(above.pod).empty();
    });
    found.unresolved = "hostNetwork, and no container declares a port";
    ways.add(std::move(found));
  }
}

// Containers that lead out by connections of their own (exposure.md row 50): where to, no port shows.
void add_tunnels(const Workload& workload, Neighbourhood& around, Collection& ways) {
  const auto has_tunnel = [](const Workload& above, std::string_view program) {
    const auto runs_it = [&](const Container& one) { return tunnel_of_image(one.image) == program; };
    return std::any_of(above.pod.containers.begin(), above.pod.containers.end(), runs_it) ||
           std::any_of(above.pod.init_containers.begin(), above.pod.init_containers.end(), runs_it);
  };
  const PodSpec& pod = workload.pod;
  for (const auto* containers : {&pod.containers, &pod.init_containers, &pod.ephemeral_containers}) {
    for (const Container& container : *containers) {
      const std::string_view program = tunnel_of_image(container.image);
      if (program.empty()) continue;
      WayOut found;
      found.via = Via::kCustom;
      found.sign = program;
      found.workload =
          &reported_as(workload, around, [&](const Workload& above) { return has_tunnel(above, program); });
      found.container = container.name;
      found.unresolved = "it leads out of the cluster by itself, and no port shows where from";
      ways.add(std::move(found));
    }
  }
}

}  // namespace

std::vector<WayOut> ways_of(const Service& service, const Facts& facts) {
  Neighbourhood around(facts, service.meta.ns);
  Collection ways;
  std::optional<std::vector<const Workload*>> selected;  // looked for only when something is open
  add_ways_through(
      service, around,
      [&](const ServicePort& port) {
        if (!selected) selected = around.selected_by(service);
        return all_endings(service, port, *selected, around);
      },
      ways);
  add_health_check(service, ways);
  return ways.take();
}

std::vector<WayOut> ways_of(const Entrance& entrance, const Facts& facts) {
  std::map<std::string_view, Neighbourhood> neighbourhoods;
  Collection ways;
  // Many paths lead to few ports: each target is followed once, with all its hosts.
  using WhatIsMeant =
      std::tuple<std::string_view, std::string_view, std::int64_t, std::string_view, bool, std::string_view,
                 std::string_view, std::string_view, std::optional<Protocol>, std::int64_t>;
  std::map<WhatIsMeant, std::pair<const EntranceTarget*, std::vector<std::string>>> targets;
  for (const EntranceTarget& target : entrance.targets) {
    auto& entry = targets[{target.ns, target.service, target.port_number, target.port_name, target.first_port,
                           target.resource, target.unknown, target.sign, target.protocol, target.shown}];
    if (entry.first == nullptr) entry.first = &target;
    add_sorted(entry.second, target.host);
  }
  for (const auto& [meant, entry] : targets) {
    Neighbourhood& around = neighbourhoods.try_emplace(entry.first->ns, facts, entry.first->ns).first->second;
    add_target(entrance, *entry.first, entry.second, around, ways);
  }
  return ways.take();
}

std::vector<WayOut> ways_of(const Workload& workload, const Facts& facts) {
  Neighbourhood around(facts, workload.meta.ns);
  Collection ways;
  for (const Service* service : around.services()) {
    if (!selects(*service, workload) || service->type == "ExternalName") continue;
    add_ways_through(
        *service, around,
        [&](const ServicePort& port) {
          std::vector<Ending> endings;
          add_endings(*service, port, workload, around, endings);
          return endings;
        },
        ways);
  }
  add_node_openings(workload, around, ways);
  add_tunnels(workload, around, ways);
  return ways.take();
}

std::vector<WayOut> ways_of(const Subject& subject, const Facts& facts) {
  return std::visit([&](const auto* object) { return ways_of(*object, facts); }, subject);
}

std::vector<const Workload*> owners_of(const Workload& workload, const Facts& facts) {
  Neighbourhood around(facts, workload.meta.ns);
  std::vector<const Workload*> owners;
  const Workload* above = around.owner(workload);
  for (int step = 0; above != nullptr && step < kMaxOwners; ++step) {
    owners.push_back(above);
    above = around.owner(*above);
  }
  return owners;
}

}  // namespace berth::exposure
