// What the API server does with these expressions is shown on a real one (e2e/wall).
#include "core/wall/wall.h"

#include <gtest/gtest.h>
#include <set>

#include "core/base/api_names.h"
#include "core/exposure/testing/world.h"

namespace berth::wall {
namespace {

using exposure::testing::listed;

constexpr Instant kNow{1'795'000'000'000};  // 2026-11-18

ExposurePolicy policy() {
  ExposurePolicy made;
  made.meta.name = "control-plane";
  made.meta.uid = {"u1"};
  made.spec.internal = {listed(5432)};
  return made;
}

const ValidatingAdmissionPolicy& of_form(const Wall& wall, const std::string& form) {
  for (const ValidatingAdmissionPolicy& each : wall.policies) {
    if (each.meta.name.find("." + form + ".") != std::string::npos) return each;
  }
  ADD_FAILURE() << "no policy for " << form;
  return wall.policies.front();
}

TEST(Wall, CoversServicesAndEveryKindThatMakesPods) {
  const Wall wall = make_wall(policy(), {}, kNow);
  std::set<std::string> resources;
  for (const ValidatingAdmissionPolicy& each : wall.policies) {
    for (const AdmissionRule& rule : each.spec.match_constraints.resource_rules) {
      EXPECT_EQ(rule.operations, (std::vector<std::string>{"CREATE", "UPDATE"}));
      for (const std::string& resource : rule.resources)
        resources.insert(rule.api_groups.at(0) + "/" + resource);
    }
  }
  EXPECT_EQ(resources,
            (std::set<std::string>{"/services", "/services/status", "/pods", "/replicationcontrollers",
                                   "/podtemplates", "apps/deployments", "apps/statefulsets",
                                   "apps/daemonsets", "apps/replicasets", "batch/jobs", "batch/cronjobs"}));
}

TEST(Wall, BindsEachPolicyToItself) {
  const Wall wall = make_wall(policy(), {}, kNow);
  ASSERT_EQ(wall.bindings.size(), wall.policies.size());
  for (std::size_t i = 0; i < wall.policies.size(); ++i) {
    EXPECT_EQ(wall.bindings[i].policy_name, wall.policies[i].meta.name);
    EXPECT_EQ(wall.bindings[i].validation_actions, std::vector<std::string>{"Deny"});
    EXPECT_EQ(wall.policies[i].spec.failure_policy, "Fail");
    EXPECT_EQ(wall.policies[i].spec.validations.at(0).reason, "Forbidden");
  }
}

TEST(Wall, DoesWhatThePolicyDoes) {
  ExposurePolicy warning = policy();
  for (const char* action : {"Warn", "Audit"}) {
    warning.spec.action = action;
    EXPECT_EQ(make_wall(warning, {}, kNow).bindings.at(0).validation_actions,
              std::vector<std::string>{action});
  }
}

TEST(Wall, StandsWhereThePolicySelectsAndNowhereElse) {
  ExposurePolicy selecting = policy();
  selecting.spec.namespace_selector.match_labels = {{"tier", "prod"}};
  WallOptions options;
  options.excluded_namespaces = {"kube-system", "berth-system"};
  for (const ValidatingAdmissionPolicy& each : make_wall(selecting, options, kNow).policies) {
    const LabelSelector& selector = each.spec.match_constraints.namespace_selector;
    EXPECT_TRUE(matches(selector, {{"tier", "prod"}, {kNamespaceNameLabel, "shop"}}));
    EXPECT_FALSE(matches(selector, {{"tier", "test"}, {kNamespaceNameLabel, "shop"}}));
    EXPECT_FALSE(matches(selector, {{"tier", "prod"}, {kNamespaceNameLabel, "kube-system"}}));
  }
}

TEST(Wall, LetsOnlyTheServicesOfTheOperatorAlone) {
  WallOptions options;
  options.operator_user = "system:serviceaccount:berth-system:berth-operator";
  const Wall wall = make_wall(policy(), options, kNow);
  const auto names_the_operator = [](const ValidatingAdmissionPolicy& each) {
    for (const MatchCondition& condition : each.spec.match_conditions) {
      if (condition.expression.find("berth-operator") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(names_the_operator(of_form(wall, "services")));
  EXPECT_FALSE(names_the_operator(of_form(wall, "pods")));
  EXPECT_FALSE(names_the_operator(of_form(make_wall(policy(), {}, kNow), "services")));
}

TEST(Wall, LetsAStandingTemplateMakeItsPods) {
  const Wall wall = make_wall(policy(), {}, kNow);
  EXPECT_EQ(of_form(wall, "pods").spec.match_conditions.back().name, "not-made-by-a-controller");
  EXPECT_NE(of_form(wall, "services").spec.match_conditions.back().name, "not-made-by-a-controller")
      << "a Service that a controller makes is as open as any";
}

TEST(Wall, IsOwnedByThePolicyOnlyWhereTheOperatorKeepsIt) {
  const Wall kept = make_wall(policy(), {}, kNow);
  EXPECT_EQ(kept.policies[0].meta.name, "control-plane.services.exposure.berth.dev");
  EXPECT_EQ(kept.policies[0].meta.owner_references.at(0).uid, Uid{"u1"});
  EXPECT_EQ(kept.policies[0].meta.labels.count(kWallLabel), 1U);
  WallOptions options;
  options.keeper = Keeper::kUser;
  const Wall applied = make_wall(policy(), options, kNow);
  EXPECT_EQ(applied.policies[0].meta.name, kept.policies[0].meta.name);
  EXPECT_TRUE(applied.policies[0].meta.owner_references.empty());
  EXPECT_EQ(applied.policies[0].meta.labels.count(kWallLabel), 0U);
  options.keeper = Keeper::kApiServer;
  const Wall from_files = make_wall(policy(), options, kNow);
  EXPECT_EQ(from_files.policies[0].meta.name, "control-plane.services.exposure.berth.dev.static.k8s.io");
  EXPECT_EQ(from_files.bindings[0].policy_name, from_files.policies[0].meta.name);
}

TEST(Wall, IsFoundByItsName) {
  for (const ValidatingAdmissionPolicy& each : make_wall(policy(), {}, kNow).policies)
    EXPECT_EQ(policy_of(each.meta.name), "control-plane");
  EXPECT_EQ(policy_of("a.services.b.services.exposure.berth.dev"), "a.services.b") << "names may have dots";
  EXPECT_EQ(policy_of("exposure.berth.dev"), "");
  EXPECT_EQ(policy_of(".services.exposure.berth.dev"), "");
  EXPECT_EQ(policy_of("control-plane.ghosts.exposure.berth.dev"), "");
}

TEST(Wall, IsNotThereWhenNothingIsInternal) {
  ExposurePolicy open = policy();
  open.spec.internal = {};
  EXPECT_TRUE(make_wall(open, {}, kNow).policies.empty());
  EXPECT_TRUE(make_wall(open, {}, kNow).bindings.empty());
}

TEST(Wall, TellsWhenItMustBeBuiltAnew) {
  ExposurePolicy excepting = policy();
  EXPECT_EQ(make_wall(excepting, {}, kNow).changes_at, std::nullopt);
  excepting.spec.exceptions = {{"data",
                                {"StatefulSet", "pg"},
                                5432,
                                Protocol::kTcp,
                                {"NodePort"},
                                "dba",
                                "why",
                                "2027-01-31T00:00:00Z"}};
  EXPECT_EQ(make_wall(excepting, {}, kNow).changes_at, parse_rfc3339("2027-01-31T00:00:00Z").value());
}

}  // namespace
}  // namespace berth::wall
