// The ConfigMap of an allocation, from the wish to its end.
#include "operator/reconciler_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;

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
