#include "core/wall/pod_wall.h"

#include <utility>

#include "core/wall/cel.h"

namespace berth::wall {
namespace {

// "a.b" -> "has(o.a) && has(o.a.b)".
std::string has_path(const std::string& path) {
  std::string tests;
  for (std::size_t dot = path.find('.');; dot = path.find('.', dot + 1)) {
    tests += (tests.empty() ? "" : " && ") + std::string("has(o.") + path.substr(0, dot) + ")";
    if (dot == std::string::npos) return tests;
  }
}

// Every spelling of a loopback address; of the less usual ones some that are none.
constexpr char kLoopback[] =
    "has(p.hostIP) && (p.hostIP.startsWith(\"127.\") || p.hostIP.matches(\"^[0:]+1$\") || "
    "p.hostIP.lowerAscii().contains(\"ffff:\"))";

}  // namespace

void add_pod_openings(const InternalNumbers& numbers, const std::string& why, const std::string& path,
                      ValidatingAdmissionPolicySpec& spec) {
  const auto add = [&](const char* name, std::string expression) {
    spec.variables.push_back({name, std::move(expression)});
  };
  const std::string pod = "o." + path;
  add("containers", "variables.versions.map(o, " + has_path(path) + " ? " + pod + ".containers + (has(" +
                        pod + ".initContainers) ? " + pod + ".initContainers : []) : [])");
  add("onNode", "variables.versions.map(o, " + has_path(path) + " && has(" + pod + ".hostNetwork) && " + pod +
                    ".hostNetwork)");
  add("workload", "request.kind.kind + \" \" + " + cel_object_name("object"));
  // Of each version, of each container: with hostNetwork every port is on the node, and hostIP binds nothing.
  add("ways",
      "variables.each.map(i, variables.containers[i].map(c, !has(c.ports) ? [] : c.ports\n"
      "  .filter(p, variables.onNode[i] || (has(p.hostPort) && p.hostPort != 0 && !(" +
          std::string(kLoopback) + ")))\n  .map(p, {\n    \"internal\": " +
          numbers.first_internal("(variables.onNode[i] ? [p.containerPort] : [p.containerPort, p.hostPort])",
                                 "p.protocol") +
          ",\n    \"path\": (variables.onNode[i] ? \" (hostNetwork)\" : \" hostPort \" + "
          "string(p.hostPort) + \" ->\") + \" port \" + string(p.containerPort)})\n"
          "  .filter(port, port.internal != \"\").map(port, port.internal + " +
          cel_string(why) + " + variables.workload + port.path)))");
  add("added",
      "variables.ways[0].map(ways, ways.filter(way, variables.ways.size() == 1 ||\n"
      "  !variables.ways[1].exists(before, way in before))).filter(ways, ways.size() > 0)");
}

}  // namespace berth::wall
