// ConfigMaps that the applier writes.
#include "operator/applier_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::NotSent;
using testing::ReplyLost;

TEST_F(ApplierTest, AConfigMapThatIsCreatedIsKnownAtOnce) {
  EXPECT_TRUE(carry_out({CreateConfigMap{config_map()}}).status.ok());
  EXPECT_EQ(bench.stores.config_maps.get({"mesh", "numbers"})->data.at("API_PORT"), "30500");
  EXPECT_EQ(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"})->data.at("API_PORT"), "30500");
}

TEST_F(ApplierTest, AConfigMapIsNotCreatedForAnOwnerThatIsGone) {
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  EXPECT_EQ(carry_out({CreateConfigMap{config_map()}}).status.error().code, Code::kConflict);
  EXPECT_FALSE(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"}).has_value());
}

TEST_F(ApplierTest, AConfigMapIsNotCreatedWithNumbersThatAnotherLeaderHasMoved) {
  WriteStatus moved = status_write("moved");
  moved.status.ports = {{.name = "api", .port = 30501}};
  PortAllocation object = api;
  object.status = moved.status;
  ASSERT_TRUE(bench.people.replace_status(wire::kPortAllocation, object).ok());
  EXPECT_EQ(carry_out({CreateConfigMap{config_map()}}).status.error().code, Code::kConflict);
  EXPECT_FALSE(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"}).has_value());
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->status.ports.at(0).port, 30501);
}

TEST_F(ApplierTest, AConfigMapIsNotPatchedWithNumbersThatAnotherLeaderHasMoved) {
  ASSERT_TRUE(carry_out({CreateConfigMap{config_map()}}).status.ok());
  const auto known = bench.stores.config_maps.get({"mesh", "numbers"});
  PortAllocation object = api;
  object.status.ports = {{.name = "api", .port = 30501}};
  ASSERT_TRUE(bench.people.replace_status(wire::kPortAllocation, object).ok());
  const PatchObject patch{ObjectKind::kConfigMap,
                          known->meta.key(),
                          known->meta.uid,
                          known->meta.resource_version,
                          {desired::DataEdit{"API_PORT", "30502"}}};
  EXPECT_EQ(carry_out({patch}).status.error().code, Code::kConflict);
  EXPECT_EQ(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"})->data.at("API_PORT"), "30500");
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->status.ports.at(0).port, 30501);
}

TEST_F(ApplierTest, AForeignConfigMapIsTold) {
  ConfigMap foreign;
  foreign.meta.ns = "mesh";
  foreign.meta.name = "numbers";
  foreign.data = {{"KEEP", "me"}};
  bench.make(wire::kConfigMap, foreign);
  const Carried carried = carry_out({CreateConfigMap{config_map()}});
  ASSERT_TRUE(carried.problem.has_value());
  EXPECT_EQ(carried.problem->kind, ObjectKind::kConfigMap);
  EXPECT_TRUE(carried.problem->name_taken);
  EXPECT_EQ(carried.problem->generation, kGeneration);
  EXPECT_EQ(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"})->data, foreign.data);
  EXPECT_EQ(bench.stores.config_maps.get({"mesh", "numbers"}), nullptr)
      << "the watch would never tell when it goes";
}

TEST_F(ApplierTest, AConfigMapOfOursThatLostItsLabelGetsItBack) {
  ConfigMap made = config_map();
  made.meta.labels.clear();
  bench.make(wire::kConfigMap, made);
  bench.read();
  ASSERT_EQ(bench.stores.config_maps.get({"mesh", "numbers"}), nullptr);
  const Carried carried = carry_out({CreateConfigMap{config_map()}});
  EXPECT_TRUE(carried.status.ok());
  EXPECT_FALSE(carried.problem.has_value());
  EXPECT_NE(bench.stores.config_maps.get({"mesh", "numbers"}), nullptr);
  EXPECT_EQ(bench.at_server<ConfigMap>(wire::kConfigMap, {"mesh", "numbers"})->meta.labels,
            config_map().meta.labels);
}

TEST_F(ApplierTest, AConfigMapThatTheServerForbidsIsAProblemToTell) {
  bench.fail_once("POST", "/configmaps", Answered{testing::refusal(403)});
  const Carried carried = carry_out({CreateConfigMap{config_map()}});
  ASSERT_TRUE(carried.problem.has_value());
  EXPECT_EQ(carried.problem->kind, ObjectKind::kConfigMap);
  EXPECT_FALSE(carried.problem->name_taken);
}

TEST_F(ApplierTest, AConfigMapIsPatchedAndDeletedUnderItsPreconditions) {
  ASSERT_TRUE(carry_out({CreateConfigMap{config_map()}}).status.ok());
  const auto known = bench.stores.config_maps.get({"mesh", "numbers"});
  const PatchObject patch{ObjectKind::kConfigMap,
                          known->meta.key(),
                          known->meta.uid,
                          known->meta.resource_version,
                          {desired::DataEdit{"API_PORT", "30501"}, desired::DataEdit{"API_TARGET", {}}}};
  EXPECT_TRUE(carry_out({patch}).status.ok());
  const auto patched = bench.stores.config_maps.get({"mesh", "numbers"});
  EXPECT_EQ(patched->data.at("API_PORT"), "30501");
  EXPECT_FALSE(patched->data.contains("API_TARGET"));
  DeleteObject removal{ObjectKind::kConfigMap, known->meta.key(), known->meta.uid,
                       known->meta.resource_version};
  EXPECT_EQ(carry_out({removal}).status.error().code, Code::kConflict) << "it has changed since";
  removal.resource_version = patched->meta.resource_version;
  EXPECT_TRUE(carry_out({removal}).status.ok());
  EXPECT_EQ(bench.stores.config_maps.get({"mesh", "numbers"}), nullptr);
}

}  // namespace
}  // namespace berth::controller
