// PlanScene: one allocation and what exists around it, for table tests of plan(). For tests.
//
// A Scene is observed, planned for and changed by hand; nothing happens by itself (that is World).
// Thread-safety: none.
#pragma once

#include <string>
#include <vector>

#include "core/allocation/builders_for_test.h"
#include "core/plan.h"

namespace berth::testing {

inline constexpr Instant kNow{1'763'800'000'000};

// One allocation "web" with port api on 24500, in a managed namespace, and what exists of its objects.
struct Scene {
  Cluster cluster = {};
  Namespace ns = {};
  std::vector<NetworkPolicy> policies = {};
  std::vector<ConfigMap> config_maps = {};
  std::vector<Workload> pods = {};
  std::vector<ExposurePolicy> exposure_policies = {};
  std::optional<allocation::Refusal> refusal = {};
  std::optional<WriteProblem> write_problem = {};
  std::optional<WriteProblem> config_map_problem = {};
  std::vector<std::string> recovered = {};
  bool ns_known = true;

  Scene() {
    cluster.ranges = {range("mesh", "NodePort", {"24500-24509"})};
    cluster.allocations = {allocation("web", {port("api")})};
    ns.meta.name = "mesh";
  }

  PortAllocation& web() { return cluster.allocations[0]; }

  void claim() { cluster.write_all(cluster.claim_all().writes); }

  Plan plan() {
    const auto ranges = cluster.compiled();
    const auto uses = cluster.uses();
    Observation seen{.allocation = &web()};
    seen.entries = cluster.ledgers.of_owner(web().meta.uid);
    seen.services = Cluster::pointers(cluster.services);
    seen.policies = Cluster::pointers(policies);
    seen.config_maps = Cluster::pointers(config_maps);
    seen.ns = ns_known ? &ns : nullptr;
    seen.pods = Cluster::pointers(pods);
    seen.exposure_policies = Cluster::pointers(exposure_policies);
    seen.ranges = &ranges;
    seen.uses = &uses;
    seen.refusal = refusal;
    seen.write_problem = write_problem;
    seen.config_map_problem = config_map_problem;
    seen.recovered = recovered;
    return berth::plan(seen, kNow);
  }

  // Carries the plan out as the API server would.
  void carry_out(const Plan& plan) {
    for (const Action& action : plan.actions) {
      if (const auto* write = std::get_if<WriteStatus>(&action)) web().status = write->status;
      if (const auto* create = std::get_if<CreateService>(&action)) {
        cluster.services.push_back(create->service);
        cluster.services.back().meta.uid.text = "s" + std::to_string(cluster.services.size());
        cluster.services.back().meta.resource_version = "1";
      }
      if (const auto* create = std::get_if<CreatePolicy>(&action)) {
        policies.push_back(create->policy);
        policies.back().meta.uid.text = "p" + std::to_string(policies.size());
        policies.back().meta.resource_version = "1";
      }
      if (const auto* create = std::get_if<CreateConfigMap>(&action)) {
        config_maps.push_back(create->config_map);
        config_maps.back().meta.uid.text = "c" + std::to_string(config_maps.size());
        config_maps.back().meta.resource_version = "1";
      }
    }
  }

  void settle() {
    claim();
    carry_out(plan());
  }
};

inline std::string text(const Plan& plan) {
  std::string result;
  for (const Action& action : plan.actions) result += (result.empty() ? "" : ", ") + describe(action);
  return result;
}

inline std::string notices(const Plan& plan) {
  std::string result;
  for (const Notice& notice : plan.notices) result += (notice.warning ? "!" : "") + notice.reason + " ";
  return result;
}

inline std::string reason(const PortAllocation& object, const char* type) {
  const Condition* condition = find_condition(object.status.conditions, type);
  return condition == nullptr ? "" : condition->status + "/" + condition->reason;
}

}  // namespace berth::testing
