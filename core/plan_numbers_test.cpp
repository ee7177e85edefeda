// Which numbers plan() shows, and when it lets go of them: all ports of a claim or none.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/testing/plan_scene.h"

namespace berth {
namespace {

using testing::port;
using testing::reason;
using testing::Scene;
using testing::text;

TEST(Plan, ShowsNoPartOfAClaimThatIsNotWhole) {
  Scene scene;
  scene.claim();
  scene.web().spec.ports.push_back(port("b", 25000));
  scene.refusal = allocation::Refusal{
      {"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kPortOutsideRange, "b", "out"};
  EXPECT_EQ(text(scene.plan()), "write status of PortAllocation mesh/web, release 1 numbers");
  scene.carry_out(scene.plan());
  EXPECT_TRUE(scene.web().status.ports.empty());
}

// Ports api and b, both told in status; somebody else takes b's nodePort before the Service is written.
Scene with_a_lost_number() {
  Scene scene;
  scene.web().spec.ports.push_back(port("b"));
  scene.claim();
  scene.web().status = std::get<WriteStatus>(scene.plan().actions.front()).status;
  scene.cluster.services = {
      testing::service("data", "foreign", "NodePort", {testing::service_port("f", 80, 24501)})};
  return scene;
}

TEST(Plan, ShowsNoPortWhenOneIsLostBeforeAnythingWasPublished) {
  Scene scene = with_a_lost_number();
  EXPECT_EQ(text(scene.plan()), "");  // claim() may find another number for it
  scene.refusal = allocation::Refusal{
      {"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kRangeExhausted, "b", "full"};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan).find("create Service"), std::string::npos);
  scene.carry_out(plan);
  EXPECT_TRUE(scene.web().status.ports.empty());
  // Held on to: another leader may have claimed them this moment and be about to show them.
  EXPECT_EQ(text(scene.plan()), "");
}

TEST(Plan, GivesALostNumberBackWhenStatusShowsTheOneInItsPlace) {
  Scene scene = with_a_lost_number();
  scene.claim();
  std::string shown;
  for (Plan plan = scene.plan(); !plan.actions.empty(); plan = scene.plan()) {
    const bool releases = text(plan).find("release") != std::string::npos;
    if (releases) {
      const auto& candidates = std::get<ReleaseNumbers>(plan.actions.back()).candidates;
      ASSERT_EQ(candidates.size(), 1U);
      EXPECT_EQ(candidates[0].cause, allocation::ReleaseCause::kLost);
      shown = scene.web().status.summary;
      break;
    }
    scene.carry_out(plan);
  }
  EXPECT_EQ(shown, "api:24500/TCP b:24502/TCP");
}

TEST(Plan, KeepsAllPortsWhenOneIsTakenAfterTheyWerePublished) {
  Scene scene = with_a_lost_number();
  scene.web().status.service_name = "web";
  scene.claim();
  scene.carry_out(scene.plan());
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP b:24501/TCP");
  EXPECT_EQ(reason(scene.web(), "Published"), "False/PortTaken");
}

TEST(Plan, HasTheLedgerReadBeforeANumberThatIsShownGivesWayToAnother) {
  Scene scene;
  scene.settle();
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
  const auto unconfirmed = [&] { return std::get<WriteStatus>(scene.plan().actions.front()).unconfirmed; };
  // Another leader has shown 24507, of which the ledgers that this one has read know nothing.
  scene.web().status.ports[0].port = 24507;
  EXPECT_EQ(unconfirmed(), std::vector<Port>{Port::of(24507)});
  // An edit moves a number that the ledgers do hold: nothing to ask.
  scene.web().status.ports[0].port = 24500;
  scene.web().spec.ports[0].port = 24505;
  scene.claim();
  EXPECT_EQ(unconfirmed(), std::vector<Port>{});
}

TEST(Plan, HasTheLedgerReadBeforeANumberComesInsteadOfAnother) {
  Scene scene;
  scene.claim();
  const auto arriving = [&] { return std::get<WriteStatus>(scene.plan().actions.front()).arriving; };
  EXPECT_EQ(arriving(), std::vector<Port>{}) << "the first number of a port is no surplus to anybody";
  scene.settle();
  scene.cluster.services.clear();
  scene.web().status.service_name.clear();
  scene.cluster.contested = {24500};  // taken before it could be published: another one is chosen
  scene.claim();
  EXPECT_EQ(arriving(), std::vector<Port>{Port::of(24501)});
}

TEST(Plan, ReleasesANumberOnlyAfterStatusStoppedShowingIt) {
  Scene scene;
  scene.web().spec.ports.push_back(port("b"));
  scene.settle();
  scene.cluster.services.clear();  // nothing but status shows the numbers
  scene.policies.clear();
  scene.web().spec.ports.pop_back();
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan).find("release"), std::string::npos) << text(plan);
  scene.carry_out(plan);
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
  EXPECT_EQ(text(scene.plan()), "release 1 numbers");
}

}  // namespace
}  // namespace berth
