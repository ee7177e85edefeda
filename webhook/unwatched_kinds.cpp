#include "webhook/unwatched_kinds.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::webhook {
namespace {

// Parts of the names of kinds that lead traffic in.
constexpr std::array<std::string_view, 13> kLeadsIn = {
    "Ingress", "Gateway", "Route",  "LoadBalancer", "Listener", "Tunnel",         "VirtualServ",
    "Proxy",   "Export",  "Expose", "Funnel",       "Mapping",  "TransportServer"};

// What stands beside them and leads nowhere itself.
constexpr std::array<std::string_view, 16> kBeside = {
    "Class",   "Policy",     "Config",     "Profile",  "Template", "Filter",   "Grant",       "Status",
    "Binding", "Middleware", "Parameters", "Settings", "Options",  "Reviewer", "Certificate", "RouterID"};

// Kubernetes' own groups, and Berth's: their kinds are read by code, or lead nowhere.
bool is_known_group(std::string_view group) {
  return group.find('.') == std::string_view::npos || group.ends_with(".k8s.io") ||
         group == "gateway.networking.x-k8s.io" || group == "berth.dev";
}

bool leads_in(std::string_view kind) {
  const auto in_name = [&](std::string_view part) { return kind.find(part) != std::string_view::npos; };
  return std::any_of(kLeadsIn.begin(), kLeadsIn.end(), in_name) &&
         std::none_of(kBeside.begin(), kBeside.end(), in_name);
}

}  // namespace

std::vector<wire::Kind> unwatched_kinds(const std::vector<wire::Kind>& served, const adapters::Table& table) {
  std::vector<wire::Kind> found;
  for (const wire::Kind& kind : served) {
    if (is_known_group(kind.group) || !leads_in(kind.kind)) continue;
    if (table.find(kind.group, kind.kind) == nullptr) found.push_back(kind);
  }
  return found;
}

}  // namespace berth::webhook
