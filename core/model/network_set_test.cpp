// Which sets of networks a policy means.
#include "core/model/network_set.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

NetworkSet named(const std::string& ns, Labels labels = {}) {
  NetworkSet made;
  made.meta.name = "partners";
  made.meta.ns = ns;
  made.meta.labels = std::move(labels);
  return made;
}

NetworkSetTerm labels(const std::string& key, const std::string& value) { return {{{{key, value}}, {}}, {}}; }
NetworkSetTerm of_namespaces(const std::string& key, const std::string& op,
                             std::vector<std::string> values = {}) {
  return {{}, {{}, {{key, op, std::move(values)}}}};
}

TEST(NetworkSet, IsMeantByEveryListOfTerms) {
  NetworkSetSelector selector;
  EXPECT_TRUE(selects(selector, "data", named("web"), nullptr)) << "nothing is asked for";
  selector.all_of = {{labels("role", "vpn"), labels("role", "partner")}, {labels("tier", "one")}};
  EXPECT_TRUE(selects(selector, "", named("", {{"role", "partner"}, {"tier", "one"}}), nullptr));
  EXPECT_FALSE(selects(selector, "", named("", {{"role", "partner"}}), nullptr));
  EXPECT_FALSE(selects(selector, "", named("", {{"role", "other"}, {"tier", "one"}}), nullptr));
  selector.all_of = {{}};
  EXPECT_FALSE(selects(selector, "", named(""), nullptr)) << "a list that nothing can meet";
}

TEST(NetworkSet, IsMeantByItsNameItsProjectAndItsNamespace) {
  NetworkSetSelector selector;
  selector.name = "partners";
  EXPECT_TRUE(selects(selector, "", named(""), nullptr));
  selector.name = "others";
  EXPECT_FALSE(selects(selector, "", named(""), nullptr));
  selector = {};
  selector.project = PolicyProject::kCilium;
  EXPECT_FALSE(selects(selector, "", named(""), nullptr));
  selector = {};
  selector.of_own_namespace = true;
  EXPECT_TRUE(selects(selector, "data", named("data"), nullptr));
  EXPECT_FALSE(selects(selector, "data", named("web"), nullptr));
  EXPECT_FALSE(selects(selector, "data", named(""), nullptr));
  EXPECT_TRUE(selects(selector, "", named("web"), nullptr)) << "a policy of the whole cluster";
}

TEST(NetworkSet, HasTheLabelsOfItsNamespace) {
  const Labels team = {{"team", "a"}};
  NetworkSetSelector selector;
  selector.all_of = {{of_namespaces("team", "In", {"a"})}};
  EXPECT_TRUE(selects(selector, "", named("data"), &team));
  EXPECT_TRUE(selects(selector, "", named("data"), nullptr)) << "they are not known";
  EXPECT_FALSE(selects(selector, "", named(""), nullptr)) << "it has none";
  selector.all_of = {{of_namespaces("team", "NotIn", {"a"})}};
  EXPECT_FALSE(selects(selector, "", named("data"), &team));
  EXPECT_TRUE(selects(selector, "", named(""), nullptr)) << "what is of no namespace has no such label";
  selector.all_of = {{of_namespaces("kubernetes.io/metadata.name", "DoesNotExist")}};
  EXPECT_FALSE(selects(selector, "", named("data"), &team)) << "every namespace has a name";
  EXPECT_FALSE(selects(selector, "", named("data"), nullptr));
  EXPECT_TRUE(selects(selector, "", named(""), nullptr));
}

}  // namespace
}  // namespace berth
