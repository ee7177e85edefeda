#include "core/wall/standing.h"

#include <gtest/gtest.h>

#include "core/exposure/testing/world.h"

namespace berth::wall {
namespace {

using State = exposure::Enforcement::State;
using exposure::testing::listed;

Wall wanted() {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  policy.meta.uid = {"u1"};
  policy.spec.internal = {listed(5432)};
  return make_wall(policy, {}, {});
}

// A cluster that takes every action, and checks types as `complaint` says.
struct Cluster {
  Standing standing;
  std::string complaint;
  int version = 0;

  template <class T>
  static auto place(std::vector<std::shared_ptr<const T>>& all, const std::string& name) {
    return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one->meta.name == name; });
  }

  template <class T>
  void put(std::vector<std::shared_ptr<const T>>& all, T object) {
    object.meta.resource_version = std::to_string(++version);
    if (object.meta.uid.empty()) object.meta.uid = {"of-" + object.meta.name};
    object.meta.generation += 1;
    const auto found = place(all, object.meta.name);
    if (found == all.end()) {
      all.push_back(std::make_shared<const T>(std::move(object)));
    } else {
      *found = std::make_shared<const T>(std::move(object));
    }
  }

  void check_types() {
    for (auto& one : standing.policies) {
      ValidatingAdmissionPolicy checked = *one;
      checked.status.observed_generation = checked.meta.generation;
      checked.status.type_checking.emplace();
      if (!complaint.empty())
        checked.status.type_checking->expression_warnings = {{"spec.validations[0].expression", complaint}};
      one = std::make_shared<const ValidatingAdmissionPolicy>(std::move(checked));
    }
  }

  void operator()(const Create<ValidatingAdmissionPolicy>& a) { put(standing.policies, a.object); }
  void operator()(const Replace<ValidatingAdmissionPolicy>& a) { put(standing.policies, a.object); }
  void operator()(const Create<ValidatingAdmissionPolicyBinding>& a) { put(standing.bindings, a.object); }
  void operator()(const Replace<ValidatingAdmissionPolicyBinding>& a) { put(standing.bindings, a.object); }
  void operator()(const Remove<ValidatingAdmissionPolicy>& a) {
    standing.policies.erase(place(standing.policies, a.name));
  }
  void operator()(const Remove<ValidatingAdmissionPolicyBinding>& a) {
    standing.bindings.erase(place(standing.bindings, a.name));
  }

  Work step(const Wall& wall, bool asked = true) {
    Work work = work_on(wall, asked, standing);
    for (const Action& action : work.actions) std::visit(*this, action);
    return work;
  }

  // As it stands once everything is done.
  void raise(const Wall& wall) {
    step(wall);
    check_types();
    step(wall);
  }
};

TEST(WallStanding, IsBoundOnlyAfterItsTypesWereChecked) {
  const Wall wall = wanted();
  Cluster cluster;
  EXPECT_EQ(cluster.step(wall).enforcement.state, State::kRising);
  EXPECT_EQ(cluster.standing.policies.size(), wall.policies.size());
  EXPECT_TRUE(cluster.standing.bindings.empty());
  EXPECT_TRUE(cluster.step(wall).actions.empty()) << "nothing to do but to wait";
  EXPECT_TRUE(cluster.standing.bindings.empty());
  cluster.check_types();
  EXPECT_EQ(cluster.step(wall).enforcement.state, State::kRising);
  EXPECT_EQ(cluster.standing.bindings.size(), wall.bindings.size());
  const Work done = cluster.step(wall);
  EXPECT_TRUE(done.actions.empty());
  EXPECT_EQ(done.enforcement.state, State::kStands);
}

TEST(WallStanding, IsNotBoundWhenTheApiServerComplains) {
  const Wall wall = wanted();
  Cluster cluster;
  cluster.complaint = "undefined field 'prots'";
  cluster.raise(wall);
  EXPECT_TRUE(cluster.standing.bindings.empty());
  const Work refused = cluster.step(wall);
  EXPECT_TRUE(refused.actions.empty());
  EXPECT_EQ(refused.enforcement.state, State::kRefused);
  EXPECT_NE(refused.enforcement.message.find("spec.validations[0].expression: undefined field 'prots'"),
            std::string::npos)
      << refused.enforcement.message;
}

TEST(WallStanding, IsPutRightHoweverItWasMadeToLookAway) {
  using Policy = ValidatingAdmissionPolicy;
  using Binding = ValidatingAdmissionPolicyBinding;
  const std::vector<std::function<void(Policy&, Binding&)>> tamperings = {
      [](Policy& policy, Binding&) { policy.spec.validations[0].expression = "true"; },
      [](Policy& policy, Binding&) { policy.spec.failure_policy = "Ignore"; },
      [](Policy& policy, Binding&) {
        policy.spec.match_constraints.object_selector.match_labels = {{"a", "b"}};
      },
      [](Policy& policy, Binding&) {
        policy.spec.match_constraints.namespace_selector.match_labels = {{"a", "b"}};
      },
      [](Policy& policy, Binding&) {
        policy.spec.match_constraints.exclude_resource_rules = policy.spec.match_constraints.resource_rules;
      },
      [](Policy& policy, Binding&) {
        policy.spec.match_constraints.resource_rules[0].resource_names = {"none"};
      },
      [](Policy& policy, Binding&) {
        policy.spec.match_constraints.resource_rules[0].operations = {"CREATE"};
      },
      [](Policy& policy, Binding&) { policy.spec.match_constraints.match_policy = "Exact"; },
      [](Policy& policy, Binding&) {
        policy.spec.match_conditions.push_back({"never", "false"});
      },
      [](Policy& policy, Binding&) { policy.spec.variables[0].expression = "{}"; },
      [](Policy& policy, Binding&) { policy.spec.param_kind = R"({"apiVersion":"v1","kind":"ConfigMap"})"; },
      [](Policy& policy, Binding&) { policy.meta.owner_references.clear(); },
      [](Policy&, Binding& binding) { binding.validation_actions = {"Audit"}; },
      [](Policy&, Binding& binding) { binding.match_resources.emplace(); },
      [](Policy&, Binding& binding) { binding.param_ref = R"({"name":"x"})"; },
      [](Policy&, Binding& binding) { binding.policy_name = "another"; },
  };
  const Wall wall = wanted();
  for (std::size_t i = 0; i < tamperings.size(); ++i) {
    Cluster cluster;
    cluster.raise(wall);
    Policy policy = *cluster.standing.policies[0];
    Binding binding = *cluster.standing.bindings[0];
    tamperings[i](policy, binding);
    cluster.put(cluster.standing.policies, policy);
    cluster.put(cluster.standing.bindings, binding);
    cluster.check_types();
    EXPECT_EQ(cluster.step(wall).actions.size(), 1U) << i;
    cluster.check_types();
    EXPECT_EQ(cluster.step(wall).enforcement.state, State::kStands) << i;
  }
}

TEST(WallStanding, WhatIsGoneComesBackAtOnce) {
  const Wall wall = wanted();
  Cluster cluster;
  cluster.raise(wall);
  cluster.standing.policies.erase(cluster.standing.policies.begin());
  cluster.standing.bindings.erase(cluster.standing.bindings.begin() + 1);
  cluster.step(wall);
  EXPECT_EQ(cluster.standing.policies.size(), wall.policies.size());
  EXPECT_EQ(cluster.standing.bindings.size(), wall.bindings.size());
}

TEST(WallStanding, KeepsTheMarksOfOthers) {
  const Wall wall = wanted();
  Cluster cluster;
  cluster.raise(wall);
  ValidatingAdmissionPolicy marked = *cluster.standing.policies[0];
  marked.meta.labels["team"] = "security";
  marked.meta.annotations["note"] = "by hand";
  cluster.put(cluster.standing.policies, marked);
  cluster.check_types();
  EXPECT_TRUE(cluster.step(wall).actions.empty()) << "that hurts nobody";
  marked.spec.failure_policy = "Ignore";
  cluster.put(cluster.standing.policies, marked);
  cluster.step(wall);
  const ValidatingAdmissionPolicy& right = **Cluster::place(cluster.standing.policies, marked.meta.name);
  EXPECT_EQ(right.spec.failure_policy, "Fail");
  EXPECT_EQ(right.meta.labels.at("team"), "security");
  EXPECT_EQ(right.meta.annotations.at("note"), "by hand");
}

TEST(WallStanding, GoesBindingsFirstWhenNobodyAsksForIt) {
  const Wall wall = wanted();
  Cluster cluster;
  cluster.raise(wall);
  const Work work = cluster.step(wall, false);
  EXPECT_EQ(work.enforcement.state, State::kNotAsked);
  ASSERT_EQ(work.actions.size(), wall.policies.size() + wall.bindings.size());
  for (std::size_t i = 0; i < work.actions.size(); ++i) {
    EXPECT_EQ(std::holds_alternative<Remove<ValidatingAdmissionPolicyBinding>>(work.actions[i]),
              i < wall.bindings.size());
  }
  EXPECT_TRUE(cluster.standing.policies.empty());
}

TEST(WallStanding, GoesWhenNothingIsInternalAnyMore) {
  Cluster cluster;
  cluster.raise(wanted());
  EXPECT_EQ(cluster.step(Wall()).enforcement.state, State::kStands);
  EXPECT_TRUE(cluster.standing.policies.empty());
  EXPECT_TRUE(cluster.standing.bindings.empty());
}

}  // namespace
}  // namespace berth::wall
