#include "operator/reconciler.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using testing::Answered;

const ObjectKey kApi{"mesh", "api"};

struct ReconcilerTest : ::testing::Test {
  Workbench bench;
  client::EventRecorder events{bench.client, {.controller = "berth.dev/operator", .instance = "test"}};
  std::int64_t fence = 1;
  std::vector<std::int64_t> superseded = {};
  std::set<runtime::WorkKey> woken = {};
  Reconciler reconciler{{bench.client, bench.clock, bench.stores, bench.observer, bench.applier,
                         bench.bookkeeper, bench.reporter, events,
                         [this](const runtime::WorkKey& key) { woken.insert(key); }, [this] { return fence; },
                         [this](std::int64_t seen) { superseded.push_back(seen); },
                         [](const BookkeepingReport&) {}}};

  Reconciled reconcile(const runtime::WorkKey& key) {
    woken.clear();
    return reconciler.reconcile(key);
  }
  // Works on the allocation and the ledger by turns until neither wakes the other; the watches keep up.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      bench.clear_log();
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
      if (bench.writes().empty() && woken.empty()) return;
    }
    ADD_FAILURE() << "it never came to rest";
  }
  // The same where something is refused again and again.
  void settle_or_wait() {
    for (int i = 0; i < 6; ++i) {
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
    }
  }
  // Works on them while the API server goes on refusing the Service, until its number counts as contested.
  void be_refused() {
    for (int i = 0; i < 4; ++i) {
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
    }
    bench.clock.advance(Observer::kContestedAfter);
    (void)reconcile(allocation_work(kApi));
  }
  [[nodiscard]] PortAllocationStatus status() const {
    return bench.at_server<PortAllocation>(wire::kPortAllocation, kApi)->status;
  }
  [[nodiscard]] Condition condition(const char* type) const {
    return *find_condition(status().conditions, type);
  }
  // Reasons of the events that were written, in order.
  std::vector<std::string> told() {
    while (events.step(bench.clock.wall()).value()) {
    }
    std::vector<std::string> reasons;
    for (const json::Tree& event : bench.server.objects(wire::kEvent))
      reasons.push_back(event.text_at({"reason"}));
    return reasons;
  }
  [[nodiscard]] std::int64_t published() const {
    const auto service = bench.at_server<Service>(wire::kService, kApi);
    return service && !service->ports.empty() ? service->ports[0].node_port : 0;
  }
};

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
  EXPECT_TRUE(woken.contains(ledger_work())) << "it wants numbers";
  EXPECT_TRUE(status().conditions.empty()) << "the claim answers in a moment";
  EXPECT_TRUE(reconcile(ledger_work()).status.ok());
  EXPECT_TRUE(woken.contains(allocation_work(kApi)));
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_EQ(published(), 30500);
  EXPECT_EQ(told(), std::vector<std::string>{"PortAllocated"});
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
  EXPECT_EQ(woken, std::set<runtime::WorkKey>{ledger_work()});
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

// ---- the ConfigMap ----

struct ConfigMapStory : ReconcilerTest {
  const ObjectKey numbers{"mesh", "numbers"};

  void ask_for_one() {
    PortAllocation wanted = testing::make_palloc(
        "mesh", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080}, 0)}, "External");
    wanted.spec.config_map = NumbersConfigMap{"numbers"};
    bench.make(wire::kPortAllocation, wanted);
    bench.read();
  }
  [[nodiscard]] std::optional<ConfigMap> live() const {
    return bench.at_server<ConfigMap>(wire::kConfigMap, numbers);
  }
};

TEST_F(ConfigMapStory, TellsTheNumberAndFollowsIt) {
  ask_for_one();
  settle();
  EXPECT_EQ(live()->data.at("API_PORT"), "30500");
  EXPECT_EQ(live()->data.at("API_HOST"), "api.mesh.svc");
  (void)bench.people.merge_patch<PortAllocation>(
      wire::kPortAllocation, kApi,
      R"({"spec":{"ports":[{"name":"api","targetPort":8080,"protocol":"TCP","port":30507}]}})");
  bench.read();
  settle();
  EXPECT_EQ(live()->data.at("API_PORT"), "30507");
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ConfigMapStory, RestoresItWhateverIsDoneToIt) {
  ask_for_one();
  settle();
  const ConfigMap made = *live();
  const char* const changes[] = {
      R"({"data":{"API_PORT":"1","EVIL":"x"}})",
      R"({"metadata":{"labels":null}})",
      R"({"metadata":{"labels":null,"ownerReferences":null},"data":{"API_PORT":"1"}})",
  };
  for (const char* change : changes) {
    const bool disowned = std::string(change).find("ownerReferences") != std::string::npos;
    (void)bench.people.merge_patch<ConfigMap>(wire::kConfigMap, numbers, change);
    bench.read();
    settle_or_wait();
    if (disowned) {
      EXPECT_EQ(live()->data.at("API_PORT"), "1") << "it is somebody's now";
      EXPECT_EQ(condition("Published").reason, "NameTaken");
    } else {
      EXPECT_EQ(live()->data, made.data) << change;
      EXPECT_EQ(live()->meta.labels, made.meta.labels) << change;
    }
  }
  bench.remove<ConfigMap>(wire::kConfigMap, numbers);
  bench.read();
  settle();
  EXPECT_EQ(live()->data, made.data);
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ConfigMapStory, AForeignOneHoldsNothingElseUp) {
  ConfigMap foreign;
  foreign.meta.ns = "mesh";
  foreign.meta.name = "numbers";
  foreign.data = {{"KEEP", "me"}};
  bench.make(wire::kConfigMap, foreign);
  ask_for_one();
  settle_or_wait();
  EXPECT_EQ(published(), 30500);
  EXPECT_EQ(condition("Published").reason, "NameTaken");
  EXPECT_EQ(live()->data, foreign.data);
  bench.clear_log();
  const Reconciled again = reconcile(allocation_work(kApi));
  EXPECT_FALSE(again.status.ok()) << "tried again with growing waits";
  EXPECT_EQ(bench.writes(), (std::vector<std::string>{"POST /api/v1/namespaces/mesh/configmaps"}));
  EXPECT_TRUE(woken.empty());
  bench.remove<ConfigMap>(wire::kConfigMap, numbers);
  settle();
  EXPECT_EQ(live()->data.at("API_PORT"), "30500");
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(ConfigMapStory, IsGoneBeforeItsNumberRests) {
  ask_for_one();
  settle();
  bench.remove<PortAllocation>(wire::kPortAllocation, kApi);
  bench.read();
  bench.clear_log();
  (void)reconcile(ledger_work());
  EXPECT_EQ(bench.record(30500), "resting mesh/api");
  EXPECT_FALSE(live().has_value());
  EXPECT_EQ(bench.writes().front(), "DELETE /api/v1/namespaces/mesh/configmaps/numbers");
}

}  // namespace
}  // namespace berth::controller
