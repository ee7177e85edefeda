// A watcher and its store against every fault at once, seeded.
#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "kube/runtime/store.h"
#include "kube/runtime/testing/watcher_world.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::runtime {
namespace {

using testing::FakeApiServer;
using testing::FaultyTransport;
using testing::ManualClock;

// A store behind a watcher behind a network that fails in every way, seeded: when the faults stop, the store
// holds what the server holds. With `blind` the watcher's sink drops one event in fifty: the known-bad
// variant.
bool converges(std::uint64_t seed, bool blind) {
  std::mt19937_64 random(seed);
  ManualClock clock;
  FakeApiServer::Config config;
  config.chunk_bytes = seed % 3 == 0 ? 50 : 0;
  FakeApiServer server(clock, config);
  FaultyTransport transport(server);
  const testing::FaultPolicy faults = testing::random_faults({.not_sent = 100,
                                                              .reply_lost = 50,
                                                              .throttled = 30,
                                                              .broken = 30,
                                                              .unavailable = 30,
                                                              .unauthorized = 30},
                                                             seed);
  transport.set_policy(faults);
  client::Client::Config client_config = WatcherWorld::client_config(static_cast<std::int64_t>(random() % 4));
  const client::Client client(transport, client_config);
  const client::Client direct(server, client_config);
  StoreGroup group;
  Store<Service> store(group);
  WatcherConfig watcher_config = WatcherWorld::watcher_config();
  watcher_config.seed = seed;
  watcher_config.newest_known = [&store] { return store.newest_written(); };
  int events = 0;
  Watcher<Service> watcher(client, clock, watcher_config, [&](WatchOutput<Service> output) {
    const bool event =
        std::holds_alternative<Apply<Service>>(output) || std::holds_alternative<Delete<Service>>(output);
    if (blind && event && ++events % 10 == 0) return;
    store.apply(std::move(output));
  });
  const auto settle = [&] {
    for (int idle = 0; idle < 12;) {
      const auto progress = watcher.step();
      if (!progress.ok() || *progress != Progress::kIdle) continue;
      clock.advance(std::chrono::seconds(25));
      ++idle;
    }
  };
  for (int i = 0; i < 400; ++i) {
    const std::string name(1, static_cast<char>('a' + static_cast<char>(random() % 6)));
    const ObjectKey key{"n", name};
    const auto present = direct.get<Service>(wire::kService, key);
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
        if (!present.ok()) {
          (void)direct.create(wire::kService,
                              testing::make_service("n", name, {testing::make_service_port(80)}));
        } else {
          Service next = *present;
          next.meta.labels["i"] = std::to_string(i);
          const auto written = direct.replace(wire::kService, next);
          if (written.ok() && random() % 2 == 0) store.put_written(*written);
        }
        break;
      case 3:
        if (present.ok()) {
          const auto left = direct.remove<Service>(wire::kService, key, {.uid = present->meta.uid});
          if (left.ok() && random() % 2 == 0) store.removed(key, present->meta.uid);
        }
        break;
      case 4:
        if (random() % 4 == 0) server.compact();
        break;
      case 5:
        if (random() % 4 == 0) server.restart(random() % 2 == 0);
        break;
      case 6:
        if (random() % 4 == 0) server.freeze_watches();
        break;
      case 7:
        // Known up to it, and noticed before new writes overtake it (watcher.h says why).
        if (random() % 20 == 0) {
          transport.set_policy({});
          settle();
          server.rewind(server.revision() - static_cast<std::int64_t>(random() % 10));
          settle();
          transport.set_policy(faults);
        }
        break;
      case 8:
        clock.advance(std::chrono::seconds(random() % 90));
        break;
      default:
        for (int steps = 0; steps < 3; ++steps) (void)watcher.step();
    }
  }
  transport.set_policy({});
  settle();
  const auto truth = testing::all_stored<Service>(server, wire::kService);
  const auto snapshot = group.snapshot();
  if (!store.ready(snapshot) || store.size(snapshot) != truth.size()) return false;
  for (const Service& each : truth) {
    const auto found = store.get(snapshot, each.meta.key());
    if (!found || *found != each) return false;
  }
  return true;
}

TEST(Watcher, ConvergesThroughAnyFaults) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) ASSERT_TRUE(converges(seed, false)) << "seed " << seed;
}

TEST(Watcher, ThatTestCanFail) {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) failed += converges(seed, true) ? 0 : 1;
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace berth::runtime
