// The fake API server passes the checks that a real one passes: with BERTH_CONFORMANCE_KUBECONFIG naming a
// kubeconfig the same checks run there, in the namespace BERTH_CONFORMANCE_NAMESPACE ("default" when not set)
// of a cluster that has the CRDs, with the nodePort range BERTH_CONFORMANCE_NODE_PORTS ("30000-32767").
#include "kube/testing/conformance.h"

#include <cctype>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "kube/client/access.h"
#include "kube/client/connect.h"
#include "kube/testing/fake_api_server.h"

namespace berth::testing {
namespace {

class Conformance : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Conformance, HoldsForTheFakeApiServer) {
  const ConformanceCheck& check = conformance_checks()[GetParam()];
  ManualClock clock;
  FakeApiServer server(clock);
  ConformanceSetting setting;
  setting.transport = &server;
  setting.ns = "conformance";
  const Status status = check.run(setting);
  EXPECT_TRUE(status.ok()) << check.name << ": " << (status.ok() ? "" : status.error().message);
}

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

TEST_P(Conformance, HoldsForARealApiServer) {
  const std::string kubeconfig = variable("BERTH_CONFORMANCE_KUBECONFIG", "");
  if (kubeconfig.empty()) GTEST_SKIP() << "BERTH_CONFORMANCE_KUBECONFIG is not set";
  const auto access = client::find_access(client::system_environment(), kubeconfig);
  ASSERT_TRUE(access.ok()) << access.error().message;
  const auto transport = client::make_transport(*access, "berth-conformance");
  ASSERT_TRUE(transport.ok()) << transport.error().message;
  ConformanceSetting setting;
  setting.transport = transport->get();
  setting.ns = variable("BERTH_CONFORMANCE_NAMESPACE", "default");
  const std::string numbers = variable("BERTH_CONFORMANCE_NODE_PORTS", "30000-32767");
  setting.node_port_low = std::stoll(numbers);
  setting.node_port_high = std::stoll(numbers.substr(numbers.find('-') + 1));
  const ConformanceCheck& check = conformance_checks()[GetParam()];
  const Status status = check.run(setting);
  EXPECT_TRUE(status.ok()) << check.name << ": " << (status.ok() ? "" : status.error().message);
}

INSTANTIATE_TEST_SUITE_P(Checks, Conformance, ::testing::Range<std::size_t>(0, conformance_checks().size()),
                         [](const auto& each) {
                           std::string name = conformance_checks()[each.param].name;
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace berth::testing
