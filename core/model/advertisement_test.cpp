#include "core/model/advertisement.h"

#include <gtest/gtest.h>
#include <string>

namespace berth {
namespace {

Service service(std::string cluster_ip, std::string type = "ClusterIP") {
  Service made;
  made.type = std::move(type);
  made.cluster_ip = std::move(cluster_ip);
  made.meta.labels = {{"tier", "web"}};
  return made;
}

Advertisement of_network(std::string network) {
  Advertisement made;
  made.addresses.emplace_back();
  made.addresses[0].networks = {std::move(network)};
  return made;
}

TEST(Advertisement, HoldsForClusterIpsOfItsNetworks) {
  EXPECT_TRUE(advertises(of_network("10.96.0.0/12"), service("10.97.0.5")));
  EXPECT_TRUE(advertises(of_network("fd00:96::/112"), service("fd00:96::7")));
  EXPECT_FALSE(advertises(of_network("10.96.0.0/24"), service("10.97.0.5")));
  EXPECT_FALSE(advertises({}, service("10.97.0.5"))) << "it says nothing";
}

TEST(Advertisement, HoldsForWhateverItIsNotKnownOf) {
  EXPECT_TRUE(advertises(of_network("10.96.0.0/24"), service(""))) << "an IP that is still to come";
  EXPECT_TRUE(advertises(of_network("everything"), service("10.97.0.5")));
}

TEST(Advertisement, HoldsForTheServicesItSelects) {
  Advertisement made;
  made.addresses.emplace_back();
  EXPECT_TRUE(advertises(made, service("10.97.0.5"))) << "every one";
  made.addresses[0].selector.match_labels = {{"tier", "db"}};
  EXPECT_FALSE(advertises(made, service("10.97.0.5")));
  made.addresses.emplace_back();
  made.addresses[1].selector.match_expressions = {{"unused", "NotIn", {"x"}}};
  EXPECT_TRUE(advertises(made, service("10.97.0.5"))) << "one of its parts does";
}

TEST(Advertisement, HoldsForNoServiceWithoutAnIp) {
  Advertisement made;
  made.addresses.emplace_back();
  EXPECT_FALSE(advertises(made, service("None")));
  EXPECT_FALSE(advertises(made, service("", "ExternalName")));
}

}  // namespace
}  // namespace berth
