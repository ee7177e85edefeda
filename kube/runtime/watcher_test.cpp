#include "kube/runtime/watcher.h"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/base/overloaded.h"
#include "core/model/service.h"
#include "kube/runtime/store.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;
using testing::FakeApiServer;
using testing::FaultContext;
using testing::FaultyTransport;
using testing::ManualClock;
using Outputs = std::vector<std::string>;

std::string described(const WatchOutput<Service>& output) {
  return std::visit(Overloaded{
                        [](const Rewound&) { return std::string("rewound"); },
                        [](const Init&) { return std::string("init"); },
                        [](const InitApply<Service>& event) { return "listed " + event.object.meta.name; },
                        [](const InitDone&) { return std::string("done"); },
                        [](const Apply<Service>& event) { return "apply " + event.object.meta.name; },
                        [](const Delete<Service>& event) { return "delete " + event.object.meta.name; },
                        [](const Reached&) { return std::string("reached"); },
                    },
                    output);
}

// A server, a way to it that can be disturbed, and a watcher of Services.
struct World {
  ManualClock clock;
  FakeApiServer server;
  FaultyTransport transport{server};
  client::Client client;
  Outputs outputs;
  Watcher<Service> watcher;

  explicit World(FakeApiServer::Config config = {}, std::int64_t page_size = 500)
      : server(clock, config),
        client(transport, client_config(page_size)),
        watcher(client, clock, watcher_config(),
                [this](WatchOutput<Service> output) { outputs.push_back(described(output)); }) {}

  static client::Client::Config client_config(std::int64_t page_size) {
    client::Client::Config config;
    config.field_manager = "test";
    config.page_size = page_size;
    return config;
  }
  static WatcherConfig watcher_config() {
    WatcherConfig config;
    config.kind = wire::kService;
    config.read_wait = Duration(0);
    return config;
  }

  Service put(const std::string& name) {
    const client::Client direct(server, client_config(0));
    const auto present = direct.get<Service>(wire::kService, {"a", name});
    if (!present.ok()) {
      return direct.create(wire::kService, testing::make_service("a", name, {testing::make_service_port(80)}))
          .value();
    }
    Service next = *present;
    next.meta.labels["revision"] = present->meta.resource_version;
    return direct.replace(wire::kService, next).value();
  }
  void remove(const std::string& name) {
    const client::Client direct(server, client_config(0));
    const auto present = direct.get<Service>(wire::kService, {"a", name}).value();
    ASSERT_TRUE(direct.remove<Service>(wire::kService, present.meta.key(), {.uid = present.meta.uid}).ok());
  }

  // Steps until nothing more is to be had; the errors on the way.
  std::vector<Code> run() {
    std::vector<Code> errors;
    for (int i = 0; i < 100; ++i) {
      const auto progress = watcher.step();
      if (!progress.ok()) {
        errors.push_back(progress.error().code);
      } else if (*progress == Progress::kIdle) {
        return errors;
      }
    }
    ADD_FAILURE() << "the watcher never rests";
    return errors;
  }
  Outputs take() { return std::exchange(outputs, {}); }
  std::size_t lists() const {
    std::size_t count = 0;
    for (const auto& each : server.log()) {
      count += !each.watch && each.request.target.find("/services?") != std::string::npos &&
                       each.request.method == "GET"
                   ? 1
                   : 0;
    }
    return count;
  }
};

using Codes = std::vector<Code>;

TEST(Watcher, ListsThenFollows) {
  World world;
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
  World world;
  world.put("x");
  EXPECT_EQ(world.watcher.step().value(), Progress::kListed);
  EXPECT_EQ(world.watcher.step().value(), Progress::kOpened);
  EXPECT_EQ(world.watcher.step().value(), Progress::kIdle);
  world.put("x");
  EXPECT_EQ(world.watcher.step().value(), Progress::kRead);
}

TEST(Watcher, FollowsPages) {
  World world({}, 2);
  for (const char* name : {"a", "b", "c", "d", "e"}) world.put(name);
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take(),
            (Outputs{"init", "listed a", "listed b", "listed c", "listed d", "listed e", "done"}));
}

TEST(Watcher, ListsInOneAnswerWhenThePagesExpire) {
  World world({}, 2);
  for (const char* name : {"a", "b", "c", "d", "e"}) world.put(name);
  world.transport.set_policy([&](const FaultContext& context) -> testing::Fault {
    if (context.number == 2) world.server.compact();
    return testing::NoFault{};
  });
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_EQ(world.take().size(), 7U);
  const auto log = world.server.log();
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const auto& each) { return each.status == 410; }));
}

TEST(Watcher, SurvivesAnyChunking) {
  FakeApiServer::Config config;
  config.chunk_bytes = 7;
  World world(config);
  EXPECT_EQ(world.run(), Codes{});
  world.take();
  world.put("x");
  for (int i = 0; i < 2000 && world.outputs.empty(); ++i) ASSERT_TRUE(world.watcher.step().ok());
  EXPECT_EQ(world.take(), (Outputs{"apply x"}));
}

TEST(Watcher, ResumesWithoutAListWhenTheServerEndsTheWatch) {
  World world;
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

TEST(Watcher, AsksForBookmarksAndAnEnd) {
  World world;
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
  World world;
  world.run();
  const std::string before = world.watcher.position();
  const client::Client direct(world.server, World::client_config(0));
  ASSERT_TRUE(direct.create(wire::kNamespace, testing::make_namespace("elsewhere")).ok());
  world.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(world.run(), Codes{});
  EXPECT_NE(world.watcher.position(), before);
  EXPECT_EQ(world.take().back(), "reached");
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, ResumesAfterABrokenConnection) {
  World world;
  world.run();
  world.take();
  world.transport.break_streams();
  world.put("x");
  EXPECT_EQ(world.run(), Codes{Code::kUnavailable});
  EXPECT_EQ(world.take(), Outputs{"apply x"});
  EXPECT_EQ(world.lists(), 1U);
}

TEST(Watcher, ListsAgainWhenItsVersionExpired) {
  World world;
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
  World world;
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
  World world;
  world.transport.set_policy(
      [](const FaultContext&) -> testing::Fault { return testing::Answered{testing::refusal(429, 7)}; });
  const auto progress = world.watcher.step();
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.error().code, Code::kThrottled);
  EXPECT_EQ(progress.error().retry_after_seconds, 7);
}

TEST(Watcher, ListsAgainWhenAskedForAVersionFromTheFuture) {
  World world;
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
  World world;
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
  World world;
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
  World world;
  WatcherConfig config = World::watcher_config();
  config.read_wait = config.silence;
  Watcher<Service> watcher(world.client, world.clock, config, [](const WatchOutput<Service>&) {});
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  const auto progress = watcher.step();
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.error().code, Code::kTimeout);
}

TEST(Watcher, NoticesThatHistoryWasRewound) {
  World world;
  world.put("x");
  const std::int64_t restored = world.server.revision();
  world.put("y");
  world.remove("x");
  world.run();
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

TEST(Watcher, NoticesARewindBehindAWriteOfOurOwn) {
  World world;
  world.run();
  world.take();
  WatcherConfig config = World::watcher_config();
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
  World world;
  world.put("x");
  const std::int64_t restored = world.server.revision();
  for (int i = 0; i < 5; ++i) world.put("x");
  world.run();
  world.take();
  world.server.rewind(restored);
  world.put("y");
  // A server that answers a watch from the future with what it has.
  world.transport.set_policy([&](const FaultContext&) -> testing::Fault { return testing::NoFault{}; });
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
  const client::Client client(transport, World::client_config(0));
  Outputs outputs;
  Watcher<Service> watcher(client, world.clock, World::watcher_config(),
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

TEST(Watcher, CallsAWatchThatEndsAtOnceAnError) {
  World world;
  struct Ending final : http::Transport {
    http::Transport& inner;
    explicit Ending(http::Transport& wrapped) : inner(wrapped) {}
    struct Empty final : http::Stream {
      Result<std::string> read(milliseconds) override { return std::string(); }
      void cancel() override {}
    };
    Result<http::Response> exchange(const http::Request& request, milliseconds deadline) override {
      return inner.exchange(request, deadline);
    }
    Result<std::unique_ptr<http::Stream>> open(const http::Request&, milliseconds) override {
      return std::unique_ptr<http::Stream>(std::make_unique<Empty>());
    }
  };
  Ending transport(world.server);
  const client::Client client(transport, World::client_config(0));
  Watcher<Service> watcher(client, world.clock, World::watcher_config(), [](const WatchOutput<Service>&) {});
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  const auto at_once = watcher.step();
  ASSERT_FALSE(at_once.ok());
  EXPECT_EQ(at_once.error().code, Code::kUnavailable);
  ASSERT_TRUE(watcher.step().ok());
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
  struct Canned final : http::Transport {
    http::Transport& inner;
    std::string bytes;
    Canned(http::Transport& wrapped, std::string text) : inner(wrapped), bytes(std::move(text)) {}
    struct Once final : http::Stream {
      std::string bytes;
      explicit Once(std::string text) : bytes(std::move(text)) {}
      Result<std::string> read(milliseconds) override { return std::exchange(bytes, ""); }
      void cancel() override {}
    };
    Result<http::Response> exchange(const http::Request& request, milliseconds deadline) override {
      return inner.exchange(request, deadline);
    }
    Result<std::unique_ptr<http::Stream>> open(const http::Request&, milliseconds) override {
      return std::unique_ptr<http::Stream>(std::make_unique<Once>(bytes));
    }
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    World world;
    Canned transport(world.server, each.bytes);
    const client::Client client(transport, World::client_config(0));
    Outputs outputs;
    Watcher<Service> watcher(
        client, world.clock, World::watcher_config(),
        [&](const WatchOutput<Service>& output) { outputs.push_back(described(output)); });
    ASSERT_TRUE(watcher.step().ok());
    ASSERT_TRUE(watcher.step().ok());
    outputs.clear();
    auto progress = watcher.step();
    if (progress.ok()) progress = watcher.step();
    ASSERT_FALSE(progress.ok());
    EXPECT_EQ(progress.error().code, each.code);
    EXPECT_EQ(outputs, Outputs{});
    EXPECT_EQ(watcher.step().value(), each.lists_again ? Progress::kListed : Progress::kOpened);
  }
}

TEST(Watcher, CancelEndsItForGood) {
  World world;
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
  const client::Client client(*view, World::client_config(0));
  Outputs outputs;
  Watcher<Service> watcher(client, clock, World::watcher_config(),
                           [&](const WatchOutput<Service>& output) { outputs.push_back(described(output)); });
  ASSERT_TRUE(watcher.step().ok());
  ASSERT_TRUE(watcher.step().ok());
  hold->up_to = server.revision();
  const client::Client direct(server, World::client_config(0));
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
  client::Client::Config client_config = World::client_config(static_cast<std::int64_t>(random() % 4));
  const client::Client client(transport, client_config);
  const client::Client direct(server, client_config);
  StoreGroup group;
  Store<Service> store(group);
  WatcherConfig watcher_config = World::watcher_config();
  watcher_config.seed = seed;
  watcher_config.newest_known = [&store] { return store.newest_written(); };
  int events = 0;
  Watcher<Service> watcher(client, clock, watcher_config, [&](WatchOutput<Service> output) {
    const bool event =
        std::holds_alternative<Apply<Service>>(output) || std::holds_alternative<Delete<Service>>(output);
    if (blind && event && ++events % 50 == 0) return;
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
  for (std::uint64_t seed = 1; seed <= 10; ++seed) failed += converges(seed, true) ? 0 : 1;
  EXPECT_GT(failed, 0);
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

}  // namespace
}  // namespace berth::runtime
