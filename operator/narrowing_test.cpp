// An operator with --namespaces, under rights in these namespaces alone.
#include "operator/testing/narrowing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"
#include "operator/engine.h"
#include "operator/testing/engine_turns.h"

namespace berth::controller {
namespace {

// Two numbers, one of them for allocation far/web when an operator of the whole cluster has worked.
struct NarrowingTest : ::testing::Test {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  client::Client people{server, {.field_manager = "people"}};
  NamespacedRights rights{server};
  client::Client client{rights, {.field_manager = kOperatorManager}};
  std::unique_ptr<Engine> engine;
  std::int64_t fence = 0;
  std::int64_t began_at = 0;

  NarrowingTest() {
    for (const char* ns : {"mesh", "vpn", "far"}) make(wire::kNamespace, testing::make_namespace(ns));
    PortRange range = testing::make_prange("all", "NodePort", {"30500-30501"});
    range.spec.reuse_after = "5s";
    make(wire::kPortRange, range);
    allocate("far", "web");
    work_in({});
    EXPECT_EQ(reason("far", "web"), "Ready");
  }

  // A new operator, with rights in the namespaces it is told to work in.
  void work_in(const NamespaceScope& scope) { work_in(scope, scope); }
  void work_in(const NamespaceScope& scope, const NamespaceScope& permitted) {
    rights.narrow(permitted);
    rights.forget_writes();
    began_at = server.revision();
    EngineHooks hooks;
    hooks.fence = [this] { return fence; };
    hooks.superseded = [](std::int64_t) { ADD_FAILURE() << "nobody else leads"; };
    ++fence;
    EngineConfig config{"test", 1, Duration(0)};
    config.scope = scope;
    engine = std::make_unique<Engine>(client, clock, std::move(config), std::move(hooks),
                                      runtime::QueueObserver{});
    for (const auto& watch : engine->watches()) {
      const bool may = watch->ns().empty() || permitted.covers(watch->ns());
      ASSERT_EQ(watch->step().ok(), may) << watch->name();
    }
    engine->enqueue_everything();
    run_for(std::chrono::minutes(20));
  }
  template <class T>
  void make(const wire::Kind& kind, const T& object) {
    ASSERT_TRUE(people.create(kind, object).ok());
  }
  void allocate(const std::string& ns, const std::string& name, std::int64_t number = 0) {
    make(wire::kPortAllocation,
         testing::make_palloc(ns, name, "all", {testing::make_palloc_port("p", std::int64_t{8080}, number)},
                              "External"));
  }
  template <class T>
  void remove(const wire::Kind& kind, const ObjectKey& key) {
    const auto present = people.get<T>(kind, key).value();
    ASSERT_TRUE(people.remove<T>(kind, key, {.uid = present.meta.uid}).ok());
  }
  void drain() { controller::drain(*engine); }
  void run_for(Duration span) { controller::run_for(*engine, clock, span); }
  [[nodiscard]] std::string reason(const std::string& ns, const std::string& name) const {
    const auto object = testing::stored<PortAllocation>(server, wire::kPortAllocation, {ns, name});
    const Condition* found = find_condition(object->status.conditions, "Ready");
    return found == nullptr ? "" : found->reason;
  }
  [[nodiscard]] std::string entry(const std::string& number) const {
    const auto shard = testing::stored<PortLedger>(server, wire::kPortLedger, {"", "nodeport-119"});
    const auto found = shard->spec.entries.find(number);
    return found == shard->spec.entries.end() ? "free" : found->second;
  }
  // What this operator did that concerns other namespaces.
  [[nodiscard]] std::vector<std::string> did_beyond(const NamespaceScope& scope) const {
    std::vector<std::string> found = touched(server.history(), scope, began_at, kOperatorManager);
    const auto written = rights.written_elsewhere(scope);
    found.insert(found.end(), written.begin(), written.end());
    return found;
  }
  [[nodiscard]] bool exists(const wire::Kind& kind, const ObjectKey& key) const {
    return server.object(kind, key).has_value();
  }
  void expect_nothing_touched_outside() const {
    EXPECT_EQ(rights.refused(), std::vector<std::string>{});
    EXPECT_EQ(did_beyond(rights.scope()), std::vector<std::string>{});
  }
};

using Names = std::vector<std::string>;

TEST_F(NarrowingTest, ItsNamespacesAreServedAndAnotherOneIsNotLookedAt) {
  work_in({{"mesh", "vpn"}});
  allocate("mesh", "api");
  allocate("far", "late");
  run_for(std::chrono::minutes(1));
  EXPECT_EQ(reason("mesh", "api"), "Ready");
  EXPECT_TRUE(exists(wire::kService, {"mesh", "api"}));
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"mesh", "api-ingress"}));
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"mesh", kDenyIngressPolicy}));
  EXPECT_EQ(reason("far", "late"), "") << "not even a status";
  expect_nothing_touched_outside();
}

TEST_F(NarrowingTest, EachOfItsNamespacesHasAWatchOfEachKindAndTheClusterOneOfItsOwn) {
  work_in({{"mesh", "vpn"}});
  Names names;
  for (const auto& watch : engine->watches()) names.push_back(watch->name());
  EXPECT_EQ(names, (Names{"portledgers", "portranges", "exposurepolicies", "namespaces",
                          "portallocations of namespace mesh", "portallocations of namespace vpn",
                          "services of namespace mesh", "services of namespace vpn",
                          "networkpolicies of namespace mesh", "networkpolicies of namespace vpn",
                          "configmaps of namespace mesh", "configmaps of namespace vpn",
                          "pods of namespace mesh", "pods of namespace vpn"}));
}

TEST_F(NarrowingTest, WhatIsTakenOffTheListIsNeitherReleasedNorDeleted) {
  const std::string held = entry("30500");
  ASSERT_NE(held.find("held far/web"), std::string::npos) << held;
  work_in({{"mesh"}});
  EXPECT_EQ(entry("30500"), held);
  EXPECT_TRUE(exists(wire::kService, {"far", "web"}));
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"far", "web-ingress"}));
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"far", kDenyIngressPolicy}));
  expect_nothing_touched_outside();
}

// Also with more rights than it needs, as where a ClusterRoleBinding was forgotten.
TEST_F(NarrowingTest, AnOwnerThatEndsElsewhereKeepsItsNumberUntilItIsSeenAgain) {
  for (const bool everything_permitted : {false, true}) {
    work_in({{"mesh"}});
    if (everything_permitted) rights.narrow({});
    const std::string held = entry("30500");
    remove<PortAllocation>(wire::kPortAllocation, {"far", "web"});
    // Its Service is still there, as where the garbage collector is slow.
    allocate("mesh", "one");
    allocate("mesh", "two");
    run_for(std::chrono::minutes(30));
    EXPECT_EQ(entry("30500"), held);
    EXPECT_TRUE(exists(wire::kService, {"far", "web"}));
    EXPECT_EQ(reason("mesh", "one"), "Ready");
    EXPECT_EQ(reason("mesh", "two"), "RangeExhausted") << "the number is not given again";
    EXPECT_EQ(rights.refused(), Names{});
    EXPECT_EQ(did_beyond({{"mesh"}}), Names{});

    work_in({{"far", "mesh"}});
    EXPECT_FALSE(exists(wire::kService, {"far", "web"})) << "it is seen again";
    EXPECT_EQ(reason("mesh", "two"), "Ready");
    for (const char* name : {"one", "two"}) {
      remove<PortAllocation>(wire::kPortAllocation, {"mesh", name});
      run_for(std::chrono::minutes(1));
    }
    allocate("far", "web", 30500);
    run_for(std::chrono::minutes(1));
    ASSERT_EQ(reason("far", "web"), "Ready");
  }
}

TEST_F(NarrowingTest, ANumberThatRestsForAnOwnerElsewhereRestsUntilItIsSeenAgain) {
  remove<PortAllocation>(wire::kPortAllocation, {"far", "web"});
  drain();
  const std::string resting = entry("30500");
  ASSERT_NE(resting.find("resting far/web"), std::string::npos) << resting;
  work_in({{"mesh"}});
  allocate("mesh", "one");
  allocate("mesh", "two");
  run_for(std::chrono::minutes(30));
  EXPECT_EQ(entry("30500"), resting);
  EXPECT_EQ(reason("mesh", "two"), "RangeExhausted");
  expect_nothing_touched_outside();
  work_in({});
  EXPECT_EQ(reason("mesh", "two"), "Ready");
}

TEST_F(NarrowingTest, ANodePortOfSomebodyUnseenIsRefusedByTheAPIServerAndAnotherIsChosen) {
  work_in({{"mesh"}});
  make(wire::kService,
       testing::make_service("far", "stranger", {testing::make_service_port(80, {}, 30501)}, "NodePort"));
  allocate("mesh", "api");
  run_for(std::chrono::minutes(2));
  EXPECT_EQ(reason("mesh", "api"), "RangeExhausted") << "one is held elsewhere, the other contested";
  remove<Service>(wire::kService, {"far", "stranger"});
  run_for(std::chrono::minutes(30));
  EXPECT_EQ(reason("mesh", "api"), "Ready");
  expect_nothing_touched_outside();
}

// Whoever administers a namespace can take the operator's rights in it away: that must not stop the others.
TEST_F(NarrowingTest, ANamespaceWithoutRightsIsLeftAloneUntilThereAreSome) {
  const std::string held = entry("30500");
  work_in({{"far", "mesh", "vpn"}}, {{"mesh", "vpn"}});
  allocate("mesh", "api");
  remove<PortAllocation>(wire::kPortAllocation, {"far", "web"});
  allocate("far", "late");
  run_for(std::chrono::minutes(20));
  EXPECT_EQ(reason("mesh", "api"), "Ready");
  EXPECT_EQ(entry("30500"), held);
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"far", kDenyIngressPolicy}));
  EXPECT_EQ(did_beyond({{"mesh", "vpn"}}), Names{});
  rights.narrow({{"far", "mesh", "vpn"}});
  run_for(std::chrono::minutes(20));
  EXPECT_EQ(reason("far", "late"), "Ready")
      << "the number of far/web was released, rested and is given again";
}

// The watches of a namespace do not come back together, and half a view looks like an empty namespace.
TEST_F(NarrowingTest, ANamespaceThatIsSeenInPartIsLeftAlone) {
  const std::string held = entry("30500");
  const std::size_t kinds = 5;
  for (std::size_t missing = 0; missing < kinds; ++missing) {
    work_in({{"far", "mesh"}}, {{"mesh"}});
    rights.narrow({{"far", "mesh"}});
    std::vector<runtime::KindWatch*> of_far;
    for (const auto& watch : engine->watches()) {
      if (watch->ns() == "far") of_far.push_back(watch.get());
    }
    ASSERT_EQ(of_far.size(), kinds);
    for (std::size_t i = 0; i < kinds; ++i) {
      if (i == missing) continue;
      ASSERT_TRUE(of_far[i]->step().ok());
    }
    engine->enqueue_everything();
    while (engine->work_once()) {
    }
    EXPECT_EQ(did_beyond({{"mesh"}}), Names{}) << "without " << of_far[missing]->name();
    EXPECT_EQ(entry("30500"), held);
  }
}

TEST_F(NarrowingTest, RightsThatEndAreNoEndOfAnOwner) {
  work_in({{"far", "mesh"}});
  const std::string held = entry("30500");
  rights.narrow({{"mesh"}});
  server.restart(true);  // every watch is opened again, and those of "far" are refused
  drain();
  remove<PortAllocation>(wire::kPortAllocation, {"far", "web"});
  run_for(std::chrono::minutes(20));
  EXPECT_EQ(entry("30500"), held);
  rights.narrow({{"far", "mesh"}});
  run_for(std::chrono::minutes(20));
  EXPECT_EQ(entry("30500"), "free");
}

// Its RoleBinding ends with a namespace, often before what the operator is asked about.
TEST_F(NarrowingTest, ANumberIsReleasedWithItsNamespaceWhoseRightsEndedBefore) {
  for (const bool restarted : {false, true}) {
    work_in({{"far", "mesh"}});
    const std::string held = entry("30500");
    rights.narrow({{"mesh"}});
    remove<PortAllocation>(wire::kPortAllocation, {"far", "web"});
    remove<Service>(wire::kService, {"far", "web"});
    allocate("mesh", "one");
    run_for(std::chrono::minutes(1));
    EXPECT_EQ(entry("30500"), held) << "its namespace is there, and what is in it is not known";
    EXPECT_EQ(reason("mesh", "one"), "Ready") << "nobody else waits for that";
    remove<Namespace>(wire::kNamespace, {"", "far"});
    run_for(std::chrono::minutes(1));
    EXPECT_EQ(entry("30500"), held) << "it ends, and is there until it has ended";
    server.collect_garbage();
    ASSERT_FALSE(exists(wire::kNamespace, {"", "far"}));
    if (restarted) work_in({{"far", "mesh"}}, {{"mesh"}});
    run_for(std::chrono::minutes(20));
    EXPECT_EQ(entry("30500"), "free") << (restarted ? "by another operator" : "by the same operator");

    make(wire::kNamespace, testing::make_namespace("far"));
    remove<PortAllocation>(wire::kPortAllocation, {"mesh", "one"});
    work_in({});
    allocate("far", "web", 30500);
    run_for(std::chrono::minutes(1));
    ASSERT_EQ(reason("far", "web"), "Ready");
  }
}

TEST_F(NarrowingTest, TheLastAllocationOfAnUnseenNamespaceIsNotMissed) {
  // Pods and allocations of "far" are not seen, which must not look like a namespace without any.
  work_in({{"mesh"}});
  ASSERT_TRUE(server.edit(wire::kNamespace, {"", "far"}, [](json::Tree& tree) {
    tree.at({"metadata", "labels", "team"}) = json::Tree::text("mesh");
  }));
  run_for(std::chrono::minutes(1));
  EXPECT_TRUE(exists(wire::kNetworkPolicy, {"far", kDenyIngressPolicy}));
  expect_nothing_touched_outside();
}

}  // namespace
}  // namespace berth::controller
