#include "core/allocation/chooser.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::entry;
using testing::grant_for;
using testing::outcome_for;
using testing::own;
using testing::port;
using testing::range;
using testing::refusal_for;
using testing::service;
using testing::service_port;

// Numbers 24500..24509, block "vpn" 24505..24506, 24509 reserved.
Cluster mesh() {
  Cluster cluster;
  PortRange object = range("mesh", "NodePort", {"24500-24509"});
  object.spec.blocks = {{"vpn", {"+5-+6"}, "vpn-core", ""}};
  object.spec.reserved = {{{"24509"}, "threat intelligence engine"}};
  cluster.ranges = {object};
  return cluster;
}

Entry resting(Entry record) {
  record.state = EntryState::kResting;
  return record;
}

AllocationPort in_block(AllocationPort object, std::string block) {
  object.block = std::move(block);
  return object;
}

struct Case {
  const char* name;
  std::vector<AllocationPort> ports;  // of allocation "web"
  std::function<void(Cluster&)> given;
  const char* expected;
  const char* told;  // part of the refusal's message
};

const PortAllocation kOther = allocation("other", {port("x")}, -100);

void internal_number(Cluster& cluster, std::int64_t number) {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  PolicyPort line;
  line.port = number;
  line.service = "PostgreSQL";
  policy.spec.internal = {line};
  cluster.policies.push_back(policy);
}

TEST(Claim, AnswersEveryRequest) {
  const auto nothing = [](Cluster&) {};
  const Case cases[] = {
      {"the lowest free number", {port("api")}, nothing, "api:24500", ""},
      {"several ports", {port("a"), port("b")}, nothing, "a:24500 b:24501", ""},
      {"a requested number", {port("api", 24503)}, nothing, "api:24503", ""},
      {"a chosen number leaves the requested one of the same allocation",
       {port("a"), port("b", 24500)},
       nothing,
       "a:24501 b:24500",
       ""},
      {"a block", {in_block(port("a"), "vpn"), port("b")}, nothing, "a:24505 b:24500", ""},
      {"a requested number in its block", {in_block(port("a", 24506), "vpn")}, nothing, "a:24506", ""},
      {"one number for TCP and UDP of one service",
       {port("t", 24503), port("u", 24503, Protocol::kUdp)},
       nothing,
       "t:24503 u:24503",
       ""},
      {"held by another",
       {port("api")},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1)); },
       "api:24501",
       ""},
      {"resting",
       {port("api")},
       [](Cluster& c) {
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
         c.rest.observe(c.ledgers, c.monotonic);
         c.monotonic = c.monotonic + std::chrono::seconds(129);
       },
       "api:24501",
       ""},
      {"rested",
       {port("api")},
       [](Cluster& c) {
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
         c.rest.observe(c.ledgers, c.monotonic);
         c.monotonic = c.monotonic + std::chrono::seconds(130);
       },
       "api:24500",
       ""},
      {"used by a Service that nobody declared",
       {port("api")},
       [](Cluster& c) { c.services = {service("data", "np", "NodePort", {service_port("a", 80, 24500)})}; },
       "api:24501",
       ""},
      {"hidden node port of a load balancer and its health check",
       {port("api")},
       [](Cluster& c) {
         c.services = {service("data", "lb", "LoadBalancer", {service_port("a", 80, 24500)})};
         c.services[0].health_check_node_port = 24501;
       },
       "api:24502",
       ""},
      {"internal by policy", {port("api")}, [](Cluster& c) { internal_number(c, 24500); }, "api:24501", ""},
      {"reserved by an overlapping range",
       {port("api")},
       [](Cluster& c) {
         c.ranges.push_back(range("older", "NodePort", {"24500-24501"}));
         c.ranges[1].spec.reserved = {{{"24500"}, "old"}};
       },
       "api:24501",
       ""},
      {"held under an overlapping range",
       {port("api")},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1, Protocol::kTcp, "another")); },
       "api:24501",
       ""},

      {"no such range",
       {port("api")},
       [](Cluster& c) { c.allocations[0].spec.range_name = "mash"; },
       "RangeNotFound",
       "mash"},
      {"no range with the purpose",
       {port("api")},
       [](Cluster& c) {
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "RangeNotFound",
       "games"},
      {"a range that cannot be read",
       {port("api")},
       [](Cluster& c) { c.ranges[0].spec.order = "Any"; },
       "RangeUnusable",
       "spec.order"},
      {"no such block", {in_block(port("a"), "vpm")}, nothing, "BlockNotFound", "vpn"},
      {"outside the range", {port("api", 25000)}, nothing, "PortOutsideRange", "24500-24509"},
      {"outside the block", {in_block(port("a", 24500), "vpn")}, nothing, "PortOutsideRange", "24505-24506"},
      {"not a port at all", {port("api", 70000)}, nothing, "PortOutsideRange", "70000"},
      {"reserved by number", {port("api", 24509)}, nothing, "PortReserved", "threat intelligence engine"},
      {"taken by an allocation",
       {port("api", 24500)},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, entry(kOther, "x", 1)); },
       "PortTaken",
       "mesh/other"},
      {"taken by a Service",
       {port("api", 24500)},
       [](Cluster& c) { c.services = {service("data", "np", "NodePort", {service_port("a", 80, 24500)})}; },
       "PortTaken",
       "Service data/np (nodePort)"},
      {"resting by number",
       {port("api", 24500)},
       [](Cluster& c) { c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1))); },
       "PortResting",
       "130 s"},
      {"internal by number",
       {port("api", 24500)},
       [](Cluster& c) { internal_number(c, 24500); },
       "PortInternal",
       "control-plane"},
      {"internal target port",
       {port("api")},
       [](Cluster& c) { internal_number(c, 8080); },
       "PortInternal",
       "PostgreSQL"},
      {"internal numbers bind outside exposure only",
       {port("api", 24500)},
       [](Cluster& c) {
         internal_number(c, 24500);
         internal_number(c, 8080);
         c.allocations[0].spec.exposure = "Cluster";
       },
       "api:24500",
       ""},
      {"two ports of one protocol on one number",
       {port("a", 24500), port("b", 24500)},
       nothing,
       "PortRequestedTwice",
       "port a"},
      {"all or nothing", {port("a"), port("b", 24509)}, nothing, "PortReserved", ""},
      {"too few left",
       {in_block(port("a"), "vpn"), in_block(port("b"), "vpn"), in_block(port("c"), "vpn")},
       nothing,
       "RangeExhausted",
       "block vpn of range mesh"},
      {"another namespace's labels",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"team", "net"}};
       },
       "NamespaceNotAllowed",
       "namespace mesh"},
      {"the right labels",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"team", "net"}};
         c.namespace_labels = {{"team", "net"}};
       },
       "api:24500",
       ""},
      {"quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, entry(kOther, "x", 1));
       },
       "QuotaExceeded",
       "may hold 2 numbers"},
      {"quota of another namespace",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         Entry foreign = entry(kOther, "x", 1);
         foreign.owner.ns = "data";
         c.put(Space::kNodePort, 24500, foreign);
       },
       "a:24501 b:24502",
       ""},
      {"resting numbers do not count against the quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
       },
       "a:24501 b:24502",
       ""},
      {"a shared number counts once",
       {port("t", 24503), port("u", 24503, Protocol::kUdp)},
       [](Cluster& c) { c.ranges[0].spec.limits.per_namespace = 1; },
       "t:24503 u:24503",
       ""},
      {"a frozen shard",
       {port("api", 24500)},
       [](Cluster& c) {
         PortLedger object;
         object.meta.name = "nodeport-095";
         object.spec = {"NodePort", 95, 0, 1, {{"24507", "9 ?"}}};
         (void)c.ledgers.put(object);
       },
       "LedgerFrozen",
       "24507"},
      {"numbers of a frozen shard are not chosen",
       {port("api")},
       [](Cluster& c) {
         PortLedger object;
         object.meta.name = "nodeport-095";
         object.spec = {"NodePort", 95, 0, 1, {{"24507", "9 ?"}}};
         (void)c.ledgers.put(object);
       },
       "RangeExhausted",
       ""},
      {"purpose of a range",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.purpose = "games";
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "api:24500",
       ""},
      {"purpose of a block",
       {port("api")},
       [](Cluster& c) {
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "vpn-core";
       },
       "api:24505",
       ""},
      {"the next range of a purpose when the first is full",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.purpose = "games";
         c.ranges.push_back(range("a-small-one", "NodePort", {"24400"}));
         c.ranges[1].spec.purpose = "games";
         c.put(Space::kNodePort, 24400, entry(kOther, "x", 1));
         c.allocations[0].spec.range_name = "";
         c.allocations[0].spec.purpose = "games";
       },
       "api:24500",
       ""},
  };
  for (const Case& c : cases) {
    Cluster cluster = mesh();
    cluster.allocations = {allocation("web", c.ports)};
    c.given(cluster);
    const ClaimPlan plan = cluster.claim_all();
    EXPECT_EQ(outcome_for(plan, "web"), c.expected) << c.name;
    const Refusal* refusal = refusal_for(plan, "web");
    if (refusal == nullptr) continue;
    EXPECT_NE(refusal->message.find(c.told), std::string::npos) << c.name << ": " << refusal->message;
    EXPECT_TRUE(plan.writes.empty()) << c.name;
  }
}

TEST(Claim, HandsOutPerProtocolInTheServiceSpace) {
  Cluster cluster;
  cluster.ranges = {range("lb", "Service", {"443"})};
  cluster.allocations = {allocation("a", {port("t", 443)}, 1, "lb"),
                         allocation("b", {port("u", 443, Protocol::kUdp)}, 2, "lb"),
                         allocation("c", {port("t", 443)}, 3, "lb")};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "a"), "t:443");
  EXPECT_EQ(outcome_for(plan, "b"), "u:443");
  EXPECT_EQ(outcome_for(plan, "c"), "PortTaken");
  cluster.services = {service("data", "lb", "LoadBalancer", {service_port("s", 443, 0)})};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "PortTaken");
}

TEST(Claim, WritesEntriesThatSayWhoseTheyAre) {
  Cluster cluster = mesh();
  cluster.fence = 4;
  cluster.allocations = {allocation("web", {port("t", 24503), port("u", 24503, Protocol::kUdp)})};
  const ClaimPlan plan = cluster.claim_all();
  ASSERT_EQ(plan.writes.size(), 1U);
  EXPECT_TRUE(plan.writes[0].creates());
  const PortLedger& object = plan.writes[0].object;
  EXPECT_EQ(object.meta.name, "nodeport-095");
  EXPECT_EQ(object.spec.fence, 4);
  EXPECT_EQ(object.spec.entries.at("24503"), "1 held mesh/web uid-web t/TCP,u/UDP 1 1763800000 mesh");
  EXPECT_EQ(plan.grants[0].shards, std::vector<std::string>{"nodeport-095"});
}

TEST(Claim, IsIdempotent) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("a"), port("b")})};
  cluster.write_all(cluster.claim_all().writes);
  const ClaimPlan again = cluster.claim_all();
  EXPECT_EQ(outcome_for(again, "web"), "a:24500 b:24501");
  EXPECT_TRUE(again.writes.empty());
  EXPECT_TRUE(grant_for(again, "web")->shards.empty());
  EXPECT_FALSE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
}

TEST(Claim, ServesTheOldestFirstAndTiesByUid) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.ports = {"24500"};
  cluster.ranges[0].spec.blocks = {};
  cluster.ranges[0].spec.reserved = {};
  cluster.allocations = {allocation("b", {port("p")}, 5), allocation("a", {port("p")}, 5),
                         allocation("old", {port("p")}, 1)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "old"), "p:24500");
  cluster.allocations.pop_back();
  EXPECT_EQ(outcome_for(cluster.claim_all(), "a"), "p:24500");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "b"), "RangeExhausted");
}

TEST(Claim, ChoosesNumbersThatNobodyInTheBatchAsksFor) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("first", {port("p")}, 1), allocation("second", {port("p", 24500)}, 2)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "first"), "p:24501");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "second"), "p:24500");
  // As long as others are left: age wins over the wish.
  cluster.ranges[0].spec.ports = {"24500"};
  cluster.ranges[0].spec.blocks = {};
  cluster.ranges[0].spec.reserved = {};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "first"), "p:24500");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "second"), "PortTaken");
}

TEST(Claim, ReturnsWhatARefusedRequestHadPicked) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("big", {port("a"), port("b", 24509)}, 1),
                         allocation("small", {port("p")}, 2)};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "small"), "p:24500");
}

TEST(Claim, SpreadsByOwnerAndIsTheSameForEveryLeader) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"20000-29999"})};
  cluster.ranges[0].spec.order = "Spread";
  for (int i = 0; i < 50; ++i)
    cluster.allocations.push_back(allocation("a" + std::to_string(i), {port("p")}, i));
  const ClaimPlan plan = cluster.claim_all();
  std::set<std::int32_t> numbers;
  int low = 0;
  for (const Grant& grant : plan.grants) {
    numbers.insert(grant.ports[0].number.number());
    low += grant.ports[0].number.number() < 20100 ? 1 : 0;
  }
  EXPECT_EQ(numbers.size(), 50U);
  EXPECT_LT(low, 10);
  EXPECT_EQ(cluster.claim_all(), plan);
}

TEST(Claim, DoesNotDependOnTheOrderOfWhatItIsGiven) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("a", {port("p"), port("q")}, 3), allocation("b", {port("p", 24501)}, 2),
                         allocation("c", {port("p")}, 2), allocation("d", {port("p", 24501)}, 1)};
  const ClaimPlan expected = cluster.claim_all();
  std::sort(cluster.allocations.begin(), cluster.allocations.end(),
            [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; });
  do {
    EXPECT_EQ(cluster.claim_all(), expected);
  } while (std::next_permutation(cluster.allocations.begin(), cluster.allocations.end(),
                                 [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; }));
}

TEST(Claim, StepsDownBeforeALargerFence) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.put(Space::kService, 443, entry(kOther, "x", 1));
  cluster.stored.at("service-001").spec.fence = 7;
  cluster.read_ledgers();
  cluster.fence = 6;
  EXPECT_TRUE(cluster.claim_all().superseded);
  EXPECT_TRUE(cluster.claim_all().writes.empty());
  cluster.fence = 7;
  EXPECT_FALSE(cluster.claim_all().superseded);
}

TEST(Claim, ForgetsRestedNumbersOfShardsItWrites) {
  Cluster cluster = mesh();
  cluster.put(Space::kNodePort, 24507, resting(entry(kOther, "x", 1)));
  cluster.rest.observe(cluster.ledgers, cluster.monotonic);
  cluster.allocations = {allocation("web", {port("p")})};
  EXPECT_TRUE(cluster.claim_all().writes[0].object.spec.entries.contains("24507"));
  cluster.monotonic = cluster.monotonic + std::chrono::seconds(130);
  EXPECT_FALSE(cluster.claim_all().writes[0].object.spec.entries.contains("24507"));
}

TEST(Claim, TakesBackItsOwnRestingNumberWhenAskedByNumber) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p", 24503)})};
  cluster.put(Space::kNodePort, 24503, resting(entry(cluster.allocations[0], "p", 1)));
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24503");
  // A namesake of another UID inherits nothing.
  cluster.allocations[0].meta.uid.text = "uid-new";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "PortResting");
}

TEST(Claim, IgnoresAllocationsThatAreBeingDeleted) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.allocations[0].meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "nothing");
}

// ---- recovery ----

TEST(Recovery, ReclaimsWhatStatusShowsBeforeAnythingNew) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("new", {port("p")}, 1), allocation("known", {port("p")}, 2)};
  cluster.allocations[1].status.ports = {{"p", 24500, Protocol::kTcp, {}}};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "known"), "p:24500");
  EXPECT_EQ(grant_for(plan, "known")->recovered, std::vector<std::string>{"p"});
  EXPECT_EQ(outcome_for(plan, "new"), "p:24501");
}

TEST(Recovery, ReclaimsWhatAServiceShows) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p"), port("q")})};
  Service mine = service("mesh", "web", "NodePort", {service_port("p", 24504, 24504)});
  own(mine.meta, cluster.allocations[0]);
  Service inside = service("mesh", "web-internal", "ClusterIP", {service_port("q", 24506, 0)});
  own(inside.meta, cluster.allocations[0]);
  cluster.services = {mine, inside};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24504 q:24506");
}

TEST(Recovery, IgnoresRangeQuotaAndReservationsBecauseNothingPublishedMoves) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.limits.per_namespace = 1;
  cluster.put(Space::kNodePort, 24500, entry(kOther, "x", 1));
  cluster.allocations = {allocation("web", {port("p"), port("q")})};
  cluster.allocations[0].status.ports = {{"p", 24509, Protocol::kTcp, {}}, {"q", 30001, Protocol::kTcp, {}}};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24509 q:30001");
}

TEST(Recovery, KeepsTheOlderOfTwoAndMovesNothing) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("young", {port("p"), port("q")}, 9), allocation("old", {port("p")}, 1)};
  for (PortAllocation& object : cluster.allocations) object.status.ports = {{"p", 24500, Protocol::kTcp, {}}};
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "old"), "p:24500");
  EXPECT_EQ(outcome_for(plan, "young"), "PortTaken");
  EXPECT_NE(refusal_for(plan, "young")->message.find("mesh/old"), std::string::npos);
  // Nothing else is given to the younger one meanwhile.
  EXPECT_EQ(plan.writes[0].object.spec.entries.size(), 1U);
}

TEST(Recovery, DoesNotFollowAStatusThatTheSpecHasLeft) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p", 24502)})};
  cluster.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}},
                                         {"gone", 24501, Protocol::kTcp, {}}};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24502");
}

TEST(Recovery, WaitsForAFrozenShardInsteadOfMoving) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.ports = {"24500-24509", "30000"};
  PortLedger object;
  object.meta.name = "nodeport-095";
  object.spec = {"NodePort", 95, 0, 1, {{"24500", "9 ?"}}};
  (void)cluster.ledgers.put(object);
  cluster.allocations = {allocation("web", {port("p")}), allocation("new", {port("p")})};
  cluster.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}}};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "LedgerFrozen");
  EXPECT_EQ(outcome_for(cluster.claim_all(), "new"), "p:30000");
}

TEST(Recovery, RejoinsASharedNumber) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("t"), port("u", 0, Protocol::kUdp)})};
  cluster.allocations[0].status.ports = {{"t", 24503, Protocol::kTcp, {}}, {"u", 24503, Protocol::kUdp, {}}};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "t:24503 u:24503");
}

// ---- edits of the spec ----

struct Edit {
  const char* name;
  std::function<void(Cluster&)> change;
  const char* expected;
};

TEST(SpecEdits, MoveANumberOnlyWhenTheUserAsksForIt) {
  const Edit edits[] = {
      {"nothing", [](Cluster&) {}, "p:24500 q:24501"},
      {"a port added", [](Cluster& c) { c.allocations[0].spec.ports.push_back(port("r")); },
       "p:24500 q:24501 r:24502"},
      {"a port removed", [](Cluster& c) { c.allocations[0].spec.ports.pop_back(); }, "p:24500"},
      {"a port renamed", [](Cluster& c) { c.allocations[0].spec.ports[0].name = "pp"; }, "pp:24502 q:24501"},
      {"a port renamed with its number",
       [](Cluster& c) {
         c.allocations[0].spec.ports[0].name = "pp";
         c.allocations[0].spec.ports[0].port = 24500;
       },
       "pp:24500 q:24501"},
      {"another number", [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24504; }, "p:24504 q:24501"},
      {"the number it has", [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24500; },
       "p:24500 q:24501"},
      {"swapped numbers",
       [](Cluster& c) {
         c.allocations[0].spec.ports[0].port = 24501;
         c.allocations[0].spec.ports[1].port = 24500;
       },
       "p:24501 q:24500"},
      {"the number of a sibling that keeps it",
       [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24501; }, "PortRequestedTwice"},
      {"another protocol", [](Cluster& c) { c.allocations[0].spec.ports[0].protocol = Protocol::kUdp; },
       "p:24500 q:24501"},
      {"another block", [](Cluster& c) { c.allocations[0].spec.ports[0].block = "vpn"; }, "p:24500 q:24501"},
      {"another target", [](Cluster& c) { c.allocations[0].spec.ports[0].target_port = std::int64_t{1}; },
       "p:24500 q:24501"},
      {"another range", [](Cluster& c) { c.allocations[0].spec.range_name = "web"; }, "p:30000 q:30001"},
      {"another range that holds the numbers too",
       [](Cluster& c) {
         c.ranges[1].spec.ports = {"24000-24999"};
         c.allocations[0].spec.range_name = "web";
       },
       "p:24500 q:24501"},
      {"the range shrunk", [](Cluster& c) { c.ranges[0].spec.ports = {"24505-24509"}; }, "p:24500 q:24501"},
      {"the range deleted", [](Cluster& c) { c.ranges.erase(c.ranges.begin()); }, "p:24500 q:24501"},
      {"the range broken", [](Cluster& c) { c.ranges[0].spec.order = "?"; }, "p:24500 q:24501"},
      {"the numbers reserved",
       [](Cluster& c) {
         c.ranges[0].spec.reserved = {{{"24500-24501"}, "x"}};
       },
       "p:24500 q:24501"},
      {"the limit lowered", [](Cluster& c) { c.ranges[0].spec.limits.per_namespace = 1; }, "p:24500 q:24501"},
      {"the namespace shut out",
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"no", "way"}};
       },
       "p:24500 q:24501"},
      {"the numbers made internal", [](Cluster& c) { internal_number(c, 24500); }, "p:24500 q:24501"},
  };
  for (const Edit& edit : edits) {
    Cluster cluster = mesh();
    cluster.ranges.push_back(range("web", "NodePort", {"30000-30009"}));
    cluster.allocations = {allocation("web", {port("p"), port("q")})};
    cluster.write_all(cluster.claim_all().writes);
    PortAllocation& object = cluster.allocations[0];
    object.status.range_name = "mesh";
    object.status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24501, Protocol::kTcp, {}}};
    edit.change(cluster);
    const ClaimPlan plan = cluster.claim_all();
    EXPECT_EQ(outcome_for(plan, "web"), edit.expected) << edit.name;
    cluster.write_all(plan.writes);
    const ClaimPlan settled = cluster.claim_all();
    EXPECT_EQ(outcome_for(settled, "web"), edit.expected) << edit.name;
    EXPECT_TRUE(settled.writes.empty()) << edit.name;
  }
}

TEST(SpecEdits, KeepTheOldNumberUntilTheNewOneIsGranted) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.put(Space::kNodePort, 24503, entry(kOther, "x", 9));
  cluster.allocations[0].spec.ports[0].port = 24503;
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "PortTaken");
  const auto holdings = [&] {
    const PortAllocation& object = cluster.allocations[0];
    return assess(object, cluster.ledgers.of_owner(object.meta.uid), cluster.compiled(), cluster.uses());
  };
  ASSERT_EQ(holdings().serving.size(), 1U);
  EXPECT_EQ(holdings().serving[0].number, Port::of(24500));
  EXPECT_TRUE(holdings().serving[0].interim);
  EXPECT_TRUE(holdings().surplus.empty());
  cluster.allocations[0].spec.ports[0].port = 24504;
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(holdings().serving[0].number, Port::of(24504));
  ASSERT_EQ(holdings().surplus.size(), 1U);
  EXPECT_EQ(holdings().surplus[0].number.key.port, Port::of(24500));
}

TEST(SpecEdits, MayRenumberInAFullNamespace) {
  Cluster cluster = mesh();
  cluster.ranges[0].spec.limits.per_namespace = 1;
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.allocations[0].spec.ports[0].port = 24504;
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24504");
}

TEST(SpecEdits, RenewTheRecordedProtocol) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.allocations[0].spec.ports[0].protocol = Protocol::kUdp;
  EXPECT_TRUE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(cluster.ledgers.in(Space::kNodePort).find({Port::of(24500)})->slots[0].protocol, Protocol::kUdp);
  EXPECT_FALSE(wants_numbers(cluster.allocations[0], cluster.ledgers, cluster.compiled(), cluster.uses()));
}

TEST(LostNumbers, AreChosenAnewWhenNeverPublishedAndKeptWhenPublished) {
  Cluster cluster = mesh();
  cluster.allocations = {allocation("web", {port("p")}), allocation("exact", {port("p", 24505)})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.services = {service("data", "thief", "NodePort", {service_port("a", 80, 24500)}),
                      service("data", "thief2", "NodePort", {service_port("a", 80, 24505)})};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24501");
  // Asked for by number: kept and reported, never replaced by another.
  EXPECT_EQ(outcome_for(cluster.claim_all(), "exact"), "p:24505");
  Service mine = service("mesh", "web", "NodePort", {service_port("p", 24500, 24500)});
  own(mine.meta, cluster.allocations[0]);
  cluster.services.push_back(mine);
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "p:24500");
}

TEST(Batch, OfTenThousandFillsTheRangeOldestFirst) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"20000-29899"})};
  for (int i = 0; i < 10'000; ++i)
    cluster.allocations.push_back(allocation("a" + std::to_string(i), {port("p")}, i));
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(plan.grants.size(), 9'900U);
  ASSERT_EQ(plan.refusals.size(), 100U);
  EXPECT_EQ(plan.refusals[0].allocation.name, "a9900");
  EXPECT_EQ(plan.refusals[0].reason, RefusalReason::kRangeExhausted);
  EXPECT_EQ(plan.writes.size(), 39U);  // few shards per batch: they are filled, not sprinkled
  for (const ShardWrite& write : plan.writes) {
    std::size_t bytes = 0;
    for (const auto& [key, record] : write.object.spec.entries) bytes += key.size() + record.size();
    EXPECT_LT(bytes, 64U * 1024U);  // I12
  }
}

}  // namespace
}  // namespace berth::allocation
