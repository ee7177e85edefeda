#include "core/exposure/overlay.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders, only here

template <class T>
std::string names(const std::vector<const T*>& objects) {
  std::string text;
  for (const T* object : objects) text += object->meta.name + " ";
  return text;
}

TEST(Overlay, PutsAnObjectInThePlaceOfItsOlderSelf) {
  World world;
  world.add(service("ClusterIP", {}, "a"))
      .add(service("ClusterIP", {}, "b"))
      .add(service("ClusterIP", {}, "c"));
  const Service newer = service("NodePort", {}, "b");
  const Overlay overlay(world, &newer, Subject(&newer));
  EXPECT_EQ(names(overlay.services("data")), "a b c ");
  EXPECT_EQ(overlay.services("data")[1], &newer);
  EXPECT_EQ(names(overlay.services("web")), "");
}

TEST(Overlay, TakesAnObjectAway) {
  World world;
  world.add(service("ClusterIP", {}, "a")).add(service("ClusterIP", {}, "b"));
  const Service gone = service("ClusterIP", {}, "a");
  const Overlay overlay(world, &gone, std::nullopt);
  EXPECT_EQ(names(overlay.services("data")), "b ");
}

TEST(Overlay, AddsAnObjectThatWasNotThere) {
  const World world;
  const Workload fresh = deployment({});
  const Overlay overlay(world, &fresh, Subject(&fresh));
  EXPECT_EQ(names(overlay.workloads("data")), "web ");
}

TEST(Overlay, TellsKindsApart) {
  World world;
  world.add(workload("Deployment", "web", {})).add(workload("StatefulSet", "web", {}));
  const Workload gone = workload("StatefulSet", "web", {});
  const Overlay overlay(world, &gone, std::nullopt);
  ASSERT_EQ(overlay.workloads("data").size(), 1u);
  EXPECT_EQ(overlay.workloads("data").front()->kind, "Deployment");
}

TEST(Overlay, KeepsObjectsOfTheSameNameElsewhere) {
  World world;
  Service elsewhere = service("ClusterIP", {});
  elsewhere.meta.ns = "web";
  world.add(elsewhere);
  const Service gone = service("ClusterIP", {});
  const Overlay overlay(world, &gone, std::nullopt);
  EXPECT_EQ(names(overlay.services("web")), "web ");
}

TEST(Overlay, AnObjectWithoutANameYetReplacesNothing) {
  World world;
  Workload first = workload("Pod", "", {});
  first.meta.generate_name = "web-";
  world.add(first);
  Workload second = first;
  const Overlay overlay(world, &second, Subject(&second));
  EXPECT_EQ(overlay.workloads("data").size(), 2u);
}

Entrance leading_into(std::vector<std::string> namespaces) {
  Entrance made;
  made.meta = testing::named("tcp-services", "ingress");
  made.kind = "ConfigMap";
  for (std::string& ns : namespaces) made.targets.push_back({.ns = std::move(ns)});
  return made;
}

TEST(Overlay, FindsAnEntranceWhereItLeadsNowAndNotWhereItsOlderSelfLed) {
  World world;
  world.add(leading_into({"data", "web"}));
  const Entrance after = leading_into({"web", "mesh"});
  const Overlay overlay(world, &after, Subject(&after));
  EXPECT_TRUE(overlay.entrances("data").empty());
  EXPECT_EQ(overlay.entrances("web"), std::vector<const Entrance*>{&after});
  EXPECT_EQ(overlay.entrances("mesh"), std::vector<const Entrance*>{&after});
  EXPECT_TRUE(overlay.entrances("ingress").empty());
}

TEST(Overlay, LeavesEverythingElseAsItIs) {
  World world(control_plane());
  world.label_namespace("data", {{"tier", "data"}});
  const Service fresh = service("ClusterIP", {});
  const Overlay overlay(world, &fresh, Subject(&fresh));
  EXPECT_EQ(overlay.policies().size(), 1u);
  ASSERT_NE(overlay.namespace_labels("data"), nullptr);
  EXPECT_EQ(overlay.namespace_labels("web"), nullptr);
  EXPECT_TRUE(overlay.allocations("data").empty());
}

}  // namespace
}  // namespace berth::exposure
