// The catalogue of bypasses (exposure.md, section 3), rows 54 to 57: NetworkPolicies that let outsiders in,
// or that go and leave nobody who keeps them out.
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue_for_test.h"
#include "core/network_policies_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::block;
using testing::CatalogueRow;
using testing::create;
using testing::database;
using testing::deny_all;
using testing::expect_judgement;
using testing::from;
using testing::name_of_row;
using testing::open_port;
using testing::pods;
using testing::policy;
using testing::remove;
using testing::update;
using testing::web_server;

class NetworkPolicyCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(NetworkPolicyCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row54_AnEmptyRuleLetsEverybodyInEverywhere",
     [](World& w) {
       w.add(database());
       return create(w, policy({{}}));
     },
     Decision::kDeny,
     "NetworkPolicy data/open from everywhere -> StatefulSet data/pg container main port 5432"},
    {"Row54_NoPeersButThePort",
     [](World& w) {
       w.add(database());
       return create(w, from({}, {open_port(5432)}));
     },
     Decision::kDeny, "NetworkPolicy data/open from everywhere"},
    {"Row54_TheSelectorIsEmpty",
     [](World& w) {
       w.add(database());
       NetworkPolicy all = policy({{}});
       all.pod_selector = {};
       return create(w, all);
     },
     Decision::kDeny, "StatefulSet data/pg"},
    {"Row54_ThePolicyTypesAreLeftOut",
     [](World& w) {
       w.add(database());
       NetworkPolicy made = policy({{}});
       made.policy_types.clear();
       return create(w, made);
     },
     Decision::kDeny},
    {"Row54_ThePodsComeAfterwards",
     [](World& w) {
       w.add(policy({{}}));
       return create(w, database());
     },
     Decision::kDeny, "NetworkPolicy data/open from everywhere -> StatefulSet data/pg"},
    {"Row54_APodOfTheStatefulSetIsReportedAsIt",
     [](World& w) {
       const Workload owner = database();
       Workload pod = workload("Pod", "pg-0", {container_port(5432, "pg")});
       own(pod, owner);
       w.add(owner).add(pod);
       return create(w, policy({{}}));
     },
     Decision::kDeny, "-> StatefulSet data/pg container main port 5432"},
    {"Row54_NobodyIsThereYetButTheNumberIs", [](World& w) { return create(w, from({}, {open_port(5432)})); },
     Decision::kDeny, "NetworkPolicy data/open from everywhere -> port 5432"},
    {"Row54_ThePodsDeclareNothingButTheNumberIsSaid",
     [](World& w) {
       w.add(workload("StatefulSet", "pg", {}));
       return create(w, from({}, {open_port(5432)}));
     },
     Decision::kDeny, "-> port 5432"},
    {"Row54_AWebServerMayBeOpen",
     [](World& w) {
       w.add(web_server());
       return create(w, policy({{}}));
     },
     Decision::kAllow},
    {"Row54_OthersOfTheNamespaceMayHoldTheDatabase",
     [](World& w) {
       w.add(web_server());
       w.add(workload("StatefulSet", "pg", {container_port(5432)}, {{"app", "pg"}}));
       return create(w, policy({{}}));
     },
     Decision::kAllow},
    {"Row54_OnlyTheWebPortOfThePod",
     [](World& w) {
       w.add(database());
       return create(w, from({}, {open_port(8080)}));
     },
     Decision::kAllow},
    {"Row54_TheSameNumberOfAnotherProtocol",
     [](World& w) {
       w.add(database());
       NetworkPolicyPort udp = open_port(5432);
       udp.protocol = Protocol::kUdp;
       return create(w, from({}, {udp}));
     },
     Decision::kAllow},
    {"Row54_OnlyWhoGoesOutIsTold",
     [](World& w) {
       w.add(database());
       NetworkPolicy made = policy({});
       made.policy_types = {"Egress"};
       made.egress = {{}};
       return create(w, made);
     },
     Decision::kAllow},
    {"Row54_PodsMayComeIn",
     [](World& w) {
       w.add(database());
       return create(w, from({pods()}, {open_port(5432)}));
     },
     Decision::kAllow},
    {"Row54_APodOnTheNetworkOfItsNodeIsNotIsolated",
     [](World& w) {
       Workload made = web_server();
       made.pod.host_network = true;
       w.add(made);
       return create(w, policy({{}}));
     },
     Decision::kAllow},
    {"Row55_TheWholeInternet",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/0")}));
     },
     Decision::kDeny, "NetworkPolicy data/open from 0.0.0.0/0 ->"},
    {"Row55_InTwoHalves",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/1"), block("128.0.0.0/1")}));
     },
     Decision::kDeny, "from 0.0.0.0/1, 128.0.0.0/1 ->"},
    {"Row55_OfIpv6",
     [](World& w) {
       w.add(database());
       return create(w, from({block("2000::/3")}));
     },
     Decision::kDeny},
    {"Row55_OfIpv4WrittenAsIpv6",
     [](World& w) {
       w.add(database());
       return create(w, from({block("::ffff:0:0/96")}));
     },
     Decision::kDeny},
    {"Row55_AWideBlockWithATinyExcept",
     [](World& w) {
       w.add(database());
       return create(w, from({block("11.0.0.0/8", {"11.1.2.0/24"})}));
     },
     Decision::kDeny},
    {"Row55_ABlockThatNobodyCanRead",
     [](World& w) {
       w.add(database());
       return create(w, from({block("everybody")}));
     },
     Decision::kDeny},
    {"Row55_TheNetworkOfOutsidersThatThePolicyNames",
     [](World& w) {
       ExposurePolicy named = control_plane();
       named.meta.name = "named";
       named.spec.networks = {{"admins", {"10.20.0.0/16"}}};
       named.spec.external = {listed(9443)};
       named.spec.external[0].from = {"admins"};
       w.add(named);
       w.add(database());
       return create(w, from({block("10.20.30.0/24")}));
     },
     Decision::kDeny, "from 10.20.30.0/24 ->"},
    {"Row55_PrivateAddressesAreInside",
     [](World& w) {
       w.add(database());
       return create(w, from({block("10.0.0.0/8"), block("192.168.7.9/16"), block("fd00::/8")}));
     },
     Decision::kAllow},
    {"Row55_AllThatIsOutsideIsTakenOut",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/0", {"0.0.0.0/1", "128.0.0.0/1"})}));
     },
     Decision::kAllow},
    {"Row55_ANetworkNobodyComesFrom",
     [](World& w) {
       ExposurePolicy named = control_plane();
       named.meta.name = "named";
       named.spec.networks = {{"storage", {"10.30.0.0/16"}}};
       w.add(named);
       w.add(database());
       return create(w, from({block("10.30.0.0/16")}));
     },
     Decision::kAllow},
    {"Row56_ARangeThatHoldsIt",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/0")}, {open_port(5000, 6000)}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL) is internal"},
    {"Row56_ItsName",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/0")}, {open_port("pg")}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL) is internal"},
    {"Row56_EveryPortOfTheProtocol",
     [](World& w) {
       w.add(database());
       return create(w, from({block("0.0.0.0/0")}, {open_port(0)}));
     },
     Decision::kDeny},
    {"Row56_ANameNobodyHasIsUnknown",
     [](World& w) { return create(w, from({block("0.0.0.0/0")}, {open_port("pg")})); }, Decision::kUnknown,
     "no selected workload has a port named \"pg\""},
    {"Row56_ANameForEveryProtocolIsThatOfOne",
     [](World& w) {
       w.add(web_server());
       NetworkPolicyPort udp = open_port("http");
       udp.protocol = Protocol::kUdp;
       return create(w, from({block("0.0.0.0/0")}, {udp, open_port("http")}));
     },
     Decision::kAllow},
    {"Row56_ARangeInWhichNobodySaysWhatListensIsUnknown",
     [](World& w) {
       w.add(workload("StatefulSet", "pg", {}));
       return create(w, from({block("0.0.0.0/0")}, {open_port(5000, 6000)}));
     },
     Decision::kUnknown, "StatefulSet data/pg declares no port, and those from 5000 to 6000 are open"},
    {"Row56_ARangeBesideIt",
     [](World& w) {
       w.add(web_server());
       return create(w, from({block("0.0.0.0/0")}, {open_port(8000, 9000)}));
     },
     Decision::kAllow},
    {"Row57_AnAllowBesideTheDefaultDeny",
     [](World& w) {
       w.add(database());
       w.add(deny_all());
       return create(w, from({block("0.0.0.0/0")}, {open_port(5432)}));
     },
     Decision::kDeny},
    {"Row57_TheDefaultDenyGoes",
     [](World& w) {
       w.add(database());
       w.add(deny_all());
       return remove(w, deny_all());
     },
     Decision::kUnknown,
     "NetworkPolicy data/default-deny no longer isolates StatefulSet data/pg container main port 5432"},
    {"Row57_TheDefaultDenyIsForOthersNow",
     [](World& w) {
       NetworkPolicy moved = deny_all();
       moved.pod_selector.match_labels = {{"app", "other"}};
       w.add(database());
       w.add(deny_all());
       return update(w, deny_all(), moved);
     },
     Decision::kUnknown, "no longer isolates"},
    {"Row57_AnotherPolicyStaysThatIsolates",
     [](World& w) {
       w.add(database());
       w.add(deny_all());
       w.add(from({pods()}));
       return remove(w, deny_all());
     },
     Decision::kAllow},
    {"Row57_WhatGoesKeptNobodyOut",
     [](World& w) {
       w.add(database());
       w.add(policy({{}}));
       return remove(w, policy({{}}));
     },
     Decision::kAllow},
    {"Row57_OnlyWebServersAreLeft",
     [](World& w) {
       w.add(web_server());
       w.add(deny_all());
       return remove(w, deny_all());
     },
     Decision::kAllow},
};
INSTANTIATE_TEST_SUITE_P(Rows, NetworkPolicyCatalogue, ::testing::ValuesIn(kRows), name_of_row);

TEST(NetworkPolicies, UnknownDenyRefusesThatTheLastOneGoes) {
  ExposurePolicy strict = control_plane();
  strict.spec.unknown = "Deny";
  World world(strict);
  world.add(database());
  world.add(deny_all());
  const Verdict verdict = remove(world, deny_all());
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_EQ(
      outcome(verdict).message,
      "\n  port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and no NetworkPolicy would "
      "keep outsiders from it any more:"
      "\n    NetworkPolicy data/default-deny no longer isolates StatefulSet data/pg container main port 5432"
      "\n  fix: keep a NetworkPolicy that isolates its pods, with policyTypes Ingress");
}

TEST(NetworkPolicies, ADenialSaysWhomToLetInInstead) {
  World world(control_plane());
  world.add(database());
  EXPECT_EQ(
      outcome(create(world, from({block("0.0.0.0/0")}))).message,
      "\n  port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be open to addresses "
      "outside the cluster:"
      "\n    NetworkPolicy data/open from 0.0.0.0/0 -> StatefulSet data/pg container main port 5432"
      "\n  fix: let only pods and namespaces in `from` of NetworkPolicy data/open reach that port, or ask "
      "for "
      "an exception (kubectl berth explain --exception)");
}

TEST(NetworkPolicies, WhatIsNotWidenedPasses) {
  World world(control_plane());
  const NetworkPolicy before = from({block("198.51.0.0/16")});
  world.add(database());
  world.add(before);
  EXPECT_EQ(update(world, before, before).decision, Decision::kAllow);
  EXPECT_EQ(update(world, before, from({block("198.51.100.0/24")})).decision, Decision::kAllow) << "narrower";
  EXPECT_EQ(update(world, before, from({block("198.51.0.0/17"), block("198.51.128.0/17")})).decision,
            Decision::kAllow)
      << "the same in halves";
  EXPECT_EQ(update(world, before, from({block("198.50.0.0/15")})).decision, Decision::kDeny) << "wider";
  EXPECT_EQ(update(world, before, from({})).decision, Decision::kDeny) << "everybody";
  EXPECT_EQ(create(world, database()).decision, Decision::kDeny) << "who comes is judged by what is there";
}

TEST(NetworkPolicies, WhatMayBeExposedTheyMayLetIn) {
  for (const char* via : {"LoadBalancer", "NetworkPolicy"}) {
    ExposurePolicy excepting = control_plane();
    ExposureException exception;
    exception.ns = "data";
    exception.workload = {"StatefulSet", "pg"};
    exception.port = 5432;
    exception.via = {via};
    exception.owner = "dba@example.org";
    exception.reason = "migration 4711";
    exception.expires_at = "2099-01-01T00:00:00Z";
    excepting.spec.exceptions = {exception};
    World world(excepting);
    world.add(database());
    EXPECT_EQ(create(world, from({block("0.0.0.0/0")})).decision, Decision::kAllow) << via;
    world.add(workload("StatefulSet", "other", {container_port(5432)}));
    EXPECT_EQ(create(world, from({block("0.0.0.0/0")})).decision, Decision::kDeny)
        << "another is not excepted";
  }
}

}  // namespace
}  // namespace berth
