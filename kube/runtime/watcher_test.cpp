#include "kube/runtime/watcher.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "kube/runtime/testing/watcher_world.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;
using testing::FakeApiServer;
using testing::FaultContext;
using testing::ManualClock;

TEST(Watcher, ListsThenFollows) {
  WatcherWorld world;
  world.put("x");
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(), (Outputs{"init", "listed x", "done"}));
  world.put("y");
  world.put("x");
  world.remove("y");
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(), (Outputs{"apply y", "apply x", "delete y"}));
  EXPECT_EQ(world.watcher.position(), std::to_string(world.server.revision()));
}

TEST(Watcher, DoesOneThingInAStep) {
  WatcherWorld world;
  world.put("x");
  EXPECT_EQ(world.watcher.step().value(), Progress::kListed);
  EXPECT_EQ(world.watcher.step().value(), Progress::kOpened);
  EXPECT_EQ(world.watcher.step().value(), Progress::kIdle);
  world.put("x");
  EXPECT_EQ(world.watcher.step().value(), Progress::kRead);
}

TEST(Watcher, FollowsPages) {
  WatcherWorld world({}, 2);
  for (const char* name : {"a", "b", "c", "d", "e"}) world.put(name);
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(),
            (Outputs{"init", "listed a", "listed b", "listed c", "listed d", "listed e", "done"}));
}

TEST(Watcher, AListThatBreaksOffHalfWayIsVoid) {
  WatcherWorld world({}, 2);
  for (const char* name : {"a", "b", "c"}) world.put(name);
  world.transport.set_policy([&](const FaultContext& context) -> testing::Fault {
    if (context.number == 2) return testing::NotSent{};
    return testing::NoFault{};
  });
  EXPECT_EQ(world.run(), Codes{Code::kUnavailable});
  EXPECT_EQ(world.take(),
            (Outputs{"init", "listed a", "listed b", "init", "listed a", "listed b", "listed c", "done"}));
}

TEST(Watcher, ListsInOneAnswerWhenThePagesExpire) {
  WatcherWorld world({}, 2);
  for (const char* name : {"a", "b", "c", "d", "e"}) world.put(name);
  world.transport.set_policy([&](const FaultContext& context) -> testing::Fault {
    if (context.number == 2) world.server.compact();
    return testing::NoFault{};
  });
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(),
            (Outputs{"init", "listed a", "listed b",  // void
                     "init", "listed a", "listed b", "listed c", "listed d", "listed e", "done"}));
  const auto log = world.server.log();
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const auto& each) { return each.status == 410; }));
}

TEST(Watcher, SurvivesAnyChunking) {
  FakeApiServer::Config config;
  config.chunk_bytes = 7;
  WatcherWorld world(config);
  EXPECT_EQ(world.run(), Codes{});
  world.take();
  world.put("x");
  for (int i = 0; i < 2000 && world.outputs.empty(); ++i) ASSERT_TRUE(world.watcher.step().ok());
  EXPECT_EQ(world.take(), (Outputs{"apply x"}));
}

TEST(Watcher, AsksForBookmarksAndAnEnd) {
  WatcherWorld world;
  world.run();
  const std::string target = world.server.log().back().request.target;
  EXPECT_NE(target.find("allowWatchBookmarks=true"), std::string::npos);
  const auto at = target.find("timeoutSeconds=");
  ASSERT_NE(at, std::string::npos);
  const int seconds = std::stoi(target.substr(at + 15));
  EXPECT_GE(seconds, 300);
  EXPECT_LE(seconds, 360);
}

TEST(Watcher, BookmarksMoveThePosition) {
  WatcherWorld world;
  world.run();
  const std::string before = world.watcher.position();
  const client::Client direct(world.server, WatcherWorld::client_config(0));
  ASSERT_TRUE(direct.create(wire::kNamespace, testing::make_namespace("elsewhere")).ok());
  world.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_NE(world.watcher.position(), before);
  EXPECT_EQ(world.take().back(), "reached");
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, CancelEndsItForGood) {
  WatcherWorld world;
  world.run();
  world.watcher.cancel();
  for (int i = 0; i < 2; ++i) {
    const auto progress = world.watcher.step();
    ASSERT_FALSE(progress.ok());
    EXPECT_EQ(progress.error().code, Code::kCancelled);
  }
}

TEST(Watcher, HeldEventsComeInOrderWhenReleased) {
  ManualClock clock;
  FakeApiServer server(clock);
  const auto hold = std::make_shared<testing::WatchHold>();
  const auto view = server.view(hold);
  const client::Client client(*view, WatcherWorld::client_config(0));
  Outputs outputs;
  Watcher<Service> watcher(client, clock, WatcherWorld::watcher_config(),
                           [&](const WatchOutput<Service>& output) { outputs.push_back(described(output)); });
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  hold->up_to = server.revision();
  const client::Client direct(server, WatcherWorld::client_config(0));
  const auto make = [&](const char* name) {
    ASSERT_TRUE(
        direct.create(wire::kService, testing::make_service("a", name, {testing::make_service_port(80)}))
            .ok());
  };
  make("x");
  make("y");
  outputs.clear();
  EXPECT_EQ(watcher.step().value(), Progress::kIdle);
  hold->up_to = server.revision() - 1;
  EXPECT_EQ(watcher.step().value(), Progress::kRead);
  EXPECT_EQ(outputs, Outputs{"apply x"});
  hold->up_to.reset();
  EXPECT_EQ(watcher.step().value(), Progress::kRead);
  EXPECT_EQ(outputs, (Outputs{"apply x", "apply y"}));
}

TEST(WatchLoop, WaitsLongerAfterEachErrorAndForgetsAfterSuccess) {
  std::deque<Result<Progress>> script = {
      Error{Code::kUnavailable, "1"},
      Error{Code::kUnavailable, "2"},
      Progress::kOpened,
      Error{Code::kUnavailable, "3"},
      Progress::kRead,
      Error{Code::kThrottled, "4", "", 60},
  };
  WatchLoop::Config config;
  config.backoff = {milliseconds(100), milliseconds(1000), 0.0};
  WatchLoop loop(
      [&] {
        auto next = script.front();
        script.pop_front();
        return next;
      },
      [] {}, config);
  EXPECT_EQ(loop.step(), milliseconds(100));
  EXPECT_EQ(loop.step(), milliseconds(200));
  EXPECT_EQ(loop.step(), milliseconds(0));
  EXPECT_EQ(loop.step(), milliseconds(400)) << "an open watch proves nothing";
  EXPECT_EQ(loop.step(), milliseconds(0));
  EXPECT_EQ(loop.step(), milliseconds(60'000)) << "Retry-After";
}

TEST(WatchLoop, ListsAtOnceWhenItsPositionExpiredAlsoAfterAnOutage) {
  const Error down{Code::kUnavailable, "down"};
  const Error expired{Code::kGone, "too old resource version"};
  std::deque<Result<Progress>> script = {down, down, expired, expired, Progress::kRead, expired};
  WatchLoop::Config config;
  config.backoff = {milliseconds(100), milliseconds(1000), 0.0};
  WatchLoop loop(
      [&] {
        auto next = script.front();
        script.pop_front();
        return next;
      },
      [] {}, config);
  EXPECT_EQ(loop.step(), milliseconds(100));
  EXPECT_EQ(loop.step(), milliseconds(200));
  EXPECT_EQ(loop.step(), milliseconds(0));
  EXPECT_EQ(loop.step(), milliseconds(800)) << "a list that helps nothing must not be repeated without end";
  EXPECT_EQ(loop.step(), milliseconds(0));
  EXPECT_EQ(loop.step(), milliseconds(0)) << "a new position may expire as well";
}

TEST(WatchLoop, NeverWaitsLongForAServerThatIsBackAgain) {
  std::deque<Result<Progress>> script(40, Error{Code::kUnavailable, "down"});
  Duration longest = {};
  WatchLoop loop(
      [&] {
        auto next = script.front();
        script.pop_front();
        return next;
      },
      [] {}, {});
  while (!script.empty()) longest = std::max(longest, loop.step());
  EXPECT_LE(longest, std::chrono::seconds(5));
  EXPECT_GE(longest, std::chrono::seconds(2));
}

}  // namespace
}  // namespace berth::runtime
