// The adoption of a Service, from the annotation to Ready, and through a crash at every write.
#include "operator/reconciler_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;

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
