// Sets of networks as Calico and Cilium document them (exposure.md row 58).
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "kube/adapters/reading.h"
#include "kube/adapters/table.h"

namespace berth::adapters {
namespace {

NetworkSet set_of(const char* group, const char* kind, const std::string& spec) {
  const Adapter* adapter = builtin().find(group, kind);
  EXPECT_NE(adapter, nullptr) << kind << "." << group;
  CustomObject object;
  object.kind = kind;
  object.meta.name = "partners";
  object.meta.ns = adapter->cluster_scoped ? "" : "data";
  object.meta.labels = {{"role", "vpn"}};
  object.spec = spec;
  const auto made = read(*adapter, object);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::get<NetworkSet>(*made);
}

TEST(AdapterOfNetworks, Row58_ReadsTheSetsOfCalicoUnderBothGroups) {
  for (const char* group : {"projectcalico.org", "crd.projectcalico.org"}) {
    const NetworkSet made = set_of(group, "NetworkSet", R"({"nets": ["203.0.113.0/24", "2001:db8::1"]})");
    EXPECT_EQ(made.networks, (std::vector<std::string>{"203.0.113.0/24", "2001:db8::1/128"}));
    EXPECT_EQ(made.project, PolicyProject::kCalico);
    EXPECT_EQ(made.meta.ns, "data");
    EXPECT_EQ(made.meta.labels, (Labels{{"role", "vpn"}}));
    EXPECT_EQ(set_of(group, "GlobalNetworkSet", R"({"nets": ["10.0.0.0/8"]})").meta.ns, "");
  }
  EXPECT_EQ(set_of("projectcalico.org", "NetworkSet", "{}").kind, "NetworkSet");
  EXPECT_EQ(set_of("crd.projectcalico.org", "NetworkSet", "{}").kind, "NetworkSet.crd.projectcalico.org");
}

TEST(AdapterOfNetworks, Row58_ReadsTheGroupsOfCilium) {
  const NetworkSet made =
      set_of("cilium.io", "CiliumCIDRGroup", R"({"externalCIDRs": ["10.48.0.0/24", "203.0.113.0/24"]})");
  EXPECT_EQ(made.networks, (std::vector<std::string>{"10.48.0.0/24", "203.0.113.0/24"}));
  EXPECT_EQ(made.project, PolicyProject::kCilium);
  EXPECT_EQ(made.kind, "CiliumCIDRGroup");
}

TEST(AdapterOfNetworks, KeepsWhatIsNoNetworkSoThatItIsSeen) {
  EXPECT_EQ(set_of("projectcalico.org", "NetworkSet", R"({"nets": [{"cidr": "10.0.0.0/8"}, 7]})").networks,
            (std::vector<std::string>{"", "7"}));
  EXPECT_TRUE(set_of("projectcalico.org", "NetworkSet", R"({"nets": "10.0.0.0/8"})").networks.empty());
  EXPECT_TRUE(set_of("projectcalico.org", "NetworkSet", "{}").networks.empty());
}

}  // namespace
}  // namespace berth::adapters
