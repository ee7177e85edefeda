// Ranges with numbers per node: every node has its own, an allocation without a node holds them on all.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/chooser.h"
#include "core/allocation/release.h"
#include "core/allocation/usage.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::outcome_for;
using testing::port;

// The age decides who is served first.
PortAllocation on_node(std::string name, std::string node, std::int64_t number, int second = 0,
                       std::string range_name = "devices") {
  PortAllocation made =
      testing::allocation(std::move(name), {port("ssh", number)}, second, std::move(range_name));
  made.spec.node_name = std::move(node);
  return made;
}

Cluster devices() {
  Cluster cluster;
  PortRange range = testing::range("devices", "HostPort", {"3000-3009"});
  range.spec.per_node = true;
  cluster.ranges = {range, testing::range("everywhere", "HostPort", {"3005-3014"})};
  return cluster;
}

std::string held(const Cluster& cluster) {
  std::string text;
  for (const auto& [index, shard] : cluster.ledgers.in(Space::kHostPort).shards()) {
    for (const auto& [key, entry] : shard->entries) {
      text += to_string(key) + (entry.held() ? "=" : "~") + entry.owner.name + " ";
    }
  }
  return text;
}

TEST(PerNode, TwoNodesHaveTheSameNumber) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "device-1", 3000), on_node("b", "device-2", 3000),
                         on_node("c", "device-1", 0), on_node("d", "device-2", 0)};
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  EXPECT_EQ(held(cluster),
            "3000-TCP@device-1=a 3000-TCP@device-2=b 3001-TCP@device-1=c 3001-TCP@device-2=d ");
  EXPECT_EQ(plan.writes.size(), 1U);
}

TEST(PerNode, AClaimMeetsWhoeverHasTheNumberThere) {
  struct Case {
    const char* name;
    PortAllocation first;
    PortAllocation second;
    const char* expected;  // of the second
  };
  const Case cases[] = {
      {"the same node", on_node("a", "n1", 3000), on_node("b", "n1", 3000, 1), "PortTaken"},
      {"another node", on_node("a", "n1", 3000), on_node("b", "n2", 3000, 1), "ssh:3000"},
      {"every node after one", on_node("a", "n1", 3000), on_node("b", "", 3000, 1), "PortTaken"},
      {"one node after every", on_node("a", "", 3000), on_node("b", "n1", 3000, 1), "PortTaken"},
      {"chosen beside the same node", on_node("a", "n1", 3000), on_node("b", "n1", 0, 1), "ssh:3001"},
      {"chosen on another node", on_node("a", "n1", 3000), on_node("b", "n2", 0, 1), "ssh:3000"},
      {"chosen for every node", on_node("a", "n1", 3000), on_node("b", "", 0, 1), "ssh:3001"},
      {"a cluster-wide range after one node", on_node("a", "n1", 3005),
       on_node("b", "n2", 3005, 1, "everywhere"), "PortTaken"},
      {"one node after a cluster-wide range", on_node("a", "n1", 3005, 0, "everywhere"),
       on_node("b", "n2", 3005, 1), "PortTaken"},
      {"the node says nothing in a cluster-wide range", on_node("a", "n1", 3010, 0, "everywhere"),
       on_node("b", "n2", 0, 1, "everywhere"), "ssh:3005"},
  };
  for (const Case& c : cases) {
    for (const bool at_once : {true, false}) {
      Cluster cluster = devices();
      cluster.allocations = {c.first};
      if (!at_once) cluster.write_all(cluster.claim_all().writes);
      cluster.allocations.push_back(c.second);
      EXPECT_EQ(outcome_for(cluster.claim_all(), "b"), c.expected) << c.name << ", at once: " << at_once;
    }
  }
}

TEST(PerNode, AForeignPodTakesTheNumberOfItsNodeOnly) {
  Cluster cluster = devices();
  const PortAllocation stranger = testing::allocation("stranger", {port("x")});
  cluster.pods = {testing::host_pod(stranger, "x", "n1", 3000)};
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "n2", 3000), on_node("c", "", 3000, 1),
                         on_node("d", "n1", 0, 2)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "a"), "PortTaken");
  EXPECT_EQ(outcome_for(plan, "b"), "ssh:3000");
  EXPECT_EQ(outcome_for(plan, "c"), "PortTaken");
  EXPECT_EQ(outcome_for(plan, "d"), "ssh:3001");
  EXPECT_NE(testing::refusal_for(plan, "a")->message.find("Pod mesh/x (hostPort)"), std::string::npos);
}

TEST(PerNode, APodWithoutANodeIsMeantForThatOfItsAllocation) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "n2", 3000)};
  cluster.pods = {testing::host_pod(cluster.allocations[0], "x", "", 3000)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "a"), "ssh:3000");
  EXPECT_EQ(outcome_for(plan, "b"), "ssh:3000");
  cluster.allocations.pop_back();
  cluster.allocations.push_back(on_node("c", "", 3000, 1));
  EXPECT_EQ(outcome_for(cluster.claim_all(), "c"), "PortTaken") << "it holds the number on every node";
}

TEST(PerNode, ARefusalNamesTheNode) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "", 3000, 1)};
  EXPECT_EQ(
      testing::refusal_for(cluster.claim_all(), "b")->message,
      "port ssh asks for 3000, which PortAllocation mesh/a holds on node n1: write another number, or none");
}

TEST(PerNode, AnotherNodeMovesTheNumberAndTheOldOneServesUntilThen) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "n2", 3000)};
  cluster.write_all(cluster.claim_all().writes);
  PortAllocation& a = cluster.allocations[0];
  a.status.ports = {{"ssh", 3000, Protocol::kTcp, std::int64_t{8080}}};
  a.spec.node_name = "n2";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "PortTaken");
  const auto assessed = [&] {
    return assess(a, cluster.ledgers.of_owner(a.meta.uid), cluster.compiled(), cluster.uses());
  };
  ASSERT_NE(assessed().find("ssh"), nullptr);
  EXPECT_TRUE(assessed().find("ssh")->interim);

  a.spec.node_name = "n3";
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(held(cluster), "3000-TCP@n1=a 3000-TCP@n2=b 3000-TCP@n3=a ");
  EXPECT_EQ(assessed().find("ssh")->key.node, "n3");
  const auto candidates = release_candidates(cluster.ledgers, Cluster::pointers(cluster.allocations),
                                             cluster.compiled(), cluster.uses(), {});
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(to_string(candidates[0].number.key), "3000-TCP@n1");
}

TEST(PerNode, AnEditOfTheRangeMovesNothing) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 3000), on_node("w", "", 3001)};
  cluster.write_all(cluster.claim_all().writes);
  const std::string before = held(cluster);
  for (const bool per_node : {false, true}) {
    cluster.ranges[0].spec.per_node = per_node;
    const ClaimPlan plan = cluster.claim_all();
    EXPECT_TRUE(plan.writes.empty());
    EXPECT_EQ(outcome_for(plan, "a"), "ssh:3000");
    EXPECT_EQ(outcome_for(plan, "w"), "ssh:3001");
  }
  EXPECT_EQ(held(cluster), before);
  // A number held on every node serves the single node that an edit names, and a note says so.
  cluster.allocations[1].spec.node_name = "n1";
  const Holdings holdings =
      assess(cluster.allocations[1], cluster.ledgers.of_owner({"uid-w"}), cluster.compiled(), cluster.uses());
  EXPECT_TRUE(holdings.complete());
  ASSERT_EQ(holdings.notes.size(), 1U);
  EXPECT_EQ(holdings.notes[0], "port ssh keeps 3001 on every node, not only on n1");
}

TEST(PerNode, ALostRecordIsTakenBackOnItsNode) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 0), on_node("b", "n2", 0)};
  for (PortAllocation& one : cluster.allocations) {
    one.status.ports = {{"ssh", 3004, Protocol::kTcp, std::int64_t{8080}}};
    one.status.range_name = "devices";
  }
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  EXPECT_EQ(held(cluster), "3004-TCP@n1=a 3004-TCP@n2=b ");
  EXPECT_EQ(testing::grant_for(plan, "a")->recovered, std::vector<std::string>{"ssh"});
}

TEST(PerNode, ANumberRestsOnItsNodeAndForEveryNode) {
  Cluster cluster = devices();
  Entry record = testing::entry(on_node("gone", "n1", 3000), "ssh", 1, Protocol::kTcp, "devices");
  record.state = EntryState::kResting;
  PortLedger shard;
  shard.meta.name = "hostport-011";
  shard.meta.resource_version = "1";
  shard.spec = {.space = "HostPort", .shard = 11, .next_sequence = 2};
  shard.spec.entries = {{"3000-TCP@n1", encode(record)}};
  cluster.stored[shard.meta.name] = shard;
  cluster.read_ledgers();
  cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "n2", 3000), on_node("w", "", 3000, 1)};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "a"), "PortResting");
  EXPECT_EQ(outcome_for(plan, "b"), "ssh:3000");
  EXPECT_EQ(outcome_for(plan, "w"), "PortTaken") << "b has it on its node meanwhile";
  // Whose pods have the number already need not wait for strangers to forget it.
  cluster.pods = {testing::host_pod(cluster.allocations[0], "a-1", "n1", 3000)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "ssh:3000");
}

TEST(PerNode, UsageIsThatOfTheFullestNode) {
  Cluster cluster = devices();
  cluster.allocations = {on_node("a", "n1", 3000), on_node("b", "n2", 3000), on_node("c", "n2", 3001),
                         on_node("w", "", 3002)};
  const PortAllocation stranger = testing::allocation("stranger", {port("x")});
  cluster.pods = {testing::host_pod(stranger, "x", "n2", 3003), testing::host_pod(stranger, "y", "n1", 3004)};
  cluster.write_all(cluster.claim_all().writes);
  const auto ranges = cluster.compiled();
  const auto& ledger = cluster.ledgers.in(Space::kHostPort);
  const RangeUsage usage = count_usage(*ranges.find("devices"), ledger, cluster.uses());
  EXPECT_EQ(usage.node, "n2");
  EXPECT_EQ(usage.capacity, 10);
  EXPECT_EQ(usage.allocated, 3);
  EXPECT_EQ(usage.external, 1);
  EXPECT_EQ(usage.available, 6);
  EXPECT_EQ(usage.undeclared, 2) << "of every node";
  EXPECT_EQ(usage.undeclared_sample, (std::vector<std::string>{"3003-TCP@n2 by Pod mesh/x (hostPort)",
                                                               "3004-TCP@n1 by Pod mesh/y (hostPort)"}));
  const RangeUsage wide = count_usage(*ranges.find("everywhere"), ledger, cluster.uses());
  EXPECT_EQ(wide.node, "");
  EXPECT_EQ(wide.available, 10);
}

TEST(PerNode, ARecordThatWouldGrowTooLargeTakesNoMore) {
  Cluster cluster = devices();
  PortLedger shard;
  shard.meta.name = "hostport-011";
  shard.meta.resource_version = "1";
  shard.spec = {.space = "HostPort", .shard = 11, .next_sequence = 2};
  const Entry record = testing::entry(on_node("other", "n", 3000), "ssh", 1, Protocol::kTcp, "devices");
  std::size_t bytes = 0;
  for (int node = 0; bytes < kMaxShardBytes; ++node) {
    const std::string key = "3000-TCP@" + std::string(200, 'x') + std::to_string(node);
    shard.spec.entries[key] = encode(record);
    bytes += key.size() + shard.spec.entries[key].size() + 6;
  }
  cluster.stored[shard.meta.name] = shard;
  cluster.read_ledgers();
  cluster.allocations = {on_node("asked", "n1", 3001), on_node("chosen", "n1", 0)};
  cluster.ranges[0].spec.ports = {"3000-3009"};
  ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "asked"), "LedgerFull");
  EXPECT_EQ(outcome_for(plan, "chosen"), "LedgerFull");
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_NE(testing::refusal_for(plan, "asked")->message.find("no room"), std::string::npos);
  // Other numbers have a record of their own.
  cluster.ranges[0].spec.ports = {"3000-3009", "4000"};
  plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "chosen"), "ssh:4000");
}

// ---- random worlds against the definition ----

// Two owners of what may have one only; empty when there are none.
std::string clash(const Cluster& cluster) {
  std::vector<HeldNumber> all;
  for (const auto& [index, shard] : cluster.ledgers.in(Space::kHostPort).shards()) {
    for (const auto& [key, entry] : shard->entries) {
      if (entry.held()) all.push_back({Space::kHostPort, key, entry});
    }
  }
  for (const HeldNumber& a : all) {
    for (const HeldNumber& b : all) {
      if (a.entry.owner_uid != b.entry.owner_uid && conflict(a.key, b.key)) {
        return to_string(a.key) + " of " + a.entry.owner.name + ", " + to_string(b.key) + " of " +
               b.entry.owner.name;
      }
    }
  }
  return "";
}

// Could the allocation have been served? By the definition: a number of its range that nobody's entry and
// nobody's pod keeps from it.
bool could_be_served(const Cluster& cluster, const PortAllocation& allocation) {
  const auto ranges = cluster.compiled();
  const CompiledRange& range = *ranges.find(allocation.spec.range_name);
  const std::int64_t asked = allocation.spec.ports[0].port;
  for (std::int64_t number = range.spans[0].first.number(); number <= range.spans[0].last.number();
       ++number) {
    if (asked != 0 && asked != number) continue;
    NumberKey key{Port::of(static_cast<std::int32_t>(number)), Protocol::kTcp};
    if (range.per_node) key.node = allocation.spec.node_name;
    bool free = cluster.uses().other_than(allocation.meta.uid, Space::kHostPort, key) == nullptr;
    for (const auto& [index, shard] : cluster.ledgers.in(Space::kHostPort).shards()) {
      for (const auto& [other, entry] : shard->entries) free = free && !conflict(key, other);
    }
    if (free) return true;
  }
  return false;
}

Cluster random_cluster(std::mt19937& dice) {
  const auto any = [&](std::size_t n) { return static_cast<std::size_t>(dice() % n); };
  const std::array<std::string, 4> nodes = {"", "n1", "n2", "n3"};
  Cluster cluster;
  PortRange range = testing::range("devices", "HostPort", {"3000-3002"});
  range.spec.per_node = true;
  cluster.ranges = {range, testing::range("everywhere", "HostPort", {"3001-3003"})};
  for (std::size_t i = 0; i < 1 + any(7); ++i) {
    const bool wide = any(4) == 0;
    const std::int64_t first = wide ? 3001 : 3000;
    const std::int64_t asked = any(2) == 0 ? 0 : first + static_cast<std::int64_t>(any(3));
    cluster.allocations.push_back(on_node("o" + std::to_string(i), nodes[any(4)], asked,
                                          static_cast<int>(any(3)), wide ? "everywhere" : "devices"));
  }
  const PortAllocation stranger = testing::allocation("stranger", {port("x")});
  for (std::size_t i = 0; i < any(3); ++i) {
    cluster.pods.push_back(testing::host_pod(stranger, "x" + std::to_string(i), nodes[any(4)],
                                             3000 + static_cast<std::int64_t>(any(4))));
  }
  return cluster;
}

TEST(PerNode, RandomWorldsHaveOneOwnerPerNumberAndRefuseOnlyWhatCannotBe) {
  int refusals = 0;
  for (std::uint32_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 dice(seed);
    Cluster cluster = random_cluster(dice);
    for (int round = 0; round < 3; ++round) {
      const ClaimPlan plan = cluster.claim_all();
      cluster.write_all(plan.writes);
      ASSERT_EQ(clash(cluster), "") << held(cluster);
      for (const Refusal& refusal : plan.refusals) {
        const auto refused =
            std::find_if(cluster.allocations.begin(), cluster.allocations.end(),
                         [&](const PortAllocation& one) { return one.meta.uid == refusal.uid; });
        ++refusals;
        ASSERT_FALSE(could_be_served(cluster, *refused)) << refusal.message << "; " << held(cluster);
      }
      // Somebody moves; what he had is still his until it is released.
      PortAllocation& moved = cluster.allocations[dice() % cluster.allocations.size()];
      moved.spec.node_name = moved.spec.node_name == "n1" ? "n2" : "n1";
    }
  }
  EXPECT_GT(refusals, 200);
}

TEST(PerNode, TheCheckOfRandomWorldsFindsAClash) {
  Cluster cluster = devices();
  PortLedger shard;
  shard.meta.name = "hostport-011";
  shard.spec = {.space = "HostPort", .shard = 11, .next_sequence = 3};
  shard.spec.entries = {{"3000-TCP", encode(testing::entry(on_node("a", "", 3000), "ssh", 1))},
                        {"3000-TCP@n1", encode(testing::entry(on_node("b", "n1", 3000), "ssh", 2))}};
  cluster.stored[shard.meta.name] = shard;
  cluster.read_ledgers();
  EXPECT_EQ(clash(cluster), "3000-TCP of a, 3000-TCP@n1 of b");
}

}  // namespace
}  // namespace berth::allocation
