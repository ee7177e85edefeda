#include "core/exposure/aliases.h"

#include <algorithm>

#include "core/exposure/container_ports.h"
#include "core/model/external_name.h"

namespace berth::exposure {
namespace {

// DNS servers follow no more CNAMEs in a row than about these.
constexpr int kMaxAliases = 8;

bool is_alias(const Service& service) { return service.type == "ExternalName"; }

void add_aliases(const Service& service, const Facts& facts, int steps, std::vector<const Service*>& found) {
  if (steps == 0) return;
  for (const Service* alias : facts.aliases(service.meta.ns)) {
    const bool known = std::find(found.begin(), found.end(), alias) != found.end();
    if (known || service_named(alias->external_name) != service.meta.key()) continue;
    found.push_back(alias);
    add_aliases(*alias, facts, steps - 1, found);
  }
}

}  // namespace

const Service* stands_for(const Service& service, const Facts& facts) {
  const Service* at = &service;
  for (int step = 0; step < kMaxAliases && at != nullptr && is_alias(*at); ++step) {
    const auto named = service_named(at->external_name);
    at = named ? facts.service(named->ns, named->name) : nullptr;
  }
  return at == nullptr || is_alias(*at) ? nullptr : at;
}

std::int64_t number_of(const ServicePort& port) {
  const Target led_to = target_of(port);
  const auto* number = std::get_if<std::int64_t>(&led_to);
  return number == nullptr ? port.port : *number;  // nobody is there to ask for a name
}

std::int64_t number_behind(const Service& alias, const EntranceTarget& target) {
  for (const ServicePort& port : alias.ports) {
    const bool meant = target.first_port           ? true
                       : !target.port_name.empty() ? target.port_name == port.name
                                                   : target.port_number == port.port;
    if (meant) return number_of(port);
  }
  return target.port_number;  // an alias need not list its ports
}

std::vector<const Service*> aliases_of(const Service& service, const Facts& facts) {
  std::vector<const Service*> found;
  add_aliases(service, facts, kMaxAliases, found);
  return found;
}

std::vector<AliasTarget> targets_naming(const std::vector<const Service*>& aliases, const Facts& facts) {
  std::vector<AliasTarget> targets;
  for (const Service* alias : aliases) {
    for (const Entrance* entrance : facts.entrances(alias->meta.ns)) {
      for (const EntranceTarget& target : entrance->targets) {
        if (target.ns == alias->meta.ns && target.service == alias->meta.name)
          targets.push_back({entrance, &target, alias});
      }
    }
  }
  return targets;
}

}  // namespace berth::exposure
