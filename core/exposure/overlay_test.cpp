#include "core/exposure/overlay.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/exposure/testing/backends.h"
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

TEST(Overlay, AnswersNarrowQuestionsAsWideOnes) {
  World world;
  world.add(service("ClusterIP", {}, "a")).add(deployment({}));
  const Service newer = service("NodePort", {}, "a");
  const Service other = service("NodePort", {}, "b");
  EXPECT_EQ(Overlay(world, &newer, Subject(&newer)).service("data", "a"), &newer);
  EXPECT_EQ(Overlay(world, &newer, std::nullopt).service("data", "a"), nullptr);
  EXPECT_EQ(Overlay(world, &other, Subject(&other)).service("data", "b"), &other);
  EXPECT_EQ(Overlay(world, &other, Subject(&other)).service("data", "a")->type, "ClusterIP");
  EXPECT_EQ(names(Overlay(world, &newer, Subject(&newer)).services_selecting("data", {})), "a ");

  const Workload* known = world.workloads("data").front();
  const Workload changed = *known;
  const Overlay overlay(world, &changed, Subject(&changed));
  EXPECT_EQ(overlay.workload("data", changed.kind, changed.meta.name), &changed);
  EXPECT_EQ(overlay.workloads_with("data", changed.template_labels).front(), &changed);
  EXPECT_EQ(Overlay(world, &changed, std::nullopt).workload("data", changed.kind, changed.meta.name),
            nullptr);
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

// A backend may lead elsewhere than where it stands, and elsewhere than it did.
TEST(Overlay, FindsBackendsWhereTheyLeadNow) {
  const auto at = [](const char* host) { return backend_at({endpoint(host, 5432)}, "web"); };
  World world;
  world.add(at("db.data.svc"));
  const Backend moved = at("db.infra.svc");
  const Overlay overlay(world, &moved, Subject(&moved));
  EXPECT_EQ(names(overlay.backends("web")), "pg ");
  EXPECT_EQ(names(overlay.backends_to("data")), "");
  EXPECT_EQ(names(overlay.backends_to("infra")), "pg ");
  const Overlay without(world, &moved, std::nullopt);
  EXPECT_EQ(names(without.backends("web")), "");
}

}  // namespace
}  // namespace berth::exposure
