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

constexpr char kContainers[] =
    "variables.versions.map(o, $THERE ? $POD.containers + "
    "(has($POD.initContainers) ? $POD.initContainers : []) : [])";

constexpr char kOnNode[] = "variables.versions.map(o, $THERE && has($POD.hostNetwork) && $POD.hostNetwork)";

// Of each version, of each container. With hostNetwork every port is on the node, and hostIP binds nothing;
// of the less usual spellings of a loopback address some are none.
constexpr char kWays[] =
    R"cel(variables.each.map(i, variables.containers[i].map(c, !has(c.ports) ? [] : c.ports
  .filter(p, variables.onNode[i] || (has(p.hostPort) && p.hostPort != 0 && !(has(p.hostIP) &&
    (p.hostIP.startsWith("127.") || p.hostIP.matches("^[0:]+1$") || p.hostIP.lowerAscii().contains("ffff:")))))
  .map(p, {
    "internal": $INTERNAL,
    "path": (variables.onNode[i] ? " (hostNetwork)" : " hostPort " + string(p.hostPort) + " ->") +
      " port " + string(p.containerPort)})
  .filter(port, port.internal != "")
  .map(port, port.internal + $WHY + variables.workload + port.path))))cel";

constexpr char kNumbers[] = "(variables.onNode[i] ? [p.containerPort] : [p.containerPort, p.hostPort])";

constexpr char kAdded[] = R"(variables.ways[0]
  .map(ways, ways.filter(way, variables.ways.size() == 1 || !variables.ways[1].exists(before, way in before)))
  .filter(ways, ways.size() > 0))";

}  // namespace

void add_pod_openings(const InternalNumbers& numbers, const std::string& why, const std::string& path,
                      ValidatingAdmissionPolicySpec& spec) {
  const std::map<std::string_view, std::string> place = {{"POD", "o." + path}, {"THERE", has_path(path)}};
  const auto add = [&](const char* name, std::string expression) {
    spec.variables.push_back({name, std::move(expression)});
  };
  add("containers", cel_text(kContainers, place));
  add("onNode", cel_text(kOnNode, place));
  add("workload", "request.kind.kind + \" \" + " + cel_object_name("object"));
  add("ways", cel_text(kWays, {{"INTERNAL", numbers.first_internal(kNumbers, "p.protocol")},
                               {"WHY", cel_string(why)}}));
  add("added", kAdded);
}

}  // namespace berth::wall
