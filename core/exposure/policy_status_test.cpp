#include "core/exposure/policy_status.h"

#include <gtest/gtest.h>

namespace berth::exposure {
namespace {

ExposurePolicy policy_with(std::vector<std::string> ports) {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  policy.meta.generation = 3;
  PolicyPort entry;
  entry.ports = std::move(ports);
  policy.spec.internal = {entry};
  return policy;
}

TEST(PolicyStatus, IsReadyWhenEveryEntryCanBeRead) {
  const auto status = make_policy_status(policy_with({"5432"}), {}, {});
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_EQ(status.conditions.at(0).status, "True");
}

TEST(PolicyStatus, NamesTheEntryThatCountsForNothing) {
  const auto status = make_policy_status(policy_with({"70968", "x"}), {}, {});
  EXPECT_EQ(status.conditions.at(0).status, "False");
  EXPECT_NE(status.conditions.at(0).message.find("spec.internal[0]"), std::string::npos);
  EXPECT_NE(status.conditions.at(0).message.find("70968"), std::string::npos);
}

std::string text(const ExposurePolicyStatus& status) {
  std::string line;
  for (const Condition& condition : status.conditions) {
    line += condition.type + "=" + condition.status + "/" + condition.reason + " ";
  }
  return line;
}

TEST(PolicyStatus, SaysWhatItDoesNotCarryOut) {
  ExposurePolicy policy = policy_with({"5432"});
  EXPECT_EQ(text(make_policy_status(policy, {}, {})),
            "Ready=True/InForce Enforced=True/NothingAsked Reconciling=False/InForce Stalled=False/InForce ");
  policy.spec.enforce.network_policies = true;
  policy.status = make_policy_status(policy, {}, {});
  EXPECT_EQ(text(policy.status),
            "Ready=False/EnforceNotSupported Enforced=False/EnforceNotSupported "
            "Reconciling=False/EnforceNotSupported Stalled=True/EnforceNotSupported ");
  EXPECT_NE(policy.status.conditions[0].message.find("spec.enforce.networkPolicies"), std::string::npos);
}

TEST(PolicyStatus, TellsHowFarTheWallStands) {
  using State = Enforcement::State;
  ExposurePolicy policy = policy_with({"5432"});
  policy.spec.enforce.admission_policy = true;
  EXPECT_EQ(text(make_policy_status(policy, {State::kRising, "3 of 5"}, {})),
            "Ready=False/WallRising Enforced=False/WallRising Reconciling=True/WallRising "
            "Stalled=False/WallRising ");
  EXPECT_EQ(text(make_policy_status(policy, {State::kStands, "5"}, {})),
            "Ready=True/InForce Enforced=True/WallStands Reconciling=False/InForce Stalled=False/InForce ");
  policy.status = make_policy_status(policy, {State::kRefused, "no such field"}, {});
  EXPECT_EQ(text(policy.status),
            "Ready=False/WallRefused Enforced=False/WallRefused Reconciling=False/WallRefused "
            "Stalled=True/WallRefused ");
  EXPECT_EQ(policy.status.conditions[1].message, "no such field");
}

TEST(PolicyStatus, IsNotWrittenAnewAtRest) {
  ExposurePolicy policy = policy_with({"5432"});
  policy.status = make_policy_status(policy, {}, {1000});
  EXPECT_EQ(make_policy_status(policy, {}, {99'000}), policy.status);
}

}  // namespace
}  // namespace berth::exposure
