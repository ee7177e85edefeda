#include "core/exposure/account.h"

#include <gtest/gtest.h>

#include "core/catalogue_for_test.h"
#include "core/exposure/ways_out.h"

namespace berth::exposure {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using berth::testing::kNow;
using berth::testing::load_balancer;

// What `policy` says of the first way of the load balancer to 5432 of Deployment data/web.
Account said(const ExposurePolicy& policy, std::int64_t shown = 7443, std::int64_t target = 5432) {
  World world(policy);
  world.add(load_balancer({port(shown, number_of(target))}));
  world.add(deployment({container_port(target)}));
  const std::vector<WayOut> ways = ways_into("data", world);
  EXPECT_FALSE(ways.empty());
  return account(ways.front(), PolicyTable(policy), world, kNow, false);
}

ExposurePolicy listing(std::int64_t number, const char* purpose) {
  ExposurePolicy policy;
  policy.meta.name = "p";
  policy.spec.external = {{.port = number, .purpose = purpose}};
  return policy;
}

TEST(Account, SaysWhatTheRuleSaysWhenThePolicyObjects) {
  const Account made = said(control_plane());
  EXPECT_EQ(made.decision, Decision::kDeny);
  EXPECT_EQ(made.rule, "internal-port");
  EXPECT_NE(made.why.find("port 5432 (PostgreSQL) is internal and would be reachable"), std::string::npos)
      << made.why;
  EXPECT_FALSE(made.fix.empty());
}

TEST(Account, NamesTheListingTheExceptionOrTheSettingThatLetsAWayOut) {
  const Account listed = said(listing(7443, "agents"));
  EXPECT_EQ(listed.decision, Decision::kAllow);
  EXPECT_EQ(listed.why, "port 7443 is listed as external: agents");
  EXPECT_EQ(listed.fix, "");

  ExposurePolicy excepting = control_plane();
  excepting.spec.exceptions = {berth::testing::exception_for(5432)};
  EXPECT_EQ(
      said(excepting).why,
      "an exception lets it out until 2030-01-01T00:00:00Z, answered for by dba@example.org: migration 4711");

  ExposurePolicy open = listing(1, "");
  open.spec.undeclared = "Allow";
  EXPECT_EQ(said(open).why, "no number on it is listed, and spec.undeclared is Allow");
}

TEST(Account, SaysWhenThePolicyIsNotInForce) {
  ExposurePolicy elsewhere = control_plane();
  elsewhere.spec.namespace_selector.match_labels = {{"kubernetes.io/metadata.name", "mesh"}};
  World world(elsewhere);
  world.label_namespace("data", {});
  world.add(load_balancer({port(443, number_of(5432))}));
  const std::vector<WayOut> ways = ways_into("data", world);
  const Account made = account(ways.front(), PolicyTable(elsewhere), world, kNow, false);
  EXPECT_FALSE(made.in_force);
  EXPECT_EQ(made.decision, Decision::kAllow);
  EXPECT_EQ(made.why, "not in force: its namespaceSelector takes in none of data");
}

}  // namespace
}  // namespace berth::exposure
