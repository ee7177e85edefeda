// Which file wins over which, and what of a manifest counts.
#include "cli/scene.h"

#include <gtest/gtest.h>
#include <utility>

#include "core/base/api_names.h"

namespace berth::cli {
namespace {

template <class T>
Object object(const std::string& kind, const std::string& ns, const std::string& name) {
  T model;
  model.meta.ns = ns;
  model.meta.name = name;
  if constexpr (requires { model.kind; }) model.kind = kind;
  return {"f", {1, 1}, kind, std::move(model)};
}
Object service(const std::string& name, const std::string& type) {
  Object made = object<Service>("Service", "data", name);
  std::get<Service>(made.model).type = type;
  return made;
}
Object policy() { return object<ExposurePolicy>("ExposurePolicy", "", "p"); }

cluster::Picture cluster_with(const std::string& type) {
  cluster::Picture picture;
  picture.index.put(std::make_shared<const Service>(std::get<Service>(service("web", type).model)));
  return picture;
}

const Service& only(const Scene& scene) {
  const auto services = scene.facts().services("data");
  EXPECT_EQ(services.size(), 1U);
  return *services.at(0);
}

TEST(Scene, LaysPathOverAgainstOverWithOverTheCluster) {
  Problems problems;
  // With so many of them, from the cluster on.
  const auto type_with = [&](int places) {
    Inputs inputs;
    inputs.policies.objects = {policy()};
    inputs.cluster = cluster_with("cluster");
    if (places > 1) inputs.with.objects = {service("web", "with")};
    if (places > 2) inputs.against.objects = {service("web", "against")};
    if (places > 3) inputs.judged.objects = {service("web", "judged")};
    return only(Scene(std::move(inputs), problems)).type;
  };
  EXPECT_EQ(type_with(1), "cluster");
  EXPECT_EQ(type_with(2), "with");
  EXPECT_EQ(type_with(3), "against");
  EXPECT_EQ(type_with(4), "judged");
  EXPECT_TRUE(problems.errors.empty());
}

TEST(Scene, KnowsTheOlderSelfFromAgainstOrTheClusterAndNotFromWith) {
  const auto old_type = [](Inputs inputs) -> std::string {
    Problems problems;
    inputs.policies.objects = {policy()};
    inputs.judged.objects = {service("web", "new")};
    const Scene scene(std::move(inputs), problems);
    const Judged* old = scene.old_of(scene.judged().front());
    return old == nullptr ? "none" : std::get<Service>(*old).type;
  };
  EXPECT_EQ(old_type({}), "none");
  EXPECT_EQ(old_type({.with = {{service("web", "with")}}}), "none");
  EXPECT_EQ(old_type({.against = {{service("web", "against")}}}), "against");
  EXPECT_EQ(old_type({.cluster = cluster_with("cluster")}), "cluster");
  EXPECT_EQ(old_type({.with = {{service("web", "with")}}, .cluster = cluster_with("cluster")}), "cluster");
  EXPECT_EQ(old_type({.against = {{service("web", "against")}}, .cluster = cluster_with("cluster")}),
            "against");
}

TEST(Scene, TakesAnObjectBackToWhatStoodInItsPlace) {
  Problems problems;
  Inputs inputs;
  inputs.policies.objects = {policy()};
  inputs.with.objects = {service("web", "with")};
  inputs.judged.objects = {service("web", "new"), service("api", "new")};
  Scene scene(std::move(inputs), problems);
  for (const Object& one : scene.judged()) scene.put_back(one);
  EXPECT_EQ(only(scene).type, "with");
  for (const Object& one : scene.judged()) scene.put(one);
  EXPECT_EQ(scene.facts().services("data").size(), 2U);
}

TEST(Scene, HoldsPodsWithoutANameSideBySide) {
  Problems problems;
  Inputs inputs;
  inputs.policies.objects = {policy()};
  inputs.with.objects = {object<Workload>("Pod", "data", "")};
  inputs.judged.objects = {object<Workload>("Pod", "data", ""), object<Workload>("Pod", "data", "")};
  Scene scene(std::move(inputs), problems);
  EXPECT_EQ(scene.facts().workloads("data").size(), 3U);
  scene.put_back(scene.judged().front());
  EXPECT_EQ(scene.facts().workloads("data").size(), 2U);
  EXPECT_EQ(scene.old_of(scene.judged().front()), nullptr);
}

TEST(Scene, KnowsANamespaceOnlyByItsDocumentAndItsOwnNameLabel) {
  Problems problems;
  Inputs inputs;
  Object data = object<Namespace>("Namespace", "", "data");
  std::get<Namespace>(data.model).meta.labels = {{"tier", "db"}};
  inputs.judged.objects = {data};
  inputs.policies.objects = {policy()};
  const Scene scene(std::move(inputs), problems);
  ASSERT_NE(scene.facts().namespace_labels("data"), nullptr);
  EXPECT_EQ(*scene.facts().namespace_labels("data"), (Labels{{kNamespaceNameLabel, "data"}, {"tier", "db"}}));
  EXPECT_EQ(scene.facts().namespace_labels("web"), nullptr) << "unknown, not without labels";
}

TEST(Scene, TakesThePoliciesOfTheClusterBeneathThoseOfTheFiles) {
  Problems problems;
  Inputs inputs;
  inputs.cluster.emplace();
  for (const char* name : {"p", "q"}) {
    inputs.cluster->index.put(std::make_shared<const ExposurePolicy>(
        std::get<ExposurePolicy>(object<ExposurePolicy>("", "", name).model)));
  }
  Object stricter = policy();
  std::get<ExposurePolicy>(stricter.model).spec.unknown = "Deny";
  inputs.policies.objects = {stricter};
  const Scene scene(std::move(inputs), problems);
  ASSERT_EQ(scene.facts().policies().size(), 2U);
  EXPECT_EQ(scene.facts().policies().front()->spec.unknown, "Deny");
  EXPECT_TRUE(problems.errors.empty());
}

TEST(Scene, NeedsAPolicyFromSomewhere) {
  Problems problems;
  const Scene scene({}, problems);
  ASSERT_EQ(problems.errors.size(), 1U);
  EXPECT_NE(problems.errors.front().message.find("no ExposurePolicy was given"), std::string::npos);
}

}  // namespace
}  // namespace berth::cli
