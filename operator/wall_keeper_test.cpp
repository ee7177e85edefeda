#include "operator/wall_keeper.h"

#include <gtest/gtest.h>

#include "core/base/api_names.h"
#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using State = exposure::Enforcement::State;

constexpr char kServices[] = "site.services.exposure.berth.dev";

struct WallKeeperTest : ::testing::Test {
  Workbench bench;
  WallKeeper keeper{bench.client, bench.clock, bench.stores, {}};

  void declare_policy(std::int64_t internal = 5432, std::vector<ExposureException> exceptions = {}) {
    ExposurePolicy site;
    site.meta = testing::make_meta("", "site");
    site.spec.internal = {{.port = internal}};
    site.spec.exceptions = std::move(exceptions);
    site.spec.enforce.admission_policy = true;
    bench.make(wire::kExposurePolicy, site);
    bench.read();
  }
  void edit_policy(const std::string& spec) {
    (void)bench.people.merge_patch<ExposurePolicy>(wire::kExposurePolicy, {"", "site"},
                                                   R"({"spec":)" + spec + "}");
    bench.read();
  }
  KeptWall keep() { return keeper.keep(*bench.stores.exposure_policies.get({"", "site"})); }

  // What the controller manager does.
  void check_types(const std::string& status = R"({"typeChecking":{},"observedGeneration":)") {
    for (const auto& policy : policies()) {
      (void)bench.people.merge_patch<ValidatingAdmissionPolicy>(
          wire::kValidatingAdmissionPolicy, {"", policy.meta.name},
          R"({"status":)" + status + std::to_string(policy.meta.generation) + "}}", "status");
    }
    bench.read();
  }
  [[nodiscard]] std::vector<ValidatingAdmissionPolicy> policies() const {
    return bench.people.list<ValidatingAdmissionPolicy>(wire::kValidatingAdmissionPolicy).value().items;
  }
  [[nodiscard]] std::vector<ValidatingAdmissionPolicyBinding> bindings() const {
    return bench.people.list<ValidatingAdmissionPolicyBinding>(wire::kValidatingAdmissionPolicyBinding)
        .value()
        .items;
  }
  void raise() {
    ASSERT_EQ(keep().enforcement.state, State::kRising);
    check_types();
    ASSERT_TRUE(keep().status.ok());
    bench.read();
    ASSERT_EQ(keep().enforcement.state, State::kStands);
  }
};

TEST_F(WallKeeperTest, RaisesTheWallAndThenWritesNothing) {
  declare_policy();
  raise();
  EXPECT_EQ(policies().size(), bindings().size());
  EXPECT_FALSE(policies().empty());
  bench.clear_log();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(keep().enforcement.state, State::kStands);
  EXPECT_TRUE(bench.writes().empty());
}

TEST_F(WallKeeperTest, PutsBackWhatSomebodyTookAway) {
  declare_policy();
  raise();
  bench.remove<ValidatingAdmissionPolicyBinding>(wire::kValidatingAdmissionPolicyBinding, {"", kServices});
  bench.remove<ValidatingAdmissionPolicy>(wire::kValidatingAdmissionPolicy, {"", kServices});
  bench.read();
  EXPECT_TRUE(keep().status.ok());
  check_types();
  EXPECT_TRUE(keep().status.ok());
  bench.read();
  EXPECT_EQ(keep().enforcement.state, State::kStands);
}

TEST_F(WallKeeperTest, TakesBackWhatSomebodyTookTheLabelOff) {
  declare_policy();
  raise();
  (void)bench.people.merge_patch<ValidatingAdmissionPolicy>(
      wire::kValidatingAdmissionPolicy, {"", kServices},
      R"({"metadata":{"labels":{"berth.dev/admission-policy":null}},"spec":{"failurePolicy":"Ignore"}})");
  bench.read();
  EXPECT_TRUE(keep().status.ok());
  const auto right =
      bench.at_server<ValidatingAdmissionPolicy>(wire::kValidatingAdmissionPolicy, {"", kServices});
  EXPECT_EQ(right->spec.failure_policy, "Fail");
  EXPECT_EQ(right->meta.labels.count(kWallLabel), 1U);
}

TEST_F(WallKeeperTest, FollowsThePolicy) {
  declare_policy();
  raise();
  edit_policy(R"({"internal":[{"port":27017}]})");
  EXPECT_TRUE(keep().status.ok());
  const auto changed =
      bench.at_server<ValidatingAdmissionPolicy>(wire::kValidatingAdmissionPolicy, {"", kServices});
  std::string text;
  for (const AdmissionVariable& variable : changed->spec.variables) text += variable.expression;
  EXPECT_NE(text.find("27017"), std::string::npos);
  EXPECT_EQ(text.find("5432"), std::string::npos);
  edit_policy(R"({"enforce":{"admissionPolicy":false}})");
  EXPECT_EQ(keep().enforcement.state, State::kNotAsked);
  EXPECT_TRUE(policies().empty());
  EXPECT_TRUE(bindings().empty());
}

TEST_F(WallKeeperTest, LooksAgainWhenAnExceptionEnds) {
  const Instant end = bench.clock.wall() + std::chrono::hours(1);
  declare_policy(
      5432,
      {{"data", {"StatefulSet", "pg"}, 5432, Protocol::kTcp, {"NodePort"}, "dba", "why", to_rfc3339(end)}});
  raise();
  const auto look_again = keep().look_again;
  ASSERT_TRUE(look_again);
  bench.clock.advance(*look_again);
  EXPECT_EQ(keep().enforcement.state, State::kRising) << "the number is closed in that namespace, too";
  const auto closed =
      bench.at_server<ValidatingAdmissionPolicy>(wire::kValidatingAdmissionPolicy, {"", kServices});
  for (const AdmissionVariable& variable : closed->spec.variables)
    EXPECT_EQ(variable.expression.find("\"data\""), std::string::npos);
  EXPECT_EQ(keep().look_again, std::nullopt);
}

TEST_F(WallKeeperTest, SaysWhatTheApiServerDoesNotTake) {
  declare_policy();
  bench.fail_once("POST", "/validatingadmissionpolicies", testing::Answered{testing::refusal(403, 0)});
  const KeptWall kept = keep();
  EXPECT_TRUE(kept.status.ok()) << "trying again at once would not help";
  EXPECT_EQ(kept.enforcement.state, State::kRefused);
  EXPECT_TRUE(kept.look_again);
  EXPECT_EQ(keep().enforcement.state, State::kRising) << "it may be allowed by and by";
}

TEST_F(WallKeeperTest, TriesAgainWhatFailedForAMoment) {
  declare_policy();
  bench.fail_once("POST", "/validatingadmissionpolicies", testing::Answered{testing::refusal(503, 0)});
  EXPECT_EQ(keep().status.error().code, Code::kUnavailable);
}

TEST_F(WallKeeperTest, LeavesPoliciesOfOthersAlone) {
  ValidatingAdmissionPolicy foreign;
  foreign.meta.name = "site.services.exposure.example.org";
  bench.make(wire::kValidatingAdmissionPolicy, foreign);
  declare_policy();
  raise();
  edit_policy(R"({"enforce":null})");
  EXPECT_TRUE(keep().status.ok());
  ASSERT_EQ(policies().size(), 1U);
  EXPECT_EQ(policies()[0].meta.name, foreign.meta.name);
}

}  // namespace
}  // namespace berth::controller
