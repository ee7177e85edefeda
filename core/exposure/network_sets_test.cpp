// Sets of networks in views of the cluster: laid over, and in the index (exposure.md row 58).
#include "core/exposure/network_sets.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "core/exposure/fact_index.h"
#include "core/exposure/overlay.h"
#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

NetworkSet set_in(const char* ns, std::vector<std::string> networks, const char* role = "partner") {
  NetworkSet made;
  made.kind = "NetworkSet";
  made.meta = testing::named("partners", ns);
  made.meta.labels = {{"role", role}};
  made.networks = std::move(networks);
  return made;
}

// Lets partners of its namespace in; of "": those of all.
NetworkPolicy policy_in(const char* ns) {
  NetworkPolicy made;
  made.kind = "NetworkPolicy.projectcalico.org";
  made.meta = testing::named("open", ns);
  made.cluster_wide = made.meta.ns.empty();
  NetworkPolicyPeer& peer = made.ingress.emplace_back().peers.emplace_back();
  peer.sets.emplace();
  peer.sets->of_own_namespace = true;
  peer.sets->all_of = {{{{{{"role", "partner"}}, {}}, {}}}};
  return made;
}

template <class T>
std::shared_ptr<const T> shared(T object) {
  return std::make_shared<const T>(std::move(object));
}

TEST(NetworkSets, ShowTheOneThatIsJudged) {
  testing::World world;
  world.add(set_in("data", {"10.0.0.0/8"}));
  const NetworkSet present = set_in("data", {"203.0.113.0/24"});
  const NetworkSet elsewhere = set_in("web", {});
  EXPECT_EQ(Overlay(world, &present, Subject(&present)).network_sets(),
            std::vector<const NetworkSet*>{&present});
  EXPECT_TRUE(Overlay(world, &present, std::nullopt).network_sets().empty());
  EXPECT_EQ(Overlay(world, &elsewhere, Subject(&elsewhere)).network_sets().size(), 2U);
}

TEST(NetworkSets, OfTheIndexAreToldApartByKindNamespaceAndName) {
  FactIndex index;
  index.put(shared(set_in("data", {"10.0.0.0/8"})));
  index.put(shared(set_in("web", {})));
  NetworkSet global = set_in("", {});
  global.kind = "GlobalNetworkSet";
  index.put(shared(global));
  index.put(shared(set_in("data", {"203.0.113.0/24"})));
  EXPECT_EQ(index.network_sets().size(), 3U);
  const NetworkSet wanted = set_in("data", {});
  const auto found = index.same_as(&wanted);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<const NetworkSet*>(*found)->networks, std::vector<std::string>{"203.0.113.0/24"});
  index.remove(wanted);
  EXPECT_EQ(index.network_sets().size(), 2U);
}

TEST(NetworkSets, OfTheIndexTellWhereWaysMayHaveChanged) {
  FactIndex index;
  index.put(shared(policy_in("data")));
  index.put(shared(policy_in("web")));
  std::set<std::string> touched;
  index.on_touched([&](std::string_view ns) { touched.emplace(ns); });
  const auto touched_by = [&](const auto& change) {
    touched.clear();
    change();
    return touched;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("data", {"10.0.0.0/8"}))); }), Names{"data"});
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("data", {"10.0.0.0/8"}))); }), Names{}) << "the same";
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("data", {"11.0.0.0/8"}))); }), Names{"data"});
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("data", {"11.0.0.0/8"}, "other"))); }), Names{"data"});
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("data", {"12.0.0.0/8"}, "other"))); }), Names{})
      << "nobody lets it in";
  EXPECT_EQ(touched_by([&] { index.put(shared(set_in("mesh", {}))); }), Names{});
  index.put(shared(policy_in("")));
  EXPECT_EQ(touched_by([&] { index.remove(set_in("mesh", {})); }), Names{""}) << "by a policy of the cluster";
  EXPECT_EQ(touched_by([&] { index.remove(set_in("mesh", {})); }), Names{});
}

}  // namespace
}  // namespace berth::exposure
