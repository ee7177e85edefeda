// The catalogue of bypasses (exposure.md, section 3), row 58: sets of networks that policies of other
// projects let in by selecting them.
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue_for_test.h"
#include "core/network_policies_for_test.h"
#include "core/relabelling.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::block;
using testing::CatalogueRow;
using testing::create;
using testing::database;
using testing::expect_judgement;
using testing::name_of_row;
using testing::open_port;
using testing::policy;
using testing::update;
using testing::web_server;

const std::vector<std::string> kOutside = {"203.0.113.0/24"};
const std::vector<std::string> kInside = {"10.0.0.0/8", "192.168.0.0/16"};

NetworkSet set_of(std::vector<std::string> networks, Labels labels = {{"role", "partner"}}) {
  NetworkSet made;
  made.kind = "GlobalNetworkSet";
  made.meta.name = "partners";
  made.meta.labels = std::move(labels);
  made.networks = std::move(networks);
  return made;
}
NetworkSet set_in(std::string ns, std::vector<std::string> networks) {
  NetworkSet made = set_of(std::move(networks));
  made.kind = "NetworkSet";
  made.meta.ns = std::move(ns);
  return made;
}

// Whom a rule of Calico lets in with the selector role == 'partner'.
NetworkPolicyPeer partners() {
  NetworkPolicyPeer peer;
  peer.sets.emplace();
  peer.sets->all_of = {{{{{{"role", "partner"}}, {}}, {}}}};
  return peer;
}
NetworkPolicyPeer partners_of(const std::string& team) {
  NetworkPolicyPeer peer = partners();
  peer.sets->all_of.push_back({{{}, {{{"team", team}}, {}}}});
  return peer;
}
NetworkPolicyPeer partners_here() {
  NetworkPolicyPeer peer = partners();
  peer.sets->of_own_namespace = true;
  return peer;
}

NetworkPolicy letting_in(NetworkPolicyPeer peer) {
  NetworkPolicyRule rule;
  rule.peers = {testing::pods(), std::move(peer)};
  NetworkPolicy made = policy({rule});
  made.kind = "NetworkPolicy.projectcalico.org";
  return made;
}

class NetworkSetCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(NetworkSetCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row58_APolicySelectsASetOfOutsiders",
     [](World& w) {
       w.add(database()).add(set_of(kOutside));
       return create(w, letting_in(partners()));
     },
     Decision::kDeny,
     "NetworkPolicy.projectcalico.org data/open from GlobalNetworkSet partners (203.0.113.0/24) -> "
     "StatefulSet "
     "data/pg container main port 5432"},
    {"Row58_APolicySelectsASetOfWhoIsInside",
     [](World& w) {
       w.add(database()).add(set_of(kInside));
       return create(w, letting_in(partners()));
     },
     Decision::kAllow},
    {"Row58_APolicySelectsASetWithSomeOutsiders",
     [](World& w) {
       w.add(database()).add(set_of({"10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32"}));
       return create(w, letting_in(partners()));
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.7/32, 2001:db8::/32) ->"},
    {"Row58_APolicySelectsASetThatIsNotThere",
     [](World& w) {
       w.add(database()).add(set_of(kOutside, {{"role", "other"}}));
       return create(w, letting_in(partners()));
     },
     Decision::kAllow},
    {"Row58_APolicySelectsASetWithoutNetworks",
     [](World& w) {
       w.add(database()).add(set_of({}));
       return create(w, letting_in(partners()));
     },
     Decision::kAllow},
    {"Row58_ASetWithANetworkThatCannotBeReadIsEverybody",
     [](World& w) {
       w.add(database()).add(set_of({"10.0.0.0/8", "somewhere"}));
       return create(w, letting_in(partners()));
     },
     Decision::kDeny, "from GlobalNetworkSet partners -> StatefulSet data/pg"},
    {"Row58_ASetOfAnotherProject",
     [](World& w) {
       NetworkSet set = set_of(kOutside);
       set.project = PolicyProject::kCilium;
       w.add(database()).add(set);
       return create(w, letting_in(partners()));
     },
     Decision::kAllow},
    {"Row58_APolicyOfOtherPodsSelectsTheSet",
     [](World& w) {
       w.add(web_server()).add(set_of(kOutside));
       return create(w, letting_in(partners()));
     },
     Decision::kAllow},
    {"Row58_ASetBesideABlock",
     [](World& w) {
       w.add(database()).add(set_of(kOutside));
       NetworkPolicy made = letting_in(partners());
       made.ingress[0].peers.push_back(block("198.51.100.0/24"));
       return create(w, made);
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.0/24), 198.51.100.0/24 ->"},
    {"Row58_ASetOfTheNamespaceOfThePolicy",
     [](World& w) {
       w.add(database()).add(set_in("data", kOutside));
       return create(w, letting_in(partners_here()));
     },
     Decision::kDeny, "from NetworkSet data/partners (203.0.113.0/24)"},
    {"Row58_ASetOfAnotherNamespaceThanThePolicy",
     [](World& w) {
       w.add(database()).add(set_in("web", kOutside)).add(set_of(kOutside));
       return create(w, letting_in(partners_here()));
     },
     Decision::kAllow},
    {"Row58_ASetOfNamespacesThatThePolicySelects",
     [](World& w) {
       w.label_namespace("web", {{"team", "a"}}).add(database()).add(set_in("web", kOutside));
       return create(w, letting_in(partners_of("a")));
     },
     Decision::kDeny, "from NetworkSet web/partners"},
    {"Row58_ASetOfOtherNamespacesThanThePolicySelects",
     [](World& w) {
       w.label_namespace("web", {{"team", "a"}})
           .add(database())
           .add(set_in("web", kOutside))
           .add(set_of(kOutside));
       return create(w, letting_in(partners_of("b")));
     },
     Decision::kAllow},
    {"Row58_TheNetworksAreTakenOutByThePolicy",
     [](World& w) {
       w.add(database()).add(set_of(kOutside));
       NetworkPolicyPeer peer = partners();
       peer.except = {"203.0.113.0/25", "203.0.113.128/25"};
       return create(w, letting_in(peer));
     },
     Decision::kAllow},
    {"Row58_SomeOfTheNetworksAreTakenOutByThePolicy",
     [](World& w) {
       w.add(database()).add(set_of(kOutside));
       NetworkPolicyPeer peer = partners();
       peer.except = {"203.0.113.0/25"};
       return create(w, letting_in(peer));
     },
     Decision::kDeny, "(203.0.113.128/25)"},
    {"Row58_ThePolicyTakesOnlyWhatIsInside",
     [](World& w) {
       w.add(database()).add(set_of({"203.0.113.0/24", "10.0.0.0/8"}));
       NetworkPolicyPeer peer = partners();
       peer.sets->within = {"10.0.0.0/8"};
       return create(w, letting_in(peer));
     },
     Decision::kAllow},
    {"Row58_ThePodsComeAfterThePolicyAndTheSet",
     [](World& w) {
       w.add(letting_in(partners())).add(set_of(kOutside));
       return create(w, database());
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.0/24) -> StatefulSet data/pg"},
    {"Row58_TheSetComesAfterThePolicy",
     [](World& w) {
       w.add(database()).add(letting_in(partners()));
       return create(w, set_of(kOutside));
     },
     Decision::kDeny,
     "NetworkPolicy.projectcalico.org data/open from GlobalNetworkSet partners (203.0.113.0/24) -> "
     "StatefulSet"},
    {"Row58_TheSetOfTheNamespaceComesAfterThePolicy",
     [](World& w) {
       w.add(database()).add(letting_in(partners_here()));
       return create(w, set_in("data", kOutside));
     },
     Decision::kDeny, "from NetworkSet data/partners"},
    {"Row58_ASetComesThatNobodySelects",
     [](World& w) {
       w.add(database()).add(letting_in(partners()));
       return create(w, set_of(kOutside, {{"role", "other"}}));
     },
     Decision::kAllow},
    {"Row58_ASetOfWhoIsInsideComes",
     [](World& w) {
       w.add(database()).add(letting_in(partners()));
       return create(w, set_of(kInside));
     },
     Decision::kAllow},
    {"Row58_ASetGetsTheLabels",
     [](World& w) {
       const NetworkSet before = set_of(kOutside, {{"role", "other"}});
       w.add(database()).add(letting_in(partners())).add(before);
       return update(w, before, set_of(kOutside));
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.0/24)"},
    {"Row58_ASetGetsNetworks",
     [](World& w) {
       const NetworkSet before = set_of(kInside);
       w.add(database()).add(letting_in(partners())).add(before);
       return update(w, before, set_of({"10.0.0.0/8", "203.0.113.0/24"}));
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.0/24)"},
    {"Row58_ASetGetsMoreNetworks",
     [](World& w) {
       const NetworkSet before = set_of(kOutside);
       w.add(database()).add(letting_in(partners())).add(before);
       return update(w, before, set_of({"203.0.113.0/24", "198.51.100.0/24"}));
     },
     Decision::kDeny, "(198.51.100.0/24, 203.0.113.0/24)"},
    {"Row58_ASetOfManyNetworks",
     [](World& w) {
       std::vector<std::string> many;
       for (int i = 0; i < 5000; ++i) {
         many.push_back("203." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".1/32");
       }
       w.add(database()).add(letting_in(partners())).add(set_of({many.begin() + 1, many.end()}));
       return update(w, set_of({many.begin() + 1, many.end()}), set_of(many));
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.0.1/32, 203.0.1.1/32, 203.0.2.1/32, ...) ->"},
    {"Row58_ASetKeepsItsNetworks",
     [](World& w) {
       const NetworkSet before = set_of(kOutside);
       w.add(database()).add(letting_in(partners())).add(before);
       return update(w, before, set_of({"203.0.113.128/25", "203.0.113.0/25", "10.0.0.0/8"}));
     },
     Decision::kAllow},
    {"Row58_ASetLosesNetworks",
     [](World& w) {
       const NetworkSet before = set_of({"203.0.113.0/24", "198.51.100.0/24"});
       w.add(database()).add(letting_in(partners())).add(before);
       return update(w, before, set_of({"203.0.113.0/28"}));
     },
     Decision::kAllow},
    {"Row58_ASetComesThatIsAsOpenAsABlockBeside",
     [](World& w) {
       NetworkPolicy made = letting_in(partners());
       made.ingress[0].peers.push_back(block("203.0.112.0/20"));
       w.add(database()).add(made);
       return create(w, set_of(kOutside));
     },
     Decision::kAllow},
    {"Row58_ASetComesBesideAnotherRule",
     [](World& w) {
       NetworkPolicy made = letting_in(partners());
       NetworkPolicyRule rule;
       rule.peers = {block("198.51.100.0/24")};
       made.ingress.insert(made.ingress.begin(), rule);
       w.add(database()).add(made);
       return create(w, set_of(kOutside));
     },
     Decision::kDeny, "from GlobalNetworkSet partners (203.0.113.0/24), 198.51.100.0/24"},
    {"Row58_APolicyIsChangedWithoutLettingMoreIn",
     [](World& w) {
       const NetworkPolicy before = letting_in(partners());
       w.add(database()).add(before).add(set_of(kOutside));
       NetworkPolicy after = before;
       after.ingress[0].ports = {open_port(5432)};
       return update(w, before, after);
     },
     Decision::kAllow},
};
INSTANTIATE_TEST_SUITE_P(Rows, NetworkSetCatalogue, ::testing::ValuesIn(kRows), name_of_row);

TEST(NetworkSets, MayGo) {
  World world(control_plane());
  world.add(database()).add(letting_in(partners())).add(set_of(kOutside));
  AdmissionRequest request;
  request.operation = Operation::kDelete;
  request.old_object = set_of(kOutside);
  EXPECT_EQ(judge(request, world, Instant()).decision, Decision::kAllow);
}

TEST(NetworkSets, AreNamedInTheFix) {
  World world(control_plane());
  world.add(database()).add(letting_in(partners()));
  const Outcome one = outcome(create(world, set_of(kOutside)));
  EXPECT_NE(one.message.find("reach that port, or take 203.0.113.0/24 out of GlobalNetworkSet partners"),
            std::string::npos)
      << one.message;
  const Outcome many = outcome(create(world, set_of({"203.0.113.0/24", "198.51.100.0/24"})));
  EXPECT_NE(many.message.find("take the networks outside of the cluster out of GlobalNetworkSet partners"),
            std::string::npos)
      << many.message;
}

// Row 60 too: the labels of the namespace are among those of its sets.
TEST(NetworkSets, AreJudgedAgainWhenTheLabelsOfTheirNamespaceChange) {
  const Labels named = {{"kubernetes.io/metadata.name", "web"}};
  Labels of_team = named;
  of_team["team"] = "a";
  World world(control_plane());
  world.label_namespace("web", named).add(database()).add(set_in("web", kOutside));
  world.add(letting_in(partners_of("a")));
  const Verdict opened = judge(Relabelling{"web", named, of_team}, world, Instant());
  EXPECT_EQ(opened.decision, Decision::kDeny);
  ASSERT_EQ(opened.findings.size(), 1U);
  EXPECT_NE(opened.findings[0].path.find("from NetworkSet web/partners (203.0.113.0/24)"), std::string::npos);
  EXPECT_EQ(judge(Relabelling{"web", of_team, named}, world, Instant()).decision, Decision::kAllow);
}

}  // namespace
}  // namespace berth
