// A row of the catalogue of bypasses: a manifest and the judgement it must get, and the builders that rows
// share. Only for tests.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"
#include "core/exposure/testing/world.h"

namespace berth::testing {

struct CatalogueRow {
  std::string name;  // "Row08_ExternalIpOnAClusterIpService": its number first
  std::function<Verdict(exposure::testing::World&)> act;  // on a world that holds only the policy
  Decision expected;
  std::string said = "";  // part of the first finding's message or path
};

inline std::string name_of_row(const ::testing::TestParamInfo<CatalogueRow>& row) { return row.param.name; }

inline void expect_judgement(const CatalogueRow& row) {
  exposure::testing::World world(exposure::testing::control_plane());
  const Verdict verdict = row.act(world);
  EXPECT_EQ(verdict.decision, row.expected) << outcome(verdict).message;
  if (row.said.empty()) return;
  ASSERT_FALSE(verdict.findings.empty());
  const Finding& first = verdict.findings.front();
  EXPECT_NE((first.message + "\n" + first.path).find(row.said), std::string::npos) << first.message << "\n"
                                                                                   << first.path;
}

// For that port of Deployment data/web, whichever way leads there.
inline ExposureException exception_for(std::int64_t port) {
  ExposureException made;
  made.ns = "data";
  made.workload = {"Deployment", "web"};
  made.port = port;
  made.owner = "dba@example.org";
  made.reason = "migration 4711";
  made.expires_at = "2030-01-01T00:00:00Z";
  return made;
}

inline Service load_balancer(std::vector<ServicePort> ports) {
  return exposure::testing::service("LoadBalancer", std::move(ports));
}
// Of a cloud whose annotation keeps it inside, without node ports.
inline Service internal_load_balancer(const char* annotation, const char* value) {
  Service made = load_balancer({exposure::testing::port(5432)});
  made.meta.annotations[annotation] = value;
  made.allocate_load_balancer_node_ports = false;
  return made;
}
inline Service cluster_ip(std::vector<ServicePort> ports) {
  return exposure::testing::service("ClusterIP", std::move(ports));
}

inline Workload with_init(Workload made, ContainerPort opened, const char* restart_policy) {
  made.pod.init_containers = {exposure::testing::container("proxy", {std::move(opened)})};
  made.pod.init_containers.front().restart_policy = restart_policy;
  return made;
}

}  // namespace berth::testing
