#include "core/model/entrance.h"

#include <algorithm>
#include <utility>

namespace berth {
namespace {

EntranceTarget target_of(const Ingress& ingress, const IngressBackend& backend, const std::string& host,
                         const std::string& field) {
  EntranceTarget target;
  target.ns = ingress.meta.ns;
  target.service = backend.service;
  target.port_number = backend.port_number;
  target.port_name = backend.port_name;
  target.resource = backend.resource;
  target.host = host;
  target.shown = ingress.tls ? 443 : 80;
  target.number_field = field + ".service.port.number";
  return target;
}

std::string indexed(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

}  // namespace

Entrance entrance_of(const Ingress& ingress) {
  Entrance entrance{ingress.meta, "Ingress", Via::kIngress, true, {}};
  const auto add = [&](const IngressBackend& backend, const std::string& host, const std::string& field) {
    entrance.targets.push_back(target_of(ingress, backend, host, field));
  };
  if (ingress.default_backend) add(*ingress.default_backend, "", "spec.defaultBackend");
  for (std::size_t i = 0; i < ingress.rules.size(); ++i) {
    const IngressRule& rule = ingress.rules[i];
    for (std::size_t k = 0; k < rule.paths.size(); ++k) {
      const std::string path = indexed(indexed("spec.rules", i) + ".http.paths", k);
      add(rule.paths[k].backend, rule.host, path + ".backend");
    }
  }
  return entrance;
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
