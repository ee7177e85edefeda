#include "kube/client/client.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::client {
namespace {

using testing::FakeApiServer;
using testing::FaultyTransport;
using testing::ManualClock;

struct World {
  ManualClock clock;
  FakeApiServer server{clock};
  FaultyTransport transport{server};
  std::vector<std::string> reports;
  Client client{transport, config()};

  Client::Config config() {
    Client::Config made;
    made.field_manager = "berth-test";
    made.page_size = 2;
    made.observer = [this](const RequestReport& report) {
      reports.push_back(std::string(report.verb) + " " + std::string(report.method) + " " +
                        std::string(report.resource) + " " + std::to_string(report.status));
    };
    return made;
  }
  Service make(const std::string& name) {
    return client.create(wire::kService, testing::make_service("a", name, {testing::make_service_port(80)}))
        .value();
  }
};

TEST(Client, EveryWriteNamesItsManager) {
  World world;
  Service object = world.make("x");
  object.meta.labels["a"] = "b";
  object = world.client.replace(wire::kService, object).value();
  ASSERT_TRUE(world.client.replace_status(wire::kService, object).ok());
  ASSERT_TRUE(world.client.merge_patch<Service>(wire::kService, object.meta.key(), "{}").ok());
  ASSERT_TRUE(
      world.client
          .apply(wire::kService, testing::make_service("a", "y", {testing::make_service_port(80)}), true)
          .ok());
  for (const auto& each : world.server.log()) {
    EXPECT_NE(each.request.target.find("fieldManager=berth-test"), std::string::npos) << each.request.target;
  }
}

TEST(Client, ReportsEachRequestOnce) {
  World world;
  Service object = world.make("x");
  (void)world.client.get<Service>(wire::kService, {"a", "none"});
  (void)world.client.list<Service>(wire::kService);
  (void)world.client.replace(wire::kService, object);
  (void)world.client.merge_patch<Service>(wire::kService, object.meta.key(), "{}");
  (void)world.client.watch(wire::kService, "", {}, "1", 60);
  (void)world.client.remove<Service>(wire::kService, object.meta.key(), {.uid = object.meta.uid});
  world.transport.set_policy(
      [](const testing::FaultContext&) -> testing::Fault { return testing::NotSent{}; });
  (void)world.client.get<Service>(wire::kService, {"a", "x"});
  EXPECT_EQ(world.reports, (std::vector<std::string>{"create POST services 201", "get GET services 404",
                                                     "list GET services 200", "update PUT services 200",
                                                     "patch PATCH services 200", "watch GET services 200",
                                                     "delete DELETE services 200", "get GET services 0"}));
}

TEST(Client, FollowsPagesToTheEnd) {
  World world;
  for (const char* name : {"a", "b", "c", "d", "e"}) world.make(name);
  world.server.clear_log();
  const auto all = world.client.list<Service>(wire::kService);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->items.size(), 5U);
  EXPECT_EQ(all->resource_version, std::to_string(world.server.revision()));
  EXPECT_TRUE(all->continue_token.empty());
  EXPECT_EQ(world.server.log().size(), 3U);
}

TEST(Client, AListIsOfOneVersionThoughObjectsComeMeanwhile) {
  World world;
  for (const char* name : {"b", "c", "d"}) world.make(name);
  const std::string version = std::to_string(world.server.revision());
  const Client direct(world.server, {});
  world.transport.set_policy([&](const testing::FaultContext& context) -> testing::Fault {
    if (context.request.target.find("continue=") != std::string::npos) {
      (void)direct.create(wire::kService, testing::make_service("a", "z", {testing::make_service_port(80)}));
    }
    return testing::NoFault{};
  });
  const auto all = world.client.list<Service>(wire::kService);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->items.size(), 3U);
  EXPECT_EQ(all->resource_version, version);
}

TEST(Client, StartsAgainInOneAnswerWhenThePagesExpire) {
  World world;
  for (const char* name : {"a", "b", "c", "d", "e"}) world.make(name);
  world.server.clear_log();
  int pages = 0;
  world.transport.set_policy([&](const testing::FaultContext&) -> testing::Fault {
    if (++pages == 2) world.server.compact();
    return testing::NoFault{};
  });
  const auto all = world.client.list<Service>(wire::kService);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->items.size(), 5U) << "no object twice, none left out";
  const auto log = world.server.log();
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[1].status, 410);
  EXPECT_EQ(log[2].request.target.find("limit="), std::string::npos);
}

TEST(Client, DoesNotRetryByItself) {
  World world;
  for (const int status : {429, 500, 503}) {
    world.transport.set_policy([&](const testing::FaultContext&) -> testing::Fault {
      return testing::Answered{testing::refusal(status, 3)};
    });
    const std::size_t before = world.transport.requests();
    const auto result = world.client.get<Service>(wire::kService, {"a", "x"});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, status == 429 ? Code::kThrottled : Code::kUnavailable);
    EXPECT_EQ(result.error().retry_after_seconds, 3);
    EXPECT_EQ(world.transport.requests(), before + 1);
  }
}

TEST(Client, TellsAnObjectThatIsGoneFromOneThatIsHeld) {
  World world;
  const Service free = world.make("free");
  EXPECT_EQ(world.client.remove<Service>(wire::kService, free.meta.key(), {.uid = free.meta.uid}).value(),
            std::nullopt)
      << "a Service's delete answers with the object, which is gone all the same";
  const Lease lease = world.client.create(wire::kLease, testing::make_lease("a", "l", "h", 1)).value();
  EXPECT_EQ(world.client.remove<Lease>(wire::kLease, lease.meta.key(), {.uid = lease.meta.uid}).value(),
            std::nullopt)
      << "a Lease's delete answers with a Status";
  Service held = testing::make_service("a", "held", {testing::make_service_port(80)});
  held.meta.finalizers = {"berth.dev/test"};
  held = world.client.create(wire::kService, held).value();
  const auto left = world.client.remove<Service>(wire::kService, held.meta.key(), {.uid = held.meta.uid});
  ASSERT_TRUE(left.ok() && left->has_value());
  EXPECT_TRUE((*left)->meta.deleting());
}

TEST(Client, SendsPreconditionsAndPropagation) {
  World world;
  const Service object = world.make("x");
  (void)world.client.remove<Service>(
      wire::kService, object.meta.key(),
      {.uid = Uid{"other"}, .resource_version = "7", .propagation = Propagation::kForeground});
  const std::string body = world.server.log().back().request.body;
  EXPECT_NE(body.find(R"("uid":"other")"), std::string::npos);
  EXPECT_NE(body.find(R"("resourceVersion":"7")"), std::string::npos);
  EXPECT_NE(body.find(R"("propagationPolicy":"Foreground")"), std::string::npos);
  EXPECT_TRUE(world.server.object(wire::kService, object.meta.key()).has_value());
}

TEST(ClientDeathTest, RefusesAnUnconditionalReplace) {
  World world;
  EXPECT_DEATH((void)world.client.replace(wire::kService, testing::make_service("a", "x", {})), "");
}

TEST(ClientDeathTest, RefusesADeleteByNameAlone) {
  World world;
  EXPECT_DEATH((void)world.client.remove<Service>(wire::kService, {"a", "x"}, {}), "");
}

TEST(Client, AnUnreadableAnswerIsMalformed) {
  World world;
  http::Response nonsense;
  nonsense.status = 200;
  nonsense.body = "<html>";
  world.transport.set_policy(
      [&](const testing::FaultContext&) -> testing::Fault { return testing::Answered{nonsense}; });
  EXPECT_EQ(world.client.get<Service>(wire::kService, {"a", "x"}).error().code, Code::kMalformed);
  EXPECT_EQ(world.client.list<Service>(wire::kService).error().code, Code::kMalformed);
}

}  // namespace
}  // namespace berth::client
