// The parts of kube/runtime that several threads share, for the thread sanitizer.
#include <atomic>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/model/service.h"
#include "kube/runtime/store.h"
#include "kube/runtime/watcher.h"
#include "kube/runtime/work_queue.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;
using testing::FakeApiServer;
using testing::ManualClock;
using Queue = WorkQueue<std::string>;

// Two kinds always change together here; a snapshot must never see one without the other.
TEST(StoreThreads, ASnapshotIsOneMomentOfAllKinds) {
  StoreGroup group;
  Store<Service> left(group);
  Store<Namespace> right(group);
  std::atomic<bool> stop = false;
  std::atomic<int> inconsistent = 0;
  std::atomic<int> reads = 0;
  std::thread reader([&] {
    while (!stop) {
      const Snapshot snapshot = group.snapshot();
      const auto l = left.get(snapshot, {"", "x"});
      const auto r = right.get(snapshot, {"", "x"});
      // `right` is written after `left`: it may be one behind, never ahead, and never more than one.
      const long lv = l ? std::stol(l->meta.resource_version) : 0;
      const long rv = r ? std::stol(r->meta.resource_version) : 0;
      if (rv > lv || lv - rv > 1) ++inconsistent;
      ++reads;
    }
  });
  for (int i = 1; i <= 2000 || reads < 100; ++i) {
    Service s;
    s.meta.name = "x";
    s.meta.resource_version = std::to_string(i);
    left.put_written(s);
    Namespace n;
    n.meta.name = "x";
    n.meta.resource_version = std::to_string(i);
    right.put_written(n);
  }
  stop = true;
  reader.join();
  EXPECT_EQ(inconsistent, 0);
}

TEST(WorkQueueThreads, WorkersNeverShareAKeyAndLoseNone) {
  SystemClock clock;
  Queue queue(clock);
  constexpr int kKeys = 20;
  std::vector<std::atomic<int>> busy(kKeys);
  std::vector<std::atomic<int>> worked(kKeys);
  std::atomic<bool> shared = false;
  std::stop_source stop;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      while (const auto key = queue.take(stop.get_token())) {
        const auto k = static_cast<std::size_t>(std::stoi(*key));
        if (++busy[k] > 1) shared = true;
        ++worked[k];
        --busy[k];
        queue.done(*key);
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    for (int k = 0; k < kKeys; ++k) queue.add(std::to_string(k), milliseconds(k % 3));
  }
  while (queue.depth() > 0 || queue.in_hand() > 0) std::this_thread::yield();
  stop.request_stop();
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(shared);
  for (const auto& count : worked) EXPECT_GT(count, 0);
}

TEST(WorkQueueThreads, AStopWakesAWaitingWorker) {
  SystemClock clock;
  Queue queue(clock);
  queue.add("later", milliseconds(3'600'000));
  std::stop_source stop;
  std::optional<std::string> taken = "unset";
  std::thread worker([&] { taken = queue.take(stop.get_token()); });
  stop.request_stop();
  worker.join();
  EXPECT_EQ(taken, std::nullopt);
}

TEST(WatchLoopThreads, StopsWhileAReadWaits) {
  ManualClock clock;
  FakeApiServer::Config config;
  config.blocking_reads = true;
  FakeApiServer server(clock, config);
  const client::Client client(server, {.field_manager = "test"});
  std::atomic<int> applied = 0;
  WatcherConfig watcher_config;
  watcher_config.kind = wire::kService;
  Watcher<Service> watcher(client, clock, watcher_config, [&](const WatchOutput<Service>& output) {
    if (std::holds_alternative<Apply<Service>>(output)) ++applied;
  });
  WatchLoop loop(watcher, {});
  std::stop_source stop;
  std::thread thread([&] { loop.run(stop.get_token()); });
  while (server.log().size() < 2) std::this_thread::yield();
  ASSERT_TRUE(
      client.create(wire::kService, testing::make_service("a", "x", {testing::make_service_port(80)})).ok());
  while (applied == 0) std::this_thread::yield();
  stop.request_stop();
  thread.join();
  EXPECT_EQ(applied, 1);
}

TEST(WatchLoopThreads, StopsWhileItWaitsAfterAnError) {
  WatchLoop::Config config;
  config.backoff = {std::chrono::hours(1), std::chrono::hours(1), 0.0};
  std::atomic<bool> failed = false;
  config.on_error = [&](const Error&, Duration) { failed = true; };
  WatchLoop loop([] { return Result<Progress>(Error{Code::kUnavailable, "down"}); }, [] {}, config);
  std::stop_source stop;
  std::thread thread([&] { loop.run(stop.get_token()); });
  while (!failed) std::this_thread::yield();
  stop.request_stop();
  thread.join();
}

}  // namespace
}  // namespace berth::runtime
