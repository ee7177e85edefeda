// Asked through claim(), so that the order of its questions is tested too.
#include "core/allocation/permission.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::ClaimCase;
using testing::Cluster;
using testing::expect_answers;
using testing::in_block;
using testing::internal_number;
using testing::port;
using testing::range;

TEST(Permission, IsAskedBeforeANumberIsGiven) {
  const auto nothing = [](Cluster&) {};
  const ClaimCase cases[] = {
      {"internal by policy", {port("api")}, [](Cluster& c) { internal_number(c, 24500); }, "api:24501", ""},
      {"reserved by an overlapping range",
       {port("api")},
       [](Cluster& c) {
         c.ranges.push_back(range("older", "NodePort", {"24500-24501"}));
         c.ranges[1].spec.reserved = {{{"24500"}, "old"}};
       },
       "api:24501",
       ""},
      {"no such block", {in_block(port("a"), "vpm")}, nothing, "BlockNotFound", "vpn"},
      {"outside the range", {port("api", 25000)}, nothing, "PortOutsideRange", "24500-24509"},
      {"outside the block", {in_block(port("a", 24500), "vpn")}, nothing, "PortOutsideRange", "24505-24506"},
      {"not a port at all", {port("api", 70000)}, nothing, "PortOutsideRange", "70000"},
      {"reserved by number", {port("api", 24509)}, nothing, "PortReserved", "threat intelligence engine"},
      {"internal by number",
       {port("api", 24500)},
       [](Cluster& c) { internal_number(c, 24500); },
       "PortInternal",
       "control-plane"},
      {"internal target port",
       {port("api")},
       [](Cluster& c) { internal_number(c, 8080); },
       "PortInternal",
       "PostgreSQL"},
      {"internal numbers bind outside exposure only",
       {port("api", 24500)},
       [](Cluster& c) {
         internal_number(c, 24500);
         internal_number(c, 8080);
         c.allocations[0].spec.exposure = "Cluster";
       },
       "api:24500",
       ""},
      {"another namespace's labels",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"team", "net"}};
       },
       "NamespaceNotAllowed",
       "namespace mesh"},
      {"the right labels",
       {port("api")},
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"team", "net"}};
         c.namespace_labels = {{"team", "net"}};
       },
       "api:24500",
       ""},
  };
  expect_answers(cases);
}

}  // namespace
}  // namespace berth::allocation
