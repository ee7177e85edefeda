#include "core/model/entrance.h"

#include <algorithm>

namespace berth {
std::vector<std::string> hosts_of(const Entrance& entrance, const EntranceTarget& target) {
  return entrance.hosts.empty() ? std::vector{target.host} : entrance.hosts;
}

bool attaches_to(const Entrance& entrance, const Gateway& gateway) {
  return std::any_of(entrance.parents.begin(), entrance.parents.end(),
                     [&](const ParentReference& parent) { return refers_to(parent, gateway); });
}

bool leads_into(const Entrance& entrance, std::string_view ns) {
  return std::any_of(entrance.targets.begin(), entrance.targets.end(),
                     [&](const EntranceTarget& target) { return target.ns == ns; });
}

std::vector<std::string> namespaces_led_into(const Entrance& entrance) {
  std::vector<std::string> names;
  for (const EntranceTarget& target : entrance.targets) {
    if (std::find(names.begin(), names.end(), target.ns) == names.end()) names.push_back(target.ns);
  }
  return names;
}

}  // namespace berth
