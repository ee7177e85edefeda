#include "core/policy_change.h"

#include <gtest/gtest.h>

#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::kNow;
using testing::load_balancer;

std::vector<StandingWay> standing(const ExposurePolicy& policy) {
  World world(policy);
  world.add(load_balancer({port(443, number_of(5432))}));
  world.add(deployment({container_port(5432)}));
  return standing_ways("data", world, kNow);
}

TEST(PolicyChange, IsNothingWhenThePolicyStays) {
  const PolicyChange change = compare(standing(control_plane()), standing(control_plane()));
  EXPECT_TRUE(change.stricter.empty());
  EXPECT_TRUE(change.milder.empty());
}

TEST(PolicyChange, TellsOfALoadBalancerOnceAndNotOfItsHiddenNodePortToo) {
  ExposurePolicy lenient = control_plane();
  lenient.spec.internal.clear();
  lenient.spec.undeclared = "Allow";
  const PolicyChange change = compare(standing(lenient), standing(control_plane()));
  ASSERT_EQ(change.stricter.size(), 1U);
  EXPECT_EQ(change.stricter.front().object.kind, "Service");
  EXPECT_EQ(change.stricter.front().finding.via, "LoadBalancer");
  EXPECT_EQ(compare(standing(control_plane()), standing(lenient)).milder.size(), 1U);
}

// The node port was denied all the time, and only seems new when the load balancer is let out.
TEST(PolicyChange, DoesNotTakeAHiddenNodePortForNewWhenItsLoadBalancerIsLetOut) {
  ExposurePolicy excepting = control_plane();
  ExposureException balancer = testing::exception_for(5432);
  balancer.via = {"LoadBalancer"};
  excepting.spec.exceptions = {balancer};
  const PolicyChange change = compare(standing(control_plane()), standing(excepting));
  EXPECT_TRUE(change.stricter.empty());
  ASSERT_EQ(change.milder.size(), 1U);
  EXPECT_EQ(change.milder.front().finding.via, "LoadBalancer");
}

TEST(PolicyChange, LeavesOutWhatPoliciesOnlyAudit) {
  ExposurePolicy audits = control_plane();
  audits.spec.action = "Audit";
  for (const StandingWay& way : standing(audits)) EXPECT_EQ(way.finding.decision, exposure::Decision::kAllow);
  EXPECT_FALSE(compare(standing(audits), standing(control_plane())).stricter.empty());
}

}  // namespace
}  // namespace berth
