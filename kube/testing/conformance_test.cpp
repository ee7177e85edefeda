// The fake API server passes the checks that a real one passes (conformance_on_server.cpp, run by
// e2e/conformance).
#include "kube/testing/conformance.h"

#include <cctype>
#include <gtest/gtest.h>
#include <string>

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
