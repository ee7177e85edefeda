#include "cli/resource.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace berth::cli {
namespace {

struct Names {
  const char* kind;
  const char* plural;
  const char* shorter;  // "" = none
};

// kubectl api-resources.
constexpr std::array kNames = {
    Names{"Service", "services", "svc"},
    Names{"Pod", "pods", "po"},
    Names{"Deployment", "deployments", "deploy"},
    Names{"StatefulSet", "statefulsets", "sts"},
    Names{"DaemonSet", "daemonsets", "ds"},
    Names{"ReplicaSet", "replicasets", "rs"},
    Names{"ReplicationController", "replicationcontrollers", "rc"},
    Names{"Job", "jobs", ""},
    Names{"CronJob", "cronjobs", "cj"},
    Names{"PodTemplate", "podtemplates", ""},
    Names{"Ingress", "ingresses", "ing"},
    Names{"ConfigMap", "configmaps", "cm"},
    Names{"Gateway", "gateways", "gtw"},
    Names{"ListenerSet", "listenersets", "lset"},
    Names{"HTTPRoute", "httproutes", ""},
    Names{"GRPCRoute", "grpcroutes", ""},
    Names{"TLSRoute", "tlsroutes", ""},
    Names{"TCPRoute", "tcproutes", ""},
    Names{"UDPRoute", "udproutes", ""},
    Names{"ReferenceGrant", "referencegrants", "refgrant"},
    Names{"Endpoints", "endpoints", "ep"},
    Names{"EndpointSlice", "endpointslices", ""},
    Names{"NetworkPolicy", "networkpolicies", "netpol"},
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::optional<std::string> kind_of(const std::string& word, const adapters::Table& table) {
  for (const Names& names : kNames) {
    if (word == lower(names.kind) || word == names.plural ||
        (*names.shorter != '\0' && word == names.shorter))
      return names.kind;
  }
  for (const adapters::Adapter& adapter : table.all()) {
    const bool full = word == adapter.plural + "." + adapter.group || word == lower(adapter.shown_kind);
    if (full || word == adapter.plural) return adapter.shown_kind;
  }
  return std::nullopt;
}

template <class T>
std::optional<exposure::Subject> look_up(const Resource& resource, const std::string& ns,
                                         const exposure::FactIndex& facts) {
  T wanted;
  wanted.meta.name = resource.name;
  wanted.meta.ns = ns;
  if constexpr (requires { wanted.kind; }) wanted.kind = resource.kind;
  return facts.same_as(&wanted);
}

}  // namespace

std::optional<Resource> parse_resource(std::string_view text, const adapters::Table& table) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  const std::string_view name = text.substr(slash + 1);
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  const auto kind = kind_of(lower(text.substr(0, slash)), table);
  if (!kind) return std::nullopt;
  return Resource{*kind, std::string(name)};
}

std::optional<exposure::Subject> find_resource(const Resource& resource, const std::string& ns,
                                               const exposure::FactIndex& facts) {
  if (resource.kind == "Service") return look_up<Service>(resource, ns, facts);
  if (resource.kind == "NetworkPolicy") return look_up<NetworkPolicy>(resource, ns, facts);
  if (resource.kind == "ReferenceGrant") return look_up<ReferenceGrant>(resource, ns, facts);
  for (const auto& found :
       {look_up<Workload>(resource, ns, facts), look_up<Entrance>(resource, ns, facts),
        look_up<Gateway>(resource, ns, facts), look_up<EndpointSlice>(resource, ns, facts),
        look_up<Backend>(resource, ns, facts), look_up<Advertisement>(resource, "", facts),
        look_up<NetworkSet>(resource, ns, facts), look_up<NetworkSet>(resource, "", facts)}) {
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace berth::cli
