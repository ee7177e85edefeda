// The catalogue of bypasses (exposure.md, section 3), row 58: policies of other projects, which may be about
// the whole cluster, select by several selectors, and refuse.
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
using testing::expect_judgement;
using testing::name_of_row;
using testing::open_port;
using testing::policy;

// A policy as those of other projects are, for the whole cluster.
NetworkPolicy cluster_wide(std::vector<NetworkPolicyRule> ingress) {
  NetworkPolicy made = policy(std::move(ingress), "everywhere");
  made.kind = "GlobalNetworkPolicy";
  made.meta.ns.clear();
  made.cluster_wide = true;
  made.pod_selector = {};
  return made;
}
LabelSelector labelled(std::string key, std::string value) {
  return {{{std::move(key), std::move(value)}}, {}};
}
// Everybody may come but those whom `refused` names.
NetworkPolicyRule everybody_but(NetworkPolicyRule refused, std::vector<NetworkPolicyPort> ports = {}) {
  NetworkPolicyRule rule;
  rule.ports = std::move(ports);
  rule.refused.push_back(std::move(refused));
  return rule;
}

class ForeignPolicyCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(ForeignPolicyCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row58_AClusterWidePolicyLetsEverybodyIn",
     [](World& w) {
       w.add(database());
       return create(w, cluster_wide({{}}));
     },
     Decision::kDeny, "GlobalNetworkPolicy everywhere from everywhere -> StatefulSet data/pg"},
    {"Row58_ThePodsComeAfterAClusterWidePolicy",
     [](World& w) {
       w.add(cluster_wide({{}}));
       return create(w, database());
     },
     Decision::kDeny, "GlobalNetworkPolicy everywhere from everywhere -> StatefulSet data/pg"},
    {"Row58_AClusterWidePolicyOfOtherNamespaces",
     [](World& w) {
       w.label_namespace("data", {{"team", "data"}}).add(database());
       NetworkPolicy made = cluster_wide({{}});
       made.namespaces = {labelled("team", "web"), labelled("team", "shop")};
       return create(w, made);
     },
     Decision::kAllow},
    {"Row58_AClusterWidePolicyOfThisNamespaceToo",
     [](World& w) {
       w.label_namespace("data", {{"team", "data"}}).add(database());
       NetworkPolicy made = cluster_wide({{}});
       made.namespaces = {labelled("team", "web"), labelled("team", "data")};
       return create(w, made);
     },
     Decision::kDeny},
    {"Row58_OneOfSeveralSelectors",
     [](World& w) {
       w.add(database());
       NetworkPolicy made = policy({{}});
       made.kind = "CiliumNetworkPolicy";
       made.pod_selector = labelled("app", "nobody");
       made.or_pods = {labelled("app", "web")};
       return create(w, made);
     },
     Decision::kDeny, "CiliumNetworkPolicy data/open"},
    {"Row58_ARuleForOthersOfItsPods",
     [](World& w) {
       w.add(database());
       NetworkPolicyRule rule;
       rule.pods = {labelled("app", "nobody")};
       NetworkPolicy made = policy({rule});
       made.kind = "CiliumNetworkPolicy";
       return create(w, made);
     },
     Decision::kAllow},
    {"Row58_EverybodyIsRefusedAtThatPort",
     [](World& w) {
       w.add(database());
       return create(w, policy({everybody_but({{}, {open_port(5432)}})}));
     },
     Decision::kAllow},
    {"Row58_EverybodyIsRefusedAtAnotherPort",
     [](World& w) {
       w.add(database());
       return create(w, policy({everybody_but({{}, {open_port(5433)}})}));
     },
     Decision::kDeny},
    {"Row58_SomeAreRefused",
     [](World& w) {
       w.add(database());
       return create(w, policy({everybody_but({{block("0.0.0.0/0"), block("2000::/3")}, {}})}));
     },
     Decision::kDeny},
    {"Row58_AllWhoAreOutsideAreRefused",
     [](World& w) {
       w.add(database());
       return create(w, policy({everybody_but({{block("0.0.0.0/0"), block("::/0")}, {}})}));
     },
     Decision::kAllow},
    {"Row58_WhoIsLetInIsRefused",
     [](World& w) {
       w.add(database());
       NetworkPolicyRule rule = everybody_but({{block("203.0.113.0/24")}, {}}, {open_port(5432)});
       rule.peers = {block("203.0.113.0/25")};
       return create(w, policy({rule}));
     },
     Decision::kAllow},
};
INSTANTIATE_TEST_SUITE_P(Rows, ForeignPolicyCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
