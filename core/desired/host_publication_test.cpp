#include "core/desired/host_publication.h"

#include <gtest/gtest.h>
#include <string>

#include "core/allocation/builders_for_test.h"

namespace berth::desired {
namespace {

using allocation::NumberKey;
using allocation::Uses;

// Allocation mesh/agent: port ssh, target 22, holds 3000 (on every node, or on `node`).
struct World {
  PortAllocation allocation = testing::allocation("agent", {testing::port("ssh", 3000)});
  std::vector<Workload> pods = {};
  std::string node = {};

  World() { port().target_port = std::int64_t{22}; }
  AllocationPort& port() { return allocation.spec.ports[0]; }

  Workload& pod(const std::string& name, std::int64_t host_port, const std::string& host_ip = "") {
    Workload made;
    made.kind = "Pod";
    made.meta.ns = "mesh";
    made.meta.name = name;
    made.meta.labels = {{"app", "agent"}};
    made.pod.node_name = "n1";
    made.pod.containers = {{"sshd", "", "", {{"ssh", 22, host_port, host_ip, Protocol::kTcp}}}};
    pods.push_back(made);
    return pods.back();
  }
  ContainerPort& only_port() { return pods.back().pod.containers[0].ports[0]; }

  [[nodiscard]] HostPublication judge() const {
    const NumberKey key{Port::of(3000), Protocol::kTcp, node};
    std::vector<allocation::Holding> numbers = {
        {.slot = {"ssh", Protocol::kTcp}, .number = Port::of(3000), .key = key}};
    const auto seen = testing::Cluster::pointers(pods);
    return judge_host_ports(allocation, numbers, seen, Uses({}, seen, {&allocation}));
  }
};

TEST(HostPublication, AgreesOrNamesWhatThePodLacks) {
  struct Case {
    const char* name;
    void (*change)(World&);
    const char* expected;
  };
  const Case cases[] = {
      {"nobody runs", [](World&) {}, "AwaitingPods"},
      {"carries it", [](World& w) { w.pod("a", 3000); }, "HostPort"},
      {"carries none", [](World& w) { w.pod("a", 0); }, "HostPortMissing"},
      {"carries another", [](World& w) { w.pod("a", 3001); }, "HostPortDiffers"},
      {"leads it to another container port",
       [](World& w) {
         w.pod("a", 3000);
         w.only_port().container_port = 8080;
       },
       "HostPortDiffers"},
      {"under another protocol",
       [](World& w) {
         w.pod("a", 3000);
         w.only_port().protocol = Protocol::kUdp;
       },
       "HostPortMissing"},
      {"by name",
       [](World& w) {
         w.port().target_port = std::string("ssh");
         w.pod("a", 3000);
       },
       "HostPort"},
      {"by a name that it does not have",
       [](World& w) {
         w.port().target_port = std::string("git");
         w.pod("a", 0);
       },
       "HostPortMissing"},
      {"without target: the number itself",
       [](World& w) {
         w.port().target_port = {};
         w.pod("a", 3000);
         w.only_port().container_port = 3000;
       },
       "HostPort"},
      {"in a sidecar",
       [](World& w) {
         Workload& pod = w.pod("a", 3000);
         pod.pod.init_containers = pod.pod.containers;
         pod.pod.init_containers[0].restart_policy = "Always";
         pod.pod.containers[0].ports.clear();
       },
       "HostPort"},
      {"one of two lacks it",
       [](World& w) {
         w.pod("a", 3000);
         w.pod("b", 0);
       },
       "HostPortMissing"},
      {"who lacks it has ended or goes",
       [](World& w) {
         w.pod("a", 3000);
         w.pod("b", 0).phase = "Failed";
         w.pod("c", 0).meta.deletion_timestamp = "2026-11-21T10:00:00Z";
       },
       "HostPort"},
      {"who lacks it is not selected",
       [](World& w) {
         w.pod("a", 3000);
         w.pod("b", 0).meta.labels = {{"app", "other"}};
       },
       "HostPort"},
      {"a stranger has it",
       [](World& w) {
         w.pod("a", 3000);
         w.pod("b", 3000).meta.labels = {{"app", "other"}};
       },
       "PortTaken"},
      {"on the network of the host",
       [](World& w) {
         w.pod("a", 0).pod.host_network = true;
         w.port().target_port = std::int64_t{3000};
         w.only_port().container_port = 3000;
       },
       "HostPort"},
      {"on its node",
       [](World& w) {
         w.node = "n1";
         w.pod("a", 3000);
       },
       "HostPort"},
      {"on another node",
       [](World& w) {
         w.node = "n2";
         w.pod("a", 3000);
       },
       "PodOnOtherNode"},
      {"a stranger has it on another node",
       [](World& w) {
         w.node = "n1";
         w.pod("a", 3000);
         Workload& other = w.pod("b", 3000);
         other.meta.labels = {{"app", "other"}};
         other.pod.node_name = "n2";
       },
       "HostPort"},
      {"not yet scheduled",
       [](World& w) {
         w.node = "n2";
         w.pod("a", 3000).pod.node_name.clear();
       },
       "HostPort"},
  };
  for (const Case& c : cases) {
    World world;
    c.change(world);
    const HostPublication told = world.judge();
    EXPECT_EQ(told.reason, c.expected) << c.name << ": " << told.message;
    const bool well = told.reason == "HostPort" || told.reason == "AwaitingPods";
    EXPECT_EQ(told.published, well) << c.name;
  }
}

TEST(HostPublication, ComparesTheAddress) {
  struct Case {
    const char* exposure;
    const char* host_ip;  // of the allocation
    const char* pod_ip;
    bool same;
  };
  const Case cases[] = {
      {"External", "", "", true},
      {"External", "", "0.0.0.0", true},
      {"External", "", "::", true},
      {"External", "", "10.0.0.7", false},
      {"External", "", "127.0.0.1", false},
      {"External", "10.0.0.7", "10.0.0.7", true},
      {"External", "10.0.0.7", "", false},
      {"External", "10.0.0.7", "10.0.0.8", false},
      {"External", "2001:db8::1", "2001:0db8:0:0::1", true},
      {"Localhost", "", "127.0.0.1", true},
      {"Localhost", "", "127.0.0.53", true},
      {"Localhost", "", "::1", true},
      {"Localhost", "", "", false},
      {"Localhost", "", "10.0.0.7", false},
      {"Localhost", "127.0.0.2", "127.0.0.2", true},
      {"Localhost", "127.0.0.2", "127.0.0.1", false},
  };
  for (const Case& c : cases) {
    World world;
    world.allocation.spec.exposure = c.exposure;
    world.port().host_ip = c.host_ip;
    world.pod("a", 3000, c.pod_ip);
    const HostPublication told = world.judge();
    EXPECT_EQ(told.reason, c.same ? "HostPort" : "HostIPDiffers")
        << c.exposure << " " << c.host_ip << " / " << c.pod_ip << ": " << told.message;
  }
}

TEST(HostPublication, SaysWhatToWriteAndNamesFewPods) {
  World world;
  world.allocation.spec.exposure = "Localhost";
  for (const char* name : {"g", "f", "e", "d", "c", "b", "a"}) world.pod(name, 0);
  EXPECT_EQ(world.judge().message,
            "Pod mesh/a, mesh/b, mesh/c, mesh/d, mesh/e and others has no host port for port ssh: write "
            "hostPort: 3000 beside containerPort: 22");
  for (Workload& pod : world.pods) pod.pod.containers[0].ports[0].host_port = 3000;
  EXPECT_EQ(world.judge().message,
            "Pod mesh/a, mesh/b, mesh/c, mesh/d, mesh/e and others has port ssh listen on another address: "
            "write hostIP: 127.0.0.1 beside hostPort: 3000");
  for (Workload& pod : world.pods) pod.pod.containers[0].ports[0].host_ip = "127.0.0.1";
  EXPECT_EQ(world.judge().message,
            "Pod mesh/a, mesh/b, mesh/c, mesh/d, mesh/e and others has every number as hostPort");
  world.node = "n2";
  EXPECT_EQ(
      world.judge().message,
      "Pod mesh/a, mesh/b, mesh/c, mesh/d, mesh/e and others runs on another node than n2, where 3000 is "
      "held for port ssh: bind the pods to that node, or write their node as spec.nodeName");
}

}  // namespace
}  // namespace berth::desired
