#include "kube/runtime/lease.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"

namespace berth::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeApiServer;
using testing::FaultyTransport;
using testing::ManualClock;
using Standing = LeaseKeeper::Standing;

constexpr Instant kStart{1'000'000};
constexpr Instant kWall{1'767'225'600'000};

LeaseConfig config_of(const std::string& identity) {
  LeaseConfig config;
  config.key = {"berth-system", "berth-operator"};
  config.identity = identity;
  return config;
}

Lease seen(const std::string& holder, const std::string& version, std::int64_t transitions = 3,
           std::int64_t duration = 15) {
  Lease lease = testing::make_lease("berth-system", "berth-operator", holder, duration);
  lease.meta.resource_version = version;
  lease.meta.uid = Uid{"u"};
  lease.transitions = transitions;
  lease.acquire_time = "2026-01-01T00:00:00.000000Z";
  return lease;
}

TEST(LeaseDecision, CreatesWhatIsMissing) {
  const LeaseState state = observed({}, std::nullopt, kStart);
  const auto action = std::get<LeaseCreate>(decide(state, config_of("a"), kStart, kWall));
  EXPECT_EQ(action.lease.holder, "a");
  EXPECT_EQ(action.lease.duration_seconds, 15);
  EXPECT_EQ(action.lease.transitions, 0);
  EXPECT_EQ(action.lease.renew_time, "2026-01-01T00:00:00.000000Z");
  EXPECT_TRUE(action.lease.meta.resource_version.empty());
}

TEST(LeaseDecision, WaitsFromWhenItFirstSawTheRecord) {
  LeaseState state = observed({}, seen("b", "7"), kStart);
  EXPECT_EQ(decide(state, config_of("a"), kStart + seconds(14), kWall), LeaseAction(LeaseWait{}));
  state = observed(state, seen("b", "7"), kStart + seconds(14));
  const auto action = std::get<LeaseReplace>(decide(state, config_of("a"), kStart + seconds(15), kWall));
  EXPECT_EQ(action.lease.holder, "a");
  EXPECT_EQ(action.lease.transitions, 4) << "a takeover counts, it is the fence";
  EXPECT_EQ(action.lease.meta.resource_version, "7") << "conditional on the record that was seen";
}

TEST(LeaseDecision, ARenewalStartsTheWaitAnew) {
  LeaseState state = observed({}, seen("b", "7"), kStart);
  state = observed(state, seen("b", "8"), kStart + seconds(14));
  EXPECT_EQ(decide(state, config_of("a"), kStart + seconds(28), kWall), LeaseAction(LeaseWait{}));
  EXPECT_TRUE(
      std::holds_alternative<LeaseReplace>(decide(state, config_of("a"), kStart + seconds(29), kWall)));
}

TEST(LeaseDecision, IgnoresTheTimesWrittenInTheRecord) {
  Lease ancient = seen("b", "7");
  ancient.renew_time = "1970-01-01T00:00:00.000000Z";
  const LeaseState state = observed({}, ancient, kStart);
  EXPECT_EQ(decide(state, config_of("a"), kStart, kWall), LeaseAction(LeaseWait{}));
}

TEST(LeaseDecision, TakesAReleasedLeaseAtOnce) {
  const LeaseState state = observed({}, seen("", "7", 3, 1), kStart);
  const auto action = std::get<LeaseReplace>(decide(state, config_of("a"), kStart, kWall));
  EXPECT_EQ(action.lease.transitions, 4);
}

TEST(LeaseDecision, RespectsTheDurationOfTheHolder) {
  const LeaseState state = observed({}, seen("b", "7", 3, 60), kStart);
  EXPECT_EQ(decide(state, config_of("a"), kStart + seconds(59), kWall), LeaseAction(LeaseWait{}));
  EXPECT_FALSE(std::holds_alternative<LeaseWait>(decide(state, config_of("a"), kStart + seconds(60), kWall)));
}

TEST(LeaseDecision, ALeaderRenewsWithoutANewTransition) {
  LeaseState state = written({}, seen("a", "7"), kStart, kStart + milliseconds(5), "a");
  ASSERT_TRUE(state.leading);
  const auto action =
      std::get<LeaseReplace>(decide(state, config_of("a"), kStart + seconds(2), kWall + seconds(2)));
  EXPECT_EQ(action.lease.transitions, 3);
  EXPECT_EQ(action.lease.acquire_time, "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(action.lease.renew_time, "2026-01-01T00:00:02.000000Z");
}

TEST(LeaseDecision, ALeaderWhoSeesAnotherGivesUp) {
  LeaseState state = written({}, seen("a", "7"), kStart, kStart, "a");
  state = observed(state, seen("b", "8", 4), kStart + seconds(1));
  EXPECT_EQ(decide(state, config_of("a"), kStart + seconds(1), kWall), LeaseAction(LeaseGiveUp{}));
}

TEST(LeaseDecision, ALeaderGivesUpAtTheDeadlineCountedFromSending) {
  const LeaseState state = written({}, seen("a", "7"), kStart, kStart + seconds(3), "a");
  EXPECT_FALSE(overdue(state, config_of("a"), kStart + milliseconds(9'999)));
  EXPECT_TRUE(overdue(state, config_of("a"), kStart + seconds(10)));
  EXPECT_EQ(decide(state, config_of("a"), kStart + seconds(10), kWall), LeaseAction(LeaseGiveUp{}));
}

TEST(LeaseDecision, ANewProcessOfTheSameNameTakesANewFence) {
  const LeaseState state = observed({}, seen("a", "7", 3), kStart);
  const auto action = std::get<LeaseReplace>(decide(state, config_of("a"), kStart, kWall));
  EXPECT_EQ(action.lease.transitions, 4);
}

TEST(LeaseDecision, TheFenceGrowsOverADeletedLease) {
  LeaseState state = observed({}, seen("b", "7", 9), kStart);
  state = observed(state, std::nullopt, kStart + seconds(1));
  EXPECT_EQ(
      std::get<LeaseCreate>(decide(state, config_of("a"), kStart + seconds(1), kWall)).lease.transitions, 10);
  state = {};
  state.fence_above = 41;
  state = observed(state, std::nullopt, kStart);
  EXPECT_EQ(std::get<LeaseCreate>(decide(state, config_of("a"), kStart, kWall)).lease.transitions, 42);
  state = written({}, seen("a", "7", 3), kStart, kStart, "a");
  state.fence_above = 41;
  EXPECT_EQ(std::get<LeaseReplace>(decide(state, config_of("a"), kStart, kWall)).lease.transitions, 42);
}

// What a leader finds in place of its own record, as it wrote it at 12:00:10 with version 70.
struct GoneBackRow {
  const char* what;
  std::optional<Lease> found;
  bool gone_back;
};

Lease renewed(const std::string& holder, const std::string& version, const std::string& renew_time) {
  Lease lease = seen(holder, version);
  lease.renew_time = renew_time;
  return lease;
}

TEST(LeaseDecision, ALeaderNoticesThatItsRecordHasGoneBack) {
  const Lease own = renewed("a", "70", "2026-01-01T12:00:10.000000Z");
  const std::vector<GoneBackRow> rows = {
      {"its own", own, false},
      {"a renewal whose answer was lost", renewed("a", "72", "2026-01-01T12:00:12.000000Z"), false},
      {"edited by somebody, times untouched", renewed("a", "75", "2026-01-01T12:00:10.000000Z"), false},
      {"from a backup", renewed("a", "31", "2026-01-01T11:00:00.000000Z"), true},
      {"from a backup, versions have passed ours since", renewed("a", "90", "2026-01-01T11:00:00.000000Z"),
       true},
      {"from a backup, of another leader", renewed("b", "31", "2026-01-01T11:00:00.000000Z"), true},
      {"a successor's", renewed("b", "71", "2026-01-01T12:00:09.000000Z"), false},
      {"none", std::nullopt, true},
  };
  for (const GoneBackRow& row : rows) {
    LeaseState state = written({}, own, kStart, kStart, "a");
    state = observed(state, row.found, kStart + seconds(1));
    EXPECT_EQ(state.gone_back, row.gone_back ? 1 : 0) << row.what;
    state = observed(state, row.found, kStart + seconds(2));
    EXPECT_EQ(state.gone_back, row.gone_back ? 1 : 0) << row.what << ", and is told once";
  }
}

TEST(LeaseDecision, WhoDoesNotLeadHasNothingThatCouldGoBack) {
  LeaseState state = observed({}, seen("b", "70"), kStart);
  state = observed(state, seen("b", "31"), kStart + seconds(1));
  state = observed(state, std::nullopt, kStart + seconds(2));
  EXPECT_EQ(state.gone_back, 0);
}

TEST(LeaseDecision, ReleaseNamesNobody) {
  const LeaseState state = written({}, seen("a", "7"), kStart, kStart, "a");
  const auto lease = released(state, config_of("a"), kWall);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->holder, "");
  EXPECT_EQ(lease->duration_seconds, 1);
  EXPECT_EQ(lease->transitions, 3);
  EXPECT_EQ(released(observed({}, seen("b", "7"), kStart), config_of("a"), kWall), std::nullopt);
}

TEST(LeaseConfig, IsChecked) {
  EXPECT_TRUE(check(config_of("a")).ok());
  struct Case {
    const char* field;
    std::function<void(LeaseConfig&)> spoil;
  };
  const Case cases[] = {
      {"lease", [](LeaseConfig& c) { c.key.ns.clear(); }},
      {"identity", [](LeaseConfig& c) { c.identity.clear(); }},
      {"duration", [](LeaseConfig& c) { c.duration = milliseconds(15'500); }},
      {"duration", [](LeaseConfig& c) { c.duration = milliseconds(0); }},
      {"renewDeadline", [](LeaseConfig& c) { c.renew_deadline = c.duration; }},
      {"retryPeriod", [](LeaseConfig& c) { c.retry_period = seconds(9); }},
      {"retryPeriod", [](LeaseConfig& c) { c.retry_period = seconds(0); }},
      {"requestDeadline", [](LeaseConfig& c) { c.request_deadline = seconds(10); }},
  };
  for (const Case& each : cases) {
    LeaseConfig config = config_of("a");
    each.spoil(config);
    const Status status = check(config);
    ASSERT_FALSE(status.ok()) << each.field;
    EXPECT_EQ(status.error().field, each.field);
  }
}

// --- The shell -------------------------------------------------------------------------------------------

client::Client client_of(http::Transport& transport) {
  client::Client::Config config;
  config.field_manager = "test";
  return client::Client(transport, config);
}

struct World {
  ManualClock clock;
  FakeApiServer server{clock};
  FaultyTransport transport{server};
  client::Client client = client_of(transport);
  LeaseKeeper keeper{client, clock, config_of("a")};

  std::optional<Lease> lease() { return testing::stored<Lease>(server, wire::kLease, config_of("").key); }
};

TEST(LeaseKeeper, LeadsOnAnEmptyCluster) {
  World world;
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_TRUE(world.keeper.leading());
  EXPECT_EQ(world.keeper.fence(), 0);
  EXPECT_EQ(world.lease()->holder, "a");
  EXPECT_EQ(world.keeper.next_step(), world.clock.monotonic() + seconds(2));
}

TEST(LeaseKeeper, RenewsWithOneRequest) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  world.server.clear_log();
  world.clock.advance(seconds(2));
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_EQ(world.server.log().size(), 1U);
  EXPECT_EQ(world.lease()->transitions, 0);
}

TEST(LeaseKeeper, FollowsAndTakesOver) {
  World world;
  LeaseKeeper other(world.client, world.clock, config_of("b"));
  ASSERT_EQ(other.step().value(), Standing::kLeading);
  EXPECT_EQ(world.keeper.step().value(), Standing::kFollowing);
  EXPECT_EQ(world.keeper.fence(), -1);
  world.clock.advance(seconds(14));
  EXPECT_EQ(world.keeper.step().value(), Standing::kFollowing);
  world.clock.advance(seconds(1));
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_EQ(world.keeper.fence(), 1);
  EXPECT_FALSE(other.leading()) << "its deadline has passed, without a step";
  EXPECT_EQ(other.step().value(), Standing::kLost);
}

TEST(LeaseKeeper, IsLostWhenTheDeadlinePasses) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  world.transport.set_policy(
      [](const testing::FaultContext&) -> testing::Fault { return testing::NotSent{}; });
  for (int i = 0; i < 4; ++i) {
    world.clock.advance(seconds(2));
    EXPECT_FALSE(world.keeper.step().ok());
    EXPECT_TRUE(world.keeper.leading());
  }
  world.clock.advance(seconds(2));
  EXPECT_FALSE(world.keeper.leading());
  EXPECT_EQ(world.keeper.step().value(), Standing::kLost);
  world.transport.set_policy({});
  EXPECT_EQ(world.keeper.step().value(), Standing::kLost) << "for good";
}

TEST(LeaseKeeper, SurvivesALostReply) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  world.transport.set_policy([](const testing::FaultContext& context) -> testing::Fault {
    if (context.write > 0) return testing::ReplyLost{};
    return testing::NoFault{};
  });
  world.clock.advance(seconds(2));
  EXPECT_FALSE(world.keeper.step().ok());
  world.transport.set_policy({});
  world.clock.advance(seconds(2));
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_EQ(world.lease()->transitions, 0);
}

TEST(LeaseKeeper, ReleaseLetsASuccessorInAtOnce) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  ASSERT_TRUE(world.keeper.release().ok());
  EXPECT_FALSE(world.keeper.leading());
  EXPECT_EQ(world.lease()->holder, "");
  LeaseKeeper other(world.client, world.clock, config_of("b"));
  EXPECT_EQ(other.step().value(), Standing::kLeading);
  EXPECT_EQ(other.fence(), 1);
  EXPECT_TRUE(world.keeper.release().ok()) << "twice is harmless";
  EXPECT_EQ(world.lease()->holder, "b");
}

TEST(LeaseKeeper, WhoWasFrozenLeadsButIsNotConfirmedBeforeItHasLooked) {
  World world;
  EXPECT_FALSE(world.keeper.confirmed());
  ASSERT_TRUE(world.keeper.step().ok());
  EXPECT_TRUE(world.keeper.confirmed());
  const std::int64_t saved = world.server.revision();
  world.clock.advance(seconds(2));
  ASSERT_TRUE(world.keeper.step().ok());
  world.clock.advance(milliseconds(6'999));  // 2 * 2 s + 3 s
  EXPECT_TRUE(world.keeper.confirmed());
  world.clock.advance(milliseconds(1));
  EXPECT_FALSE(world.keeper.confirmed());
  EXPECT_TRUE(world.keeper.leading());
  world.server.rewind(saved);
  EXPECT_FALSE(world.keeper.step().ok());
  EXPECT_FALSE(world.keeper.confirmed()) << "it has not seen yet what there is now";
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_TRUE(world.keeper.confirmed());
  EXPECT_EQ(world.keeper.gone_back(), 1);
}

TEST(LeaseKeeper, RaisesItsFenceWhenALedgerAsksForIt) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  world.keeper.raise_fence(17);
  EXPECT_EQ(world.keeper.fence(), 0);
  world.clock.advance(seconds(2));
  ASSERT_TRUE(world.keeper.step().ok());
  EXPECT_EQ(world.keeper.fence(), 18);
  EXPECT_EQ(world.lease()->transitions, 18);
}

TEST(LeaseKeeper, NoticesARestoreThatVersionsHaveOvertaken) {
  World world;
  ASSERT_TRUE(world.keeper.step().ok());
  const std::int64_t saved = world.server.revision();
  for (int i = 0; i < 3; ++i) {
    world.clock.advance(seconds(2));
    ASSERT_TRUE(world.keeper.step().ok());
  }
  const std::int64_t lost = world.server.revision();
  EXPECT_EQ(world.keeper.gone_back(), 0);
  world.server.rewind(saved);
  while (world.server.revision() <= lost) {  // others are busy
    const std::string name = "n" + std::to_string(world.server.revision());
    ASSERT_TRUE(world.client.create(wire::kNamespace, testing::make_namespace(name)).ok());
  }
  world.clock.advance(seconds(2));
  EXPECT_FALSE(world.keeper.step().ok()) << "the record has another version than it remembers";
  world.clock.advance(seconds(2));
  EXPECT_EQ(world.keeper.step().value(), Standing::kLeading);
  EXPECT_EQ(world.keeper.gone_back(), 1);
}

// Several candidates on clocks of one rate but different times, a network that loses requests and replies,
// pauses of any length between and within steps. Returns what went wrong, "" when nothing did.
// `careless` leaders tell others a duration that is shorter than their own deadline: known bad.
std::string simulate(std::uint64_t seed, bool careless) {
  std::mt19937_64 random(seed);
  ManualClock clock;
  FakeApiServer server(clock);
  struct Candidate {
    std::unique_ptr<FaultyTransport> transport;
    std::unique_ptr<client::Client> client;
    std::unique_ptr<LeaseKeeper> keeper;
    Instant paused_until = {};
    int life = 0;
  };
  std::vector<Candidate> candidates(3);
  const auto start = [&](std::size_t i) {
    Candidate& candidate = candidates[i];
    candidate.keeper.reset();
    candidate.transport = std::make_unique<FaultyTransport>(server);
    // Time passes inside requests too, on both sides of the commit.
    auto faults = testing::random_faults({.not_sent = 100, .reply_lost = 100, .conflict = 30}, random());
    candidate.transport->set_policy([&clock, &random, faults](const testing::FaultContext& context) {
      clock.advance(milliseconds(random() % 3000));
      return faults(context);
    });
    candidate.client = std::make_unique<client::Client>(client_of(*candidate.transport));
    LeaseConfig config = config_of("c" + std::to_string(i) + "-" + std::to_string(++candidate.life));
    config.seed = random();
    candidate.keeper = std::make_unique<LeaseKeeper>(*candidate.client, clock, config);
  };
  for (std::size_t i = 0; i < candidates.size(); ++i) start(i);
  std::int64_t last_fence = -1;
  std::string last_leader;
  int leaders_seen = 0;
  for (int step = 0; step < 400; ++step) {
    const std::size_t i = random() % candidates.size();
    Candidate& candidate = candidates[i];
    if (clock.monotonic() >= candidate.paused_until) {
      if (candidate.keeper->standing() == Standing::kLost) {
        start(i);
      } else if (clock.monotonic() >= candidate.keeper->next_step()) {
        (void)candidate.keeper->step();
      }
    }
    if (random() % 20 == 0) candidate.paused_until = clock.monotonic() + milliseconds(random() % 40'000);
    if (careless && candidate.keeper->leading()) {
      server.edit(wire::kLease, config_of("").key, [](json::Tree& lease) {
        lease.at({"spec", "leaseDurationSeconds"}).value = std::int64_t{1};
      });
    }
    clock.advance(milliseconds(random() % 700));

    int leading = 0;
    for (std::size_t j = 0; j < candidates.size(); ++j) {
      const LeaseKeeper& keeper = *candidates[j].keeper;
      if (!keeper.leading()) continue;
      ++leading;
      const std::string who = std::to_string(j) + "-" + std::to_string(candidates[j].life);
      if (who != last_leader) {
        ++leaders_seen;
        if (keeper.fence() <= last_fence) return "the fence did not grow";
        last_leader = who;
      }
      last_fence = std::max(last_fence, keeper.fence());
    }
    if (leading > 1) return "two leaders";
  }
  if (leaders_seen == 0) return "nobody ever led";
  return "";
}

TEST(LeaseKeeper, NeverTwoLeadersAndAlwaysAGrowingFence) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) ASSERT_EQ(simulate(seed, false), "") << "seed " << seed;
}

TEST(LeaseKeeper, ThatTestCanFail) {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) failed += simulate(seed, true).empty() ? 0 : 1;
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace berth::runtime
