// Numbers that the API server says are allocated although nobody is seen with them.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::port;

// The numbers granted to an allocation of one port; 0 when it was refused.
int granted(const ClaimPlan& plan, const std::string& name) {
  for (const Grant& grant : plan.grants) {
    if (grant.allocation.name == name) return grant.ports.front().number.number();
  }
  return 0;
}

Cluster cluster_of(std::vector<PortAllocation> allocations) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24502"})};
  cluster.allocations = std::move(allocations);
  return cluster;
}

TEST(ContestedNumbers, AreNotChosen) {
  Cluster cluster = cluster_of({allocation("web", {port("p")})});
  cluster.contested = {24500, 24501};
  EXPECT_EQ(granted(cluster.claim_all(), "web"), 24502);
  cluster.contested.push_back(24502);
  EXPECT_EQ(granted(cluster.claim_all(), "web"), 0);
}

TEST(ContestedNumbers, MayStillBeAskedFor) {
  Cluster cluster = cluster_of({allocation("exact", {port("p", 24501)})});
  cluster.contested = {24501};
  // Whether it is free is for the API server to say again; there is nobody to name as its holder.
  EXPECT_EQ(granted(cluster.claim_all(), "exact"), 24501);
}

TEST(ContestedNumbers, AreChosenAnewOnlyWhenNeverPublished) {
  Cluster cluster = cluster_of({allocation("web", {port("p")})});
  cluster.write_all(cluster.claim_all().writes);
  cluster.contested = {24500};
  EXPECT_EQ(granted(cluster.claim_all(), "web"), 24501);

  PortAllocation& web = cluster.allocations.front();
  web.status.ports = {{.name = "p", .port = 24500}};
  web.status.service_name = "web";  // the mark of having been published
  EXPECT_FALSE(wants_numbers(web, cluster.ledgers, cluster.compiled(), cluster.uses()));

  web.status = {};
  Service mine = testing::service("mesh", "web", "NodePort", {testing::service_port("p", 24500, 24500)});
  testing::own(mine.meta, web);
  cluster.services = {mine};  // it was stored after all: the number is ours
  EXPECT_FALSE(wants_numbers(web, cluster.ledgers, cluster.compiled(), cluster.uses()));
}

}  // namespace
}  // namespace berth::allocation
