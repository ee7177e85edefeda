#include "cli/files_facts.h"

#include <gtest/gtest.h>

#include "core/base/api_names.h"

namespace berth::cli {
namespace {

template <class T>
Object object(const std::string& kind, const std::string& ns, const std::string& name) {
  T model;
  model.meta.ns = ns;
  model.meta.name = name;
  if constexpr (std::is_same_v<T, Workload>) model.kind = kind;
  return {"f", {1, 1}, kind, std::move(model)};
}

template <class T>
std::vector<std::string> names(const std::vector<const T*>& objects) {
  std::vector<std::string> result;
  for (const T* found : objects) result.push_back(found->meta.name);
  return result;
}

using Names = std::vector<std::string>;

TEST(FilesFacts, AnswerPerNamespaceInTheOrderOfTheFiles) {
  const Object b = object<Service>("Service", "data", "b");
  const Object a = object<Service>("Service", "data", "a");
  const Object other = object<Service>("Service", "web", "a");
  FilesFacts facts;
  for (const Object* each : {&b, &a, &other}) facts.put(*each);
  EXPECT_EQ(names(facts.services("data")), (Names{"b", "a"}));
  EXPECT_EQ(names(facts.services("web")), Names{"a"});
  EXPECT_TRUE(facts.services("nowhere").empty());
  EXPECT_TRUE(facts.entrances("data").empty());
}

TEST(FilesFacts, TellWorkloadsOfOneNameApartByKind) {
  const Object deployment = object<Workload>("Deployment", "data", "web");
  const Object stateful_set = object<Workload>("StatefulSet", "data", "web");
  FilesFacts facts;
  facts.put(deployment);
  facts.put(stateful_set);
  EXPECT_EQ(facts.workloads("data").size(), 2U);
}

TEST(FilesFacts, ReplaceAnOlderSelfButNotWhatHasNoNameYet) {
  const Object old_one = object<Service>("Service", "data", "web");
  const Object new_one = object<Service>("Service", "data", "web");
  const Object first = object<Workload>("Pod", "data", "");
  const Object second = object<Workload>("Pod", "data", "");
  FilesFacts facts;
  for (const Object* each : {&old_one, &new_one, &first, &second}) facts.put(*each);
  ASSERT_EQ(facts.services("data").size(), 1U);
  EXPECT_EQ(facts.services("data").front(), std::get_if<Service>(&new_one.model));
  EXPECT_EQ(facts.workloads("data").size(), 2U);
}

Object entrance(std::vector<std::string> into) {
  Object made = object<Entrance>("ConfigMap", "ingress", "tcp-services");
  for (std::string& ns : into) std::get<Entrance>(made.model).targets.push_back({.ns = std::move(ns)});
  return made;
}

TEST(FilesFacts, FindEntrancesWhereTheyLeadAndNotWhereTheyStand) {
  const Object both = entrance({"data", "web", "data"});
  FilesFacts facts;
  facts.put(both);
  EXPECT_EQ(facts.entrances("data").size(), 1U);
  EXPECT_EQ(facts.entrances("web").size(), 1U);
  EXPECT_TRUE(facts.entrances("ingress").empty());
}

TEST(FilesFacts, FindAnEntranceNoMoreWhereItsYoungerSelfDoesNotLead) {
  const Object before = entrance({"data", "web"});
  const Object after = entrance({"web", "mesh"});
  FilesFacts facts;
  facts.put(before);
  facts.put(after);
  EXPECT_TRUE(facts.entrances("data").empty());
  ASSERT_EQ(facts.entrances("web").size(), 1U);
  EXPECT_EQ(facts.entrances("web").front(), std::get_if<Entrance>(&after.model));
  EXPECT_EQ(facts.entrances("mesh").size(), 1U);
}

TEST(FilesFacts, HideOnlyTheObjectThatIsJudged) {
  const Object first = object<Workload>("Pod", "data", "");
  const Object second = object<Workload>("Pod", "data", "");
  FilesFacts facts;
  facts.put(first);
  facts.put(second);
  facts.hide(&first);
  ASSERT_EQ(facts.workloads("data").size(), 1U);
  EXPECT_EQ(facts.workloads("data").front(), std::get_if<Workload>(&second.model));
  facts.hide(nullptr);
  EXPECT_EQ(facts.workloads("data").size(), 2U);
}

TEST(FilesFacts, KnowANamespaceOnlyByItsDocumentAndItsOwnNameLabel) {
  Object data = object<Namespace>("Namespace", "", "data");
  std::get<Namespace>(data.model).meta.labels = {{"tier", "db"}};
  FilesFacts facts;
  facts.put(data);
  ASSERT_NE(facts.namespace_labels("data"), nullptr);
  EXPECT_EQ(*facts.namespace_labels("data"), (Labels{{kNamespaceNameLabel, "data"}, {"tier", "db"}}));
  EXPECT_EQ(facts.namespace_labels("web"), nullptr) << "unknown, not without labels";
}

TEST(FilesFacts, HoldAllocationsByNamespaceAndPoliciesOnce) {
  const Object allocation = object<PortAllocation>("PortAllocation", "data", "a");
  const Object policy = object<ExposurePolicy>("ExposurePolicy", "", "p");
  const Object newer = object<ExposurePolicy>("ExposurePolicy", "", "p");
  FilesFacts facts;
  for (const Object* each : {&allocation, &policy, &newer}) facts.put(*each);
  EXPECT_EQ(names(facts.allocations("data")), Names{"a"});
  ASSERT_EQ(facts.policies().size(), 1U);
  EXPECT_EQ(facts.policies().front(), std::get_if<ExposurePolicy>(&newer.model));
}

}  // namespace
}  // namespace berth::cli
