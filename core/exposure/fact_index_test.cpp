#include "core/exposure/fact_index.h"

#include <gtest/gtest.h>

namespace berth::exposure {
namespace {

template <class T>
std::shared_ptr<const T> named(const char* ns, const char* name) {
  auto object = std::make_shared<T>();
  object->meta.ns = ns;
  object->meta.name = name;
  return object;
}

std::shared_ptr<const Workload> workload(const char* kind, const char* name) {
  auto object = std::make_shared<Workload>();
  object->kind = kind;
  object->meta.ns = "data";
  object->meta.name = name;
  return object;
}

TEST(FactIndex, ShowsOneNamespaceAtATimeInAStableOrder) {
  FactIndex index;
  index.put(named<Service>("data", "b"));
  index.put(named<Service>("data", "a"));
  index.put(named<Service>("web", "c"));
  ASSERT_EQ(index.services("data").size(), 2U);
  EXPECT_EQ(index.services("data")[0]->meta.name, "a");
  EXPECT_TRUE(index.services("absent").empty());
}

TEST(FactIndex, TellsKindsOfWorkloadsApart) {
  FactIndex index;
  index.put(workload("Deployment", "pg"));
  index.put(workload("Pod", "pg"));
  EXPECT_EQ(index.workloads("data").size(), 2U);
  index.remove(*workload("Pod", "pg"));
  ASSERT_EQ(index.workloads("data").size(), 1U);
  EXPECT_EQ(index.workloads("data")[0]->kind, "Deployment");
}

TEST(FactIndex, ReplacesByNameAndForgets) {
  FactIndex index;
  index.put(named<Ingress>("data", "a"));
  index.put(named<Ingress>("data", "a"));
  EXPECT_EQ(index.ingresses("data").size(), 1U);
  index.remove(*named<Ingress>("data", "a"));
  index.remove(*named<Ingress>("data", "a"));
  EXPECT_TRUE(index.ingresses("data").empty());
}

TEST(FactIndex, DoesNotInventLabelsOfUnknownNamespaces) {
  FactIndex index;
  EXPECT_EQ(index.namespace_labels("data"), nullptr);
  Namespace data;
  data.meta.name = "data";
  data.meta.labels = {{"tier", "prod"}};
  index.put(std::make_shared<const Namespace>(data));
  ASSERT_NE(index.namespace_labels("data"), nullptr);
  EXPECT_EQ(index.namespace_labels("data")->at("tier"), "prod");
  index.remove(data);
  EXPECT_EQ(index.namespace_labels("data"), nullptr);
}

}  // namespace
}  // namespace berth::exposure
