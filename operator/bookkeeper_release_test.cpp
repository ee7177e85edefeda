// How numbers leave the ledger: proof, release, rest, sweep.
#include "operator/bookkeeper_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::NotSent;
using testing::ReplyLost;

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

TEST_F(BookkeeperTest, ALookAtItsNameFindsWhatAVanishedOwnerLeft) {
  const PortAllocation gone = settled("gone", 30500);
  const PortAllocation other = settled("other", 30501);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.remove<PortAllocation>(wire::kPortAllocation, other.meta.key());
  bench.make(wire::kPortAllocation, [&] {
    PortAllocation successor = other;
    successor.meta.uid = {};
    successor.meta.resource_version.clear();
    return successor;
  }());
  bench.read();
  EXPECT_TRUE(step(LedgerLook{false, {{"mesh", "somebody"}}}).released.empty());
  EXPECT_EQ(step(LedgerLook{false, {gone.meta.key()}}).released.size(), 1U);
  EXPECT_EQ(bench.record(30500), "resting mesh/gone");
  EXPECT_EQ(bench.record(30501), "held mesh/other");
  EXPECT_EQ(step(LedgerLook{false, {other.meta.key()}}).released.size(), 1U) << "a name is not an identity";
  EXPECT_EQ(bench.record(30501), "resting mesh/other");
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

// A Service is on its way to the API server for the allocation that is gone: live reads do not show it yet.
TEST_F(BookkeeperTest, WhoseOwnerIsBeingWorkedOnKeepsItsNumberUntilThatIsDone) {
  const PortAllocation gone = settled("gone", 30500, false);
  bench.remove<PortAllocation>(wire::kPortAllocation, gone.meta.key());
  bench.read();
  std::vector<ObjectKey> at_work = {gone.meta.key()};
  Bookkeeper careful(
      bench.client, bench.clock, bench.stores, bench.observer, bench.applier,
      [&](const ObjectKey& key) { return std::find(at_work.begin(), at_work.end(), key) != at_work.end(); });
  const BookkeepingReport waiting = careful.step(kFence);
  EXPECT_TRUE(waiting.status.ok());
  EXPECT_TRUE(waiting.released.empty());
  EXPECT_EQ(waiting.look_again, Bookkeeper::kAgainWhileAtWork);
  EXPECT_EQ(bench.record(30500), "held mesh/gone");

  bench.make(wire::kService, generated_service(gone, 30500));  // it has arrived
  at_work.clear();
  EXPECT_EQ(careful.step(kFence).released.size(), 1U);
  EXPECT_EQ(bench.record(30500), "resting mesh/gone");
  EXPECT_FALSE(bench.at_server<Service>(wire::kService, gone.meta.key()).has_value()) << "cleared away first";
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
