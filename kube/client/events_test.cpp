#include "kube/client/events.h"

#include <gtest/gtest.h>
#include <string>

#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::client {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeApiServer;
using testing::FaultyTransport;
using testing::ManualClock;

struct World {
  ManualClock clock;
  FakeApiServer server{clock};
  FaultyTransport transport{server};
  Client client{transport, {.field_manager = "test"}};
  EventRecorder recorder{client, config()};

  static EventRecorder::Config config() {
    EventRecorder::Config made;
    made.controller = "berth.dev/operator";
    made.instance = "pod-1";
    return made;
  }
  static EventNote note(const std::string& reason, const std::string& object = "x",
                        const std::string& ns = "a") {
    EventNote made;
    made.regarding.api_version = "berth.dev/v1alpha1";
    made.regarding.kind = "PortAllocation";
    made.regarding.ns = ns;
    made.regarding.name = object;
    made.regarding.uid = Uid{"uid-" + object};
    made.reason = reason;
    made.action = "Allocate";
    made.note = "24500 is yours";
    return made;
  }
  void record(const EventNote& each) { recorder.record(each, clock.wall()); }
  // Requests made until nothing is due.
  int drain() {
    int made = 0;
    while (true) {
      const auto step = recorder.step(clock.wall());
      if (step.ok() && !*step) return made;
      ++made;
      if (made > 1000) return made;
    }
  }
  std::vector<Event> events(const std::string& ns = "a") {
    return testing::all_stored<Event>(server, wire::kEvent, ns);
  }
  std::int64_t series_of(const Event& event) {
    return server.object(wire::kEvent, event.meta.key())->number_at({"series", "count"});
  }
};

TEST(EventRecorder, WritesNothingByItself) {
  World world;
  world.record(World::note("Allocated"));
  EXPECT_EQ(world.transport.requests(), 0U);
  EXPECT_EQ(world.drain(), 1);
  ASSERT_EQ(world.events().size(), 1U);
}

TEST(EventRecorder, SaysWhatHappenedToWhatAndWho) {
  World world;
  world.record(World::note("Allocated"));
  world.drain();
  const Event event = world.events().at(0);
  EXPECT_EQ(event.reason, "Allocated");
  EXPECT_EQ(event.action, "Allocate");
  EXPECT_EQ(event.note, "24500 is yours");
  EXPECT_EQ(event.type, "Normal");
  EXPECT_EQ(event.regarding.name, "x");
  EXPECT_EQ(event.regarding.uid, Uid{"uid-x"});
  EXPECT_EQ(event.reporting_controller, "berth.dev/operator");
  EXPECT_EQ(event.reporting_instance, "pod-1");
  EXPECT_EQ(event.event_time, to_rfc3339_micro(world.clock.wall()));
  EXPECT_TRUE(event.meta.name.starts_with("x.")) << event.meta.name;
}

TEST(EventRecorder, EventsOfClusterScopedObjectsStandInDefault) {
  World world;
  world.record(World::note("Full", "range", ""));
  world.drain();
  EXPECT_EQ(world.events("default").size(), 1U);
}

TEST(EventRecorder, CountsRepeatsInASeries) {
  World world;
  for (int i = 0; i < 5; ++i) world.record(World::note("Allocated"));
  world.drain();
  ASSERT_EQ(world.events().size(), 1U);
  for (int i = 0; i < 3; ++i) world.record(World::note("Allocated"));
  EXPECT_EQ(world.drain(), 0) << "a series is written once a minute at most";
  world.clock.advance(seconds(60));
  EXPECT_EQ(world.drain(), 1);
  EXPECT_EQ(world.series_of(world.events().at(0)), 8);
  EXPECT_EQ(world.events().size(), 1U);
}

TEST(EventRecorder, TellsDifferentThingsApart) {
  World world;
  world.record(World::note("Allocated"));
  world.record(World::note("Released"));
  world.record(World::note("Allocated", "y"));
  EventNote other = World::note("Allocated");
  other.note = "24501 is yours";
  world.record(other);
  EXPECT_EQ(world.drain(), 4);
  EXPECT_EQ(world.events().size(), 4U);
}

TEST(EventRecorder, StartsANewEventAfterTheWindow) {
  World world;
  world.record(World::note("Allocated"));
  world.drain();
  world.clock.advance(minutes(11));
  world.record(World::note("Allocated"));
  world.drain();
  EXPECT_EQ(world.events().size(), 2U);
}

TEST(EventRecorder, ThinsOutABurstAboutOneObject) {
  World world;
  for (int i = 0; i < 40; ++i) world.record(World::note("Reason" + std::to_string(i)));
  world.record(World::note("Other", "y"));
  EXPECT_EQ(world.drain(), 26) << "25 about x, and y is not held up";
  world.clock.advance(minutes(5));
  EXPECT_EQ(world.drain(), 1);
  world.clock.advance(minutes(20));
  world.drain();
  EXPECT_EQ(world.recorder.counts().dropped, 14U) << "what did not get out in its window is dropped";
}

TEST(EventRecorder, DropsBeyondItsBound) {
  World world;
  for (int i = 0; i < 1100; ++i) world.record(World::note("R", "object-" + std::to_string(i)));
  EXPECT_EQ(world.recorder.counts().dropped, 100U);
}

TEST(EventRecorder, ALostReplyMakesNoSecondEvent) {
  World world;
  int requests = 0;
  world.transport.set_policy([&](const testing::FaultContext&) -> testing::Fault {
    if (++requests == 1) return testing::ReplyLost{};
    return testing::NoFault{};
  });
  world.record(World::note("Allocated"));
  EXPECT_EQ(world.drain(), 2);
  EXPECT_EQ(world.events().size(), 1U);
  EXPECT_EQ(world.recorder.counts().written, 1U);
}

TEST(EventRecorder, GivesUpAfterItsAttempts) {
  World world;
  world.transport.set_policy(
      [](const testing::FaultContext&) -> testing::Fault { return testing::NotSent{}; });
  world.record(World::note("Allocated"));
  EXPECT_EQ(world.drain(), 3);
  EXPECT_EQ(world.recorder.counts().dropped, 1U);
}

TEST(EventRecorder, DoesNotRepeatWhatTheServerRefuses) {
  World world;
  world.transport.set_policy([](const testing::FaultContext&) -> testing::Fault {
    return testing::Answered{testing::refusal(403)};
  });
  world.record(World::note("Allocated"));
  EXPECT_EQ(world.drain(), 1);
  EXPECT_EQ(world.recorder.counts().dropped, 1U);
}

TEST(EventRecorder, KeepsWithinTheLimitsOfTheApi) {
  World world;
  EventNote huge = World::note("Allocated", std::string(253, 'x'));
  huge.note.clear();
  for (int i = 0; i < 700; ++i) huge.note += "\xC3\xA9";  // two bytes each
  world.record(huge);
  world.drain();
  const Event event = world.events().at(0);
  EXPECT_LE(event.meta.name.size(), 253U);
  EXPECT_LE(event.note.size(), 1024U);
  EXPECT_EQ(event.note.size() % 2, 0U) << "no half character";
}

}  // namespace
}  // namespace berth::client
