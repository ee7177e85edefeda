#include "core/exposure/backend_ways.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/exposure/addresses.h"
#include "core/exposure/aliases.h"

namespace berth::exposure {
namespace {

void add_unresolved(const Opening& opening, std::string reason, WayCollection& ways) {
  ways.add(join(opening, nullptr, nullptr, {nullptr, "", 0, std::move(reason)}));
}

ServicePort connected_by(const Opening& opening) {
  return as_connected(opening.endpoint->port, opening.target->protocol.value_or(Protocol::kTcp));
}

// A Service that has the labels of an endpoint as its selector, which is all that endings ask of it.
Service stand_in(const Backend& backend, const BackendEndpoint& endpoint) {
  Service made;
  made.meta.ns = backend.meta.ns;
  made.selector = endpoint.selector;
  return made;
}

bool leads_to(const BackendEndpoint& endpoint, const Service& service) {
  if (const auto named = service_at(endpoint)) return *named == service.meta.key();
  return !service.cluster_ip.empty() && service.cluster_ip == address_of(endpoint);
}

// What the proxy finds at its own host; "" for every other name.
std::string_view own_address(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") ? "127.0.0.1" : "";
}

void add_ways_to_service(Opening opening, const Service& service, const Facts& facts, WayCollection& ways) {
  const Service* behind = stands_for(service, facts);
  if (behind == nullptr) {
    return add_unresolved(opening, "the Service is an ExternalName for " + service.external_name, ways);
  }
  if (behind != &service) opening.alias = &service;
  const std::int64_t number = opening.endpoint->port;
  Neighbourhood there(facts, behind->meta.ns);
  const std::vector<const Workload*> selected = there.selected_by(*behind);
  const bool led = add_ways_by_number(
      *behind, opening, number,
      [&](const ServicePort& port) { return all_endings(*behind, port, selected, there); }, ways);
  if (led) return;
  opening.alias = nullptr;
  add_unresolved(opening,
                 "Service " + to_string(behind->meta.key()) + " has no port " + std::to_string(number), ways);
}

// Pods that come will be reached at the number.
void add_ways_to_pods(const Opening& opening, const Facts& facts, WayCollection& ways) {
  const Service chosen = stand_in(*opening.backend, *opening.endpoint);
  Neighbourhood there(facts, chosen.meta.ns);
  std::vector<Ending> endings;
  for (const Workload* workload : there.selected_by(chosen)) {
    add_endings(chosen, connected_by(opening), *workload, there, endings);
  }
  if (endings.empty()) endings.push_back({nullptr, "", opening.endpoint->port, {}});
  for (const Ending& ending : endings) ways.add(join(opening, nullptr, nullptr, ending));
}

// `written` lives as long as the Backend.
void add_ways_at(std::string_view written, const Opening& opening, const Facts& facts, WayCollection& ways) {
  if (!nobodys_address(written).empty()) {
    return ways.add(
        join(opening, nullptr, nullptr, {nullptr, "", opening.endpoint->port, {}, nullptr, written}));
  }
  const std::vector<Ending> endings = endings_at(written, connected_by(opening), facts);
  for (const Ending& ending : endings) ways.add(join(opening, nullptr, nullptr, ending));
  if (!endings.empty()) return;
  for (const Service* service : facts.every_service()) {
    if (leads_to(*opening.endpoint, *service)) add_ways_to_service(opening, *service, facts, ways);
  }
}

void add_ways_by_name(const Opening& opening, const Facts& facts, WayCollection& ways) {
  const BackendEndpoint& endpoint = *opening.endpoint;
  const auto named = service_at(endpoint);
  if (!named) {
    if (endpoint.host.find('.') == std::string::npos)
      add_unresolved(opening, "in which namespace " + endpoint.host + " is looked for is not known", ways);
    return;
  }
  Neighbourhood there(facts, named->ns);
  if (const Service* service = there.service(named->name)) {
    add_ways_to_service(opening, *service, facts, ways);
  } else if (is_name_of_cluster(endpoint)) {
    add_unresolved(opening, "there is no Service " + to_string(*named) + " yet", ways);
  }
}

}  // namespace

const Backend* backend_of(const EntranceTarget& target, const Facts& facts) {
  const std::vector<const Backend*> all = facts.backends(target.ns);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Backend* backend) { return names(target, *backend); });
  return found == all.end() ? nullptr : *found;
}

std::vector<Opening> openings_naming(const Backend& backend, const Facts& facts) {
  std::vector<Opening> openings;
  for (const Entrance* entrance : facts.entrances(backend.meta.ns)) {
    for (const EntranceTarget& target : entrance->targets) {
      if (!names(target, backend)) continue;
      for (Opening& opening : openings_of(*entrance, target, facts)) openings.push_back(std::move(opening));
    }
  }
  return openings;
}

std::vector<Opening> openings_by_backend(const Service& service, const Facts& facts) {
  std::vector<Opening> openings;
  const auto add_all = [&](const std::vector<const Backend*>& backends) {
    for (const Backend* backend : backends) {
      for (const BackendEndpoint& endpoint : backend->endpoints) {
        if (!leads_to(endpoint, service)) continue;
        for (Opening& opening : openings_naming(*backend, facts)) {
          opening.backend = backend;
          opening.endpoint = &endpoint;
          openings.push_back(std::move(opening));
        }
      }
    }
  };
  add_all(facts.backends_to(service.meta.ns));
  if (!service.cluster_ip.empty()) {
    // One that leads there by name, too, has been through all of its endpoints.
    std::vector<const Backend*> more = facts.backends_to(service.cluster_ip);
    std::erase_if(more, [&](const Backend* backend) { return leads_to(*backend, service.meta.ns); });
    add_all(more);
  }
  return openings;
}

void add_ways_to(const Backend& backend, Opening opening, const Facts& facts, WayCollection& ways) {
  opening.backend = &backend;
  for (const BackendEndpoint& endpoint : backend.endpoints) {
    opening.endpoint = &endpoint;
    add_ways_by_endpoint(opening, facts, ways);
  }
}

void add_ways_by_endpoint(const Opening& opening, const Facts& facts, WayCollection& ways) {
  const BackendEndpoint& endpoint = *opening.endpoint;
  if (!endpoint.unknown.empty()) return add_unresolved(opening, endpoint.unknown, ways);
  if (!endpoint.selector.empty()) return add_ways_to_pods(opening, facts, ways);
  if (!address_of(endpoint).empty()) return add_ways_at(endpoint.host, opening, facts, ways);
  const std::string_view own = own_address(endpoint.host);
  if (!own.empty()) return add_ways_at(own, opening, facts, ways);
  add_ways_by_name(opening, facts, ways);
}

void add_ways_by_backend(const Service& service, const std::vector<const Service*>& aliases,
                         const Facts& facts, const EndingsOf& endings_of, WayCollection& ways) {
  if (service.type == "ExternalName") return;  // it leads nowhere itself
  const auto add = [&](const Service& named) {
    for (Opening& opening : openings_by_backend(named, facts)) {
      if (&named != &service) opening.alias = &named;
      add_ways_by_number(service, opening, opening.endpoint->port, endings_of, ways);
    }
  };
  add(service);
  for (const Service* alias : aliases) add(*alias);
}

void add_ways_by_backend(const Workload& workload, Neighbourhood& around, WayCollection& ways) {
  for (const Backend* backend : around.facts().backends_to(workload.meta.ns)) {
    if (backend->meta.ns != workload.meta.ns) continue;
    for (const BackendEndpoint& endpoint : backend->endpoints) {
      const Service chosen = stand_in(*backend, endpoint);
      if (!selects(chosen, workload)) continue;
      for (Opening& opening : openings_naming(*backend, around.facts())) {
        opening.backend = backend;
        opening.endpoint = &endpoint;
        std::vector<Ending> endings;
        add_endings(chosen, connected_by(opening), workload, around, endings);
        for (const Ending& ending : endings) ways.add(join(opening, nullptr, nullptr, ending));
      }
    }
  }
}

}  // namespace berth::exposure
