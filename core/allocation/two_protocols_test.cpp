// One number under two protocols: asked for by two ports, or by one with alsoProtocol.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/chooser.h"
#include "core/allocation/release.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::outcome_for;

constexpr const char* kEverySpace[] = {"NodePort", "Service", "HostPort"};

AllocationPort udp(std::string name, std::int64_t number = 0) {
  return testing::port(std::move(name), number, Protocol::kUdp);
}

// TCP and UDP under one number.
AllocationPort both(std::string name, std::int64_t number = 0) {
  AllocationPort port = testing::port(std::move(name), number);
  port.also_protocol = Protocol::kUdp;
  return port;
}

PortAllocation asking(std::string name, std::vector<AllocationPort> ports, int second = 0) {
  return effective(testing::allocation(std::move(name), std::move(ports), second), {});
}

Cluster cluster_in(const std::string& space, std::vector<std::string> ports = {"24500-24509"}) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", space, std::move(ports))};
  return cluster;
}

// Somebody else holds this.
void hold(Cluster& cluster, Space space, std::int64_t number, Protocol protocol) {
  const PortAllocation other = testing::allocation("other", {testing::port("x")});
  cluster.put(space, number, testing::entry(other, "x" + std::to_string(number), 1, protocol), protocol);
}

std::string claim_one(Cluster& cluster, const PortAllocation& object) {
  cluster.allocations = {object};
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  return outcome_for(plan, object.meta.name);
}

bool is_settled(const Cluster& cluster, const PortAllocation& object) {
  return !wants_numbers(object, cluster.ledgers, cluster.compiled(), cluster.uses());
}

TEST(TwoProtocols, ShareANumberThatBothAskFor) {
  for (const char* space : kEverySpace) {
    Cluster cluster = cluster_in(space);
    const PortAllocation dns = asking("dns", {udp("udp", 24503), testing::port("tcp", 24503)});
    EXPECT_EQ(claim_one(cluster, dns), "udp:24503 tcp:24503") << space;
    EXPECT_TRUE(is_settled(cluster, dns)) << space;
    const bool one_owner = std::string(space) == "NodePort";
    EXPECT_EQ(cluster.ledgers.of_owner(dns.meta.uid).size(), one_owner ? 1U : 2U) << space;
  }
}

TEST(TwoProtocols, ShareRowsThatBothAskFor) {
  Cluster cluster = cluster_in("NodePort");
  AllocationPort first = udp("udp", 24503);
  AllocationPort second = testing::port("tcp", 24503);
  first.count = second.count = 2;
  EXPECT_EQ(claim_one(cluster, asking("dns", {first, second})),
            "udp-0:24503 udp-1:24504 tcp-0:24503 tcp-1:24504");
}

TEST(TwoProtocols, KeepTheNumberWhenTheSecondAsksForIt) {
  Cluster cluster = cluster_in("NodePort");
  EXPECT_EQ(claim_one(cluster, asking("dns", {udp("udp")})), "udp:24500");
  EXPECT_EQ(claim_one(cluster, asking("dns", {udp("udp"), testing::port("tcp", 24500)})),
            "udp:24500 tcp:24500");
  EXPECT_EQ(claim_one(cluster, asking("other", {testing::port("tcp", 24500)}, 1)), "PortTaken");
}

// The entry still says UDP when the request is judged.
TEST(TwoProtocols, ARequestedNumberClashesWithWhatItsHolderBecomesByTheSameEdit) {
  Cluster cluster = cluster_in("NodePort");
  EXPECT_EQ(claim_one(cluster, asking("web", {udp("web", 24503)})), "web:24503");
  AllocationPort row = testing::port("x", 24503);
  row.count = 2;
  const PortAllocation edited = asking("web", {row, testing::port("web")});
  EXPECT_EQ(claim_one(cluster, edited), "PortRequestedTwice");
  EXPECT_EQ(claim_one(cluster, edited), "PortRequestedTwice");
  const auto entries = cluster.ledgers.of_owner(edited.meta.uid);
  ASSERT_EQ(entries.size(), 1U) << "all of the row or none of it";
  EXPECT_EQ(entries[0].entry.slots, (std::vector<Slot>{{"web", Protocol::kTcp}}));
}

TEST(TwoProtocols, ARequestedNumberIsSharedWithWhatItsHolderBecomesByTheSameEdit) {
  Cluster cluster = cluster_in("NodePort");
  EXPECT_EQ(claim_one(cluster, asking("web", {testing::port("web", 24503)})), "web:24503");
  const PortAllocation edited = asking("web", {testing::port("x", 24503), udp("web")});
  EXPECT_EQ(claim_one(cluster, edited), "x:24503 web:24503");
  EXPECT_TRUE(is_settled(cluster, edited));
}

// ---- alsoProtocol ----

TEST(AlsoProtocol, GetsOneNumberForBoth) {
  for (const char* space : kEverySpace) {
    Cluster cluster = cluster_in(space);
    const PortAllocation dns = asking("dns", {both("dns"), testing::port("api")});
    EXPECT_EQ(claim_one(cluster, dns), "dns:24500 dns-udp:24500 api:24501") << space;
    EXPECT_TRUE(is_settled(cluster, dns)) << space;
    EXPECT_EQ(claim_one(cluster, asking("next", {both("dns", 24504)}, 1)), "dns:24504 dns-udp:24504")
        << space;
  }
}

TEST(AlsoProtocol, PassesOverNumbersThatAreTakenUnderOneOfThem) {
  for (const Space space : {Space::kService, Space::kHostPort}) {
    Cluster cluster = cluster_in(to_string(space));
    hold(cluster, space, 24500, Protocol::kTcp);
    hold(cluster, space, 24501, Protocol::kUdp);
    EXPECT_EQ(claim_one(cluster, asking("dns", {both("dns")})), "dns:24502 dns-udp:24502");
    // Alone, each protocol would have had a lower one.
    EXPECT_EQ(claim_one(cluster, asking("single", {testing::port("tcp"), udp("udp")}, 1)),
              "tcp:24501 udp:24500");
  }
}

TEST(AlsoProtocol, WaitsWhenNoNumberIsFreeForBoth) {
  Cluster cluster = cluster_in("Service", {"24500-24501"});
  hold(cluster, Space::kService, 24500, Protocol::kTcp);
  hold(cluster, Space::kService, 24501, Protocol::kUdp);
  cluster.allocations = {asking("dns", {both("dns")}), asking("young", {testing::port("tcp")}, 1)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "dns"), "RangeExhausted");
  EXPECT_EQ(outcome_for(plan, "young"), "tcp:24501");
}

TEST(AlsoProtocol, IsNotServedByHalf) {
  Cluster cluster = cluster_in("Service");
  hold(cluster, Space::kService, 24504, Protocol::kUdp);
  EXPECT_EQ(claim_one(cluster, asking("dns", {both("dns", 24504)})), "PortTaken");
  EXPECT_TRUE(cluster.ledgers.of_owner(Uid{"uid-dns"}).empty());
}

TEST(AlsoProtocol, AvoidsInternalNumbersOfEitherProtocol) {
  Cluster cluster = cluster_in("Service");
  ExposurePolicy policy;
  policy.meta.name = "p";
  policy.spec.internal = {{.ports = {"24500"}, .protocol = Protocol::kUdp},
                          {.ports = {"24501"}, .protocol = Protocol::kTcp}};
  cluster.policies = {policy};
  EXPECT_EQ(claim_one(cluster, asking("dns", {both("dns")})), "dns:24502 dns-udp:24502");
}

TEST(AlsoProtocol, MayComeLaterAndMovesNothing) {
  for (const char* space : kEverySpace) {
    Cluster cluster = cluster_in(space);
    EXPECT_EQ(claim_one(cluster, asking("a", {testing::port("x")})), "x:24500") << space;
    EXPECT_EQ(claim_one(cluster, asking("dns", {testing::port("dns")}, 1)), "dns:24501") << space;
    const PortAllocation edited = asking("dns", {both("dns")}, 1);
    EXPECT_EQ(claim_one(cluster, edited), "dns:24501 dns-udp:24501") << space;
    EXPECT_TRUE(is_settled(cluster, edited)) << space;
  }
}

TEST(AlsoProtocol, SaysSoWhenTheNumberIsNotFreeForIt) {
  Cluster cluster = cluster_in("Service");
  EXPECT_EQ(claim_one(cluster, asking("dns", {testing::port("dns")})), "dns:24500");
  hold(cluster, Space::kService, 24500, Protocol::kUdp);
  const PortAllocation edited = asking("dns", {both("dns")});
  cluster.allocations = {edited};
  const ClaimPlan plan = cluster.claim_all();
  const Refusal* refusal = testing::refusal_for(plan, "dns");
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(refusal->reason, RefusalReason::kCannotGrow);
  EXPECT_EQ(
      refusal->message,
      "port dns has the number 24500, but for UDP it is not free: remove alsoProtocol, or write another "
      "name for the port to get another number");
  const Holdings holdings =
      assess(edited, cluster.ledgers.of_owner(edited.meta.uid), cluster.compiled(), cluster.uses());
  EXPECT_EQ(holdings.serving.front().number, Port::of(24500)) << "what was held serves on";
}

TEST(AlsoProtocol, BringsTwoPortsTogether) {
  for (const char* space : kEverySpace) {
    Cluster cluster = cluster_in(space);
    EXPECT_EQ(claim_one(cluster, asking("dns", {testing::port("dns"), udp("dns-udp", 24504)})),
              "dns:24500 dns-udp:24504")
        << space;
    const PortAllocation edited = asking("dns", {both("dns")});
    EXPECT_EQ(claim_one(cluster, edited), "dns:24500 dns-udp:24500") << space;
    EXPECT_TRUE(is_settled(cluster, edited)) << space;
  }
}

TEST(AlsoProtocol, GivesItsProtocolBackWhenItGoes) {
  for (const char* space : kEverySpace) {
    Cluster cluster = cluster_in(space);
    (void)claim_one(cluster, asking("dns", {both("dns")}));
    const PortAllocation edited = asking("dns", {testing::port("dns")});
    EXPECT_EQ(claim_one(cluster, edited), "dns:24500") << space;
    const auto candidates = release_candidates(edited, cluster.ledgers.of_owner(edited.meta.uid),
                                               cluster.compiled(), cluster.uses(), false);
    ASSERT_EQ(candidates.size(), 1U) << space;
    EXPECT_EQ(candidates[0].number.key.port, Port::of(24500)) << space;
  }
}

TEST(AlsoProtocol, IsChosenAnewForBothWhenTheNumberIsLostBeforeItIsPublished) {
  Cluster cluster = cluster_in("NodePort");
  const PortAllocation dns = asking("dns", {both("dns")});
  (void)claim_one(cluster, dns);
  cluster.services = {testing::service("data", "s", "NodePort", {testing::service_port("a", 80, 24500)})};
  EXPECT_EQ(claim_one(cluster, dns), "dns:24501 dns-udp:24501");
}

TEST(AlsoProtocol, MigratesBothProtocols) {
  Cluster cluster = cluster_in("NodePort");
  AllocationPort port = both("dns", 24503);
  port.migrate_from = Migration{24508, ""};
  EXPECT_EQ(claim_one(cluster, asking("dns", {port})),
            "dns:24503 dns-old:24508 dns-udp:24503 dns-udp-old:24508");
}

}  // namespace
}  // namespace berth::allocation
