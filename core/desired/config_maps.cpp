#include "core/desired/config_maps.h"

#include <algorithm>

#include "core/base/api_names.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

char variable_letter(char letter) {
  if (letter == '-') return '_';
  const bool lower = letter >= 'a' && letter <= 'z';
  return lower ? static_cast<char>(letter - 'a' + 'A') : letter;
}

// nullptr: nobody offers it.
const Service* offering(const AllocatedPort& port, const std::vector<const Service*>& services) {
  const auto found = std::find_if(services.begin(), services.end(), [&](const Service* service) {
    return std::any_of(service->ports.begin(), service->ports.end(), [&](const ServicePort& offered) {
      return offered.protocol == port.protocol && offered.port == port.port;
    });
  });
  return found == services.end() ? nullptr : *found;
}

}  // namespace

Uid told_for(const Meta& meta) {
  for (const OwnerReference& reference : meta.owner_references) {
    if (!reference.controller) continue;
    const bool ours =
        reference.kind == "PortAllocation" && reference.api_version.starts_with(std::string(kApiGroup) + "/");
    return ours ? reference.uid : Uid{};
  }
  const auto uid = meta.labels.find(kOwnerUidLabel);
  return uid == meta.labels.end() ? Uid{} : Uid{uid->second};
}

bool has_its_own_name(const Meta& meta) {
  const auto name = meta.labels.find(kConfigMapLabel);
  return name != meta.labels.end() && name->second == meta.name;
}

std::string variable_name(const std::string& port) {
  std::string name = port;
  std::transform(name.begin(), name.end(), name.begin(), variable_letter);
  return name;
}

ConfigMap make_config_map(const PortAllocation& allocation, const std::vector<AllocatedPort>& numbers,
                          const std::vector<const Service*>& services) {
  ConfigMap made;
  made.meta = generated_meta(allocation, allocation.spec.config_map->name);
  made.meta.labels[kConfigMapLabel] = made.meta.name;
  for (const AllocatedPort& port : numbers) {
    const std::string name = variable_name(port.name);
    const std::string number = std::to_string(port.port);
    const bool no_target = std::holds_alternative<std::monostate>(port.target_port);
    made.data[name + "_PORT"] = number;
    made.data[name + "_PROTOCOL"] = to_string(port.protocol);
    made.data[name + "_TARGET"] = no_target ? number : to_string(port.target_port);
    if (const Service* service = offering(port, services)) {
      made.data[name + "_HOST"] = service->meta.name + "." + service->meta.ns + ".svc";
    }
  }
  return made;
}

}  // namespace berth::desired
