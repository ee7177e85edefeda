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
  index.put(named<Service>("data", "a"));
  index.put(named<Service>("data", "a"));
  EXPECT_EQ(index.services("data").size(), 1U);
  index.remove(*named<Service>("data", "a"));
  index.remove(*named<Service>("data", "a"));
  EXPECT_TRUE(index.services("data").empty());
}

std::shared_ptr<const Entrance> entrance(std::vector<std::string> into, const char* name = "tcp-services") {
  auto object = std::make_shared<Entrance>();
  object->meta.ns = "ingress";
  object->meta.name = name;
  object->kind = "ConfigMap";
  for (std::string& ns : into) object->targets.push_back({.ns = std::move(ns)});
  return object;
}

TEST(FactIndex, FindsEntrancesWhereTheyLeadAndNotWhereTheyStand) {
  FactIndex index;
  index.put(entrance({"data", "web", "data"}));
  index.put(entrance({"web"}, "udp-services"));
  EXPECT_EQ(index.entrances("data").size(), 1U);
  EXPECT_EQ(index.entrances("web").size(), 2U);
  EXPECT_TRUE(index.entrances("ingress").empty());
}

TEST(FactIndex, FindsAnEntranceNoMoreWhereItLedBeforeItsLastChange) {
  FactIndex index;
  index.put(entrance({"data", "web"}));
  index.put(entrance({"web", "mesh"}));
  EXPECT_TRUE(index.entrances("data").empty());
  EXPECT_EQ(index.entrances("web").size(), 1U);
  index.remove(*entrance({}));  // as it was last, whatever the event still knows of it
  for (const char* ns : {"data", "web", "mesh"}) EXPECT_TRUE(index.entrances(ns).empty()) << ns;
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
