// Policies of other projects have more than one selector, and may be about more than one namespace.
#include "core/model/network_policy.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

LabelSelector with(const std::string& key, const std::string& value) { return {{{key, value}}, {}}; }
LabelSelector named(const std::string& op, const std::string& name) {
  return {{}, {{"kubernetes.io/metadata.name", op, {name}}}};
}

TEST(NetworkPolicy, SelectsWhomOneOfItsSelectorsSelects) {
  NetworkPolicy policy;
  policy.pod_selector = with("app", "db");
  policy.or_pods = {with("app", "pg")};
  EXPECT_TRUE(selects_pods(policy, {{"app", "db"}}));
  EXPECT_TRUE(selects_pods(policy, {{"app", "pg"}}));
  EXPECT_FALSE(selects_pods(policy, {{"app", "web"}}));

  NetworkPolicyRule rule;
  EXPECT_TRUE(is_about_pods(rule, {{"app", "web"}}));
  rule.pods = {with("app", "db"), with("app", "pg")};
  EXPECT_TRUE(is_about_pods(rule, {{"app", "pg"}}));
  EXPECT_FALSE(is_about_pods(rule, {{"app", "web"}}));
}

TEST(NetworkPolicy, IsOfTheNamespacesThatItSelects) {
  NetworkPolicy policy;
  const Labels team = {{"team", "a"}};
  EXPECT_FALSE(is_of_namespace(policy, "data", &team)) << "that of its own is asked for elsewhere";
  policy.cluster_wide = true;
  EXPECT_TRUE(is_of_namespace(policy, "data", &team));
  policy.namespaces = {with("team", "b"), with("team", "a")};
  EXPECT_TRUE(is_of_namespace(policy, "data", &team));
  policy.namespaces = {with("team", "b")};
  EXPECT_FALSE(is_of_namespace(policy, "data", &team));
}

TEST(NetworkPolicy, MayBeOfANamespaceOfWhichOnlyTheNameIsKnown) {
  NetworkPolicy policy;
  policy.cluster_wide = true;
  policy.namespaces = {with("team", "a")};
  EXPECT_TRUE(is_of_namespace(policy, "data", nullptr));
  policy.namespaces = {with("kubernetes.io/metadata.name", "data")};
  EXPECT_TRUE(is_of_namespace(policy, "data", nullptr));
  EXPECT_FALSE(is_of_namespace(policy, "web", nullptr));
  policy.namespaces = {named("NotIn", "data")};
  EXPECT_FALSE(is_of_namespace(policy, "data", nullptr));
  EXPECT_TRUE(is_of_namespace(policy, "web", nullptr));
  policy.namespaces[0].match_expressions.push_back({"team", "Exists", {}});
  EXPECT_FALSE(is_of_namespace(policy, "data", nullptr));
  EXPECT_TRUE(is_of_namespace(policy, "web", nullptr));
}

}  // namespace
}  // namespace berth
