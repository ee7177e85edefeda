#include "core/wall/service_wall.h"

#include <cctype>
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

std::string has_sign(const std::string& signs) {
  return "(has(o.metadata.annotations) && o.metadata.annotations.exists(key, key in " + signs + " &&\n    (" +
         signs +
         "[key] == \"*\" ? o.metadata.annotations[key] != \"\" : o.metadata.annotations[key].lowerAscii() "
         "== " +
         signs + "[key])))";
}

std::string has_class(std::span<const std::string_view> classes) {
  return "(has(o.spec.loadBalancerClass) && o.spec.loadBalancerClass in " +
         cel_strings({classes.begin(), classes.end()}) + ")";
}

// Of each version: is it a load balancer that the outside can reach?
std::string balances() {
  return "variables.versions.map(o, o.spec.type == \"LoadBalancer\" &&\n  (" +
         has_class(exposure::public_load_balancer_classes()) + " ||\n   " +
         has_sign("variables.publicBalancers") + " ||\n   !(" +
         has_class(exposure::internal_load_balancer_classes()) + " ||\n     " +
         has_sign("variables.internalBalancers") + ")))";
}

// Of each version the ports with internal numbers: which these are, where the port leads, its node port.
// Without a selector its targetPort is not where it leads; 32769 is what the API server puts into a dry run
// where it would choose a node port.
std::string ports(const InternalNumbers& numbers) {
  const std::string of_port =
      "((has(o.spec.selector) && o.spec.selector.size() > 0 && has(p.targetPort) && type(p.targetPort) == "
      "int "
      "? [int(p.targetPort)] : []) +\n    [p.port] +\n"
      "    (has(p.nodePort) && p.nodePort != 0 && !(has(request.dryRun) && request.dryRun && p.nodePort == "
      "32769) "
      "? [p.nodePort] : []))";
  return "variables.versions.map(o, o.spec.type == \"ExternalName\" || !has(o.spec.ports) ? [] : "
         "o.spec.ports.map(p, {\n  \"internal\": " +
         numbers.first_internal(of_port, "p.protocol") +
         ",\n  \"number\": \"port \" + string(p.port),\n  \"path\": \"port \" + string(p.port) + "
         "(has(p.targetPort) ? \" -> targetPort \" + "
         "string(p.targetPort) : \"\"),\n  \"nodePort\": has(p.nodePort) && p.nodePort != 0 ? "
         "string(p.nodePort) : "
         "\"\"\n}).filter(port, port.internal != \"\"))";
}

// External IPs, and what the status of any other type than LoadBalancer claims (CVE-2020-8554).
constexpr char kAddresses[] =
    "variables.versions.map(o, (has(o.spec.externalIPs) ? o.spec.externalIPs : []) +\n"
    "  (o.spec.type != \"LoadBalancer\" && has(o.status) && has(o.status.loadBalancer) && "
    "has(o.status.loadBalancer.ingress)\n"
    "    ? o.status.loadBalancer.ingress.map(a, has(a.ip) ? a.ip : (has(a.hostname) ? a.hostname : \"\")) : "
    "[]))";

// One way by a port: `opening` says how it is shown. What makes it the same way as before is its key, without
// the targetPort: whether another name or number of it leads elsewhere shows only in the whole cluster.
std::string way(const std::string& why, const std::string& opening) {
  return "{\"key\": port.internal + " + opening + " + port.number, \"text\": port.internal + " +
         cel_string(why) + " + variables.service + " + opening + " + port.path}";
}

}  // namespace

void add_service_openings(const InternalNumbers& numbers, const std::string& why,
                          ValidatingAdmissionPolicySpec& spec) {
  const auto add = [&](const char* name, std::string expression) {
    spec.variables.push_back({name, std::move(expression)});
  };
  add("internalBalancers", signs_of(Meaning::kInternal));
  add("publicBalancers", signs_of(Meaning::kPublic));
  add("balances", balances());
  add("addresses", kAddresses);
  add("ports", ports(numbers));
  add("service", "\"Service \" + " + cel_object_name("object") + " + \" \"");
  // A way by addresses stood only when it did at all of them.
  add("ways", "variables.each.map(i,\n  (variables.balances[i] ? variables.ports[i].map(port, " +
                  way(why, "\"(LoadBalancer) \"") +
                  ") : []) +\n  variables.ports[i].filter(port, port.nodePort != \"\").map(port, " +
                  way(why, "\"node port \" + port.nodePort + \" -> \"") +
                  ") +\n  (variables.addresses[0].size() > 0 && variables.addresses[0].all(a, a in "
                  "variables.addresses[i])\n"
                  "    ? variables.ports[i].map(port, " +
                  way(why, "\"at \" + variables.addresses[0].join(\", \") + \" \"") +
                  ") : []) +\n  [variables.versions[i]].filter(o, o.spec.type == \"LoadBalancer\" && "
                  "has(o.spec.healthCheckNodePort)).map(o, " +
                  numbers.first_internal("[o.spec.healthCheckNodePort]", "\"TCP\"") +
                  ").filter(internal, internal != \"\").map(internal,\n    {\"key\": internal, \"text\": "
                  "internal + " +
                  cel_string(why) + " + variables.service + \"healthCheckNodePort\"}))");
  add("added",
      "variables.ways[0].filter(way, variables.ways.size() == 1 ||\n"
      "  !variables.ways[1].exists(before, before.key == way.key)).map(way, way.text)");
}

}  // namespace berth::wall
