#include "core/exposure/ways_out.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/exposure/aliases.h"
#include "core/exposure/attachments.h"
#include "core/exposure/backend_ways.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/endings.h"
#include "core/exposure/joining.h"
#include "core/exposure/neighbourhood.h"
#include "core/exposure/network_policies.h"
#include "core/exposure/network_sets.h"
#include "core/exposure/openings.h"
#include "core/exposure/way_collection.h"
#include "core/exposure/workload_ways.h"

namespace berth::exposure {
namespace {

bool refers_to(const EntranceTarget& target, const Service& service, const ServicePort& port) {
  if (target.every_port) return true;
  if (target.first_port) return &port == &service.ports.front();
  if (target.protocol && *target.protocol != port.protocol) return false;
  if (!target.port_name.empty()) return target.port_name == port.name;
  return target.by_target_port ? Target(target.port_number) == target_of(port)
                               : target.port_number == port.port;
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

std::vector<Opening> openings_by_alias(const AliasTarget& named, Neighbourhood& around) {
  std::vector<Opening> openings = openings_of(*named.entrance, *named.target, around.facts());
  for (Opening& opening : openings) opening.alias = named.alias;
  return openings;
}

void add_ways_by_alias(const Service& service, const std::vector<const Service*>& aliases,
                       Neighbourhood& around, const EndingsOf& endings_of, WayCollection& ways) {
  for (const AliasTarget& named : targets_naming(aliases, around.facts())) {
    const std::int64_t number = number_behind(*named.alias, *named.target);
    for (const Opening& opening : openings_by_alias(named, around)) {
      add_ways_by_number(service, opening, number, endings_of, ways);
    }
  }
  for (const Service* alias : aliases) {
    for (const ServicePort& port : alias->ports) {
      for (Opening& opening : own_openings(*alias, port)) {
        opening.alias = alias;
        add_ways_by_number(service, opening, number_of(port), endings_of, ways);
      }
    }
  }
}

// Every way through `service`, its ends as `endings_of` tells.
void add_ways_through(const Service& service, Neighbourhood& around, const EndingsOf& endings_of,
                      WayCollection& ways) {
  const std::vector<NamedTarget> targets = targets_naming(service, around);
  for (const ServicePort& port : service.ports) {
    std::vector<Opening> openings = own_openings(service, port);
    for (Opening& opening : advertised_openings(service, port, around.facts()))
      openings.push_back(std::move(opening));
    for (const NamedTarget& named : targets) {
      if (!refers_to(*named.target, service, port)) continue;
      for (Opening& opening : openings_of(*named.entrance, *named.target, around.facts())) {
        openings.push_back(std::move(opening));
      }
    }
    if (openings.empty()) continue;
    const std::vector<Ending> endings = endings_of(port);
    for (const Opening& opening : openings) {
      for (const Ending& ending : endings) ways.add(join(opening, &service, &port, ending));
    }
  }
  const std::vector<const Service*> aliases = aliases_of(service, around.facts());
  add_ways_by_alias(service, aliases, around, endings_of, ways);
  add_ways_by_backend(service, aliases, around.facts(), endings_of, ways);
}

void add_health_check(const Service& service, WayCollection& ways) {
  if (service.type != "LoadBalancer" || service.health_check_node_port == 0) return;
  WayOut found;
  found.via = Via::kNodePort;
  found.shown = service.health_check_node_port;
  found.service = &service;
  found.health_check = true;
  ways.add(std::move(found));
}

// Where one opening leads by an alias of `service`, at this number.
void add_alias_target(Opening opening, const Service& alias, const Service& service, std::int64_t number,
                      const Facts& facts, WayCollection& ways) {
  opening.alias = &alias;
  Neighbourhood there(facts, service.meta.ns);
  const std::vector<const Workload*> selected = there.selected_by(service);
  const bool led = add_ways_by_number(
      service, opening, number,
      [&](const ServicePort& port) { return all_endings(service, port, selected, there); }, ways);
  if (led || opening.target == nullptr) return;  // nobody listens at what the alias itself announces
  opening.alias = nullptr;
  ways.add(join(opening, &alias, nullptr,
                {nullptr, "", 0,
                 "the Service is an ExternalName for " + alias.external_name + ", and that has no port " +
                     std::to_string(number)}));
}

// Where one opening leads by its target.
void add_target(const Opening& opening, Neighbourhood& around, WayCollection& ways) {
  const EntranceTarget& target = *opening.target;
  const auto unresolved = [&](const Service* service, std::string reason) {
    ways.add(join(opening, service, nullptr, {nullptr, "", 0, std::move(reason)}));
  };
  if (!target.unknown.empty()) return unresolved(nullptr, target.unknown);
  if (!target.resource.empty()) {
    if (const Backend* backend = backend_of(target, around.facts()))
      return add_ways_to(*backend, opening, around.facts(), ways);
    return unresolved(nullptr, "the backend is no Service, and none of its kind and name is known");
  }
  if (target.service.empty()) {
    const std::int64_t end = target.is_listener ? 0 : target.port_number;
    return ways.add(join(opening, nullptr, nullptr, {nullptr, "", end, {}}));
  }
  const Service* service = around.service(target.service);
  const std::string name = to_string(ObjectKey{target.ns, target.service});
  if (service == nullptr) return unresolved(nullptr, "there is no Service " + name + " yet");
  if (const Service* behind = stands_for(*service, around.facts()); behind != service && behind != nullptr) {
    return add_alias_target(opening, *service, *behind, number_behind(*service, target), around.facts(),
                            ways);
  }

  const auto [first, last] = std::pair(service->ports.begin(), service->ports.end());
  if (std::any_of(first, last, [&](const ServicePort& port) { return refers_to(target, *service, port); })) {
    const std::vector<const Workload*> selected = around.selected_by(*service);
    for (const ServicePort& port : service->ports) {
      if (!refers_to(target, *service, port)) continue;
      for (const Ending& ending : all_endings(*service, port, selected, around)) {
        ways.add(join(opening, service, &port, ending));
      }
    }
    return;
  }
  const std::string port =
      target.port_name.empty() ? std::to_string(target.port_number) : "named \"" + target.port_name + "\"";
  unresolved(service, target.first_port || target.every_port ? "the Service has no port"
                                                             : "the Service has no port " + port);
}

void append(std::vector<WayOut>& ways, std::vector<WayOut> more) {
  std::move(more.begin(), more.end(), std::back_inserter(ways));
}

}  // namespace

// What an alias of `service` opens, and what the entrances open that name it, or an alias of it.
static std::vector<WayOut> ways_of_alias(const Service& alias, const Service& service,
                                         Neighbourhood& around) {
  WayCollection ways;
  for (const ServicePort& port : alias.ports) {
    for (const Opening& opening : own_openings(alias, port)) {
      add_alias_target(opening, alias, service, number_of(port), around.facts(), ways);
    }
  }
  const auto add = [&](const Entrance& entrance, const EntranceTarget& target) {
    Neighbourhood there(around.facts(), target.ns);
    for (const Opening& opening : openings_of(entrance, target, around.facts())) {
      add_target(opening, there, ways);
    }
  };
  for (const NamedTarget& named : targets_naming(alias, around)) add(*named.entrance, *named.target);
  std::vector<const Service*> names = aliases_of(alias, around.facts());
  for (const AliasTarget& named : targets_naming(names, around.facts())) add(*named.entrance, *named.target);
  names.push_back(&alias);
  for (const Service* name : names) {
    for (const Opening& opening : openings_by_backend(*name, around.facts()))
      add_ways_by_endpoint(opening, around.facts(), ways);
  }
  return ways.take();
}

std::vector<WayOut> ways_of(const Service& service, const Facts& facts) {
  Neighbourhood around(facts, service.meta.ns);
  if (const Service* behind = stands_for(service, facts); behind != &service && behind != nullptr) {
    return ways_of_alias(service, *behind, around);
  }
  WayCollection ways;
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
  WayCollection ways;
  // Many paths lead to few ports: each target is followed once, with all its hosts.
  using WhatIsMeant =
      std::tuple<std::string_view, std::string_view, std::int64_t, std::string_view, bool, std::string_view,
                 std::string_view, std::string_view, std::optional<Protocol>, std::int64_t,
                 std::optional<Via>, bool, bool, bool, bool, bool, bool>;
  std::map<WhatIsMeant, std::pair<const EntranceTarget*, std::vector<std::string>>> targets;
  for (const EntranceTarget& target : entrance.targets) {
    auto& entry = targets[{target.ns, target.service, target.port_number, target.port_name, target.first_port,
                           target.resource, target.unknown, target.sign, target.protocol, target.shown,
                           target.via, target.ends_tls, target.by_target_port, target.is_listener,
                           target.every_port, target.imported, target.by_dns_name}];
    if (entry.first == nullptr) entry.first = &target;
    for (const std::string& host : hosts_of(entrance, target)) add_sorted(entry.second, host);
  }
  for (const auto& [meant, entry] : targets) {
    Neighbourhood& around = neighbourhoods.try_emplace(entry.first->ns, facts, entry.first->ns).first->second;
    for (const Opening& opening : openings_of(entrance, *entry.first, entry.second, facts)) {
      add_target(opening, around, ways);
    }
  }
  return ways.take();
}

std::vector<WayOut> ways_of(const Gateway& gateway, const Facts& facts) {
  WayCollection ways;
  if (!is_internal(gateway, facts)) {
    for (const GatewayListener& listener : gateway.listeners) {
      WayOut found;
      found.via = Via::kGateway;
      found.shown = listener.port;
      found.protocol = protocol_of(listener);
      found.gateway = &gateway;
      found.listener = &listener;
      ways.add(std::move(found));
    }
  }
  std::vector<WayOut> all = ways.take();
  append(all, ways_concerned_by(&gateway, facts));
  return all;
}

std::vector<WayOut> ways_of(const ReferenceGrant& grant, const Facts& facts) {
  return ways_concerned_by(&grant, facts);
}

std::vector<WayOut> ways_of(const Backend& backend, const Facts& facts) {
  return ways_concerned_by(&backend, facts);
}

// Of the Service that it is for, whoever leads on from there.
std::vector<WayOut> ways_of(const EndpointSlice& slice, const Facts& facts) {
  Neighbourhood around(facts, slice.meta.ns);
  const Service* service = around.service(service_of(slice));
  return service == nullptr ? std::vector<WayOut>() : ways_of(*service, facts);
}

std::vector<WayOut> ways_of(const Advertisement& advertisement, const Facts& facts) {
  std::vector<WayOut> ways;
  for (const Service* service : facts.every_service()) {
    if (!advertises(advertisement, *service)) continue;
    std::vector<WayOut> all = ways_of(*service, facts);
    std::erase_if(all, [&](const WayOut& way) { return way.advertisement != &advertisement; });
    append(ways, std::move(all));
  }
  return ways;
}

std::vector<WayOut> ways_of(const NetworkPolicy& policy, const Facts& facts) {
  WayCollection ways;
  for (const std::string& ns : namespaces_of(policy, facts)) {
    Neighbourhood around(facts, ns);
    add_policy_ways(policy, around, ways);
  }
  return ways.take();
}

std::vector<WayOut> ways_of(const NetworkSet& set, const Facts& facts) {
  std::vector<WayOut> ways;
  for (const NetworkPolicy* policy : policies_meaning(set, facts)) append(ways, ways_of(*policy, facts));
  return ways;
}

std::vector<WayOut> ways_concerned_by(const Subject& subject, const Facts& facts) {
  std::vector<WayOut> ways;
  const auto append_all = [&](const std::vector<const Entrance*>& entrances, auto&& concerned) {
    for (const Entrance* entrance : entrances) {
      if (concerned(*entrance)) append(ways, ways_of(*entrance, facts));
    }
  };
  if (const auto* gateway = std::get_if<const Gateway*>(&subject)) {
    const auto every = [](const Entrance&) { return true; };
    append_all(facts.entrances_at(**gateway), every);
    for (const Gateway* set : facts.listener_sets_of(**gateway)) append_all(facts.entrances_at(*set), every);
  } else if (const auto* slice = std::get_if<const EndpointSlice*>(&subject)) {
    ways = ways_of(**slice, facts);
  } else if (const auto* set = std::get_if<const NetworkSet*>(&subject)) {
    ways = ways_of(**set, facts);
  } else if (const auto* grant = std::get_if<const ReferenceGrant*>(&subject)) {
    append_all(facts.entrances((*grant)->meta.ns),
               [&](const Entrance& entrance) { return grants(**grant, entrance); });
  } else if (const auto* backend = std::get_if<const Backend*>(&subject)) {
    WayCollection found;
    Neighbourhood around(facts, (*backend)->meta.ns);
    for (const Opening& opening : openings_naming(**backend, facts)) add_target(opening, around, found);
    ways = found.take();
  }
  return ways;
}

std::vector<WayOut> ways_of(const Workload& workload, const Facts& facts) {
  Neighbourhood around(facts, workload.meta.ns);
  WayCollection ways;
  for (const Service* service : facts.services_selecting(workload.meta.ns, workload.template_labels)) {
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
  add_ways_by_backend(workload, around, ways);
  add_node_openings(workload, around, ways);
  add_tunnels(workload, around, ways);
  add_policy_ways(workload, around, ways);
  add_debug_containers(workload, ways);
  return ways.take();
}

std::vector<WayOut> ways_of(const Subject& subject, const Facts& facts) {
  return std::visit([&](const auto* object) { return ways_of(*object, facts); }, subject);
}

// Where the way ends, as far as that is known without looking at pods.
static const std::string& namespace_of(const WayOut& way) {
  if (way.service != nullptr) return way.service->meta.ns;
  if (way.target != nullptr) return way.target->ns;
  if (way.network_policy != nullptr && way.workload == nullptr) return way.network_policy->meta.ns;
  return way.workload != nullptr ? way.workload->meta.ns : way.gateway->meta.ns;
}

std::vector<WayOut> ways_into(const std::string& ns, const Facts& facts) {
  Neighbourhood around(facts, ns);
  WayCollection ways;
  const auto add_all = [&](const auto& objects) {
    for (const auto* object : objects) {
      for (WayOut& way : ways_of(*object, facts)) {
        if (namespace_of(way) == ns) ways.add(std::move(way));
      }
    }
  };
  add_all(around.services());
  add_all(around.entrances());
  for (const NetworkPolicy* policy : around.network_policies()) add_policy_ways(*policy, around, ways);
  for (const Workload* workload : around.workloads()) {
    // The ReplicaSets that a Deployment keeps for its history make no pods.
    const bool by_owner = workload->kind != "Pod" && around.owner(*workload) != nullptr;
    if (by_owner || has_ended(*workload)) continue;
    add_node_openings(*workload, around, ways);
    add_tunnels(*workload, around, ways);
  }
  std::vector<WayOut> all = ways.take();
  for (const Gateway* gateway : facts.gateways(ns)) {
    for (WayOut& way : ways_of(*gateway, facts)) {
      if (way.listener != nullptr) all.push_back(std::move(way));
    }
  }
  return all;
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
