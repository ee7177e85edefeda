#include "core/allocation/host_ports.h"

#include <gtest/gtest.h>
#include <string>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

std::string text(const std::vector<NumberKey>& keys) {
  std::string result;
  for (const NumberKey& key : keys) result += to_string(key) + " ";
  return result;
}

ContainerPort opening(std::int64_t container_port, std::int64_t host_port,
                      Protocol protocol = Protocol::kTcp) {
  return {"", container_port, host_port, "", protocol};
}

Workload pod() {
  Workload made;
  made.kind = "Pod";
  made.meta.ns = "mesh";
  made.meta.name = "agent-1";
  made.meta.labels = {{"app", "agent"}};
  made.pod.node_name = "n1";
  return made;
}

TEST(HostPorts, AreThoseOfEveryContainerThatCanHaveThem) {
  Workload agent = pod();
  agent.pod.containers = {
      {"a", "", "", {opening(80, 9000), opening(81, 0), opening(53, 9053, Protocol::kUdp)}},
      {"b", "", "", {opening(82, 9000)}}};
  agent.pod.init_containers = {{"sidecar", "", "Always", {opening(83, 9003)}},
                               {"init", "", "", {opening(84, 9004)}}};
  agent.pod.ephemeral_containers = {{"debug", "", "", {opening(85, 9005)}}};
  EXPECT_EQ(text(host_numbers_of(agent)), "9000-TCP@n1 9003-TCP@n1 9004-TCP@n1 9053-UDP@n1 ");
}

TEST(HostPorts, OnTheNetworkOfTheHostEveryDeclaredPortIsOne) {
  Workload agent = pod();
  agent.pod.host_network = true;
  agent.pod.containers = {{"a", "", "", {opening(80, 80), opening(81, 0)}}};
  EXPECT_EQ(text(host_numbers_of(agent)), "80-TCP@n1 81-TCP@n1 ");
}

TEST(HostPorts, AreNoneOutsideOfWhatIsAPort) {
  Workload agent = pod();
  agent.pod.containers = {{"a", "", "", {opening(80, -1), opening(80, 70000), opening(80, 0)}}};
  EXPECT_EQ(text(host_numbers_of(agent)), "");
}

TEST(HostPorts, OfATemplateMayBeOnAnyNode) {
  Workload daemons = pod();
  daemons.kind = "DaemonSet";
  daemons.pod.node_name.clear();
  daemons.pod.containers = {{"a", "", "", {opening(80, 9000)}}};
  EXPECT_EQ(text(host_numbers_of(daemons)), "9000-TCP ");
  EXPECT_FALSE(is_serving_pod(daemons));
}

TEST(HostPorts, PodsThatEndedHaveGivenThemBack) {
  Workload agent = pod();
  for (const char* phase : {"", "Pending", "Running", "Unknown"}) {
    agent.phase = phase;
    EXPECT_TRUE(is_serving_pod(agent)) << phase;
  }
  for (const char* phase : {"Succeeded", "Failed"}) {
    agent.phase = phase;
    EXPECT_FALSE(is_serving_pod(agent)) << phase;
  }
}

TEST(HostPorts, BelongToWhoeverSelectsThePodInItsNamespace) {
  PortAllocation agent = testing::allocation("agent", {testing::port("api")});
  EXPECT_TRUE(takes_in(agent, pod()));
  Workload elsewhere = pod();
  elsewhere.meta.ns = "data";
  EXPECT_FALSE(takes_in(agent, elsewhere));
  Workload other = pod();
  other.meta.labels = {{"app", "other"}};
  EXPECT_FALSE(takes_in(agent, other));
  Workload template_of_it = other;
  template_of_it.kind = "Deployment";
  template_of_it.template_labels = {{"app", "agent"}};
  EXPECT_TRUE(takes_in(agent, template_of_it));
  agent.spec.selector.clear();
  EXPECT_FALSE(takes_in(agent, pod())) << "an empty selector takes nothing";
}

}  // namespace
}  // namespace berth::allocation
