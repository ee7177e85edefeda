// What tests of the applier share: a workbench with one allocation, and the actions that concern it.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/allocation/occupancy.h"
#include "core/base/api_names.h"
#include "core/desired/config_maps.h"
#include "operator/applier.h"
#include "operator/testing/workbench.h"

namespace berth::controller {

inline constexpr std::int64_t kGeneration = 3;

struct ApplierTest : ::testing::Test {
  Workbench bench;
  PortAllocation api = [this] {
    const PortAllocation made = bench.allocate("api");
    bench.read();
    bench.clear_log();
    return made;
  }();

  Carried carry_out(std::vector<Action> actions) {
    Plan plan;
    plan.actions = std::move(actions);
    return bench.applier.carry_out(plan, kGeneration);
  }
  [[nodiscard]] WriteStatus status_write(const std::string& summary) const {
    WriteStatus write{api.meta.key(), api.meta.uid, api.meta.resource_version, api.status};
    write.status.observed_generation = api.meta.generation;
    write.status.summary = summary;
    return write;
  }
  [[nodiscard]] CreateService create(std::int64_t number = 30500) const {
    return {generated_service(api, number)};
  }
  // The Service as the operator has it, and as the server has it.
  [[nodiscard]] std::shared_ptr<const Service> known() const {
    return bench.stores.services.get(api.meta.key());
  }
  [[nodiscard]] std::optional<Service> live() const {
    return bench.at_server<Service>(wire::kService, api.meta.key());
  }
  Service made_and_read() {
    const Service made = bench.make(wire::kService, generated_service(api, 30500));
    bench.read();
    return made;
  }
  [[nodiscard]] ConfigMap config_map() const {
    PortAllocation owner = api;
    owner.spec.config_map = NumbersConfigMap{"numbers"};
    return desired::make_config_map(owner, {{"api", 30500, Protocol::kTcp, std::int64_t{8080}}}, {});
  }
  static PatchObject retype(const Service& service, const std::string& type) {
    return {ObjectKind::kService,
            service.meta.key(),
            service.meta.uid,
            service.meta.resource_version,
            {desired::TypeEdit{type}}};
  }
  static ReleaseNumbers release_of(std::int64_t number) {
    return {{{{allocation::Space::kNodePort, {Port::of(number)}, {}}}}};
  }
  static DeleteObject removal(const Service& service) {
    return {ObjectKind::kService, service.meta.key(), service.meta.uid, service.meta.resource_version};
  }
};

}  // namespace berth::controller
