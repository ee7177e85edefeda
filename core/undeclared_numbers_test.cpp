#include "core/undeclared_numbers.h"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

#include "core/allocation/builders_for_test.h"
#include "core/ask_for_test.h"

namespace berth {
namespace {

using exposure::testing::host_port;
using exposure::testing::node_port;
using exposure::testing::World;

// Namespace data, ranges over every space, and allocation web (UID "uid-web") for pods app=web.
struct Site {
  World world = {};
  NumberBooks books = {};
  PortAllocation web = {};
  std::map<std::string, allocation::Shard> shards = {};

  Site() {
    add_range("mesh", "NodePort", "24500-24599");
    add_range("front", "Service", "440-449");
    add_range("hosts", "HostPort", "3000-3099");
    web = berth::testing::allocation("web", {berth::testing::port("ssh", 3000)}, 0, "hosts");
    web.meta.ns = "data";
  }

  void add_range(const std::string& name, const std::string& space, const std::string& ports,
                 const std::string& undeclared = "Deny") {
    PortRange range = berth::testing::range(name, space, {ports});
    range.spec.undeclared = undeclared;
    books.put(std::make_shared<const PortRange>(range));
  }

  void hold(allocation::Space space, std::int64_t number, const PortAllocation& owner,
            const std::string& node = "", allocation::EntryState state = allocation::EntryState::kHeld) {
    allocation::NumberKey key =
        allocation::key_of(space, Port::of(static_cast<std::int32_t>(number)), Protocol::kTcp);
    key.node = node;
    const int index = allocation::shard_of(key.port);
    const std::string name = allocation::shard_name(space, index);
    auto& shard = shards.try_emplace(name, allocation::empty_shard(space, index)).first->second;
    allocation::Entry entry = berth::testing::entry(owner, "ssh", shard.next_sequence++);
    entry.state = state;
    shard.entries[key] = entry;
    books.put(std::make_shared<const PortLedger>(allocation::write_shard(shard)));
  }

  [[nodiscard]] Verdict create(Judged object, bool dry_run = false) const {
    AdmissionRequest request;
    request.object = std::move(object);
    request.dry_run = dry_run;
    return judge(request, world, books, berth::testing::kNow);
  }
  [[nodiscard]] Verdict update(Judged before, Judged after) const {
    AdmissionRequest request;
    request.operation = Operation::kUpdate;
    request.old_object = std::move(before);
    request.object = std::move(after);
    return judge(request, world, books, berth::testing::kNow);
  }
};

Service np(std::int64_t number) {
  return exposure::testing::service("NodePort", {node_port(number, 80)}, "web");
}

Service generated(std::int64_t number, const PortAllocation& owner) {
  Service service = np(number);
  berth::testing::own(service.meta, owner);
  return service;
}

Workload deployment(std::int64_t number) {
  return exposure::testing::deployment({host_port(number, 22)}, "sshd");
}

Workload pod(std::int64_t number, const std::string& node = "") {
  Workload made = exposure::testing::workload("Pod", "sshd-1", {host_port(number, 22)});
  made.meta.labels = made.template_labels;
  made.pod.node_name = node;
  return made;
}

TEST(UndeclaredNumbers, AreThoseInARangeThatNobodyHoldsForTheObject) {
  struct Case {
    const char* name;
    void (*arrange)(Site&);
    Judged object;
    Decision expected;
  };
  const auto nothing = [](Site&) {};
  const Case cases[] = {
      {"a nodePort inside", nothing, np(24511), Decision::kDeny},
      {"a nodePort outside", nothing, np(24600), Decision::kAllow},
      {"none", nothing, np(0), Decision::kAllow},
      {"a number of another space", nothing, np(3000), Decision::kAllow},
      {"a ClusterIP Service with such a port", nothing,
       exposure::testing::service("ClusterIP", {exposure::testing::port(443)}), Decision::kAllow},
      {"a load balancer", nothing, exposure::testing::service("LoadBalancer", {exposure::testing::port(443)}),
       Decision::kDeny},
      {"the hidden node port of one", nothing,
       exposure::testing::service("LoadBalancer", {node_port(24511, 8080)}), Decision::kDeny},
      {"a hostPort in a template", nothing, deployment(3000), Decision::kDeny},
      {"a hostPort of a pod", nothing, pod(3000), Decision::kDeny},
      {"an Ingress", nothing, exposure::testing::ingress({}), Decision::kAllow},
      {"an allocation that holds it, but the Service is not generated for it",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kNodePort, 24511, s.web);
       },
       np(24511), Decision::kDeny},
      {"the pods of an allocation that holds it",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3000, s.web);
       },
       deployment(3000), Decision::kAllow},
      {"held on the node of the pod",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3001, s.web, "n1");
       },
       pod(3001, "n1"), Decision::kAllow},
      {"held on another node",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3001, s.web, "n1");
       },
       pod(3001, "n2"), Decision::kDeny},
      {"held on some node, and the pod may land there",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3001, s.web, "n1");
       },
       deployment(3001), Decision::kAllow},
      {"asked for and not answered yet", [](Site& s) { s.world.add(s.web); }, deployment(3000),
       Decision::kAllow},
      {"asked for under another protocol",
       [](Site& s) {
         s.web.spec.ports[0].protocol = Protocol::kUdp;
         s.world.add(s.web);
       },
       deployment(3000), Decision::kDeny},
      {"asked for by one that is being deleted",
       [](Site& s) {
         s.web.meta.deletion_timestamp = "2026-11-21T10:00:00Z";
         s.world.add(s.web);
       },
       deployment(3000), Decision::kDeny},
      {"asked for, but held by another",
       [](Site& s) {
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3000, berth::testing::allocation("other", {}));
       },
       deployment(3000), Decision::kDeny},
      {"held by a namesake of another UID",
       [](Site& s) {
         PortAllocation gone = s.web;
         gone.meta.uid.text = "uid-old";
         s.web.spec.ports.clear();
         s.world.add(s.web);
         s.hold(allocation::Space::kHostPort, 3000, gone);
       },
       deployment(3000), Decision::kDeny},
      {"shown by the status of its allocation",
       [](Site& s) {
         s.web.spec.ports[0].port = 0;
         s.web.status.ports = {{"ssh", 3007, Protocol::kTcp, std::int64_t{22}}};
         s.world.add(s.web);
       },
       deployment(3007), Decision::kAllow},
      {"resting",
       [](Site& s) {
         s.hold(allocation::Space::kNodePort, 24511, s.web, "", allocation::EntryState::kResting);
       },
       np(24511), Decision::kDeny},
      {"reported only", [](Site& s) { s.add_range("mesh", "NodePort", "24500-24599", "Report"); }, np(24511),
       Decision::kWarn},
      {"reported when nothing is said", [](Site& s) { s.add_range("mesh", "NodePort", "24500-24599", ""); },
       np(24511), Decision::kWarn},
      {"of two ranges the one that denies",
       [](Site& s) { s.add_range("a-first", "NodePort", "24000-24999", "Report"); }, np(24511),
       Decision::kDeny},
      {"a range that is gone",
       [](Site& s) { s.books.remove(berth::testing::range("mesh", "NodePort", {"24500-24599"})); }, np(24511),
       Decision::kAllow},
  };
  for (const Case& c : cases) {
    Site site;
    c.arrange(site);
    const Verdict verdict = site.create(c.object);
    EXPECT_EQ(verdict.decision, c.expected) << c.name << ": " << outcome(verdict).message;
  }
}

TEST(UndeclaredNumbers, AGeneratedServiceIsFreeOnlyForTheNumbersOfItsOwner) {
  Site site;
  site.world.add(site.web);
  EXPECT_EQ(site.create(generated(24511, site.web)).decision, Decision::kDeny) << "the labels alone";
  site.hold(allocation::Space::kNodePort, 24511, site.web);
  EXPECT_EQ(site.create(generated(24511, site.web)).decision, Decision::kAllow);
  EXPECT_EQ(site.create(generated(24512, site.web)).decision, Decision::kDeny) << "another number";
  PortAllocation forged = site.web;
  forged.meta.uid.text = "uid-nobody";
  EXPECT_EQ(site.create(generated(24511, forged)).decision, Decision::kDeny) << "another UID";
  Service elsewhere = generated(24511, site.web);
  elsewhere.meta.ns = "other";
  EXPECT_EQ(site.create(elsewhere).decision, Decision::kDeny) << "another namespace";
  Service renamed = generated(24511, site.web);
  renamed.meta.name = "copy";
  EXPECT_EQ(site.create(renamed).decision, Decision::kDeny) << "a copy under another name";
  // The API server chooses the health check's number.
  Service local = generated(24511, site.web);
  local.health_check_node_port = 24520;
  EXPECT_EQ(site.create(local).decision, Decision::kAllow);
  Service foreign = np(0);
  foreign.health_check_node_port = 24520;
  EXPECT_EQ(site.create(foreign).decision, Decision::kDeny);
}

TEST(UndeclaredNumbers, AnUpdateIsJudgedByWhatItAdds) {
  Site site;
  EXPECT_EQ(site.update(np(24511), np(24511)).decision, Decision::kAllow);
  EXPECT_EQ(site.update(np(24511), np(24512)).decision, Decision::kDeny);
  EXPECT_EQ(site.update(np(24511), np(0)).decision, Decision::kAllow);
  EXPECT_EQ(site.update(deployment(3000), deployment(3000)).decision, Decision::kAllow);
  EXPECT_EQ(site.update(deployment(3000), deployment(3001)).decision, Decision::kDeny);
  Service going = np(24512);
  going.meta.deletion_timestamp = "2026-11-21T10:00:00Z";
  EXPECT_EQ(site.update(np(24511), going).decision, Decision::kAllow);
}

TEST(UndeclaredNumbers, PodsOfAnOldTemplateGoOnBeingMade) {
  Site site;
  Workload owner = deployment(3000);
  Workload set = owner;
  set.kind = "ReplicaSet";
  set.meta.name = "sshd-5";
  exposure::testing::own(set, owner);
  Workload made = pod(3000, "n1");
  exposure::testing::own(made, set);
  EXPECT_EQ(site.create(made).decision, Decision::kDeny) << "nobody knows the owner";
  site.world.add(owner).add(set);
  EXPECT_EQ(site.create(made).decision, Decision::kAllow);
  EXPECT_EQ(site.create(set).decision, Decision::kAllow);
  Workload other = pod(3001, "n1");
  exposure::testing::own(other, set);
  EXPECT_EQ(site.create(other).decision, Decision::kDeny);
}

TEST(UndeclaredNumbers, OfADryRunCountOnlyWhenTheyAreReal) {
  Site site;
  site.add_range("high", "NodePort", "32700-32800");
  EXPECT_EQ(site.create(np(32769), true).decision, Decision::kAllow) << "the server's dummy";
  EXPECT_EQ(site.create(np(32769)).decision, Decision::kDeny);
  EXPECT_EQ(site.create(np(32768), true).decision, Decision::kDeny);
}

TEST(UndeclaredNumbers, TheAnswerSaysWhoseTheNumberIsAndWhatToWrite) {
  Site site;
  EXPECT_EQ(
      outcome(site.create(np(24511))).message,
      "\n  nodePort 24511 belongs to PortRange mesh, and no PortAllocation holds it for this object:"
      "\n    Service data/web (NodePort) nodePort 24511"
      "\n  fix: ask for it (any namespace may) with a PortAllocation of rangeName: mesh and port: 24511, and "
      "take this number out here: Berth makes the Service; or write a nodePort outside 24500-24599 (where "
      "none was written, the API server chose this one)");
  EXPECT_EQ(outcome(site.create(deployment(3000))).message,
            "\n  hostPort 3000 belongs to PortRange hosts, and no PortAllocation holds it for this object:"
            "\n    Deployment data/sshd container main hostPort 3000"
            "\n  fix: ask for it (any namespace may) with a PortAllocation of rangeName: hosts and port: "
            "3000 whose "
            "selector takes these pods in; or write a hostPort outside 3000-3099");
  site.hold(allocation::Space::kHostPort, 3000, berth::testing::allocation("other", {}));
  EXPECT_EQ(
      outcome(site.create(deployment(3000))).message,
      "\n  hostPort 3000 belongs to PortRange hosts and is held by PortAllocation mesh/other, not for this "
      "object:"
      "\n    Deployment data/sshd container main hostPort 3000"
      "\n  fix: write a hostPort outside 3000-3099, or ask for another number with a PortAllocation");
  PortRange restricted = berth::testing::range("host", "HostPort", {"1-65535"});
  restricted.spec.reserved = {{{"22"}, "system"}};
  restricted.spec.namespace_selector.match_labels = {{"team", "a"}};
  site.books.put(std::make_shared<const PortRange>(restricted));
  const Outcome told = outcome(site.create(deployment(22)));
  EXPECT_TRUE(told.allowed);
  ASSERT_EQ(told.warnings.size(), 1U);
  EXPECT_EQ(
      told.warnings[0],
      "hostPort 22 belongs to PortRange host, which reserves it (system): Deployment data/sshd container "
      "main hostPort 22");
  const auto findings = site.create(deployment(23)).findings;
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].fix.find("namespaces that its namespaceSelector takes in may"), std::string::npos);
}

TEST(UndeclaredNumbers, StandBesideWhatPoliciesSay) {
  Site site;
  site.world.add(exposure::testing::control_plane());
  const Verdict verdict = site.create(exposure::testing::service("NodePort", {node_port(24511, 5432)}));
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  const std::string message = outcome(verdict).message;
  EXPECT_NE(message.find("port 5432 (PostgreSQL) is internal"), std::string::npos) << message;
  EXPECT_NE(message.find("belongs to PortRange mesh"), std::string::npos) << message;
}

}  // namespace
}  // namespace berth
