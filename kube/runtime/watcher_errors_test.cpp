// What ends a watch, and what the watcher does next: open again, or list again.
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "kube/runtime/testing/watcher_world.h"
#include "kube/testing/faulty_transport.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;
using testing::FaultContext;

// A server whose watches say these bytes and end.
class Canned final : public http::Transport {
 public:
  Canned(http::Transport& wrapped, std::string text) : inner_(&wrapped), bytes_(std::move(text)) {}
  Result<http::Response> exchange(const http::Request& request, milliseconds deadline) override {
    return inner_->exchange(request, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request&, milliseconds) override {
    return std::unique_ptr<http::Stream>(std::make_unique<Once>(bytes_));
  }

 private:
  struct Once final : http::Stream {
    std::string bytes;
    explicit Once(std::string text) : bytes(std::move(text)) {}
    Result<std::string> read(milliseconds) override { return std::exchange(bytes, ""); }
    void cancel() override {}
  };

  http::Transport* inner_;
  const std::string bytes_;
};

TEST(Watcher, ResumesWithoutAListWhenTheServerEndsTheWatch) {
  WatcherWorld world;
  world.put("x");
  world.run();
  world.take();
  world.clock.advance(std::chrono::seconds(200));
  EXPECT_EQ(world.run(), Codes{});
  world.clock.advance(std::chrono::seconds(200));
  world.put("y");
  EXPECT_EQ(world.run(), Codes{});
  const Outputs outputs = world.take();
  EXPECT_EQ(std::count(outputs.begin(), outputs.end(), "apply y"), 1);
  EXPECT_EQ(std::count(outputs.begin(), outputs.end(), "init"), 0);
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, ResumesAfterABrokenConnection) {
  WatcherWorld world;
  world.run();
  world.take();
  world.transport.break_streams();
  world.put("x");
  EXPECT_EQ(world.run(), Codes{Code::kUnavailable});
  EXPECT_EQ(world.take(), Outputs{"apply x"});
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, ListsAgainWhenItsVersionExpired) {
  WatcherWorld world;
  world.put("x");
  world.put("y");
  world.run();
  world.take();
  world.server.restart(true);
  world.remove("x");
  EXPECT_EQ(world.run(), (Codes{Code::kUnavailable, Code::kGone}));
  EXPECT_EQ(world.take(), (Outputs{"init", "listed y", "done"}));
}

TEST(Watcher, GoesOnAfterATokenExpired) {
  WatcherWorld world;
  world.run();
  world.take();
  world.transport.break_streams();
  int refused = 0;
  world.transport.set_policy([&](const FaultContext& context) -> testing::Fault {
    if (context.stream && refused++ < 2) return testing::Answered{testing::refusal(401)};
    return testing::NoFault{};
  });
  world.put("x");
  EXPECT_EQ(world.run(), (Codes{Code::kUnavailable, Code::kForbidden, Code::kForbidden}));
  EXPECT_EQ(world.take(), Outputs{"apply x"});
  EXPECT_EQ(world.lists(), 1U) << "a fresh token needs no list";
}

TEST(Watcher, PassesRetryAfterOn) {
  WatcherWorld world;
  world.transport.set_policy(
      [](const FaultContext&) -> testing::Fault { return testing::Answered{testing::refusal(429, 7)}; });
  const auto progress = world.watcher.step();
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.error().code, Code::kThrottled);
  EXPECT_EQ(progress.error().retry_after_seconds, 7);
}

TEST(Watcher, ListsAgainWhenAskedForAVersionFromTheFuture) {
  WatcherWorld world;
  world.run();
  world.take();
  world.transport.break_streams();
  int refused = 0;
  world.transport.set_policy([&](const FaultContext& context) -> testing::Fault {
    if (!context.stream || refused++ > 0) return testing::NoFault{};
    http::Response response = testing::refusal(504, 1);
    response.body =
        R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"Timeout: Too large resource version: 9, current: 5","reason":"Timeout","code":504})";
    return testing::Answered{response};
  });
  world.run();
  EXPECT_EQ(world.take(), (Outputs{"init", "done"}));
}

TEST(Watcher, TakesSilenceForADeadConnection) {
  WatcherWorld world;
  world.run();
  world.take();
  world.server.freeze_watches();
  world.put("x");
  world.clock.advance(std::chrono::seconds(74));
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(), Outputs{});
  world.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(world.run(), Codes{Code::kTimeout});
  EXPECT_EQ(world.take(), Outputs{"apply x"});
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, ListsAfterTwoSilentWatches) {
  WatcherWorld world;
  world.run();
  world.take();
  world.server.freeze_watches();
  world.clock.advance(std::chrono::seconds(75));
  EXPECT_EQ(world.run(), Codes{Code::kTimeout});
  world.server.freeze_watches();
  world.clock.advance(std::chrono::seconds(75));
  EXPECT_EQ(world.run(), Codes{Code::kTimeout});
  EXPECT_EQ(world.lists(), 2U);
}

TEST(Watcher, AReadThatMayWaitForTheWholeSilenceNeedsNoClock) {
  WatcherWorld world;
  WatcherConfig config = WatcherWorld::watcher_config();
  config.read_wait = config.silence;
  Watcher<Service> watcher(world.client, world.clock, config, [](const WatchOutput<Service>&) {});
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  const auto progress = watcher.step();
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.error().code, Code::kTimeout);
}

TEST(Watcher, CallsAWatchThatEndsAtOnceAnError) {
  WatcherWorld world;
  Canned transport(world.server, "");
  const client::Client client(transport, WatcherWorld::client_config(0));
  Watcher<Service> watcher(client, world.clock, WatcherWorld::watcher_config(),
                           [](const WatchOutput<Service>&) {});
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  const auto at_once = watcher.step();
  ASSERT_FALSE(at_once.ok());
  EXPECT_EQ(at_once.error().code, Code::kUnavailable);
  EXPECT_EQ(watcher.step().value(), Progress::kLooked);
  EXPECT_EQ(watcher.step().value(), Progress::kOpened);
  world.clock.advance(std::chrono::seconds(300));
  EXPECT_EQ(watcher.step().value(), Progress::kEnded);
}

// What one line of a stream makes of the watcher.
TEST(Watcher, KnowsWhatToDoAboutEachLine) {
  struct Case {
    const char* name;
    std::string bytes;
    Code code;
    bool lists_again;
  };
  const auto error = [](int code, const std::string& reason) {
    return R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"m","reason":")" +
           reason + R"(","code":)" + std::to_string(code) + "}}\n";
  };
  const Case cases[] = {
      {"expired", error(410, "Expired"), Code::kGone, true},
      {"gone", error(410, "Gone"), Code::kGone, true},
      {"internal", error(500, "InternalError"), Code::kUnavailable, false},
      {"unauthorized", error(401, "Unauthorized"), Code::kForbidden, false},
      {"throttled", error(429, "TooManyRequests"), Code::kThrottled, false},
      {"no JSON", "what\n", Code::kMalformed, true},
      {"no event", "{\"type\":\"STRANGE\",\"object\":{}}\n", Code::kMalformed, true},
      {"an object of wrong types",
       R"({"type":"ADDED","object":{"kind":"Service","apiVersion":"v1","metadata":{"name":"x","namespace":"a","resourceVersion":"900"},"spec":{"ports":"none"}}})"
       "\n",
       Code::kMalformed, true},
      {"cut in a line", "{\"type\":", Code::kUnavailable, false},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    WatcherWorld world;
    Canned transport(world.server, each.bytes);
    const client::Client client(transport, WatcherWorld::client_config(0));
    Outputs outputs;
    Watcher<Service> watcher(
        client, world.clock, WatcherWorld::watcher_config(),
        [&](const WatchOutput<Service>& output) { outputs.push_back(described(output)); });
    ASSERT_TRUE(watcher.step().ok());
    ASSERT_TRUE(watcher.step().ok());
    outputs.clear();
    auto progress = watcher.step();
    if (progress.ok()) progress = watcher.step();
    ASSERT_FALSE(progress.ok());
    EXPECT_EQ(progress.error().code, each.code);
    EXPECT_EQ(outputs, Outputs{});
    EXPECT_EQ(watcher.step().value(), each.lists_again ? Progress::kListed : Progress::kLooked);
  }
}

}  // namespace
}  // namespace berth::runtime
