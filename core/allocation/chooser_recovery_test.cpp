// Numbers that are shown but not in the ledger are claimed again, and when one that others took is replaced.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::entry;
using testing::grant_for;
using testing::kOther;
using testing::mesh;
using testing::outcome_for;
using testing::own;
using testing::port;
using testing::refusal_for;
using testing::service;
using testing::service_port;

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

}  // namespace
}  // namespace berth::allocation
