// An etcd that was restored from a backup: how the watcher notices.
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "kube/runtime/testing/watcher_world.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;

// Only x is in the backup, of which the revision is returned; then y came and x went, and the watcher knows.
std::int64_t live_on(WatcherWorld& world) {
  world.put("x");
  const std::int64_t backup = world.server.revision();
  world.put("y");
  world.remove("x");
  world.run();
  return backup;
}

TEST(Watcher, NoticesThatHistoryWasRewound) {
  WatcherWorld world;
  const std::int64_t restored = live_on(world);
  EXPECT_EQ(world.take(), (Outputs{"init", "listed y", "done"}));
  world.server.rewind(restored);
  // The watch from the future says nothing, not even bookmarks with a version that is new to it.
  for (int minutes = 0; minutes < 10; ++minutes) {
    world.clock.advance(std::chrono::seconds(75));
    world.run();
  }
  const Outputs outputs = world.take();
  const auto at = std::find(outputs.begin(), outputs.end(), "rewound");
  ASSERT_NE(at, outputs.end());
  EXPECT_EQ((Outputs{at, at + 4}), (Outputs{"rewound", "init", "listed x", "done"}));
  EXPECT_EQ(world.watcher.position(), std::to_string(world.server.revision()));
}

// The API server was restarted for it, so the watch broke; nobody waits for silence.
TEST(Watcher, NoticesARewindAsSoonAsItsWatchBreaks) {
  WatcherWorld world;
  const std::int64_t restored = live_on(world);
  world.take();
  world.server.rewind(restored);
  world.transport.break_streams();
  EXPECT_EQ(world.run(), Codes{Code::kUnavailable});
  EXPECT_EQ(world.take(), (Outputs{"rewound", "init", "listed x", "done"}));
}

TEST(Watcher, NoticesThatWritesHaveOvertakenItInARewoundHistory) {
  WatcherWorld world;
  world.put("x");
  const std::int64_t restored = world.server.revision();
  world.put("y");
  world.run();
  world.take();
  world.server.rewind(restored);
  for (int i = 0; i < 20; ++i) world.put("z");
  world.transport.break_streams();
  ASSERT_FALSE(world.watcher.step().ok());
  // Nobody answers for a while.
  world.transport.set_policy([](const testing::FaultContext&) -> testing::Fault {
    return testing::Answered{testing::refusal(503)};
  });
  for (int minute = 0; minute < 6; ++minute) {
    ASSERT_FALSE(world.watcher.step().ok());
    world.clock.advance(std::chrono::minutes(1));
  }
  world.transport.set_policy(nullptr);
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(), (Outputs{"init", "listed x", "listed z", "done"})) << "y was never there";
}

TEST(Watcher, NoticesARewindBehindAWriteOfOurOwn) {
  WatcherWorld world;
  world.run();
  world.take();
  WatcherConfig config = WatcherWorld::watcher_config();
  std::string written;
  config.newest_known = [&] { return written; };
  Watcher<Service> watcher(world.client, world.clock, config, [&](const WatchOutput<Service>& output) {
    world.outputs.push_back(described(output));
  });
  written = std::to_string(world.server.revision() + 10);
  ASSERT_TRUE(watcher.step().ok());
  EXPECT_EQ(world.take(), (Outputs{"rewound", "init", "done"}));
}

TEST(Watcher, NoticesARewindByAnOldEvent) {
  WatcherWorld world;
  world.put("x");
  const std::int64_t restored = world.server.revision();
  for (int i = 0; i < 5; ++i) world.put("x");
  world.run();
  world.take();
  world.server.rewind(restored);
  world.put("y");
  // A server that answers a watch from the future with what it has.
  struct OldEvents final : http::Transport {
    http::Transport& inner;
    explicit OldEvents(http::Transport& wrapped) : inner(wrapped) {}
    Result<http::Response> exchange(const http::Request& request, milliseconds deadline) override {
      return inner.exchange(request, deadline);
    }
    Result<std::unique_ptr<http::Stream>> open(const http::Request& request, milliseconds deadline) override {
      http::Request old = request;
      const auto at = old.target.find("resourceVersion=");
      old.target.replace(at, 16 + 3, "resourceVersion=100");
      return inner.open(old, deadline);
    }
  };
  OldEvents transport(world.server);
  const client::Client client(transport, WatcherWorld::client_config(0));
  Outputs outputs;
  Watcher<Service> watcher(client, world.clock, WatcherWorld::watcher_config(),
                           [&](const WatchOutput<Service>& output) { outputs.push_back(described(output)); });
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  outputs.clear();
  const auto progress = watcher.step();
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.error().code, Code::kGone);
  EXPECT_EQ(outputs, Outputs{}) << "nothing old is passed on";
  EXPECT_EQ(watcher.step().value(), Progress::kListed);
}

}  // namespace
}  // namespace berth::runtime
