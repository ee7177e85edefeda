// judge() against a slow and obvious reference in a small world, all of it.
//
// The reference knows nothing of the engine: it enumerates by hand who opens what and writes the numbers
// down. Each mutant of it forgets one door, and the comparison must notice.
#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;

// --- the small world ---

constexpr std::int64_t kExternal = 443;
constexpr std::int64_t kInternal = 5432;
constexpr std::int64_t kUndeclared = 9000;
constexpr std::int64_t kInternalNodePort = 27017;
constexpr std::int64_t kNumbers[] = {kExternal, kInternal, kUndeclared};

ExposurePolicy small_policy() {
  ExposurePolicy policy;
  policy.meta.name = "small";
  policy.spec.external = {listed(kExternal)};
  policy.spec.internal = {listed(kInternal), listed(kInternalNodePort)};
  return policy;
}

enum class Host { kNone, kPort443, kPort5432, kLoopback, kNetwork };

struct Small {
  std::string type = "ClusterIP";
  bool node_ports = true;
  bool internal_balancer = false;
  bool external_ip = false;
  bool selects = true;
  std::int64_t number = kExternal;
  std::int64_t node_port = 0;
  TargetPort target = {};
  // The one container port, named "main"; 0 = no workload, -1 = a workload that declares nothing.
  std::int64_t container = 0;
  Host host = Host::kNone;
  enum class Entry { kNone, kByNumber, kByName, kWrongName } entry = Entry::kNone;
  bool tls = true;
};

Service service_of(const Small& s) {
  ServicePort only = port(s.number, s.target);
  only.name = "http";
  only.node_port = s.node_port;
  Service made = service(s.type, {only});
  if (!s.node_ports) made.allocate_load_balancer_node_ports = false;
  if (s.internal_balancer) made.meta.annotations["networking.gke.io/load-balancer-type"] = "Internal";
  if (s.external_ip) made.external_ips = {"203.0.113.9"};
  if (!s.selects) made.selector = {{"app", "other"}};
  return made;
}

Workload workload_of(const Small& s) {
  std::vector<ContainerPort> ports;
  if (s.container > 0) ports.push_back(container_port(s.container, "main"));
  if (!ports.empty() && s.host == Host::kPort443) ports.front().host_port = 443;
  if (!ports.empty() && s.host == Host::kPort5432) ports.front().host_port = 5432;
  if (!ports.empty() && s.host == Host::kLoopback) {
    ports.front().host_port = 5432;
    ports.front().host_ip = "127.0.0.1";
  }
  Workload made = deployment(ports);
  made.pod.host_network = s.host == Host::kNetwork;
  return made;
}

std::optional<Entrance> ingress_of(const Small& s) {
  if (s.entry == Small::Entry::kNone) return std::nullopt;
  Ingress made = ingress_manifest({s.entry == Small::Entry::kByNumber ? backend("web", s.number)
                                   : s.entry == Small::Entry::kByName ? backend("web", "http")
                                                                      : backend("web", "nope")});
  made.tls = s.tls;
  return exposure::testing::entrance_of(made);
}

// --- the reference ---

enum class Mutant {
  kNone,
  kForgetsHiddenNodePorts,
  kForgetsExternalIps,
  kForgetsTheContainerPort,
  kForgetsTheNumberShown,
  kForgetsIngress,
  kForgetsHostNetwork,
  kTakesLoopbackForOutside,
  kTakesUnknownForSafe,
};

struct Path {
  std::set<std::int64_t> numbers;
  bool unknown = false;
};

Decision say(const Path& path, Mutant mutant) {
  for (const std::int64_t number : path.numbers) {
    if (number == kInternal || number == kInternalNodePort) return Decision::kDeny;
  }
  if (path.unknown) return mutant == Mutant::kTakesUnknownForSafe ? Decision::kAllow : Decision::kUnknown;
  return path.numbers.count(kExternal) != 0 ? Decision::kAllow : Decision::kDeny;
}

// What stands behind the Service port: numbers, or nothing that is known.
std::vector<std::optional<std::int64_t>> ends(const Small& s, bool only_of_the_workload) {
  if (s.type == "ExternalName") return {std::nullopt};
  const bool selected = s.selects && s.container != 0;
  if (only_of_the_workload && !selected) return {};
  if (std::holds_alternative<std::monostate>(s.target)) return {s.number};
  if (const auto* number = std::get_if<std::int64_t>(&s.target)) return {*number};
  if (selected && s.container > 0 && std::get<std::string>(s.target) == "main") return {s.container};
  if (only_of_the_workload) return {};
  return {std::nullopt};
}

void add(std::vector<Path>& paths, std::set<std::int64_t> front, const std::optional<std::int64_t>& end,
         Mutant m) {
  Path path{std::move(front), !end.has_value()};
  if (end && m != Mutant::kForgetsTheContainerPort) path.numbers.insert(*end);
  path.numbers.erase(0);
  paths.push_back(std::move(path));
}

std::vector<Path> through_service(const Small& s, bool only_of_the_workload, bool only_by_ingress, Mutant m) {
  std::vector<Path> paths;
  if (only_of_the_workload && s.type == "ExternalName") return paths;
  const auto shown = [&](std::int64_t number) { return m == Mutant::kForgetsTheNumberShown ? 0 : number; };
  for (const auto& end : ends(s, only_of_the_workload)) {
    const bool balancer = s.type == "LoadBalancer";
    if (!only_by_ingress) {
      if (balancer && !s.internal_balancer) add(paths, {s.number}, end, m);
      if (s.type == "NodePort") add(paths, {shown(s.node_port), s.number}, end, m);
      if (balancer && (s.node_ports || s.node_port != 0) && m != Mutant::kForgetsHiddenNodePorts) {
        add(paths, {shown(s.node_port), s.number}, end, m);
      }
      if (s.external_ip && m != Mutant::kForgetsExternalIps) add(paths, {s.number}, end, m);
    }
    const bool leads_here = s.entry == Small::Entry::kByNumber || s.entry == Small::Entry::kByName;
    if (leads_here && m != Mutant::kForgetsIngress) add(paths, {shown(s.tls ? 443 : 80), s.number}, end, m);
  }
  return paths;
}

std::vector<Path> by_the_node(const Small& s, Mutant m) {
  std::vector<Path> paths;
  if (s.host == Host::kNetwork && m != Mutant::kForgetsHostNetwork) {
    if (s.container > 0) {
      paths.push_back({{s.container}, false});
    } else {
      paths.push_back({{}, true});
    }
  }
  if (s.container <= 0) return paths;
  if (s.host == Host::kPort443) add(paths, {443}, s.container, m);
  if (s.host == Host::kPort5432) add(paths, {5432}, s.container, m);
  if (s.host == Host::kLoopback && m == Mutant::kTakesLoopbackForOutside) add(paths, {5432}, s.container, m);
  return paths;
}

enum class Asked { kService, kIngress, kWorkload };

Decision reference(const Small& s, Asked asked, Mutant m) {
  std::vector<Path> paths;
  if (asked == Asked::kService) paths = through_service(s, false, false, m);
  if (asked == Asked::kIngress) {
    paths = through_service(s, false, true, m);
    if (s.entry == Small::Entry::kWrongName) paths.push_back({{s.tls ? 443 : 80}, true});
  }
  if (asked == Asked::kWorkload) {
    paths = through_service(s, true, false, m);
    for (Path& path : by_the_node(s, m)) paths.push_back(std::move(path));
  }
  Decision strictest = Decision::kAllow;
  for (const Path& path : paths) strictest = std::max(strictest, say(path, m));
  return strictest;
}

std::string to_text(const Small& s) {
  return s.type + " port " + std::to_string(s.number) + " target '" + to_string(s.target) + "' nodePort " +
         std::to_string(s.node_port) + " container " + std::to_string(s.container) + " host " +
         std::to_string(static_cast<int>(s.host)) + " entry " + std::to_string(static_cast<int>(s.entry)) +
         (s.node_ports ? "" : " no-node-ports") + (s.internal_balancer ? " internal" : "") +
         (s.external_ip ? " external-ip" : "") + (s.selects ? "" : " selects-nobody") + (s.tls ? " tls" : "");
}

template <class F>
void each_service(F use) {
  const TargetPort targets[] = {{},
                                number_of(kExternal),
                                number_of(kInternal),
                                number_of(kUndeclared),
                                name_of("main"),
                                name_of("other")};
  for (const char* type : {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}) {
    for (const std::int64_t number : kNumbers) {
      for (const TargetPort& target : targets) {
        for (int bits = 0; bits < 32; ++bits) {
          Small s;
          s.type = type;
          s.number = number;
          s.target = target;
          s.external_ip = (bits & 1) != 0;
          s.selects = (bits & 2) == 0;
          s.node_ports = (bits & 4) == 0;
          s.internal_balancer = (bits & 8) != 0;
          s.node_port = (bits & 16) != 0 ? kInternalNodePort : 0;
          const bool balancer = s.type == "LoadBalancer";
          if (!balancer && (!s.node_ports || s.internal_balancer)) continue;
          if (!balancer && s.type != "NodePort" && s.node_port != 0) continue;
          use(s);
        }
      }
    }
  }
}

// What the Service opens by itself does not matter to its Ingresses, nor to the node's addresses.
bool plain(const Small& s) {
  return s.node_ports && !s.internal_balancer && !s.external_ip && s.node_port == 0;
}

// Every small world with every question that its parts can answer differently; calls `use(small, asked)`.
template <class F>
void each_question(F use) {
  each_service([&](Small s) {
    for (const std::int64_t container :
         {std::int64_t{0}, std::int64_t{-1}, kExternal, kInternal, kUndeclared}) {
      s.container = container;
      s.entry = Small::Entry::kNone;
      use(s, Asked::kService);
      if (container != 0) use(s, Asked::kWorkload);
      if (!plain(s)) continue;
      for (const auto entry : {Small::Entry::kByNumber, Small::Entry::kByName, Small::Entry::kWrongName}) {
        s.entry = entry;
        s.tls = entry != Small::Entry::kByName;
        use(s, Asked::kService);
        use(s, Asked::kIngress);
        if (container != 0) use(s, Asked::kWorkload);
      }
      s.entry = Small::Entry::kNone;
      if (container == 0 || s.type != "ClusterIP") continue;
      for (const Host host : {Host::kPort443, Host::kPort5432, Host::kLoopback, Host::kNetwork}) {
        s.host = host;
        use(s, Asked::kWorkload);
      }
      s.host = Host::kNone;
    }
  });
}

Decision engine(const Small& s, Asked asked) {
  World world(small_policy());
  const std::optional<Entrance> entry = ingress_of(s);
  if (asked != Asked::kService) world.add(service_of(s));
  if (asked != Asked::kWorkload && s.container != 0) world.add(workload_of(s));
  if (asked != Asked::kIngress && entry) world.add(*entry);
  if (asked == Asked::kService) return create(world, service_of(s)).decision;
  if (asked == Asked::kIngress) return create(world, *entry).decision;
  return create(world, workload_of(s)).decision;
}

TEST(SmallWorld, AgreesWithTheReferenceEverywhereAndNoticesEveryMutant) {
  constexpr Mutant kMutants[] = {
      Mutant::kForgetsHiddenNodePorts,  Mutant::kForgetsExternalIps,  Mutant::kForgetsTheContainerPort,
      Mutant::kForgetsTheNumberShown,   Mutant::kForgetsIngress,      Mutant::kForgetsHostNetwork,
      Mutant::kTakesLoopbackForOutside, Mutant::kTakesUnknownForSafe,
  };
  std::set<Mutant> noticed;
  int asked_in_all = 0;
  int wrong = 0;
  each_question([&](const Small& s, Asked asked) {
    ++asked_in_all;
    const Decision got = engine(s, asked);
    const Decision expected = reference(s, asked, Mutant::kNone);
    if (got != expected && ++wrong <= 5) {
      ADD_FAILURE() << to_text(s) << " asked " << static_cast<int>(asked) << ": " << to_string(got)
                    << ", reference " << to_string(expected);
    }
    for (const Mutant mutant : kMutants) {
      if (reference(s, asked, mutant) != got) noticed.insert(mutant);
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(asked_in_all, 10'000);
  for (const Mutant mutant : kMutants) {
    EXPECT_EQ(noticed.count(mutant), 1u) << "mutant " << static_cast<int>(mutant) << " was not noticed";
  }
}

}  // namespace
}  // namespace berth
