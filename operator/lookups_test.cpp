#include "operator/lookups.h"

#include <gtest/gtest.h>
#include <random>

#include "core/base/api_names.h"

namespace berth::controller {
namespace {

struct World {
  Stores stores{StoreListeners{}};
  int version = 0;

  template <class T>
  T& finish(T& object, const std::string& name) {
    object.meta.ns = "mesh";
    object.meta.name = name;
    object.meta.uid = Uid{"uid-" + name};
    object.meta.resource_version = std::to_string(++version);
    return object;
  }
  void pod(const std::string& name, Labels labels) {
    Workload pod;
    pod.api_version = "v1";
    pod.kind = "Pod";
    finish(pod, name).meta.labels = std::move(labels);
    stores.pods.apply(runtime::Apply<Workload>{pod});
  }
  void allocation(const std::string& name, Labels selector, const std::string& config_map = "") {
    PortAllocation allocation;
    finish(allocation, name).spec.selector = std::move(selector);
    if (!config_map.empty()) allocation.spec.config_map = {config_map};
    stores.allocations.apply(runtime::Apply<PortAllocation>{allocation});
  }
  void service(const std::string& name, const std::string& owner_uid, const std::string& adopter = "") {
    Service service;
    finish(service, name);
    if (!owner_uid.empty()) {
      service.meta.labels = {{kOwnerUidLabel, owner_uid}, {kOwnerNameLabel, name}};
    }
    if (!adopter.empty()) service.meta.annotations = {{kAdoptAnnotation, adopter}};
    stores.services.apply(runtime::Apply<Service>{service});
  }
};

template <class T>
std::string names(const std::vector<std::shared_ptr<const T>>& objects) {
  std::string names;
  for (const auto& object : objects) names += (names.empty() ? "" : " ") + object->meta.name;
  return names;
}

TEST(Lookups, FindTheServicesOfAnAllocationAndThoseThatWaitForIt) {
  World world;
  world.service("web", "uid-web");
  world.service("db", "uid-other");
  world.service("old-web", "", "web");
  world.service("old-db", "", "db");
  PortAllocation web;
  world.finish(web, "web");
  const auto snapshot = world.stores.group.snapshot();
  EXPECT_EQ(names(services_of(world.stores, snapshot, web)), "web old-web");
  EXPECT_EQ(names(services_waiting_for(world.stores, snapshot, {"mesh", "db"})), "old-db");
  EXPECT_EQ(names(services_waiting_for(world.stores, snapshot, {"data", "db"})), "");
  EXPECT_EQ(names(named_for(world.stores.services, snapshot, {"mesh", "db"})), "db") << "whoever made it";
}

TEST(Lookups, FindTheAllocationsThatTellAConfigMap) {
  World world;
  world.allocation("web", {{"app", "web"}}, "numbers");
  world.allocation("api", {{"app", "api"}}, "others");
  world.allocation("db", {{"app", "db"}});
  const auto snapshot = world.stores.group.snapshot();
  EXPECT_EQ(names(allocations_telling(world.stores, snapshot, {"mesh", "numbers"})), "web");
  EXPECT_EQ(names(allocations_telling(world.stores, snapshot, {"mesh", "none"})), "");
}

TEST(Lookups, AnEmptySelectorTakesEveryPodIn) {
  World world;
  world.pod("bare", {});
  world.pod("web-0", {{"app", "web"}});
  world.allocation("all", {});
  world.allocation("web", {{"app", "web"}});
  const auto snapshot = world.stores.group.snapshot();
  EXPECT_EQ(names(pods_selected(world.stores, snapshot, "mesh", {})), "bare web-0");
  EXPECT_EQ(names(allocations_selecting(world.stores, snapshot, "mesh", {})), "all");
  EXPECT_EQ(names(allocations_selecting(world.stores, snapshot, "mesh", {{"app", "web"}})), "all web");
}

// Over labels of two keys and two values everything that the index finds is what matches_labels() says.
TEST(Lookups, AgreeWithMatchingEverything) {
  std::mt19937 random(20261122);
  const auto labels = [&] {
    Labels made;
    for (const char* key : {"app", "tier"}) {
      if (random() % 3 != 0) made[key] = random() % 2 == 0 ? "a" : "b";
    }
    return made;
  };
  World world;
  std::map<std::string, Labels> pods;
  std::map<std::string, Labels> selectors;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "n" + std::to_string(random() % 30);
    if (random() % 2 == 0) {
      world.pod(name, pods[name] = labels());
    } else {
      world.allocation(name, selectors[name] = labels());
    }
    const Labels asked = labels();
    std::string selected;
    for (const auto& [pod, its] : pods) {
      if (matches_labels(asked, its)) selected += (selected.empty() ? "" : " ") + pod;
    }
    std::set<std::string> selecting;
    for (const auto& [allocation, its] : selectors) {
      if (matches_labels(its, asked)) selecting.insert(allocation);
    }
    const auto snapshot = world.stores.group.snapshot();
    ASSERT_EQ(names(pods_selected(world.stores, snapshot, "mesh", asked)), selected);
    std::set<std::string> found;
    for (const auto& one : allocations_selecting(world.stores, snapshot, "mesh", asked)) {
      ASSERT_TRUE(found.insert(one->meta.name).second) << one->meta.name << " is found twice";
    }
    ASSERT_EQ(found, selecting);
  }
}

}  // namespace
}  // namespace berth::controller
