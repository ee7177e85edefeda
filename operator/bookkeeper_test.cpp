#include "operator/bookkeeper.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/base/api_names.h"
#include "kube/json/tree.h"
#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::NotSent;
using testing::ReplyLost;

constexpr std::int64_t kFence = 5;
constexpr char kShard[] = "nodeport-119";  // 30464..30719

std::vector<std::string> names(const std::vector<ObjectKey>& keys) {
  std::vector<std::string> all;
  for (const ObjectKey& key : keys) all.push_back(key.name);
  std::sort(all.begin(), all.end());
  return all;
}

struct BookkeeperTest : ::testing::Test {
  Workbench bench;

  BookkeepingReport step(std::int64_t fence = kFence) {
    BookkeepingReport report = bench.bookkeeper.step(fence);
    return report;
  }
  // Allocation mesh/<name> that holds the number for long, published by its Service; read by the operator.
  PortAllocation settled(const std::string& name, std::int64_t number, bool published = true) {
    const PortAllocation made = bench.allocate(name);
    bench.put_record(number, made);
    if (published) bench.make(wire::kService, generated_service(made, number));
    bench.read();
    return made;
  }
  [[nodiscard]] PortLedger shard() const {
    return bench.at_server<PortLedger>(wire::kPortLedger, {"", kShard}).value();
  }
};

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

// ---- releases ----

TEST_F(BookkeeperTest, WhatAVanishedOwnerLeftIsClearedBeforeItsNumberRests) {
  const PortAllocation gone = settled("gone", 30500);
  bench.make(wire::kNetworkPolicy, generated_policy(gone));
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  bench.clear_log();
  const BookkeepingReport report = step();
  ASSERT_TRUE(report.status.ok());
  EXPECT_EQ(bench.writes(),
            (std::vector<std::string>{
                "DELETE /api/v1/namespaces/mesh/services/gone",
                "DELETE /apis/networking.k8s.io/v1/namespaces/mesh/networkpolicies/gone-ingress",
                "PUT /apis/berth.dev/v1alpha1/portledgers/nodeport-119"}));
  EXPECT_EQ(bench.record(30500), "resting mesh/gone");
  ASSERT_EQ(report.released.size(), 1U);
  EXPECT_EQ(report.released[0].key.port, Port::of(30500));
  EXPECT_EQ(names(report.concerned), std::vector<std::string>{"gone"});
}

TEST_F(BookkeeperTest, WhatCannotBeClearedKeepsItsNumber) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  bench.fail_once("DELETE", "/services/gone", Answered{testing::refusal(503)});
  const BookkeepingReport report = step();
  EXPECT_EQ(report.status.error().code, Code::kUnavailable);
  EXPECT_EQ(bench.record(30500), "held mesh/gone");
  EXPECT_TRUE(step().status.ok());
  EXPECT_EQ(bench.record(30500), "resting mesh/gone");
}

TEST_F(BookkeeperTest, AServiceThatAFinalizerHoldsKeepsItsNumber) {
  const PortAllocation gone = settled("gone", 30500, false);
  Service held = generated_service(gone, 30500);
  held.meta.finalizers = {"service.kubernetes.io/load-balancer-cleanup"};
  bench.make(wire::kService, held);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.status.ok());
  EXPECT_TRUE(report.released.empty());
  EXPECT_EQ(bench.record(30500), "held mesh/gone");
  bench.server.edit(wire::kService, gone.meta.key(), [](json::Tree& tree) {
    tree.erase({"metadata", "finalizers"});
  });
  bench.remove<Service>(wire::kService, gone.meta.key());
  bench.read();
  EXPECT_EQ(step().released.size(), 1U);
}

// The owner asks for another number now; its Service is not in the store and shows the old one still.
struct Renumbered {
  Workbench bench;
  Renumbered() {
    const PortAllocation api = bench.allocate("api");
    bench.put_record(30500, api);
    bench.put_record(30505, api);
    (void)bench.people.merge_patch<PortAllocation>(
        wire::kPortAllocation, api.meta.key(),
        R"({"spec":{"ports":[{"name":"api","targetPort":8080,"port":30505}]}})");
    bench.read();
    bench.make(wire::kService, generated_service(api, 30500));
  }
};

TEST(BookkeeperProofs, NoNumberIsReleasedThatALiveServiceShows) {
  Renumbered world;
  const BookkeepingReport report = world.bench.bookkeeper.step(kFence);
  EXPECT_TRUE(report.status.ok());
  EXPECT_TRUE(report.released.empty());
  EXPECT_EQ(world.bench.record(30500), "held mesh/api");
  world.bench.remove<Service>(wire::kService, {"mesh", "api"});
  EXPECT_EQ(world.bench.bookkeeper.step(kFence).released.size(), 1U);
  EXPECT_EQ(world.bench.record(30500), "resting mesh/api");
}

TEST(BookkeeperProofs, OnAStaleAnswerItWouldBeReleased) {
  Renumbered world;
  world.bench.answer_always("GET", "/services/api", [](const auto&) { return testing::refusal(404); });
  EXPECT_EQ(world.bench.bookkeeper.step(kFence).released.size(), 1U)
      << "the lie must show, or the check above proves nothing";
}

TEST_F(BookkeeperTest, AnOwnerThatOnlyTheCacheMissesKeepsEverything) {
  const PortAllocation hidden = bench.allocate("hidden");
  bench.put_record(30500, hidden);
  bench.make(wire::kService, generated_service(hidden, 30500));
  bench.read();
  bench.stores.allocations.apply(runtime::Init{});  // a list that lost it
  bench.stores.allocations.apply(runtime::InitDone{std::to_string(bench.server.revision() - 1)});
  ASSERT_EQ(bench.stores.allocations.get(hidden.meta.key()), nullptr);
  bench.clear_log();
  const BookkeepingReport report = step();
  EXPECT_TRUE(report.status.ok());
  EXPECT_TRUE(report.released.empty());
  EXPECT_TRUE(bench.writes().empty());
  EXPECT_EQ(bench.record(30500), "held mesh/hidden");
}

TEST_F(BookkeeperTest, ASuccessorOfTheSameNameDoesNotInheritTheNumber) {
  const PortAllocation gone = settled("api", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  const PortAllocation successor = bench.allocate("api");
  bench.read();
  const BookkeepingReport report = step();
  ASSERT_TRUE(report.status.ok());
  EXPECT_EQ(report.granted.size(), 1U);
  EXPECT_EQ(report.released.size(), 1U);
  EXPECT_EQ(bench.record(30500), "resting mesh/api");
  EXPECT_FALSE(bench.at_server<Service>(wire::kService, gone.meta.key()).has_value());
  EXPECT_EQ(bench.observer.allocation(successor.meta.key())->observation.entries.size(), 1U);
}

TEST_F(BookkeeperTest, AProofThatFailsReleasesNothing) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  bench.fail_once("GET", "/portallocations/gone", NotSent{});
  const BookkeepingReport report = step();
  EXPECT_EQ(report.status.error().code, Code::kUnavailable);
  EXPECT_EQ(bench.record(30500), "held mesh/gone");
  EXPECT_TRUE(bench.at_server<Service>(wire::kService, gone.meta.key()).has_value());
}

TEST_F(BookkeeperTest, AnEntryThatChangedSinceItsProofStays) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  const PortAllocation rival = bench.allocate("rival");
  bench.just_before("PUT", kShard, [&] {
    PortLedger taken = shard();
    taken.spec.entries.clear();
    (void)bench.people.replace(wire::kPortLedger, taken).value();
    bench.put_record(30500, rival, kFence);
  });
  EXPECT_EQ(step().status.error().code, Code::kConflict);
  EXPECT_EQ(bench.record(30500), "held mesh/rival");
  bench.stores.allocations.put_written(rival);
  EXPECT_TRUE(step().released.empty());
  EXPECT_EQ(bench.record(30500), "held mesh/rival");
}

TEST_F(BookkeeperTest, AHostPortStaysHeldWhileALivePodOfItsOwnerHasIt) {
  bench.make(wire::kPortRange, testing::make_prange("hosts", "HostPort", {"3000-3009"}));
  PortAllocation agent = testing::make_palloc(
      "mesh", "agent", "hosts", {testing::make_palloc_port("ssh", std::int64_t{22}, 3000)}, "Localhost");
  agent.spec.selector = {{"app", "agent"}};
  agent = bench.make(wire::kPortAllocation, agent);
  bench.read();
  ASSERT_EQ(step().granted.size(), 1U);
  agent.spec.ports[0].port = 3001;
  agent.status.ports = {{"ssh", 3001, Protocol::kTcp, std::int64_t{22}}};
  agent = bench.people.replace(wire::kPortAllocation, agent).value();
  agent.status.ports = {{"ssh", 3001, Protocol::kTcp, std::int64_t{22}}};
  agent = bench.people.replace_status(wire::kPortAllocation, agent).value();
  bench.read();
  // The pod is there, but the operator has not heard of it yet.
  Workload pod;
  pod.kind = "Pod";
  pod.api_version = "v1";
  pod.meta = testing::make_meta("mesh", "agent-1", {{"app", "agent"}});
  pod.pod.containers = {{"sshd", "sshd", "", {{"ssh", 22, 3000, "127.0.0.1", Protocol::kTcp}}}};
  pod = bench.make(wire::kPod, pod);
  const auto held = [&] {
    const auto stored = bench.at_server<PortLedger>(wire::kPortLedger, {"", "hostport-011"});
    const auto& entries = stored->spec.entries;
    const auto entry = entries.find("3000-TCP");
    return entry != entries.end() && entry->second.starts_with("1 held");
  };
  EXPECT_TRUE(step().status.ok());
  EXPECT_TRUE(held());
  bench.remove<Workload>(wire::kPod, pod.meta.key());
  EXPECT_TRUE(step().status.ok());
  EXPECT_FALSE(held());
}

// ---- rests ----

TEST_F(BookkeeperTest, ANumberReleasedRestsAndIsSweptThen) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  const BookkeepingReport released = step();
  ASSERT_EQ(released.released.size(), 1U);
  EXPECT_EQ(released.look_again, Duration(5000)) << "reuseAfter of its range";
  bench.allocate("next", 30500);
  bench.read();
  bench.clock.advance(Duration(4999));
  const BookkeepingReport early = step();
  ASSERT_EQ(early.refused.size(), 1U);
  EXPECT_EQ(early.refused[0].reason, allocation::RefusalReason::kPortResting);
  EXPECT_EQ(early.look_again, Duration(1));
  bench.remove<PortAllocation>(wire::kPortAllocation, {"mesh", "next"});
  bench.read();
  bench.clock.advance(Duration(1));
  const BookkeepingReport swept = step();
  EXPECT_TRUE(swept.status.ok());
  EXPECT_TRUE(swept.more) << "whoever waits for it has its turn at once";
  EXPECT_EQ(bench.record(30500), "free");
  EXPECT_FALSE(step().look_again.has_value());
}

TEST_F(BookkeeperTest, ARestIsMeasuredByTheClockThatNobodySets) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  ASSERT_EQ(step().released.size(), 1U);
  bench.clock.jump_wall(std::chrono::hours(24));
  EXPECT_EQ(step().look_again, Duration(5000));
  EXPECT_EQ(bench.record(30500), "resting mesh/gone");
}

TEST_F(BookkeeperTest, ANewLeaderLetsItRestFromTheBeginning) {
  const PortAllocation gone = settled("gone", 30500);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  ASSERT_EQ(step().released.size(), 1U);
  bench.clock.advance(Duration(4000));
  Bookkeeper successor(bench.client, bench.clock, bench.stores, bench.observer, bench.applier);
  EXPECT_EQ(successor.step(kFence + 1).look_again, Duration(5000));
}

TEST_F(BookkeeperTest, LooksAgainWhenAContestedNumberMayBeTriedAgain) {
  bench.observer.contested(Port::of(30500));
  bench.clock.advance(std::chrono::minutes(3));
  EXPECT_EQ(step().look_again, Observer::kContestedFor - std::chrono::minutes(3));
  bench.clock.advance(Observer::kContestedFor);
  EXPECT_FALSE(step().look_again.has_value());
}

// ---- many at once ----

TEST(BookkeeperMany, ReleasesALimitedNumberPerStepAndSaysThatThereIsMore) {
  Workbench bench(30470, 30600);
  const std::size_t all = Bookkeeper::kReleasesPerStep + 8;
  for (std::size_t i = 0; i < all; ++i) {
    const PortAllocation one = bench.allocate("a-" + std::to_string(i));
    bench.put_record(30470 + static_cast<std::int64_t>(i), one);
    bench.remove<PortAllocation>(wire::kPortAllocation, one.meta.key());
  }
  bench.read();
  const BookkeepingReport first = bench.bookkeeper.step(kFence);
  EXPECT_EQ(first.released.size(), Bookkeeper::kReleasesPerStep);
  EXPECT_TRUE(first.more);
  const BookkeepingReport second = bench.bookkeeper.step(kFence);
  EXPECT_EQ(second.released.size(), all - Bookkeeper::kReleasesPerStep);
  EXPECT_TRUE(second.more) << "whoever waits for a number has its turn at once";
  EXPECT_FALSE(bench.bookkeeper.step(kFence).more);
}

// More numbers than one step proves cannot be released now: Services of vanished owners, held by finalizers.
TEST(BookkeeperMany, NumbersThatCannotBeReleasedDoNotKeepOthersWaitingNorTheOperatorBusy) {
  Workbench bench(30470, 30600);
  const std::size_t stuck = Bookkeeper::kReleasesPerStep + 8;
  for (std::size_t i = 0; i <= stuck; ++i) {
    const std::int64_t number = 30470 + static_cast<std::int64_t>(i);
    const PortAllocation one = bench.allocate("a-" + std::to_string(i));
    bench.put_record(number, one);
    if (i < stuck) {
      Service held = generated_service(one, number);
      held.meta.finalizers = {"service.kubernetes.io/load-balancer-cleanup"};
      bench.make(wire::kService, held);
    }
    bench.remove<PortAllocation>(wire::kPortAllocation, one.meta.key());
  }
  bench.read();
  std::size_t released = 0;
  int steps = 0;
  BookkeepingReport report;
  do {
    report = bench.bookkeeper.step(kFence);
    ASSERT_TRUE(report.status.ok());
    released += report.released.size();
  } while (report.more && ++steps < 10);
  EXPECT_EQ(released, 1U);
  EXPECT_LT(steps, 10) << "it would go on for ever";
}

}  // namespace
}  // namespace berth::controller
