#include "core/allocation/occupancy.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::own;
using testing::port;
using testing::service;
using testing::service_port;

std::string text(const std::vector<NumberKey>& keys) {
  std::string result;
  for (const NumberKey& key : keys) result += to_string(key) + " ";
  return result;
}

TEST(Generated, FollowsTheControllerThenTheLabelsAndTheName) {
  const PortAllocation web = allocation("web", {port("api")});
  struct Case {
    const char* name;
    void (*change)(Meta&);
    const char* expected;
  };
  const Case cases[] = {
      {"as generated", [](Meta&) {}, "uid-web"},
      {"labels lost", [](Meta& meta) { meta.labels.clear(); }, "uid-web"},
      {"reference lost", [](Meta& meta) { meta.owner_references.clear(); }, "uid-web"},
      {"label of another", [](Meta& meta) { meta.labels[kOwnerUidLabel] = "uid-x"; }, "uid-web"},
      {"only a reference that does not control",
       [](Meta& meta) {
         meta.owner_references[0].controller = false;
         meta.labels.clear();
       },
       ""},
      {"controlled by another kind", [](Meta& meta) { meta.owner_references[0].kind = "Deployment"; }, ""},
      {"controlled by another group",
       [](Meta& meta) { meta.owner_references[0].api_version = "berth.development/v1"; }, ""},
      {"a copy under another name", [](Meta& meta) { meta.name = "web-copy"; }, ""},
      {"the second Service", [](Meta& meta) { meta.name = "web-internal"; }, "uid-web"},
      {"foreign", [](Meta& meta) { meta = {}; }, ""},
  };
  for (const Case& c : cases) {
    Meta meta;
    meta.name = "web";
    own(meta, web);
    c.change(meta);
    EXPECT_EQ(generated_for(meta).text, c.expected) << c.name;
  }
}

TEST(Uses, CountWhatEachSpaceGivesAway) {
  Service lb =
      service("data", "lb", "LoadBalancer", {service_port("a", 443, 31000), service_port("b", 53, 0)});
  lb.ports[1].protocol = Protocol::kUdp;
  lb.health_check_node_port = 32000;
  const Service node = service("data", "np", "NodePort", {service_port("a", 80, 30080)});
  const Service inside = service("data", "ci", "ClusterIP", {service_port("a", 5432, 0)});
  const Service external = service("data", "en", "ExternalName", {service_port("a", 80, 0)});
  EXPECT_EQ(text(numbers_of(lb, Space::kNodePort)), "31000 32000 ");
  EXPECT_EQ(text(numbers_of(lb, Space::kService)), "443-TCP 53-UDP ");
  EXPECT_EQ(text(numbers_of(node, Space::kNodePort)), "30080 ");
  // Ports of a Service with its own cluster IP are in nobody's way.
  EXPECT_EQ(text(numbers_of(node, Space::kService)), "");
  EXPECT_EQ(text(numbers_of(inside, Space::kService)), "");
  EXPECT_EQ(text(numbers_of(external, Space::kService)), "");
  EXPECT_EQ(text(numbers_of(lb, Space::kHostPort)), "");
}

TEST(Uses, TellOwnFromForeign) {
  const PortAllocation web = allocation("web", {port("api")});
  testing::Cluster cluster;
  cluster.put(Space::kNodePort, 24500, testing::entry(web, "api", 1));
  Service mine = service("mesh", "web", "NodePort", {service_port("api", 24500, 24500)});
  own(mine.meta, web);
  mine.health_check_node_port = 24599;
  const Service foreign = service("data", "np", "NodePort", {service_port("a", 80, 24501)});
  const Uses uses({&mine, &foreign});
  const Ledger& ledger = cluster.ledgers.in(Space::kNodePort);
  EXPECT_EQ(uses.external(ledger, {Port::of(24500)}), nullptr);
  ASSERT_NE(uses.external(ledger, {Port::of(24501)}), nullptr);
  EXPECT_EQ(uses.external(ledger, {Port::of(24501)})->holder, "Service data/np (nodePort)");
  // The health check's number was never granted: it is external even to its own allocation.
  ASSERT_NE(uses.other_than(web.meta.uid, Space::kNodePort, {Port::of(24599)}), nullptr);
  EXPECT_TRUE(uses.used_by(web.meta.uid, Space::kNodePort, {Port::of(24500)}));
  EXPECT_FALSE(uses.used_by({"uid-x"}, Space::kNodePort, {Port::of(24500)}));
  // Without an entry the number of an own Service is external to everybody but its owner.
  cluster.ledgers.remove("nodeport-095");
  EXPECT_NE(uses.external(cluster.ledgers.in(Space::kNodePort), {Port::of(24500)}), nullptr);
  EXPECT_EQ(uses.other_than(web.meta.uid, Space::kNodePort, {Port::of(24500)}), nullptr);
  EXPECT_NE(uses.other_than({"uid-x"}, Space::kNodePort, {Port::of(24500)}), nullptr);
}

TEST(Uses, SeeAnInsideServiceShowItsNumber) {
  const PortAllocation web = allocation("web", {port("api")});
  Service mine = service("mesh", "web", "ClusterIP", {service_port("api", 24500, 0)});
  own(mine.meta, web);
  const Uses uses({&mine});
  EXPECT_TRUE(uses.used_by(web.meta.uid, Space::kNodePort, {Port::of(24500)}));
  EXPECT_EQ(uses.other_than({"uid-x"}, Space::kNodePort, {Port::of(24500)}), nullptr);
}

TEST(Uses, CountHostPortsOfLivingPods) {
  PortAllocation agent = allocation("agent", {port("api")});
  Workload pod;
  pod.kind = "Pod";
  pod.meta.ns = "mesh";
  pod.meta.name = "agent-1";
  pod.meta.labels = {{"app", "agent"}};
  pod.pod.containers = {{"c", "", "", {{"api", 8080, 9000, "", Protocol::kTcp}}}};
  Workload done = pod;
  done.phase = "Succeeded";
  done.pod.containers[0].ports[0].host_port = 9001;
  const Uses uses({}, {&pod, &done}, {&agent});
  const NumberKey key{Port::of(9000), Protocol::kTcp};
  EXPECT_EQ(uses.other_than(agent.meta.uid, Space::kHostPort, key), nullptr);
  ASSERT_NE(uses.other_than({"uid-x"}, Space::kHostPort, key), nullptr);
  EXPECT_EQ(text(uses.keys(Space::kHostPort)), "9000-TCP ");
}

TEST(Uses, OfAPodCountOnItsNodeOnly) {
  PortAllocation agent = allocation("agent", {port("api")});
  Workload pod;
  pod.kind = "Pod";
  pod.meta.ns = "mesh";
  pod.meta.name = "agent-1";
  pod.meta.labels = {{"app", "agent"}};
  pod.pod.node_name = "device-1";
  pod.pod.containers = {{"c", "", "", {{"api", 8080, 9000, "", Protocol::kTcp}}}};
  const Uses uses({}, {&pod}, {&agent});
  const NumberKey everywhere{Port::of(9000), Protocol::kTcp};
  const NumberKey here{Port::of(9000), Protocol::kTcp, "device-1"};
  const NumberKey there{Port::of(9000), Protocol::kTcp, "device-2"};
  const Uid other{"uid-x"};
  EXPECT_NE(uses.other_than(other, Space::kHostPort, everywhere), nullptr);
  EXPECT_NE(uses.other_than(other, Space::kHostPort, here), nullptr);
  EXPECT_EQ(uses.other_than(other, Space::kHostPort, there), nullptr);
  EXPECT_TRUE(uses.used_by(agent.meta.uid, Space::kHostPort, everywhere));
  EXPECT_TRUE(uses.used_by(agent.meta.uid, Space::kHostPort, here));
  EXPECT_FALSE(uses.used_by(agent.meta.uid, Space::kHostPort, there));
  EXPECT_FALSE(uses.used_by(other, Space::kHostPort, here));

  // Not yet scheduled it may land anywhere.
  pod.pod.node_name.clear();
  const Uses waiting({}, {&pod}, {&agent});
  EXPECT_NE(waiting.other_than(other, Space::kHostPort, there), nullptr);
}

TEST(Uses, OfAHostPortAreExternalUnlessTheHolderOnThatNodeHasThem) {
  PortAllocation agent = allocation("agent", {port("api")});
  Workload pod;
  pod.kind = "Pod";
  pod.meta.ns = "mesh";
  pod.meta.name = "agent-1";
  pod.meta.labels = {{"app", "agent"}};
  pod.pod.node_name = "device-1";
  pod.pod.containers = {{"c", "", "", {{"api", 8080, 9000, "", Protocol::kTcp}}}};
  const NumberKey here{Port::of(9000), Protocol::kTcp, "device-1"};
  const Uses uses({}, {&pod}, {&agent});
  const auto external = [&](const char* key, const PortAllocation& owner) {
    PortLedger shard;
    shard.meta.name = "hostport-035";
    shard.spec = {.space = "HostPort", .shard = 35, .next_sequence = 2};
    shard.spec.entries[key] = encode(testing::entry(owner, "api", 1));
    Ledger ledger(Space::kHostPort);
    EXPECT_TRUE(ledger.put(shard).ok());
    return uses.external(ledger, here) != nullptr;
  };
  EXPECT_FALSE(external("9000-TCP", agent));
  EXPECT_FALSE(external("9000-TCP@device-1", agent));
  EXPECT_TRUE(external("9000-TCP@device-2", agent)) << "held on another node";
  EXPECT_TRUE(external("9000-UDP", agent));
  EXPECT_TRUE(external("9000-TCP", allocation("other", {port("api")})));
}

TEST(InternalNumbers, AreDecidedPerPolicy) {
  const auto line = [](std::int64_t number, std::vector<std::string> spans,
                       Protocol protocol = Protocol::kTcp) {
    PolicyPort result;
    result.port = number;
    result.ports = std::move(spans);
    result.protocol = protocol;
    result.service = "svc";
    return result;
  };
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  policy.spec.external = {line(443, {}), line(8200, {}), line(7000, {}), line(0, {"9000-9010"})};
  policy.spec.internal = {line(5432, {}), line(0, {"8192-60000"}), line(7000, {}),
                          line(53, {}, Protocol::kUdp)};
  struct Case {
    std::int64_t number;
    Protocol protocol;
    bool internal;
  };
  for (const Case& c :
       {Case{5432, Protocol::kTcp, true}, Case{5432, Protocol::kUdp, false}, Case{443, Protocol::kTcp, false},
        Case{8193, Protocol::kTcp, true}, Case{8200, Protocol::kTcp, false},  // exact beats span
        Case{7000, Protocol::kTcp, true},                                     // between equals internal wins
        Case{9005, Protocol::kTcp, true},                                     // both spans
        Case{53, Protocol::kUdp, true}, Case{53, Protocol::kTcp, false}}) {
    EXPECT_EQ(InternalNumbers({&policy}).find(Port::of(c.number), c.protocol).has_value(), c.internal)
        << c.number;
  }
  // Another policy that lists the number as external does not open what this one closes.
  ExposurePolicy lenient;
  lenient.meta.name = "a";
  lenient.spec.external = {line(5432, {})};
  const auto finding = InternalNumbers({&lenient, &policy}).find(Port::of(5432), Protocol::kTcp);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->policy, "control-plane");
  // In force only where its selector reaches, when the question is about a namespace.
  policy.spec.namespace_selector.match_labels = {{"tier", "prod"}};
  const InternalNumbers scoped({&policy});
  const Labels prod = {{"tier", "prod"}};
  const Labels test = {{"tier", "test"}};
  EXPECT_TRUE(scoped.find(Port::of(5432), Protocol::kTcp, &prod));
  EXPECT_FALSE(scoped.find(Port::of(5432), Protocol::kTcp, &test));
  EXPECT_TRUE(scoped.find(Port::of(5432), Protocol::kTcp, nullptr));
  EXPECT_TRUE(scoped.find(Port::of(5432), Protocol::kTcp));
}

TEST(InternalNumbers, CloseEverythingWhenALineCannotBeRead) {
  ExposurePolicy policy;
  policy.spec.internal = {{}};
  policy.spec.internal[0].ports = {"5432,27017"};
  EXPECT_TRUE(InternalNumbers({&policy}).find(Port::of(1), Protocol::kTcp));
}

}  // namespace
}  // namespace berth::allocation
