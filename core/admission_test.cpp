// What judge() weighs beside the way itself: the lists of a policy, sources, allocations, impossible numbers.
#include "core/admission.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::update;

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

// --- lists ---

TEST(Lists, AnExactNumberBeatsARangeAndInternalWinsBetweenEquals) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal = {listed_range("8000-9999"), listed(443)};
  policy.spec.external = {listed(8443), listed(443), listed_range("9000-9100")};
  const World world(policy);
  EXPECT_EQ(create(world, load_balancer({port(8443)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, load_balancer({port(443, number_of(8443))})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, load_balancer({port(9050)})).decision, Decision::kDeny);
}

TEST(Lists, ASpanOfOneNumberIsExact) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal = {listed_range("8000-9999")};
  policy.spec.external = {listed_range("8443-8443")};
  EXPECT_EQ(create(World(policy), load_balancer({port(8443)})).decision, Decision::kAllow);
}

TEST(Passthrough, IsForWaysThatDoNotEndTls) {
  ExposurePolicy policy = control_plane();
  policy.spec.external.back().tls = "Passthrough";  // 8443
  World world(policy);
  world.add(service("ClusterIP", {port(80, number_of(8443)), port(8080)}));
  EXPECT_EQ(create(world, ingress({backend("web", 80)})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, ingress({backend("web", 8080)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, service("LoadBalancer", {port(443, number_of(8443))}, "lb")).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {port(8443)}, "np")).decision, Decision::kAllow);
  EXPECT_EQ(create(world, deployment({host_port(8443, 8443)})).decision, Decision::kAllow);
}

ExposurePolicy admins_only() {
  ExposurePolicy policy = control_plane();
  policy.spec.networks = {{"admins", {"10.20.0.0/16", "2001:db8::/32"}}, {"agents", {"10.64.0.0/10"}}};
  policy.spec.external.push_back(listed(9443));
  policy.spec.external.back().from = {"admins"};
  return policy;
}

TEST(From, BindsTheSourcesOfALoadBalancer) {
  const World world(admins_only());
  const auto with_ranges = [&](std::vector<std::string> ranges) {
    Service asked = load_balancer({port(9443)});
    asked.allocate_load_balancer_node_ports = false;
    asked.load_balancer_source_ranges = std::move(ranges);
    return create(world, asked).decision;
  };
  EXPECT_EQ(with_ranges({"10.20.0.0/16"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({"10.20.3.0/24", "2001:db8:7::/48"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.64.0.0/10"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.20.0.0/16", "10.21.0.0/16"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"everybody"}), Decision::kDeny);
}

TEST(From, IsNotKeptByWaysThatCannotRestrictTheirSources) {
  World world(admins_only());
  Service asked = load_balancer({port(9443)});
  asked.load_balancer_source_ranges = {"10.20.0.0/16"};
  const Verdict verdict = create(world, asked);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().via, "NodePort");

  EXPECT_EQ(create(world, service("NodePort", {port(9443)})).decision, Decision::kDeny);
  EXPECT_EQ(create(world, deployment({host_port(9443, 9443)})).decision, Decision::kDeny);
  world.add(service("ClusterIP", {port(9443)}));
  EXPECT_EQ(create(world, ingress({backend("web", 9443)})).decision, Decision::kDeny);
}

TEST(From, ALineWithoutItLetsEverybodyInAndLinesAddUp) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.push_back(policy.spec.external.back());
  policy.spec.external.back().from = {"agents"};
  Service asked = load_balancer({port(9443)});
  asked.allocate_load_balancer_node_ports = false;
  asked.load_balancer_source_ranges = {"10.20.0.0/16", "10.64.0.0/10"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kAllow);
  asked.load_balancer_source_ranges = {"192.0.2.0/24"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kDeny);
  policy.spec.external.back().from.clear();
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kAllow);
}

TEST(From, AnUndeclaredNetworkHoldsNobody) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.back().from = {"nobody"};
  Service asked = load_balancer({port(9443)});
  asked.allocate_load_balancer_node_ports = false;
  asked.load_balancer_source_ranges = {"10.20.0.0/16"};
  EXPECT_EQ(create(World(policy), asked).decision, Decision::kDeny);
}

// --- allocations ---

PortAllocation gateway() {
  PortAllocation made;
  made.meta = named("gateway");
  made.meta.uid = {"a-1"};
  made.spec.selector = {{"app", "web"}};
  made.spec.exposure = "External";
  AllocationPort api;
  api.name = "api";
  api.target_port.emplace<std::int64_t>(9000);
  made.spec.ports = {api};
  AllocatedPort given;
  given.name = "api";
  given.port = 24511;
  given.target_port.emplace<std::int64_t>(9000);
  made.status.ports = {given};
  return made;
}

Service generated(std::int64_t shown) {
  Service made = service("NodePort", {node_port(shown, 9000)}, "gateway");
  made.meta.labels["berth.dev/allocation-uid"] = "a-1";
  return made;
}

Decision with_allocation(const PortAllocation& allocation, const Service& asked) {
  World world(control_plane());
  world.add(allocation);
  return create(world, asked).decision;
}

TEST(Allocations, DeclareTheNumberThatTheyWereGiven) {
  EXPECT_EQ(with_allocation(gateway(), generated(24511)), Decision::kAllow);
  EXPECT_EQ(with_allocation(gateway(), generated(24512)), Decision::kDeny);
  Service unlabelled = generated(24511);
  unlabelled.meta.labels.clear();
  EXPECT_EQ(with_allocation(gateway(), unlabelled), Decision::kAllow) << "what counts is what it does";
}

TEST(Allocations, DeclareEachNumberOfARow) {
  PortAllocation row = gateway();
  row.spec.ports.front().count = 3;
  row.status.ports = {{"api-0", 24511, Protocol::kTcp, number_of(9000)},
                      {"api-1", 24512, Protocol::kTcp, number_of(9001)},
                      {"api-2", 24513, Protocol::kTcp, number_of(9002)}};
  const auto decision = [&](std::int64_t shown, std::int64_t target) {
    Service asked = service("NodePort", {node_port(shown, target)}, "gateway");
    asked.meta.labels["berth.dev/allocation-uid"] = "a-1";
    return with_allocation(row, asked);
  };
  EXPECT_EQ(decision(24511, 9000), Decision::kAllow);
  EXPECT_EQ(decision(24513, 9002), Decision::kAllow);
  EXPECT_EQ(decision(24514, 9003), Decision::kDeny) << "one too many";
  EXPECT_EQ(decision(24511, 9001), Decision::kDeny) << "the number of another one";
}

TEST(Allocations, DeclareTheOldNumberUntilItIsGivenBack) {
  PortAllocation migrating = gateway();
  migrating.spec.ports.front().migrate_from = Migration{8080, "2020-01-01T00:00:00Z"};
  EXPECT_EQ(with_allocation(migrating, generated(24511)), Decision::kAllow);
  EXPECT_EQ(with_allocation(migrating, generated(8080)), Decision::kAllow);
  EXPECT_EQ(with_allocation(migrating, generated(8081)), Decision::kDeny);
  EXPECT_EQ(with_allocation(gateway(), generated(8080)), Decision::kDeny);
  // Status holds everything, and the old number not any more: it has ended.
  migrating.status.observed_generation = migrating.meta.generation;
  migrating.status.conditions = {{"Allocated", "True", migrating.meta.generation, "", "NumbersHeld", ""}};
  EXPECT_EQ(with_allocation(migrating, generated(8080)), Decision::kDeny);
}

TEST(Allocations, DeclareNothingElse) {
  const auto altered = [](auto alter) {
    PortAllocation allocation = gateway();
    alter(allocation);
    return with_allocation(allocation, generated(24511));
  };
  EXPECT_EQ(altered([](auto& a) { a.meta.ns = "web"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.selector = {{"app", "other"}}; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.selector.clear(); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.exposure = "Cluster"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.exposure = ""; }), Decision::kDeny) << "the default is Cluster";
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().exposure = "Namespace"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().protocol = Protocol::kUdp; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.spec.ports.front().target_port = number_of(9001); }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) { a.meta.deletion_timestamp = "2026-11-18T10:00:00Z"; }), Decision::kDeny);
  EXPECT_EQ(altered([](auto& a) {
              a.spec.exposure = "Cluster";
              a.spec.ports.front().exposure = "External";
            }),
            Decision::kAllow);
}

TEST(Allocations, CountByTheirLabelWhileTheNumberIsNotKnown) {
  PortAllocation waiting = gateway();
  waiting.status.ports.clear();
  EXPECT_EQ(with_allocation(waiting, generated(24511)), Decision::kAllow);
  Service unlabelled = generated(24511);
  unlabelled.meta.labels.clear();
  EXPECT_EQ(with_allocation(waiting, unlabelled), Decision::kDeny);
  waiting.spec.ports.front().port = 24511;
  EXPECT_EQ(with_allocation(waiting, unlabelled), Decision::kAllow);
  EXPECT_EQ(with_allocation(waiting, generated(24512)), Decision::kDeny);
}

TEST(Allocations, DoNotMakeAnInternalPortPublic) {
  PortAllocation database = gateway();
  database.spec.ports.front().target_port.emplace<std::int64_t>(5432);
  Service asked = generated(24511);
  asked.ports.front().port = 5432;
  EXPECT_EQ(with_allocation(database, asked), Decision::kDeny);
}

TEST(Allocations, CoverANamedTargetOfThePods) {
  PortAllocation by_name = gateway();
  by_name.spec.ports.front().target_port.emplace<std::string>("api");
  World world(control_plane());
  world.add(by_name).add(deployment({container_port(9000, "api"), container_port(9001, "admin")}));
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 80, name_of("api"))})).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 9000, number_of(9000))})).decision,
            Decision::kAllow);
  EXPECT_EQ(create(world, service("NodePort", {node_port(24511, 9001, number_of(9001))})).decision,
            Decision::kDeny);
}

TEST(Allocations, CoverAHostPort) {
  World world(control_plane());
  world.add(gateway());
  EXPECT_EQ(create(world, deployment({host_port(24511, 9000)})).decision, Decision::kAllow);
  EXPECT_EQ(create(world, deployment({host_port(24512, 9000)})).decision, Decision::kDeny);
}

TEST(Allocations, RestrictSourcesByTheirPeers) {
  ExposurePolicy policy = admins_only();
  policy.spec.external.back().port = 9000;
  const auto judged_with = [&](std::vector<AllocationPeer> peers) {
    PortAllocation allocation = gateway();
    allocation.spec.ports.front().allow_from = std::move(peers);
    World world(policy);
    world.add(allocation);
    return create(world, generated(24511)).decision;
  };
  AllocationPeer network;
  network.network = "admins";
  AllocationPeer range;
  range.cidr = "10.20.7.0/24";
  AllocationPeer wide;
  wide.cidr = "0.0.0.0/0";
  AllocationPeer pods;
  pods.ns = "web";
  EXPECT_EQ(judged_with({network, range, pods}), Decision::kAllow);
  EXPECT_EQ(judged_with({}), Decision::kDeny);
  EXPECT_EQ(judged_with({network, wide}), Decision::kDeny);
}

// --- numbers ---

TEST(ImpossibleNumbers, AreDeniedEvenInside) {
  const World world(control_plane());
  const Verdict verdict = create(world, service("ClusterIP", {port(70968), port(80, number_of(-1))}));
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  ASSERT_EQ(verdict.findings.size(), 2u);
  EXPECT_EQ(verdict.findings[0].path, "Service data/web spec.ports[0].port");
  EXPECT_EQ(verdict.findings[1].path, "Service data/web spec.ports[1].targetPort");
  EXPECT_EQ(verdict.findings[1].message, "'-1' is not a port: ports are whole numbers from 1 to 65535");
}

TEST(ImpossibleNumbers, ThatWereThereBeforePass) {
  const World world(control_plane());
  const Service before = service("ClusterIP", {port(70968)});
  EXPECT_EQ(update(world, before, before).decision, Decision::kAllow);
}

}  // namespace
}  // namespace berth
