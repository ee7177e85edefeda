// Old numbers beside new ones (migrateFrom): who may have them, and when they go.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/release.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::outcome_for;

AllocationPort migrating(AllocationPort port, std::int64_t old, std::string until = "") {
  port.migrate_from = Migration{old, std::move(until)};
  return port;
}

PortAllocation asking(std::string name, std::vector<AllocationPort> ports, int second = 0) {
  return effective(testing::allocation(std::move(name), std::move(ports), second), {});
}

Cluster mesh() {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24509"})};
  return cluster;
}

std::string claim_one(Cluster& cluster, const PortAllocation& object) {
  cluster.allocations = {object};
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  return outcome_for(plan, object.meta.name);
}

TEST(OldNumber, MayLieInTheRangeInAnotherOneOrInNone) {
  struct Case {
    std::string name;
    std::int64_t old;
    std::string expected;
  };
  const Case cases[] = {
      {"outside every range", 8080, "a:24501 a-old:8080"},
      {"in the range", 24505, "a:24501 a-old:24505"},
      {"in another range", 24601, "a:24501 a-old:24601"},
      {"in a range for other namespaces", 24701, "NamespaceNotAllowed"},
      {"reserved by its own range", 24509, "PortReserved"},
      {"reserved by another range", 24609, "PortReserved"},
      {"held by somebody else", 24500, "PortTaken"},
      {"used by somebody else", 8081, "PortTaken"},
      {"resting after somebody else", 8082, "PortResting"},
      {"internal by a policy", 8083, "PortInternal"},
  };
  for (const Case& each : cases) {
    Cluster cluster = mesh();
    cluster.ranges.push_back(testing::range("more", "NodePort", {"24600-24609"}));
    cluster.ranges.push_back(testing::range("closed", "NodePort", {"24700-24709"}));
    cluster.ranges.push_back(testing::range("hosts", "HostPort", {"8000-9000"}));
    cluster.ranges[0].spec.reserved = {{{"24509"}, "kept"}};
    cluster.ranges[1].spec.reserved = {{{"24609"}, "kept"}};
    cluster.ranges[2].spec.namespace_selector.match_labels = {{"team", "red"}};
    cluster.ranges[3].spec.reserved = {{{"8080"}, "of no meaning in this space"}};
    (void)claim_one(cluster, testing::allocation("first", {testing::port("x")}));  // holds 24500
    cluster.services = {testing::service("data", "s", "NodePort", {testing::service_port("a", 80, 8081)})};
    Entry resting = testing::entry(testing::allocation("gone", {}), "x", 1);
    resting.state = EntryState::kResting;
    cluster.put(Space::kNodePort, 8082, resting);
    ExposurePolicy policy;
    policy.meta.name = "p";
    policy.spec.internal = {{.ports = {"8083"}}};
    cluster.policies = {policy};
    EXPECT_EQ(claim_one(cluster, asking("web", {migrating(testing::port("a"), each.old)})), each.expected)
        << each.name;
  }
}

TEST(OldNumber, KeepsNobodyFromItsOwnAllocation) {
  // The number that the port has had becomes the old one; nobody is without a number meanwhile.
  Cluster cluster = mesh();
  ASSERT_EQ(claim_one(cluster, asking("web", {testing::port("a", 24503)})), "a:24503");
  cluster.ranges[0].spec.reserved = {{{"24503"}, "wanted for something else"}};
  const PortAllocation edited = asking("web", {migrating(testing::port("a", 24507), 24503)});
  EXPECT_EQ(claim_one(cluster, edited), "a:24507 a-old:24503");
  EXPECT_FALSE(wants_numbers(edited, cluster.ledgers, cluster.compiled(), cluster.uses()));
  // While the new number is taken nothing changes.
  Cluster taken = mesh();
  (void)claim_one(taken, testing::allocation("first", {testing::port("x", 24507)}));
  ASSERT_EQ(claim_one(taken, asking("web", {testing::port("a", 24503)})), "a:24503");
  EXPECT_EQ(claim_one(taken, edited), "PortTaken");
  EXPECT_EQ(taken.ledgers.of_owner(edited.meta.uid)[0].entry.slots[0].name, "a");
}

TEST(OldNumber, IsNotTheNumberThatThePortHas) {
  Cluster cluster = mesh();
  ASSERT_EQ(claim_one(cluster, asking("web", {testing::port("a")})), "a:24500");
  EXPECT_EQ(claim_one(cluster, asking("web", {migrating(testing::port("a"), 24500)})), "PortRequestedTwice");
}

TEST(OldNumber, ComesInARowWithItsPort) {
  Cluster cluster = mesh();
  AllocationPort row = testing::port("r", 24505);
  row.count = 2;
  EXPECT_EQ(claim_one(cluster, asking("web", {migrating(row, 9000)})),
            "r-0:24505 r-0-old:9000 r-1:24506 r-1-old:9001");
}

TEST(OldNumber, CountsForTheShareOfItsNamespace) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.limits.per_namespace = 1;
  EXPECT_EQ(claim_one(cluster, asking("web", {migrating(testing::port("a"), 8080)})), "QuotaExceeded");
}

TEST(OldNumber, FollowsItsPortToAnotherRange) {
  Cluster cluster = mesh();
  cluster.ranges.push_back(testing::range("more", "NodePort", {"24600-24609"}));
  ASSERT_EQ(claim_one(cluster, asking("web", {migrating(testing::port("a"), 8080)})), "a:24500 a-old:8080");
  PortAllocation moved = asking("web", {migrating(testing::port("a"), 8080)});
  moved.spec.range_name = "more";
  EXPECT_EQ(claim_one(cluster, moved), "a:24600 a-old:8080");
  EXPECT_FALSE(wants_numbers(moved, cluster.ledgers, cluster.compiled(), cluster.uses()));
}

TEST(OldNumber, IsReleasedWhenTheFieldGoesOrTheEndIsShown) {
  Cluster cluster = mesh();
  const PortAllocation written =
      testing::allocation("web", {migrating(testing::port("a"), 8080, "2025-11-01T00:00:00Z")});
  ASSERT_EQ(claim_one(cluster, effective(written, std::nullopt)), "a:24500 a-old:8080");
  const auto ranges = cluster.compiled();
  const auto released = [&](const PortAllocation& object) {
    std::string text;
    const PortAllocation made = effective(object, std::nullopt);
    for (const auto& candidate :
         release_candidates(made, cluster.ledgers.of_owner(made.meta.uid), ranges, cluster.uses(), false)) {
      text += to_string(candidate.number.key);
    }
    return text;
  };
  EXPECT_EQ(released(written), "") << "its end has come, but nobody has said so yet";
  PortAllocation shown = written;
  shown.status.observed_generation = shown.meta.generation;
  shown.status.conditions = {{"Allocated", "True", shown.meta.generation, "", "NumbersHeld", ""}};
  shown.status.ports = {{"a", 24500, Protocol::kTcp, {}}};
  EXPECT_EQ(released(shown), "8080");
  EXPECT_EQ(released(testing::allocation("web", {testing::port("a")})), "8080");
}

}  // namespace
}  // namespace berth::allocation
