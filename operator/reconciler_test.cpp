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

// ---- adoption ----

struct AdoptionStory : ReconcilerTest {
  // As a team has it: port 80 behind a nodePort, another name of the port, fields that Berth never reads.
  Service there(std::int64_t number = 30504) {
    Service service = testing::make_service(
        "mesh", "api", {testing::make_service_port(80, std::int64_t{8080}, number, "http")}, "NodePort");
    service.meta.annotations = {{"example.org/pool", "public"}};
    service.external_traffic_policy = "Cluster";
    return bench.make(wire::kService, service);
  }
  void ask() {
    (void)bench.people
        .merge_patch<Service>(wire::kService, kApi,
                              R"({"metadata":{"annotations":{"berth.dev/adopt":"api"}}})")
        .value();
    bench.read();
  }
  [[nodiscard]] Service live() const { return *bench.at_server<Service>(wire::kService, kApi); }
  // Nothing of the Service but whose it is has changed.
  void expect_untouched(const Service& before) const {
    const Service after = live();
    EXPECT_EQ(after.meta.uid, before.meta.uid);
    EXPECT_EQ(after.ports, before.ports);
    EXPECT_EQ(after.cluster_ip, before.cluster_ip);
    EXPECT_EQ(after.selector, before.selector);
    EXPECT_EQ(after.type, before.type);
    EXPECT_EQ(after.meta.annotations.at("example.org/pool"), "public");
  }
};

TEST_F(AdoptionStory, TakesTheServiceOverWithItsNumber) {
  const Service before = there();
  ask();
  bench.allocate("api");
  bench.read();
  settle();
  expect_untouched(before);
  EXPECT_EQ(allocation::generated_for(live().meta).text,
            bench.at_server<PortAllocation>(wire::kPortAllocation, kApi)->meta.uid.text);
  EXPECT_EQ(bench.record(30504), "held mesh/api");
  EXPECT_EQ(bench.record(30500), "free");
  EXPECT_EQ(status().summary, "api:30504/TCP");
  EXPECT_EQ(condition("Ready").status, "True");
  const auto reasons = told();
  EXPECT_NE(std::find(reasons.begin(), reasons.end(), "ServiceAdopted"), reasons.end());
  EXPECT_EQ(std::find(reasons.begin(), reasons.end(), "LedgerRebuilt"), reasons.end());

  (void)bench.people.merge_patch<Service>(wire::kService, kApi,
                                          R"({"metadata":{"annotations":{"berth.dev/adopt":null}}})");
  bench.read();
  settle();
  EXPECT_TRUE(bench.writes().empty());
  expect_untouched(before);
}

TEST_F(AdoptionStory, TakesANumberOutsideTheRangeAndSaysSo) {
  there(32123);
  ask();
  bench.allocate("api");
  bench.read();
  settle();
  EXPECT_EQ(bench.record(32123), "held mesh/api");
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_NE(condition("Allocated").message.find("32123, which range mesh"), std::string::npos)
      << condition("Allocated").message;
}

TEST_F(AdoptionStory, AsksAfterANumberWasChosen) {
  const Service before = there();
  bench.allocate("api");
  bench.read();
  settle();
  EXPECT_EQ(condition("Published").reason, "NameTaken");
  EXPECT_EQ(status().summary, "api:30500/TCP");
  EXPECT_FALSE(bench.at_server<NetworkPolicy>(wire::kNetworkPolicy, {"mesh", "api-ingress"}).has_value());
  ask();
  settle();
  expect_untouched(before);
  EXPECT_EQ(status().summary, "api:30504/TCP");
  EXPECT_EQ(condition("Ready").status, "True");
  EXPECT_EQ(bench.record(30500), "resting mesh/api");
}

TEST_F(AdoptionStory, ChangesNothingWhereItIsRefused) {
  const Service before = there();
  (void)bench.people.merge_patch<Service>(wire::kService, kApi, R"({"spec":{"selector":{"tier":"front"}}})");
  ask();
  bench.allocate("api");
  bench.read();
  settle_or_wait();
  EXPECT_EQ(condition("Published").reason, "AdoptionRefused");
  EXPECT_TRUE(live().meta.owner_references.empty());
  EXPECT_TRUE(bench.server.objects(wire::kNetworkPolicy).empty());
  (void)bench.people.merge_patch<Service>(wire::kService, kApi, R"({"spec":{"selector":{"tier":null}}})");
  bench.read();
  settle();
  expect_untouched(before);
  EXPECT_EQ(condition("Ready").status, "True");
}

TEST_F(AdoptionStory, ClosesNoNamespaceBeforeClientsAreLetIn) {
  there();
  bench.allocate("api");
  bench.read();
  (void)reconcile(namespace_work("mesh"));
  EXPECT_TRUE(bench.server.objects(wire::kNetworkPolicy).empty()) << "a stranger's Service has the name";
  ask();
  bench.clear_log();
  settle();
  EXPECT_EQ(condition("Ready").status, "True");
  bench.clear_log();
  (void)reconcile(namespace_work("mesh"));
  EXPECT_TRUE(bench.writes().empty());
}

// Killed before or after every write, and taken up by a process that knows nothing: the same end.
TEST(Adoption, SurvivesACrashAtEveryWrite) {
  for (const bool after : {false, true}) {
    for (std::size_t at = 1; at <= 9; ++at) {
      Workbench bench;
      Service service = testing::make_service(
          "mesh", "api", {testing::make_service_port(80, std::int64_t{8080}, 30504, "http")}, "NodePort");
      service.meta.annotations = {{kAdoptAnnotation, "api"}};
      service.external_traffic_policy = "Cluster";
      const Service before = bench.make(wire::kService, service);
      bench.allocate("api");
      bench.read();
      if (after) {
        bench.faults.crash_after_write(at);
      } else {
        bench.faults.crash_before_write(at);
      }
      for (int round = 0; round < 12; ++round) {
        client::EventRecorder events{bench.client, {.controller = "berth.dev/operator", .instance = "test"}};
        Reconciler reconciler{{bench.client, bench.clock, bench.stores, bench.observer, bench.applier,
                               bench.bookkeeper, bench.reporter, events, [](const runtime::WorkKey&) {},
                               [] { return std::int64_t{1}; }, [](std::int64_t) {},
                               [](const BookkeepingReport&) {}}};
        try {
          (void)reconciler.reconcile(round % 2 == 0 ? allocation_work(kApi) : ledger_work());
        } catch (const testing::SimulatedCrash&) {
        }
        bench.read();
      }
      const std::string where = (after ? "after write " : "before write ") + std::to_string(at);
      const auto live = bench.at_server<Service>(wire::kService, kApi);
      ASSERT_TRUE(live.has_value()) << where;
      EXPECT_EQ(live->meta.uid, before.meta.uid) << where;
      EXPECT_EQ(live->ports, before.ports) << where;
      EXPECT_EQ(live->cluster_ip, before.cluster_ip) << where;
      EXPECT_EQ(live->meta.owner_references.size(), 1U) << where;
      EXPECT_EQ(bench.record(30504), "held mesh/api") << where;
      EXPECT_EQ(bench.record(30500), "free") << where;
      const auto object = bench.at_server<PortAllocation>(wire::kPortAllocation, kApi);
      EXPECT_EQ(find_condition(object->status.conditions, "Ready")->status, "True") << where;
    }
  }
}

}  // namespace
}  // namespace berth::controller
