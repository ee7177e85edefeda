#include "core/exposure/wording.h"

#include <algorithm>
#include <variant>

#include "core/base/control_character.h"
#include "core/exposure/connection.h"

namespace berth::exposure {
namespace {

std::string service_text(const Service& service) { return object_text("Service", service.meta); }

std::string slice_text(const EndpointSlice& slice) { return object_text(slice.kind, slice.meta); }

std::string with_type(const Service& service) {
  return service_text(service) + " (" + (service.type.empty() ? "ClusterIP" : one_line(service.type)) + ")";
}

std::string hosts_text(const WayOut& way) {
  if (!way.entrance->by_host) return "";
  std::string text;
  for (const std::string& host : way.audience.hosts) {
    text += (text.empty() ? "" : ", ") + (host.empty() ? std::string("every host") : one_line(host));
  }
  return text.empty() ? "" : " (" + text + ")";
}

// In front of a number: "10.0.0.7:", "[::]:".
std::string address_text(const std::string& ip) {
  if (ip.empty()) return "";
  return ip.find(':') == std::string::npos ? one_line(ip) + ":" : "[" + one_line(ip) + "]:";
}

std::string backend_text(const WayOut& way) { return object_text(way.backend->kind, way.backend->meta); }

// "db.data.svc:5432", "app=db:5432"; "" where nobody can tell.
std::string endpoint_text(const BackendEndpoint& endpoint) {
  std::string where = address_text(endpoint.host);
  for (const auto& [key, value] : endpoint.selector) {
    if (!where.empty()) where.back() = ',';
    where += one_line(key + "=" + value) + ":";
  }
  return where.empty() || endpoint.port == 0 ? "" : where + std::to_string(endpoint.port);
}

// ' -> Backend web/pg (db.data.svc:5432) -> Service data/db port 5432'.
std::string backend_target_text(const WayOut& way) {
  const std::string endpoint = endpoint_text(*way.endpoint);
  std::string text = " -> " + backend_text(way) + (endpoint.empty() ? "" : " (" + endpoint + ")");
  if (way.alias != nullptr) return text + " -> " + service_text(*way.alias);
  if (way.service != nullptr) text += " -> " + service_text(*way.service);
  if (way.service_port != nullptr) text += " port " + number_text(way.service_port->port, way.protocol);
  return text;
}

// ' -> Service data/db port 80' of an entrance, whether or not the Service is there.
std::string named_target_text(const WayOut& way) {
  const EntranceTarget& target = *way.target;
  if (!target.unknown.empty()) return "";
  if (way.backend != nullptr) return backend_target_text(way);
  if (!target.resource.empty()) return " -> resource " + one_line(target.resource);
  if (target.service.empty()) {
    return (target.is_listener ? " port " : " -> port ") + number_text(target.port_number, way.protocol);
  }
  std::string text = " -> Service " + to_string(ObjectKey{target.ns, one_line(target.service)});
  if (!target.port_name.empty()) text += " port \"" + one_line(target.port_name) + "\"";
  if (target.first_port || target.every_port) {
    const std::int64_t number = way.service_number();
    return text + (number == 0 ? "" : " port " + number_text(number, way.protocol));
  }
  if (way.service_port != nullptr && !target.port_name.empty()) {
    return text + " (" + number_text(way.service_port->port, way.protocol) + ")";
  }
  return target.port_name.empty() ? text + " port " + number_text(target.port_number, way.protocol) : text;
}

std::string entrance_text(const WayOut& way) { return object_text(way.entrance->kind, way.entrance->meta); }

std::string parent_text(const ParentReference& parent) {
  return one_line(parent.kind + " " + to_string(ObjectKey{parent.ns, parent.name}));
}

// ' at Gateway infra/edge port 443' of a route.
std::string attachment_text(const WayOut& way) {
  if (way.parent == nullptr) return "";
  const std::string number = way.gateway == nullptr ? "" : " port " + std::to_string(way.shown);
  return " at " + parent_text(*way.parent) + number;
}

std::string listener_text(const WayOut& way) {
  return object_text(way.gateway->kind, way.gateway->meta) + " listener " + one_line(way.listener->name) +
         " port " + number_text(way.shown, way.protocol);
}

// 'kubectl port-forward to Pod data/db-0 port 5432', with the number of the Service where there is one.
std::string connection_text(const WayOut& way) {
  const Connection& asked = *way.connection;
  const bool forwards = asked.by == ConnectsBy::kPortForward;
  const bool to_service = asked.by == ConnectsBy::kServiceProxy;
  const std::int64_t number = to_service ? way.service_number() : way.container_port;
  std::string text = forwards ? "kubectl port-forward to " : "the proxy of the API server to ";
  text += (to_service ? "Service " : "Pod ") + to_string(ObjectKey{asked.ns, one_line(asked.name)});
  if (number != 0) return text + " port " + number_text(number, way.protocol);
  return asked.port.empty() ? text : text + " port \"" + one_line(asked.port) + "\"";
}

std::string opening_text(const WayOut& way) {
  if (way.connection != nullptr) return connection_text(way);
  if (way.health_check) {
    return with_type(*way.service) + " healthCheckNodePort " + std::to_string(way.shown);
  }
  const std::string number = number_text(way.service_number(), way.protocol);
  if (way.entrance != nullptr) {
    const std::string sign = way.target->sign.empty() ? "" : " " + one_line(way.target->sign);
    return entrance_text(way) + hosts_text(way) + attachment_text(way) + sign + named_target_text(way);
  }
  switch (way.via) {
    case Via::kLoadBalancer:
      return with_type(*way.service) + " port " + number;
    case Via::kNodePort:
      return with_type(*way.service) + " node port " +
             (way.shown == 0 ? "chosen by the cluster" : std::to_string(way.shown)) + " -> port " + number;
    case Via::kExternalIp:
      if (way.advertisement != nullptr) {
        return with_type(*way.service) + " advertised by " +
               object_text(way.advertisement->kind, way.advertisement->meta) + " port " + number;
      }
      return with_type(*way.service) + " at " + joined(way.audience.addresses) + " port " + number;
    case Via::kAnnotation:
    case Via::kExport:
      return with_type(way.alias == nullptr ? *way.service : *way.alias) + " with " + std::string(way.sign) +
             (way.shown == way.service_number() ? "" : " at " + std::to_string(way.shown) + " ->") +
             " port " + number;
    case Via::kIngress:
    case Via::kGateway:
    case Via::kConfigMap:
    case Via::kHostPort:
    case Via::kHostNetwork:
    case Via::kNetworkPolicy:
    case Via::kConnect:
    case Via::kCustom:
      break;
  }
  return "";
}

std::string target_text(const WayOut& way) {
  if (way.service_port == nullptr) return "";
  // 0 and "" are written, but mean that nothing is.
  const TargetPort& written = way.service_port->target_port;
  const std::string target = berth::to_string(written);
  if (target.empty() || target == "0") return "";
  return " -> targetPort " +
         (std::holds_alternative<std::string>(written) ? "\"" + one_line(target) + "\"" : target);
}

std::string container_text(const WayOut& way) {
  return way.container.empty() ? "" : " container " + one_line(way.container);
}

std::string number_shown_text(const WayOut& way) {
  const std::string number = number_text(way.container_port, way.protocol);
  const std::string workload = object_text(way.workload->kind, way.workload->meta);
  if (way.via == Via::kHostPort) {
    const std::string ip = way.audience.addresses.empty() ? "" : way.audience.addresses.front();
    return workload + container_text(way) + " hostPort " + address_text(ip) + std::to_string(way.shown) +
           " -> port " + number;
  }
  return workload + " (hostNetwork)" + container_text(way) +
         (way.container_port == 0 ? "" : " port " + number);
}

// 'GlobalNetworkSet partners (203.0.113.0/24)'.
std::string set_text(const OpenSet& open) {
  std::vector<std::string> shown = open.networks;
  if (shown.size() == OpenSet::kMostNetworks) shown.back() = "...";
  return object_text(open.set->kind, open.set->meta) + (shown.empty() ? "" : " (" + joined(shown) + ")");
}

// ' from 0.0.0.0/0, NetworkSet data/partners (203.0.113.0/24)': blocks as the rule says them.
std::string peers_text(const WayOut& way) {
  constexpr std::size_t kMaxPeers = 3;
  std::vector<std::string> shown;
  for (const OpenSet& open : way.network_sets) {
    if (shown.size() <= kMaxPeers) shown.push_back(set_text(open));
  }
  for (const NetworkPolicyPeer& peer : way.rule->peers) {
    if (peer.cidr && shown.size() <= kMaxPeers) shown.push_back(*peer.cidr);
  }
  if (shown.empty()) return " from everywhere";
  if (shown.size() > kMaxPeers) shown.back() = "...";
  return " from " + joined(shown);
}

// What else closes the way: ', or take 203.0.113.0/24 out of NetworkSet data/partners'.
std::string narrowing_text(const WayOut& way) {
  if (way.network_sets.size() != 1) return "";
  const OpenSet& open = way.network_sets.front();
  const bool one = open.networks.size() == 1;
  return ", or take " + (one ? open.networks.front() : "the networks outside of the cluster") + " out of " +
         object_text(open.set->kind, open.set->meta);
}

std::string policy_text(const WayOut& way) {
  std::string text = object_text(way.network_policy->kind, way.network_policy->meta);
  text += way.is_left_open() ? " no longer isolates" : peers_text(way) + " ->";
  if (way.workload == nullptr) {
    return text + (way.unresolved.empty() ? " port " + number_text(way.container_port, way.protocol) : " ?");
  }
  return text + " " + object_text(way.workload->kind, way.workload->meta) + container_text(way) + " port " +
         number_text(way.container_port, way.protocol);
}

// What closes the way, whichever number on it is wrong.
std::string closing(const WayOut& way, bool judged_is_workload) {
  if (way.slice != nullptr) {
    return "take " + one_line(std::string(way.address)) + " out of " + slice_text(*way.slice) +
           ", or do not expose " + service_text(*way.service);
  }
  if (way.listener != nullptr) return "remove that listener";
  if (way.network_policy != nullptr) {
    const NetworkPolicy& policy = *way.network_policy;
    return std::string("let only pods and namespaces ") +
           (policy.kind == kNetworkPolicyKind ? "in `from` of " : "of the cluster in ") +
           object_text(policy.kind, policy.meta) + " reach that port" + narrowing_text(way);
  }
  const bool from_behind = judged_is_workload && way.service != nullptr;
  const std::string relabel =
      from_behind ? "take the labels that " + service_text(*way.service) + " selects off the pods, or " : "";
  const std::string which = from_behind ? service_text(*way.service) : "the Service";
  if (way.backend != nullptr) {
    return relabel + "take " + endpoint_text(*way.endpoint) + " out of " + backend_text(way) +
           ", or that backend out of " + entrance_text(way);
  }
  if (way.target != nullptr && way.target->every_port) return relabel + "remove " + entrance_text(way);
  if (way.entrance != nullptr) {
    return relabel +
           (way.target->sign.empty() ? std::string("take that backend out of ")
                                     : "remove " + one_line(way.target->sign) + " from ") +
           entrance_text(way);
  }
  switch (way.via) {
    case Via::kLoadBalancer:
      return relabel + "make " + which + " ClusterIP";
    case Via::kNodePort:
      if (way.service->type == "LoadBalancer") {
        return relabel + "set allocateLoadBalancerNodePorts: false and no nodePort" +
               (from_behind ? " in " + which : "");
      }
      return relabel + "make " + which + " ClusterIP";
    case Via::kExternalIp:
      if (way.advertisement != nullptr) {
        return relabel + "keep " + service_text(*way.service) + " out of what " +
               object_text(way.advertisement->kind, way.advertisement->meta) + " advertises";
      }
      return relabel + "remove " +
             (way.service->external_ips.empty() ? "the address from status.loadBalancer" : "externalIPs") +
             " from " + which;
    case Via::kAnnotation:
    case Via::kExport:
      return relabel + "remove the " + std::string(way.sign) + " from " + which;
    case Via::kConnect:
      return "connect from a pod of the cluster";
    case Via::kCustom:
      return "remove the container";
    case Via::kHostPort:
      return "remove the hostPort or set hostIP: 127.0.0.1";
    case Via::kHostNetwork:
      return "remove hostNetwork";
    case Via::kIngress:
    case Via::kGateway:
    case Via::kConfigMap:
    case Via::kNetworkPolicy:
      break;  // by an entrance, a listener or a policy
  }
  return "";
}

// Another number would do: the wrong one is only shown, or only the Service's own.
std::string renumbering(const WayOut& way, std::int64_t number) {
  if (number == way.container_port) return "";
  if (way.health_check) return "choose another healthCheckNodePort";
  const bool service_port = way.service_port != nullptr && number == way.service_port->port;
  if (service_port) return "give the Service port another number";
  if (number != way.shown) return "";
  if (way.via == Via::kNodePort) return "choose another nodePort";
  if (way.via == Via::kHostPort) return "choose another hostPort";
  if (way.via == Via::kGateway) return "choose another port for the listener";
  if (way.via == Via::kConfigMap) return "choose another port as the key";
  return "";
}

std::string source_fix(const WayOut& way, const std::string& ranges) {
  const std::string within = ranges.empty() ? "the networks it names" : ranges;
  if (way.service != nullptr && way.entrance == nullptr && way.service->type == "LoadBalancer") {
    return "set loadBalancerSourceRanges within " + within + " and allocateLoadBalancerNodePorts: false";
  }
  return "use a Service of type LoadBalancer with loadBalancerSourceRanges within " + within +
         " and allocateLoadBalancerNodePorts: false, or a PortAllocation with allowFrom";
}

std::string place_fix(const WayOut& way, const std::string& places) {
  const std::string wanted = places.empty() ? "the networks it names" : places;
  const std::string without = " and allocateLoadBalancerNodePorts: false";
  if (way.via == Via::kHostPort) return "set hostIP to " + wanted;
  if (way.via == Via::kExternalIp) return "write externalIPs within " + wanted;
  const bool balances =
      way.service != nullptr && way.entrance == nullptr && way.service->type == "LoadBalancer";
  if (balances && way.via == Via::kNodePort) return "set allocateLoadBalancerNodePorts: false";
  return (balances ? "ask for " : "use a Service of type LoadBalancer with ") + wanted + without;
}

std::string unresolved_fix(const WayOut& way) {
  if (way.connection != nullptr && way.connection->by != ConnectsBy::kServiceProxy) {
    return "name the port by its number, or declare the ports of the containers";
  }
  if (way.via == Via::kNetworkPolicy) return "create the workload first, or write the port as a number";
  if (way.via == Via::kHostNetwork) return "declare the ports of the containers, or remove hostNetwork";
  if (way.via == Via::kCustom) {
    return "remove the container, or let it connect only where it must with an egress NetworkPolicy";
  }
  if (way.parent != nullptr && way.gateway == nullptr) {
    // What is no Gateway and no ListenerSet can be there and be unknown all the same.
    const bool listens = way.parent->kind == "Gateway" || way.parent->kind.ends_with("ListenerSet");
    return listens ? "create " + parent_text(*way.parent) + " first"
                   : "attach " + entrance_text(way) + " to a Gateway";
  }
  if (way.target != nullptr && !way.target->unknown.empty()) {
    return "remove " + one_line(way.target->sign) + " from " + entrance_text(way) +
           ", and lead to Services by its rules";
  }
  if (way.backend != nullptr) {
    return "lead " + backend_text(way) + " to a port that a Service has, or use a Service as the backend";
  }
  if (way.target != nullptr && !way.target->resource.empty()) {
    return "use a Service as the backend, or create it first if Berth reads its kind";
  }
  if (way.slice != nullptr) return "write the port into " + slice_text(*way.slice);
  if (way.service == nullptr) return "create the Service first";
  if (way.service_port == nullptr) return "name a port that the Service has";
  if (way.service->type == "ExternalName") return "lead to a Service with a selector";
  if (way.service->selector.empty())
    return "write the targetPort as a number, or give the Service a selector";
  return "create the workload first, or write the targetPort as a number";
}

}  // namespace

std::string one_line(std::string text) {
  std::ranges::replace_if(text, is_control, ' ');
  return text;
}

std::string article(const std::string& noun) { return noun.find_first_of("AEIOU") == 0 ? "an " : "a "; }

std::string policies_text(const std::vector<std::string>& names) {
  return (names.size() == 1 ? "ExposurePolicy " : "ExposurePolicies ") + joined(names);
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ", ") + one_line(item);
  return text;
}

std::string port_text(std::int64_t number, Protocol protocol, const PolicyPort* entry) {
  std::string text = "port " + number_text(number, protocol);
  if (entry == nullptr) return text;
  const std::string& what = entry->service.empty() ? entry->purpose : entry->service;
  return what.empty() ? text : text + " (" + one_line(what) + ")";
}

std::string removal_text(const PolicyPort& entry) {
  const bool told = entry.deprecated && !entry.deprecated->remove_in.empty();
  return told ? ", removed in " + one_line(entry.deprecated->remove_in) : "";
}

std::string number_text(std::int64_t number, Protocol protocol) {
  const std::string digits = std::to_string(number);
  return protocol == Protocol::kTcp ? digits : digits + "/" + to_string(protocol);
}

std::string object_text(const std::string& kind, const Meta& meta) {
  const std::string name = meta.name.empty() ? meta.generate_name + "*" : meta.name;
  return one_line(kind + " " + to_string(ObjectKey{meta.ns, name}));
}

// ' (ExternalName) -> Service data/db port 5432' behind an alias.
static std::string alias_text(const WayOut& way) {
  if (way.alias == nullptr) return "";
  return std::string(way.entrance == nullptr ? "" : " (ExternalName)") + " -> " + service_text(*way.service) +
         (way.service_port == nullptr ? "" : " port " + number_text(way.service_port->port, way.protocol));
}

// The workload says no more than what was asked for.
static bool is_the_pod_itself(const WayOut& way) {
  return way.connection != nullptr && way.service == nullptr && way.workload != nullptr &&
         way.workload->kind == "Pod";
}

std::string path_of(const WayOut& way) {
  if (way.via == Via::kHostPort || way.via == Via::kHostNetwork) return number_shown_text(way);
  if (way.listener != nullptr) return listener_text(way);
  if (way.network_policy != nullptr) return policy_text(way);
  if (way.via == Via::kCustom) {
    return object_text(way.workload->kind, way.workload->meta) + container_text(way) + " runs " +
           std::string(way.sign);
  }
  std::string text = opening_text(way) + alias_text(way) + target_text(way);
  if (way.health_check || is_the_pod_itself(way)) return text;
  if (way.slice != nullptr) {
    text += " -> " + slice_text(*way.slice) + " (" + one_line(std::string(way.address)) + ")";
    if (way.workload == nullptr && way.container_port != 0)
      return text + " port " + number_text(way.container_port, way.protocol);
  }
  if (way.workload != nullptr) {
    return text + " -> " + object_text(way.workload->kind, way.workload->meta) + container_text(way) +
           " port " + number_text(way.container_port, way.protocol);
  }
  if (!way.unresolved.empty()) return text + " -> ?";
  if (way.service == nullptr) return text;
  return text + (way.service->selector.empty() ? " (the Service has no selector)"
                                               : " (no workload is selected yet)");
}

std::string fix_for(const WayOut& way, const Objection& objection, bool judged_is_workload) {
  switch (objection.ground) {
    case Ground::kInternal:
    case Ground::kConnect: {
      std::string other = renumbering(way, objection.number);
      if (way.health_check) return other;
      if (!objection.awaited.empty()) {
        return "create " + objection.awaited + " first, for its exception holds for no other workload, or " +
               closing(way, judged_is_workload);
      }
      return (other.empty() ? closing(way, judged_is_workload) : other) + ", or " + kAskForException;
    }
    case Ground::kUndeclared:
      return closing(way, judged_is_workload) +
             ", or allocate the port with a PortAllocation (exposure: External), or list it under "
             "spec.external of "
             "the policy";
    case Ground::kRemoved:
    case Ground::kDeprecated:
      return "move to the port that replaces it, or " + std::string(kAskForException);
    case Ground::kMoved:
      return closing(way, judged_is_workload) + ", or " + kAskForException;
    case Ground::kEndsTls:
      return "use a Service of type LoadBalancer instead of the " + way.entrance->kind;
    case Ground::kSources:
      return source_fix(way, objection.allowed_from);
    case Ground::kPlace:
      return place_fix(way, objection.allowed_from);
    case Ground::kDebug:
      return "debug a copy of the pod (kubectl debug --copy-to), or one that is not exposed";
    case Ground::kLeftOpen:
      return "keep a NetworkPolicy that isolates its pods, with policyTypes Ingress";
    case Ground::kAddress:
      if (way.backend != nullptr) {
        return "lead " + backend_text(way) + " to the addresses of pods, or use a Service as the backend";
      }
      return "lead " + slice_text(*way.slice) + " to the addresses of pods, or give the Service a selector";
    case Ground::kUnresolved:
      return unresolved_fix(way);
  }
  return "";
}

}  // namespace berth::exposure
