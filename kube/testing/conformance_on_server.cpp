// The conformance checks against the real API server of the kubeconfig BERTH_CONFORMANCE_KUBECONFIG, in the
// namespace BERTH_CONFORMANCE_NAMESPACE of a cluster that has the CRDs, with the nodePort range
// BERTH_CONFORMANCE_NODE_PORTS ("30000-32767").
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <string>

#include "kube/client/access.h"
#include "kube/client/connect.h"
#include "kube/testing/conformance.h"

namespace berth::testing {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

TEST(Conformance, HoldsForARealApiServer) {
  const std::string kubeconfig = variable("BERTH_CONFORMANCE_KUBECONFIG");
  const std::string numbers = variable("BERTH_CONFORMANCE_NODE_PORTS");
  ASSERT_FALSE(kubeconfig.empty()) << "BERTH_CONFORMANCE_KUBECONFIG is not set";
  ASSERT_NE(numbers.find('-'), std::string::npos) << "BERTH_CONFORMANCE_NODE_PORTS is no LOW-HIGH";
  const auto access = client::find_access(client::system_environment(), kubeconfig);
  ASSERT_TRUE(access.ok()) << access.error().message;
  const auto transport = client::make_transport(*access, "berth-conformance");
  ASSERT_TRUE(transport.ok()) << transport.error().message;
  ConformanceSetting setting;
  setting.transport = transport->get();
  setting.ns = variable("BERTH_CONFORMANCE_NAMESPACE");
  setting.node_port_low = std::stoll(numbers);
  setting.node_port_high = std::stoll(numbers.substr(numbers.find('-') + 1));
  for (const ConformanceCheck& check : conformance_checks()) {
    const Status status = check.run(setting);
    EXPECT_TRUE(status.ok()) << check.name << ": " << (status.ok() ? "" : status.error().message);
    std::cout << (status.ok() ? "holds: " : "does not hold: ") << check.name << "\n";
  }
}

}  // namespace
}  // namespace berth::testing
