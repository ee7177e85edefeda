#include "operator/engine.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"
#include "operator/testing/engine_turns.h"

namespace berth::controller {
namespace {

// One operator with watches and queue, in this thread.
struct EngineTest : ::testing::Test {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  client::Client people{server, {.field_manager = "people"}};
  client::Client client{server, {.field_manager = "berth-operator"}};
  std::unique_ptr<Engine> engine;
  std::size_t most_looked_at = 0;  // by one step of the ledgers
  std::size_t most_under_way = 0;  // keys, seen by whoever works on one

  void start() {
    list();
    engine->enqueue_everything();
  }
  // Everything is listed, and nothing is worked on.
  void list() {
    EngineHooks hooks;
    hooks.fence = [this] {
      most_under_way = std::max(most_under_way, engine->under_way().keys);
      return std::int64_t{1};
    };
    hooks.superseded = [](std::int64_t) { ADD_FAILURE() << "nobody else leads"; };
    hooks.booked = [this](const BookkeepingReport& report) {
      most_looked_at = std::max(most_looked_at, report.looked_at);
    };
    engine = std::make_unique<Engine>(client, clock, EngineConfig{"test", 1, Duration(0)}, std::move(hooks),
                                      runtime::QueueObserver{});
    for (const auto& watch : engine->watches()) ASSERT_TRUE(watch->step().ok());
  }
  template <class T>
  void make(const wire::Kind& kind, const T& object) {
    ASSERT_TRUE(people.create(kind, object).ok());
  }
  void declare() {
    make(wire::kNamespace, testing::make_namespace("mesh"));
    make(wire::kPortRange, testing::make_prange("mesh", "NodePort", {"30500-30509"}));
  }
  void allocate(const std::string& name, std::int64_t number) {
    make(wire::kPortAllocation,
         testing::make_palloc("mesh", name, "mesh",
                              {testing::make_palloc_port("api", std::int64_t{8080}, number)}, "External"));
  }
  void drain() { controller::drain(*engine); }
  void run_for(Duration span) { controller::run_for(*engine, clock, span); }
  [[nodiscard]] std::string reason(const std::string& name, const char* type) const {
    const auto object = testing::stored<PortAllocation>(server, wire::kPortAllocation, {"mesh", name});
    const Condition* found = find_condition(object->status.conditions, type);
    return found == nullptr ? "" : found->reason;
  }
};

TEST_F(EngineTest, WhatIsListedAsksForNothingByItself) {
  declare();
  allocate("api", 30505);
  list();
  EXPECT_FALSE(engine->next_due()) << "nobody knows yet what else there is";
  EXPECT_TRUE(engine->idle());
  engine->enqueue_everything();
  EXPECT_FALSE(engine->idle());
  run_for(Duration(2000));
  EXPECT_TRUE(engine->idle());
  EXPECT_NE(reason("api", "Allocated"), "");
}

TEST_F(EngineTest, TellsOfTheKeyThatItWorksOn) {
  declare();
  start();
  EXPECT_EQ(engine->under_way().keys, 0U);
  run_for(Duration(2000));
  EXPECT_EQ(most_under_way, 1U);
  EXPECT_EQ(engine->under_way().keys, 0U);
}

TEST_F(EngineTest, TellsWhoWaitsForNumbersWhyAndForHowLong) {
  declare();
  allocate("api", 30505);
  allocate("late", 30505);
  allocate("outside", 31000);
  start();
  run_for(std::chrono::minutes(10));
  const PendingByReason pending = engine->pending();
  EXPECT_EQ(pending.at("PortTaken").count, 1U);
  EXPECT_GE(pending.at("PortTaken").oldest, std::chrono::minutes(9));
  EXPECT_LE(pending.at("PortTaken").oldest, std::chrono::minutes(10));
  EXPECT_EQ(pending.at("PortOutsideRange").count, 1U);
  EXPECT_EQ(pending.at("Pending"), PendingGroup{});
  const auto outside = people.get<PortAllocation>(wire::kPortAllocation, {"mesh", "outside"}).value();
  ASSERT_TRUE(
      people.remove<PortAllocation>(wire::kPortAllocation, outside.meta.key(), {.uid = outside.meta.uid})
          .ok());
  run_for(std::chrono::seconds(5));
  EXPECT_EQ(engine->pending().at("PortOutsideRange"), PendingGroup{});
  EXPECT_EQ(engine->pending().at("PortTaken").count, 1U);
}

// With many allocations a look at all of them takes long, and the next request would wait for it.
TEST_F(EngineTest, WhoeverComesOrGoesIsLookedAtAlone) {
  declare();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) allocate(name, 0);
  start();
  run_for(std::chrono::seconds(5));
  EXPECT_EQ(most_looked_at, 6U) << "after a start everything is";
  most_looked_at = 0;
  allocate("late", 0);
  run_for(std::chrono::seconds(5));
  ASSERT_EQ(reason("late", "Ready"), "Ready");
  EXPECT_EQ(most_looked_at, 1U);
  most_looked_at = 0;
  const auto late = people.get<PortAllocation>(wire::kPortAllocation, {"mesh", "late"}).value();
  ASSERT_TRUE(
      people.remove<PortAllocation>(wire::kPortAllocation, late.meta.key(), {.uid = late.meta.uid}).ok());
  run_for(std::chrono::seconds(5));
  EXPECT_LE(most_looked_at, 1U);
}

TEST_F(EngineTest, PublishesAHeldNumberSoonAfterTheForeignServiceThatHadItIsGone) {
  declare();
  allocate("api", 30505);
  start();
  run_for(std::chrono::seconds(2));
  ASSERT_EQ(reason("api", "Ready"), "Ready");
  // Somebody takes the Service away and is quicker than the operator with one of his own.
  const auto own = people.get<Service>(wire::kService, {"mesh", "api"}).value();
  ASSERT_TRUE(people.remove<Service>(wire::kService, own.meta.key(), {.uid = own.meta.uid}).ok());
  make(wire::kService,
       testing::make_service("mesh", "grab", {testing::make_service_port(80, {}, 30505)}, "NodePort"));
  run_for(std::chrono::seconds(5));
  ASSERT_EQ(reason("api", "Published"), "PortTaken");
  const auto foreign = people.get<Service>(wire::kService, {"mesh", "grab"}).value();
  ASSERT_TRUE(people.remove<Service>(wire::kService, foreign.meta.key(), {.uid = foreign.meta.uid}).ok());
  run_for(std::chrono::seconds(2));
  EXPECT_EQ(reason("api", "Published"), "ServiceInPlace");
  EXPECT_EQ(reason("api", "Ready"), "Ready");
}

}  // namespace
}  // namespace berth::controller
