// Uses that were changed step by step say what uses made anew would say.
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/occupancy.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::own;
using testing::port;
using testing::service;
using testing::service_port;

constexpr std::int64_t kFirst = 30078;
constexpr std::int64_t kLast = 30084;
constexpr int kOwners = 4;

Uid owner(int number) { return allocation("web" + std::to_string(number), {port("a")}).meta.uid; }

// Everything that can be asked of them, about a few numbers and owners.
std::string told(const Uses& uses) {
  std::string text;
  for (const Space space : kSpaces) {
    for (const NumberKey& key : uses.keys(space)) text += " " + to_string(key);
    for (std::int64_t number = kFirst; number <= kLast; ++number) {
      const NumberKey key = key_of(space, Port::of(static_cast<std::int32_t>(number)), Protocol::kTcp);
      for (int i = 0; i < kOwners; ++i) {
        const Use* other = uses.other_than(owner(i), space, key);
        text +=
            " " + (other == nullptr ? "-" : other->holder) + (uses.used_by(owner(i), space, key) ? "!" : "");
      }
    }
  }
  return text;
}

// Any Service of a few names: its type, its numbers and whose it is.
Service any_service(std::mt19937& random, int name) {
  const auto any = [&](std::int64_t first, std::int64_t last) {
    return std::uniform_int_distribution<std::int64_t>(first, last)(random);
  };
  const char* const types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"};
  std::vector<ServicePort> ports = {service_port("a", any(kFirst, kLast), any(kFirst, kLast))};
  if (any(0, 1) == 0) ports.push_back(service_port("b", any(kFirst, kLast), any(kFirst, kLast)));
  // Two names of one owner: its own, and that of the Service inside.
  const std::string of = "web" + std::to_string(name / 2);
  Service made = service("mesh", name % 2 == 0 ? of : of + "-internal", types[any(0, 3)], std::move(ports));
  if (any(0, 3) == 0) made.health_check_node_port = any(kFirst, kLast);
  if (any(0, 2) > 0) own(made.meta, allocation(of, {port("a")}));
  return made;
}

std::string told_anew(const std::map<int, Service>& services) {
  std::vector<const Service*> all;
  for (const auto& [name, one] : services) all.push_back(&one);
  return told(Uses(all));
}

TEST(UsesEdit, SaysWhatIsSaidAnewWhateverComesAndGoes) {
  constexpr unsigned kSeed = 20261122;
  std::mt19937 random(kSeed);
  std::map<int, Service> services;
  Uses uses;
  for (int step = 0; step < 400; ++step) {
    const Uses before = uses;
    const std::string told_before = told(before);
    {
      Uses::Edit edit(uses);
      for (int changes = 0; changes < 3; ++changes) {
        const int name = std::uniform_int_distribution<int>(0, 2 * kOwners - 1)(random);
        if (const auto present = services.find(name); present != services.end()) {
          edit.remove(present->second);
          services.erase(present);
          if (random() % 3 == 0) continue;
        }
        edit.add(services.emplace(name, any_service(random, name)).first->second);
      }
    }
    ASSERT_EQ(told(uses), told_anew(services)) << "seed " << kSeed << ", step " << step;
    ASSERT_EQ(told(before), told_before) << "a copy changed: seed " << kSeed << ", step " << step;
  }
}

TEST(UsesEdit, ANumberThatTwoServicesOfOneOwnerShowIsShownUntilBothAreGone) {
  const PortAllocation web = allocation("web", {port("a")});
  Service outside = service("mesh", "web", "NodePort", {service_port("a", 80, 30080)});
  Service inside = service("mesh", "web-internal", "ClusterIP", {service_port("a", 30080, 0)});
  own(outside.meta, web);
  own(inside.meta, web);
  Uses uses({&outside, &inside});
  Uses::Edit edit(uses);
  const NumberKey number{Port::of(30080)};
  edit.remove(outside);
  EXPECT_TRUE(uses.used_by(web.meta.uid, Space::kNodePort, number));
  edit.remove(inside);
  EXPECT_FALSE(uses.used_by(web.meta.uid, Space::kNodePort, number));
  EXPECT_TRUE(uses.keys(Space::kNodePort).empty());
}

TEST(UsesEdit, RemovingWhatNeverCameChangesNothing) {
  const Service one = service("mesh", "web", "NodePort", {service_port("a", 80, 30080)});
  const Service other = service("mesh", "other", "NodePort", {service_port("a", 80, 30080)});
  Uses uses({&one});
  Uses::Edit(uses).remove(other);
  EXPECT_EQ(uses.keys(Space::kNodePort).size(), 1U);
}

TEST(UsesEdit, WhatIsToBeAdoptedIsForeignAgainInTheNextUses) {
  const PortAllocation web = allocation("web", {port("a")});
  const Service old = service("mesh", "old", "NodePort", {service_port("a", 80, 30080)});
  const Uses before({&old});
  Uses with = before;
  with.adopt(old, web.meta.uid);
  const NumberKey number{Port::of(30080)};
  EXPECT_EQ(with.other_than(web.meta.uid, Space::kNodePort, number), nullptr);
  EXPECT_NE(before.other_than(web.meta.uid, Space::kNodePort, number), nullptr);
  EXPECT_FALSE(before.used_by(web.meta.uid, Space::kNodePort, number));
}

}  // namespace
}  // namespace berth::allocation
