#include "operator/bookkeeper_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::NotSent;
using testing::ReplyLost;

// ---- claims ----

TEST_F(BookkeeperTest, OneStepServesEverybodyWhoWaitsWithOneWrite) {
  bench.allocate("api");
  bench.allocate("db");
  bench.read();
  bench.clear_log();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.granted.size(), 2U);
  EXPECT_EQ(names(report.concerned), (std::vector<std::string>{"api", "db"}));
  EXPECT_EQ(report.writes, 1);
  EXPECT_EQ(bench.writes().size(), 1U);
  EXPECT_EQ(bench.record(30500), "held mesh/api");
  EXPECT_EQ(bench.record(30501), "held mesh/db");
  EXPECT_EQ(shard().spec.fence, kFence);
}

// A range of which two numbers end one shard, and the others are in the next.
struct TwoShards : ::testing::Test {
  Workbench bench{30718, 30727};

  TwoShards() {
    for (const char* name : {"a", "b", "c"}) bench.allocate(name);
    bench.read();
  }
};

TEST_F(TwoShards, InABurstTheShardThatIsOnlyBegunWaitsForTheNextStep) {
  const BookkeepingReport first = bench.bookkeeper.step(kFence, {}, true);
  EXPECT_EQ(first.writes, 1);
  EXPECT_EQ(first.granted.size(), 2U);
  EXPECT_EQ(names(first.postponed), std::vector<std::string>{"c"});
  EXPECT_EQ(bench.record(30720), "free");
  bench.allocate("d");
  bench.read();
  const BookkeepingReport second =
      bench.bookkeeper.step(kFence, {false, {{"mesh", "c"}, {"mesh", "d"}}}, true);
  EXPECT_EQ(second.granted.size(), 2U);
  EXPECT_TRUE(second.postponed.empty());
  EXPECT_EQ(bench.record(30720), "held mesh/c");
}

TEST_F(TwoShards, WithoutABurstAreWrittenAtOnce) {
  const BookkeepingReport report = bench.bookkeeper.step(kFence);
  EXPECT_EQ(report.writes, 2);
  EXPECT_EQ(report.granted.size(), 3U);
  EXPECT_TRUE(report.postponed.empty());
}

TEST_F(BookkeeperTest, AStepThatLooksAtOneServesItAfterThoseWhoHaveWaitedForLonger) {
  const PortAllocation first = bench.allocate("first");
  const PortAllocation second = bench.allocate("second");
  bench.allocate("unseen");
  bench.allocate("youngest");
  bench.read();
  bench.observer.remember_refusal({first.meta.key(), first.meta.uid}, first.meta.generation);
  const BookkeepingReport report =
      bench.bookkeeper.step(kFence, {false, {{"mesh", "youngest"}, {"mesh", "gone"}}});
  EXPECT_EQ(names(report.concerned), (std::vector<std::string>{"first", "youngest"}));
  EXPECT_EQ(bench.record(30500), "held mesh/first");
  EXPECT_EQ(bench.record(30501), "held mesh/youngest");
  bench.read();
  EXPECT_EQ(names(step().concerned), (std::vector<std::string>{"second", "unseen"}))
      << "a look at everything";
}

TEST_F(BookkeeperTest, AStepThatLooksAtOneReleasesWhatItGaveUp) {
  PortAllocation edited = settled("api", 30500);
  settled("db", 30501);
  for (const char* name : {"api", "db"}) {
    bench.remove<Service>(wire::kService, {"mesh", name});
    PortAllocation object = bench.at_server<PortAllocation>(wire::kPortAllocation, {"mesh", name}).value();
    object.spec.ports[0].name = "renamed";
    ASSERT_TRUE(bench.people.replace(wire::kPortAllocation, object).ok());
  }
  bench.read();
  EXPECT_EQ(bench.bookkeeper.step(kFence, {false, {{"mesh", "api"}}}).released.size(), 1U);
  EXPECT_EQ(bench.record(30500), "resting mesh/api");
  EXPECT_EQ(bench.record(30501), "held mesh/db") << "nobody has looked at it";
}

TEST_F(BookkeeperTest, ClaimsEachNumberOfARowAndOldNumbersBesideThem) {
  PortAllocation row = testing::make_palloc(
      "mesh", "sip", "mesh", {testing::make_palloc_port("rtp", std::int64_t{8080})}, "External");
  row.spec.ports[0].count = 2;
  row.spec.ports[0].migrate_from = Migration{30600, "2036-01-01T00:00:00Z"};
  row.spec.sticky_for = "1h";
  bench.make(wire::kPortAllocation, row);
  bench.read();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.status.ok());
  for (const std::int64_t number : {30500, 30501, 30600, 30601}) {
    EXPECT_EQ(bench.record(number), "held mesh/sip") << number;
  }
  EXPECT_TRUE(shard().spec.entries.at("30600").ends_with(" sticky=3600"));
  bench.read();
  bench.clear_log();
  EXPECT_TRUE(step().granted.empty());
  EXPECT_TRUE(bench.server.log().empty()) << "not even a request";
}

TEST_F(BookkeeperTest, AnOldNumberGoesWhenItsStatusSaysThatItHasEndedAndNotByTheClock) {
  PortAllocation made = testing::make_palloc(
      "mesh", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080}, 30500)}, "External");
  made.spec.ports[0].migrate_from =
      Migration{30600, to_rfc3339(bench.clock.wall() + std::chrono::minutes(1))};
  made = bench.make(wire::kPortAllocation, made);
  bench.read();
  step();
  bench.clock.advance(std::chrono::minutes(2));
  bench.read();
  step();
  EXPECT_EQ(bench.record(30600), "held mesh/api") << "another leader's clock may be behind";
  made.status.observed_generation = made.meta.generation;
  made.status.conditions = {
      {"Allocated", "True", made.meta.generation, "2026-01-01T00:00:00Z", "NumbersHeld", ""}};
  made.status.ports = {{"api", 30500, Protocol::kTcp, std::int64_t{8080}}};
  ASSERT_TRUE(bench.people.replace_status(wire::kPortAllocation, made).ok());
  bench.read();
  step();
  EXPECT_EQ(bench.record(30600), "resting mesh/api");
  EXPECT_EQ(bench.record(30500), "held mesh/api");
}

TEST_F(BookkeeperTest, WritesNothingWhenNobodyWaits) {
  settled("api", 30500);
  bench.clear_log();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.status.ok());
  EXPECT_TRUE(report.concerned.empty());
  EXPECT_FALSE(report.more);
  EXPECT_FALSE(report.look_again.has_value());
  EXPECT_TRUE(bench.server.log().empty()) << "not even a request";
}

TEST_F(BookkeeperTest, AConflictReadsTheShardAnewAndEverythingIsDecidedAgain) {
  const PortAllocation first = settled("first", 30505);
  bench.allocate("api");
  bench.read();
  const PortAllocation rival = bench.allocate("rival");
  bench.just_before("PUT", kShard, [&] { bench.put_record(30500, rival); });
  const BookkeepingReport lost = step();
  EXPECT_EQ(lost.status.error().code, Code::kConflict);
  EXPECT_EQ(lost.conflicts, 1);
  EXPECT_EQ(lost.writes, 0);
  EXPECT_TRUE(lost.granted.empty());
  EXPECT_TRUE(lost.concerned.empty());
  EXPECT_EQ(bench.record(30500), "held mesh/rival");

  // No watch has told anything: the shard was read because of the conflict.
  ASSERT_EQ(bench.stores.allocations.get(rival.meta.key()), nullptr);
  bench.stores.allocations.put_written(rival);
  const BookkeepingReport again = step();
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(bench.record(30500), "held mesh/rival");
  EXPECT_EQ(bench.record(30501), "held mesh/api");
  EXPECT_EQ(bench.record(30505), "held mesh/first");
}

TEST_F(BookkeeperTest, WithoutTheCompareAndSwapARivalsNumberWouldBeOverwritten) {
  settled("first", 30505);
  bench.allocate("api");
  bench.read();
  const PortAllocation rival = bench.allocate("rival");
  bench.put_record(30500, rival);
  bench.answer_always("PUT", kShard, [&](const http::Request& request) {
    json::Tree body = json::parse_tree(request.body).value();
    body.at({"metadata", "resourceVersion"}).value = shard().meta.resource_version;
    http::Request blind = request;
    blind.body = json::print_tree(body);
    return bench.server.exchange(blind, std::chrono::seconds(1)).value();
  });
  EXPECT_TRUE(step().status.ok());
  EXPECT_EQ(bench.record(30500), "held mesh/api") << "the lie must show, or the check above proves nothing";
}

TEST_F(BookkeeperTest, AShardThatSomebodyElseCreatedIsReadToo) {
  bench.allocate("api");
  bench.read();
  const PortAllocation rival = bench.allocate("rival");
  bench.just_before("POST", "/portledgers", [&] { bench.put_record(30500, rival); });
  EXPECT_EQ(step().status.error().code, Code::kExists);
  EXPECT_NE(bench.stores.ledgers.get({"", kShard}), nullptr);
  bench.stores.allocations.put_written(rival);
  EXPECT_TRUE(step().status.ok());
  EXPECT_EQ(bench.record(30501), "held mesh/api");
}

TEST_F(BookkeeperTest, AShardThatSomebodyDeletedIsMadeAnewFromWhatIsShown) {
  const PortAllocation api = settled("api", 30500);
  bench.allocate("db");
  bench.read();
  bench.remove<PortLedger>(wire::kPortLedger, {"", kShard});
  EXPECT_EQ(step().status.error().code, Code::kNotFound);
  const BookkeepingReport again = step();
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(bench.record(30500), "held mesh/api") << "its Service shows the number";
  EXPECT_EQ(bench.record(30501), "held mesh/db");
  EXPECT_EQ(bench.observer.memory(api.meta.uid).recovered, std::vector<std::string>{"api"});
}

TEST_F(BookkeeperTest, AnAnswerThatComesLateTakesNoNewShardFromTheStore) {
  const PortAllocation api = settled("api", 30500);
  bench.allocate("db");
  bench.read();
  bench.remove<PortLedger>(wire::kPortLedger, {"", kShard});
  bench.answer_always("GET", kShard, [&](const http::Request&) {
    bench.put_record(30500, api);  // made and seen while "not found" was on its way
    bench.read();
    return testing::refusal(404);
  });
  EXPECT_FALSE(step().status.ok());
  EXPECT_NE(bench.stores.ledgers.get({"", kShard}), nullptr) << "nobody would ever look at it again";
}

TEST_F(BookkeeperTest, ALostReplyIsLookedUpAndNotCountedAsAConflict) {
  const PortAllocation api = bench.allocate("api");
  bench.read();
  bench.fail_once("POST", "/portledgers", ReplyLost{});
  const BookkeepingReport lost = step();
  EXPECT_EQ(lost.status.error().code, Code::kTimeout);
  EXPECT_EQ(lost.conflicts, 0);
  EXPECT_EQ(bench.record(30500), "held mesh/api");
  bench.clear_log();
  EXPECT_TRUE(step().status.ok());
  EXPECT_TRUE(bench.writes().empty()) << "it was written the first time";
}

TEST_F(BookkeeperTest, ARefusalIsToldOnceUntilItChanges) {
  for (const char* name : {"a", "b"}) bench.allocate(name, 30500);
  bench.read();
  const BookkeepingReport first = step();
  ASSERT_EQ(first.refused.size(), 1U);
  const Uid refused = first.refused[0].uid;
  EXPECT_EQ(names(first.concerned), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(bench.observer.memory(refused).refusal.has_value());
  const BookkeepingReport second = step();
  EXPECT_TRUE(second.refused.empty());
  EXPECT_TRUE(second.concerned.empty());
  ASSERT_TRUE(bench.people
                  .merge_patch<PortAllocation>(wire::kPortAllocation, first.refused[0].allocation,
                                               R"({"spec":{"exposure":"Cluster"}})")
                  .ok());
  bench.read();
  EXPECT_EQ(step().refused.size(), 1U) << "an edit makes a new question of it";
}

TEST_F(BookkeeperTest, ARefusalIsForgottenWhenItsOwnerAsksNoMore) {
  PortAllocation full = bench.allocate("other", 30400);  // outside the range
  bench.read();
  ASSERT_EQ(step().refused.size(), 1U);
  bench.put_record(30400, full);
  bench.read();
  const BookkeepingReport report = step();
  EXPECT_EQ(names(report.concerned), std::vector<std::string>{"other"});
  EXPECT_FALSE(bench.observer.memory(full.meta.uid).refusal.has_value());
}

TEST_F(BookkeeperTest, NothingIsClaimedForWhatIsBeingDeleted) {
  PortAllocation wanted =
      testing::make_palloc("mesh", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080})});
  wanted.meta.finalizers = {"example.com/hold"};
  bench.make(wire::kPortAllocation, wanted);
  bench.remove<PortAllocation>(wire::kPortAllocation, {"mesh", "api"});
  bench.read();
  bench.clear_log();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.granted.empty());
  EXPECT_TRUE(report.refused.empty());
  EXPECT_TRUE(bench.writes().empty());
}

// ---- fences ----

TEST_F(BookkeeperTest, ALargerFenceEndsTheStepBeforeAnyWrite) {
  const PortAllocation gone = settled("gone", 30500);
  bench.put_record(30501, settled("kept", 30502), kFence + 1);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.allocate("api");
  bench.read();
  bench.clear_log();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.superseded);
  EXPECT_EQ(report.fence_seen, kFence + 1);
  EXPECT_TRUE(report.status.ok());
  EXPECT_TRUE(bench.server.log().empty());
  EXPECT_FALSE(step(kFence + 1).superseded) << "of the same fence is oneself";
}

TEST_F(BookkeeperTest, ALargerFenceThatOnlyTheConflictRevealsEndsTheNextStep) {
  settled("first", 30505);
  bench.allocate("api");
  bench.read();
  const PortAllocation rival = bench.allocate("rival");
  bench.just_before("PUT", kShard, [&] { bench.put_record(30500, rival, kFence + 3); });
  EXPECT_FALSE(step().status.ok());
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.superseded);
  EXPECT_EQ(report.fence_seen, kFence + 3);
  EXPECT_EQ(bench.record(30501), "free");
}

}  // namespace
}  // namespace berth::controller
