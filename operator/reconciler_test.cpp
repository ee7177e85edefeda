#include "operator/reconciler_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;

TEST_F(ReconcilerTest, DecidesNothingBeforeEveryKindIsListed) {
  bench.allocate("api");
  bench.read();
  bench.stores.services.apply(runtime::Rewound{});
  bench.clear_log();
  for (const runtime::WorkKey& key : {allocation_work(kApi), ledger_work(), range_work("mesh"),
                                      policy_work("site"), namespace_work("mesh")}) {
    const Reconciled done = reconcile(key);
    EXPECT_TRUE(done.status.ok());
    EXPECT_TRUE(done.look_again.has_value()) << key.kind;
  }
  EXPECT_TRUE(bench.server.log().empty());
}

TEST_F(ReconcilerTest, AnAllocationIsServedFromClaimToReady) {
  bench.allocate("api");
  bench.read();
  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok());
  EXPECT_TRUE(woken.contains(ledger_work(kApi))) << "it wants numbers";
  EXPECT_TRUE(status().conditions.empty()) << "the claim answers in a moment";
  EXPECT_TRUE(reconcile(ledger_work()).status.ok());
  EXPECT_TRUE(woken.contains(allocation_work(kApi)));
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_EQ(published(), 30500);
  EXPECT_EQ(told(), std::vector<std::string>{"PortAllocated"});
}

TEST_F(ReconcilerTest, WhileOthersWaitForNumbersThoseOfANewAllocationAreOnlyShown) {
  bench.allocate("api");
  bench.read();
  (void)reconcile(ledger_work());
  bench.read();
  bench.clear_log();
  hurried = true;
  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok());
  EXPECT_EQ(bench.writes().size(), 1U);
  EXPECT_EQ(condition("Allocated").status, "True");
  EXPECT_EQ(condition("Published").status, "False");
  EXPECT_EQ(published(), 0);
  EXPECT_TRUE(woken.contains(allocation_work(kApi))) << "the rest in its turn";

  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok());
  EXPECT_EQ(published(), 30500) << "also while others wait: its numbers are shown";
  hurried = false;
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_EQ(told(), std::vector<std::string>{"PortAllocated"}) << "told once, like any other";
}

TEST_F(ReconcilerTest, WhoIsPostponedInABurstIsAskedForAgain) {
  bench.make(wire::kPortRange, testing::make_prange("edge", "NodePort", {"30718-30727"}));
  for (const char* name : {"a", "b", "c"}) {
    bench.make(wire::kPortAllocation,
               testing::make_palloc("mesh", name, "edge",
                                    {testing::make_palloc_port("api", std::int64_t{8080})}, "External"));
  }
  bench.read();
  hurried = true;
  EXPECT_TRUE(reconcile(ledger_work()).status.ok());
  EXPECT_TRUE(woken.contains(allocation_work({"mesh", "b"})));
  EXPECT_FALSE(woken.contains(allocation_work({"mesh", "c"})));
  EXPECT_TRUE(woken.contains(ledger_work({"mesh", "c"})));
}

TEST_F(ReconcilerTest, AtRestNothingIsWritten) {
  bench.allocate("api");
  bench.read();
  settle();
  bench.clear_log();
  bench.clock.advance(std::chrono::hours(1));
  for (const runtime::WorkKey& key : {allocation_work(kApi), ledger_work(), namespace_work("mesh")}) {
    EXPECT_TRUE(reconcile(key).status.ok());
    EXPECT_TRUE(woken.empty()) << key.kind;
  }
  EXPECT_TRUE(bench.writes().empty());
}

TEST_F(ReconcilerTest, AnAllocationThatIsGoneIsLeftToTheLedger) {
  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok());
  EXPECT_EQ(woken, std::set<runtime::WorkKey>{ledger_work(kApi)})
      << "not everything: the name may be a guess";
}

TEST_F(ReconcilerTest, ANumberThatTheApiServerSaysIsTakenForLongIsExchanged) {
  bench.server.leak_node_port(30500);
  bench.allocate("api");
  bench.read();
  be_refused();
  EXPECT_EQ(condition("Published").reason, "Refused");
  EXPECT_EQ(status().ports[0].port, 30500) << "for a while it may be a create that is still on its way";
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_EQ(published(), 30501);
  EXPECT_EQ(status().ports[0].port, 30501);
  EXPECT_EQ(bench.record(30501), "held mesh/api");
  EXPECT_NE(bench.record(30500), "held mesh/api") << "nobody holds what nobody could publish";
}

TEST_F(ReconcilerTest, AContestedNumberIsTriedAgainWhenTheServerMayHaveItBack) {
  for (std::int64_t number = 30500; number <= 30509; ++number) bench.server.leak_node_port(number);
  bench.allocate("api");
  bench.read();
  for (std::int64_t number = 30500; number <= 30509; ++number) be_refused();
  settle();
  EXPECT_EQ(condition("Allocated").reason, "RangeExhausted");
  bench.server.repair_node_ports();
  const auto again = reconcile(ledger_work()).look_again;
  ASSERT_TRUE(again.has_value());
  EXPECT_LE(*again, Observer::kContestedFor);
  bench.clock.advance(Observer::kContestedFor);
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ReconcilerTest, ARequestedNumberIsNeverExchanged) {
  bench.server.leak_node_port(30505);
  bench.allocate("api", 30505);
  bench.read();
  for (int i = 0; i < 6; ++i) {
    (void)reconcile(allocation_work(kApi));
    (void)reconcile(ledger_work());
  }
  EXPECT_EQ(bench.record(30505), "held mesh/api");
  EXPECT_EQ(condition("Published").reason, "Refused");
  EXPECT_NE(condition("Published").message.find("already allocated"), std::string::npos);
  bench.server.repair_node_ports();
  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok());
  settle();
  EXPECT_EQ(published(), 30505);
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ReconcilerTest, ARefusedServiceIsToldOnceAndThenTriedAgainWithGrowingWaits) {
  bench.server.leak_node_port(30505);
  bench.allocate("api", 30505);
  bench.read();
  (void)reconcile(ledger_work());
  EXPECT_TRUE(reconcile(allocation_work(kApi)).status.ok()) << "first the status is to tell of it";
  EXPECT_TRUE(woken.contains(allocation_work(kApi)));
  EXPECT_FALSE(reconcile(allocation_work(kApi)).status.ok()) << "then the queue waits longer each time";
  EXPECT_FALSE(woken.contains(allocation_work(kApi)));
  const std::string version =
      bench.at_server<PortAllocation>(wire::kPortAllocation, kApi)->meta.resource_version;
  EXPECT_FALSE(reconcile(allocation_work(kApi)).status.ok());
  EXPECT_EQ(bench.at_server<PortAllocation>(wire::kPortAllocation, kApi)->meta.resource_version, version);
}

TEST_F(ReconcilerTest, AFailureIsTheQueuesToRepeatAndNothingOfItIsTold) {
  bench.allocate("api");
  bench.read();
  (void)reconcile(ledger_work());
  bench.fail_once("POST", "/networkpolicies", Answered{testing::refusal(429, 3)});
  const Reconciled done = reconcile(allocation_work(kApi));
  EXPECT_EQ(done.status.error().code, Code::kThrottled);
  EXPECT_EQ(done.status.error().retry_after_seconds, 3);
  EXPECT_EQ(told(), std::vector<std::string>{"PortAllocated"}) << "the numbers stand in the status already";
  EXPECT_EQ(published(), 0);
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ReconcilerTest, WithoutTheLeaseTheLedgerIsLeftAlone) {
  bench.allocate("api");
  bench.read();
  fence = -1;
  bench.clear_log();
  EXPECT_TRUE(reconcile(ledger_work()).look_again.has_value());
  EXPECT_TRUE(bench.server.log().empty());
}

TEST_F(ReconcilerTest, ALargerFenceIsPassedOn) {
  bench.put_record(30500, bench.allocate("api"), 9);
  bench.read();
  EXPECT_TRUE(reconcile(ledger_work()).look_again.has_value());
  EXPECT_EQ(superseded, std::vector<std::int64_t>{9});
}

TEST_F(ReconcilerTest, TheLastAllocationAndPodOfANamespaceTakeItsPoliciesWithThem) {
  bench.allocate("api");
  bench.read();
  settle();
  const ObjectKey deny{"mesh", kDenyIngressPolicy};
  ASSERT_TRUE(bench.at_server<NetworkPolicy>(wire::kNetworkPolicy, deny).has_value());
  bench.remove<PortAllocation>(wire::kPortAllocation, kApi);
  Workload pod;
  pod.api_version = "v1";
  pod.kind = "Pod";
  pod.meta = testing::make_meta("mesh", "pod", {{"app", "api"}});
  bench.make(wire::kPod, pod);
  bench.read();
  EXPECT_TRUE(reconcile(namespace_work("mesh")).status.ok());
  EXPECT_TRUE(bench.at_server<NetworkPolicy>(wire::kNetworkPolicy, deny).has_value()) << "a pod needs them";
  bench.remove<Workload>(wire::kPod, {"mesh", "pod"});
  bench.read();
  EXPECT_TRUE(reconcile(namespace_work("mesh")).status.ok());
  EXPECT_TRUE(bench.server.objects(wire::kNetworkPolicy, "mesh").size() < 3U);
  EXPECT_FALSE(bench.at_server<NetworkPolicy>(wire::kNetworkPolicy, deny).has_value());
}

TEST_F(ReconcilerTest, ALedgerThatLostItsRecordsIsRebuiltFromWhatIsShownAndThatIsTold) {
  bench.allocate("api");
  bench.read();
  settle();
  bench.remove<PortLedger>(wire::kPortLedger, {"", "nodeport-119"});
  bench.allocate("rival", 30500);
  bench.read();
  settle();
  EXPECT_EQ(bench.record(30500), "held mesh/api");
  EXPECT_EQ(published(), 30500);
  const auto reasons = told();
  EXPECT_NE(std::find(reasons.begin(), reasons.end(), "LedgerRebuilt"), reasons.end());
}

}  // namespace
}  // namespace berth::controller
