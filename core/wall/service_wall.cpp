#include "core/wall/service_wall.h"

#include <utility>

#include "core/exposure/load_balancers.h"
#include "core/wall/cel.h"

namespace berth::wall {
namespace {

using Meaning = exposure::LoadBalancerSign::Meaning;

// {"annotation": "value"}; "*" stands for any but none.
std::string signs_of(Meaning meaning) {
  std::string signs;
  for (const exposure::LoadBalancerSign& sign : exposure::load_balancer_signs()) {
    if (sign.meaning != meaning) continue;
    signs += (signs.empty() ? "" : ",\n ") + cel_string(sign.annotation) + ": " + cel_string(sign.value);
  }
  return "{" + signs + "}";
}

// Of each version: is it a load balancer that the outside can reach?
constexpr char kBalances[] = R"(variables.versions.map(o, o.spec.type == "LoadBalancer" && (
  (has(o.spec.loadBalancerClass) && o.spec.loadBalancerClass in $PUBLIC_CLASSES) ||
  (has(o.metadata.annotations) && o.metadata.annotations.exists(key, key in variables.publicBalancers &&
    o.metadata.annotations[key].lowerAscii() == variables.publicBalancers[key])) ||
  !((has(o.spec.loadBalancerClass) && o.spec.loadBalancerClass in $INTERNAL_CLASSES) ||
    (has(o.metadata.annotations) && o.metadata.annotations.exists(key, key in variables.internalBalancers &&
      (variables.internalBalancers[key] == "*"
        ? o.metadata.annotations[key] != ""
        : o.metadata.annotations[key].lowerAscii() == variables.internalBalancers[key])))))))";

// The numbers on the way of a port that stand in the Service. Without a selector its targetPort is not where
// it leads; 32769 is what the API server puts into a dry run where it would choose a node port.
constexpr char kNumbers[] = R"((
    (has(o.spec.selector) && o.spec.selector.size() > 0 && has(p.targetPort) && type(p.targetPort) == int
      ? [int(p.targetPort)] : []) +
    [p.port] +
    (has(p.nodePort) && p.nodePort != 0 && !(has(request.dryRun) && request.dryRun && p.nodePort == 32769)
      ? [p.nodePort] : [])))";

// Of each version the ports with an internal number.
constexpr char kPorts[] =
    R"(variables.versions.map(o, o.spec.type == "ExternalName" || !has(o.spec.ports) ? [] : o.spec.ports.map(p, {
  "internal": $INTERNAL,
  "number": "port " + string(p.port),
  "path": "port " + string(p.port) + (has(p.targetPort) ? " -> targetPort " + string(p.targetPort) : ""),
  "nodePort": has(p.nodePort) && p.nodePort != 0 ? string(p.nodePort) : ""
}).filter(port, port.internal != "")))";

// External IPs, and what the status of any other type than LoadBalancer claims (CVE-2020-8554).
constexpr char kAddresses[] = R"(variables.versions.map(o,
  (has(o.spec.externalIPs) ? o.spec.externalIPs : []) +
  (o.spec.type != "LoadBalancer" && has(o.status) && has(o.status.loadBalancer) && has(o.status.loadBalancer.ingress)
    ? o.status.loadBalancer.ingress.map(a, has(a.ip) ? a.ip : (has(a.hostname) ? a.hostname : "")) : [])))";

// One way by a port. What makes it the same way as before is its key, without the targetPort: whether another
// name or number of it leads elsewhere shows only in the whole cluster.
constexpr char kWay[] = R"({
      "key": port.internal + $SHOWN + port.number,
      "text": port.internal + $WHY + variables.service + $SHOWN + port.path})";

// A way by addresses stood only when it did at all of them.
constexpr char kWays[] = R"(variables.each.map(i,
  (variables.balances[i] ? variables.ports[i].map(port, $BALANCED) : []) +
  variables.ports[i].filter(port, port.nodePort != "").map(port, $BY_NODE) +
  (variables.addresses[0].size() > 0 && variables.addresses[0].all(a, a in variables.addresses[i])
    ? variables.ports[i].map(port, $BY_ADDRESS) : []) +
  [variables.versions[i]].filter(o, o.spec.type == "LoadBalancer" && has(o.spec.healthCheckNodePort))
    .map(o, $INTERNAL_CHECK)
    .filter(internal, internal != "")
    .map(internal, {"key": internal, "text": internal + $WHY + variables.service + "healthCheckNodePort"})))";

constexpr char kAdded[] = R"(variables.ways[0]
  .filter(way, variables.ways.size() == 1 || !variables.ways[1].exists(before, before.key == way.key))
  .map(way, way.text))";

std::string listed(std::span<const std::string_view> classes) {
  return cel_strings({classes.begin(), classes.end()});
}

}  // namespace

void add_service_openings(const InternalNumbers& numbers, const std::string& why,
                          ValidatingAdmissionPolicySpec& spec) {
  const auto way = [&](const char* shown) {
    return cel_text(kWay, {{"WHY", cel_string(why)}, {"SHOWN", shown}});
  };
  const auto add = [&](const char* name, std::string expression) {
    spec.variables.push_back({name, std::move(expression)});
  };
  add("internalBalancers", signs_of(Meaning::kInternal));
  add("publicBalancers", signs_of(Meaning::kPublic));
  add("balances",
      cel_text(kBalances, {{"PUBLIC_CLASSES", listed(exposure::public_load_balancer_classes())},
                           {"INTERNAL_CLASSES", listed(exposure::internal_load_balancer_classes())}}));
  add("addresses", kAddresses);
  add("ports", cel_text(kPorts, {{"INTERNAL", numbers.first_internal(kNumbers, "p.protocol")}}));
  add("service", "\"Service \" + " + cel_object_name("object") + " + \" \"");
  add("ways",
      cel_text(kWays, {{"BALANCED", way(R"("(LoadBalancer) ")")},
                       {"BY_NODE", way(R"("node port " + port.nodePort + " -> ")")},
                       {"BY_ADDRESS", way(R"("at " + variables.addresses[0].join(", ") + " ")")},
                       {"INTERNAL_CHECK", numbers.first_internal("[o.spec.healthCheckNodePort]", "\"TCP\"")},
                       {"WHY", cel_string(why)}}));
  add("added", kAdded);
}

}  // namespace berth::wall
