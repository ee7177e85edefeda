// Policies of Cilium, as its documentation writes them.
#include "kube/adapters/cilium_policy.h"

#include <gtest/gtest.h>

#include "kube/adapters/policy_text_for_test.h"

namespace berth::adapters {
namespace {

using testing::subject_text;
using testing::texts;
using Texts = std::vector<std::string>;

NetworkPolicy policy(const std::string& object) {
  const auto tree = json::parse_tree(object);
  EXPECT_TRUE(tree.ok()) << object;
  return read_cilium_policy(*tree);
}

NetworkPolicy ingress(const std::string& rules, const std::string& more = "") {
  return policy(R"({"spec": {"endpointSelector": {}, "ingress": [)" + rules + "]" + more + "}}");
}

const Texts kIngress = {"Ingress"};
const Texts kEgress = {"Egress"};

struct RuleSample {
  const char* name;
  const char* rule;
  Texts rules;
};

void PrintTo(const RuleSample& sample, std::ostream* out) { *out << sample.name; }

class CiliumRules : public ::testing::TestWithParam<RuleSample> {};

TEST_P(CiliumRules, LetInWhomTheyName) {
  const NetworkPolicy read = ingress(GetParam().rule);
  EXPECT_EQ(texts(read.ingress), GetParam().rules);
  EXPECT_EQ(read.policy_types, kIngress) << "it isolates, whatever it lets in";
}

const char* const kToPg = R"({"toPorts": [{"ports": [{"port": "5432", "protocol": "TCP"}]}]})";

const RuleSample kRules[] = {
    {"NobodyByAnEmptyRule", "{}", {}},
    {"EverybodyByPortsAlone", kToPg, {"everybody to TCP 5432"}},
    {"EverybodyByTheWorld", R"({"fromEntities": ["world"]})", {"everybody to every port"}},
    {"EverybodyByAll", R"({"fromEntities": ["cluster", "all"]})", {"everybody to every port"}},
    {"TheWorldOfOneFamily", R"({"fromEntities": ["world-ipv6"]})", {"::/0 to every port"}},
    {"TheWorldOfTheOther",
     R"({"fromEntities": ["cluster", "world-ipv4"]})",
     {"inside + 0.0.0.0/0 to every port"}},
    {"NodesAndTheCluster",
     R"({"fromEntities": ["host", "kube-apiserver"]})",
     {"inside + inside to every port"}},
    {"Endpoints", R"({"fromEndpoints": [{"matchLabels": {"role": "frontend"}}]})", {"inside to every port"}},
    {"EveryEndpoint", R"({"fromEndpoints": [{}]})", {"inside to every port"}},
    {"NoEndpoint", R"({"fromEndpoints": [], "toPorts": [{"ports": [{"port": "5432"}]}]})", {}},
    {"NoAddress", R"({"fromCIDR": [], "toPorts": [{"ports": [{"port": "5432"}]}]})", {}},
    {"EndpointsThatAreNull",
     R"({"fromEndpoints": null, "toPorts": [{"ports": [{"port": "5432", "protocol": "TCP"}]}]})",
     {"everybody to TCP 5432"}},
    {"TheWorldByItsLabel",
     R"({"fromEndpoints": [{"matchLabels": {"reserved:world": ""}}]})",
     {"everybody to every port"}},
    {"TheWorldByAnExpression",
     R"({"fromEndpoints": [{"matchExpressions": [{"key": "reserved:world-ipv4", "operator": "Exists"}]}]})",
     {"everybody to every port"}},
    {"WhoeverIsNoHost",
     R"({"fromEndpoints": [{"matchExpressions": [{"key": "reserved:host", "operator": "DoesNotExist"}]}]})",
     {"everybody to every port"}},
    {"WhoeverIsNotTheWorld",
     R"({"fromEndpoints": [{"matchExpressions": [{"key": "reserved:world", "operator": "DoesNotExist"}]}]})",
     {"inside to every port"}},
    {"AnotherReservedLabel",
     R"({"fromEndpoints": [{"matchLabels": {"reserved:remote-node": ""}}]})",
     {"inside to every port"}},
    {"WhoeverIsNotOfThatNamespace",
     R"({"fromEndpoints": [{"matchExpressions":
         [{"key": "k8s:io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["prod"]}]}]})",
     {"everybody to every port"}},
    {"WhoeverIsOfThatNamespace",
     R"({"fromEndpoints": [{"matchLabels": {"io.kubernetes.pod.namespace": "prod"}}]})",
     {"inside to every port"}},
    {"Nodes", R"({"fromNodes": [{"matchLabels": {"role": "gateway"}}]})", {"inside to every port"}},
    {"Networks", R"({"fromCIDR": ["20.1.1.1/32", "10.0.0.7"]})", {"20.1.1.1/32 + 10.0.0.7/32 to every port"}},
    {"NetworksButSome",
     R"({"fromCIDRSet": [{"cidr": "11.0.0.0/8", "except": ["11.96.0.0/12"]}, {"cidr": "2001:db8::/32"}]})",
     {"11.0.0.0/8 but 11.96.0.0/12 + 2001:db8::/32 to every port"}},
    {"AGroupOfNetworks", R"({"fromCIDRSet": [{"cidrGroupRef": "vpn"}]})", {"groups vpn to every port"}},
    {"AGroupOfNetworksButSome",
     R"({"fromCIDRSet": [{"cidrGroupRef": "vpn", "except": ["20.1.0.0/16"]}]})",
     {"groups vpn but 20.1.0.0/16 to every port"}},
    {"GroupsOfNetworksByLabels",
     R"({"fromCIDRSet": [{"cidrGroupSelector": {"matchLabels": {"a": "b"}}}, {"cidr": "20.0.0.0/8"}]})",
     {"groups (a In b) + 20.0.0.0/8 to every port"}},
    {"GroupsOfNetworksByExpressions",
     R"({"fromCIDRSet": [{"cidrGroupSelector": {"matchExpressions":
         [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "NotIn", "values": ["c"]}]}}]})",
     {"groups (a Exists, b NotIn c) to every port"}},
    {"WhoeverIsOfNoSuchGroup",
     R"({"fromCIDRSet": [{"cidrGroupSelector": {"matchExpressions":
         [{"key": "b", "operator": "NotIn", "values": ["c"]}]}}]})",
     {"CiliumCIDRGroups to every port"}},
    {"EveryGroup", R"({"fromCIDRSet": [{"cidrGroupSelector": {}}]})", {"CiliumCIDRGroups to every port"}},
    {"NothingInACidrSet", R"({"fromCIDRSet": [{}]})", {"CiliumCIDRGroups to every port"}},
    {"AGroupOfTheCloud",
     R"({"fromGroups": [{"aws": {"securityGroupsIds": ["sg-1"]}}]})",
     {"a group of the cloud to every port"}},
    {"RequirementsGrantNothing", R"({"fromRequires": [{"matchLabels": {"team": "a"}}]})", {}},
    {"EveryProtocolWhereNoneIsSaid",
     R"({"fromEntities": ["world"], "toPorts": [{"ports": [{"port": "5432"}]}]})",
     {"everybody to TCP 5432 + UDP 5432 + SCTP 5432"}},
    {"AnyProtocol",
     R"({"toPorts": [{"ports": [{"port": "0", "protocol": "ANY"}]}]})",
     {"everybody to TCP + UDP + SCTP"}},
    {"ARange",
     R"({"toPorts": [{"ports": [{"port": "5000", "endPort": 6000, "protocol": "UDP"}]}]})",
     {"everybody to UDP 5000-6000"}},
    {"AName",
     R"({"toPorts": [{"ports": [{"port": "PG-main", "protocol": "TCP"}]}]})",
     {"everybody to TCP pg-main"}},
    {"SeveralPorts",
     R"({"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}, {"port": "53", "protocol": "UDP"}]},
         {"ports": [{"port": "81", "protocol": "SCTP"}]}]})",
     {"everybody to TCP 80 + UDP 53 + SCTP 81"}},
    {"APortThatCannotBeReadIsEveryOne",
     R"({"toPorts": [{"ports": [{"port": "012470", "protocol": "TCP"}]}]})",
     {"everybody to TCP"}},
    {"NoPortsInThePortRule", R"({"toPorts": [{"rules": {"http": [{}]}}]})", {"everybody to every port"}},
    {"IcmpAlone", R"({"fromEntities": ["world"], "icmps": [{"fields": [{"type": 8}]}]})", {}},
    {"AProtocolWithoutPorts", R"({"toPorts": [{"ports": [{"port": "0", "protocol": "VRRP"}]}]})", {}},
};
INSTANTIATE_TEST_SUITE_P(Samples, CiliumRules, ::testing::ValuesIn(kRules),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(CiliumPolicy, RefusesWhateverElseItAllows) {
  const NetworkPolicy read = ingress(
      R"({"fromEntities": ["all"]}, {"fromCIDR": ["11.0.0.0/8"]})",
      R"(, "ingressDeny": [{"fromEntities": ["world"], "toPorts": [{"ports": [{"port": "5432", "protocol": "TCP"}]}]},
           {"fromCIDRSet": [{"cidr": "11.1.0.0/16", "except": ["11.1.1.0/24"]}]}])");
  const std::string refused = ", not everybody to TCP 5432, not 11.1.0.0/16 but 11.1.1.0/24 to every port";
  EXPECT_EQ(texts(read.ingress),
            (Texts{"everybody to every port" + refused, "11.0.0.0/8 to every port" + refused}));
}

TEST(CiliumPolicy, RefusesOnlyWhatIsCertain) {
  for (const char* denied : {
           R"({})",
           R"({"fromEndpoints": [{}]})",
           R"({"fromEndpoints": [{"matchExpressions":
               [{"key": "io.kubernetes.pod.namespace", "operator": "DoesNotExist"}]}]})",
           R"({"fromEntities": ["cluster"]})",
           R"({"fromCIDRSet": [{"cidrGroupRef": "vpn"}]})",
           R"({"fromCIDRSet": [{"cidr": "11.0.0.0/8", "except": ["all of it"]}]})",
           R"({"fromGroups": [{"aws": {}}]})",
           R"({"toPorts": [{"ports": [{"port": "5432 and more"}]}]})",
           R"({"toPorts": [{"ports": []}]})",
           R"({"icmps": [{"fields": [{"type": 8}]}], "fromEntities": ["world"]})",
       }) {
    const NetworkPolicy read =
        ingress(R"({"fromEntities": ["world"]})", std::string(R"(, "ingressDeny": [)") + denied + "]");
    EXPECT_EQ(texts(read.ingress), Texts{"everybody to every port"}) << denied;
  }
  const NetworkPolicy some = ingress(R"({"fromEntities": ["world"]})",
                                     R"(, "ingressDeny": [{"fromEntities": ["host", "world-ipv4"]}])");
  EXPECT_EQ(texts(some.ingress), Texts{"everybody to every port, not 0.0.0.0/0 to every port"});
}

TEST(CiliumPolicy, IsolatesWhereItSaysWhoComesIn) {
  const auto types = [](const std::string& spec) {
    return policy(R"({"spec": {"endpointSelector": {}, )" + spec + "}}").policy_types;
  };
  EXPECT_EQ(types(R"("ingress": [{}])"), kIngress);
  EXPECT_EQ(types(R"("ingressDeny": [{"fromEntities": ["world"]}])"), kIngress);
  EXPECT_EQ(types(R"("egress": [{}])"), kEgress);
  EXPECT_EQ(types(R"("ingress": [])"), kEgress) << "an empty list is as good as none";
  EXPECT_EQ(types(R"("ingress": [], "enableDefaultDeny": {"ingress": true})"), kIngress);
  EXPECT_EQ(types(R"("ingressDeny": [{"fromEntities": ["world"]}], "enableDefaultDeny": {"ingress": false})"),
            kEgress);
  EXPECT_EQ(types(R"("ingress": [{"fromEntities": ["world"]}], "enableDefaultDeny": {"ingress": false})"),
            kIngress)
      << "it says who may come";
}

struct SubjectSample {
  const char* name;
  const char* selector;
  const char* subject;
};

void PrintTo(const SubjectSample& sample, std::ostream* out) { *out << sample.name; }

class CiliumSubjects : public ::testing::TestWithParam<SubjectSample> {};

TEST_P(CiliumSubjects, AreThePodsThatTheSelectorMeans) {
  const NetworkPolicy read =
      policy(std::string(R"({"spec": {"ingress": [{}], "endpointSelector": )") + GetParam().selector + "}}");
  EXPECT_EQ(subject_text(read), GetParam().subject);
}

const SubjectSample kSubjects[] = {
    {"Everybody", "{}", "*"},
    {"ByLabels", R"({"matchLabels": {"app": "db", "k8s:tier": "back", "any:zone": "a"}})",
     "zone In a, app In db, tier In back"},
    {"ByExpressions",
     R"({"matchExpressions": [{"key": "k8s:app", "operator": "In", "values": ["db", "pg"]},
         {"key": "public", "operator": "DoesNotExist"}]})",
     "app In db|pg, public DoesNotExist"},
    {"OfANamespace", R"({"matchLabels": {"app": "db", "k8s:io.kubernetes.pod.namespace": "data"}})",
     "app In db of kubernetes.io/metadata.name In data"},
    {"OfNamespacesWithLabels",
     R"({"matchExpressions": [{"key": "io.cilium.k8s.namespace.labels.team", "operator": "Exists"}]})",
     "* of team Exists"},
    {"ByWhatCannotBeKnown",
     R"({"matchLabels": {"io.cilium.k8s.policy.serviceaccount": "pg", "container:x": "y", "app": "db"}})",
     "app In db"},
    {"ByWhatCannotBeRead",
     R"({"matchLabels": {"app": 7}, "matchExpressions": [{"key": "app", "operator": "Like", "values": ["d*"]}]})",
     "*"},
    {"WhoeverIsNotTheHost", R"({"matchExpressions": [{"key": "reserved:host", "operator": "DoesNotExist"}]})",
     "*"},
};
INSTANTIATE_TEST_SUITE_P(Samples, CiliumSubjects, ::testing::ValuesIn(kSubjects),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(CiliumPolicy, LeavesOutWhatIsNotAboutPods) {
  const std::string open = R"("ingress": [{"fromEntities": ["world"]}])";
  EXPECT_EQ(policy(R"({"spec": {"nodeSelector": {}, )" + open + "}}").policy_types, kEgress);
  const NetworkPolicy proxies =
      policy(R"({"spec": {"endpointSelector": {"matchLabels": {"reserved:ingress": ""}}, )" + open + "}}");
  EXPECT_EQ(proxies.policy_types, kEgress);
  EXPECT_TRUE(proxies.ingress.empty());
}

TEST(CiliumPolicy, JoinsItsParts) {
  const NetworkPolicy read = policy(R"({
    "spec": {"endpointSelector": {"matchLabels": {"app": "out"}}, "egress": [{}]},
    "specs": [
      {"endpointSelector": {"matchLabels": {"app": "db", "io.kubernetes.pod.namespace": "a"}},
       "ingress": [{"fromCIDR": ["11.0.0.0/8"]}, {"fromEntities": ["world"]}],
       "ingressDeny": [{"fromCIDR": ["11.1.0.0/16"]}]},
      {"endpointSelector": {"matchLabels": {"app": "web", "io.kubernetes.pod.namespace": "b"}},
       "ingress": [{"fromEntities": ["world"]}]}]})");
  EXPECT_EQ(
      subject_text(read),
      "app In db or app In web of kubernetes.io/metadata.name In a or kubernetes.io/metadata.name In b");
  EXPECT_EQ(texts(read.ingress),
            (Texts{"11.0.0.0/8 to every port, not 11.1.0.0/16 to every port, about app In db",
                   "everybody to every port, not 11.1.0.0/16 to every port, about app In db",
                   "everybody to every port, about app In web"}))
      << "what one part refuses is not refused by another";
  const NetworkPolicy wider = policy(R"({"specs": [
      {"endpointSelector": {"matchLabels": {"io.kubernetes.pod.namespace": "a"}}, "ingress": [{}]},
      {"endpointSelector": {}, "ingress": [{}]}]})");
  EXPECT_EQ(subject_text(wider), "* or *") << "a part without a namespace is about all of them";
}

TEST(CiliumPolicy, SaysNothingWhereNothingIsWritten) {
  for (const char* object : {"{}", R"({"spec": null})", R"({"spec": 5, "specs": [1, "x", {}]})",
                             R"({"spec": {"ingress": {"fromEntities": 5}}})"}) {
    EXPECT_TRUE(policy(object).ingress.empty()) << object;
    EXPECT_EQ(policy(object).policy_types, kEgress) << object;
  }
}

TEST(CiliumPolicy, ReadsNoMoreRefusalsThanThereIsRoomFor) {
  std::string rules = R"({"fromEntities": ["world"]})";
  std::string denied = R"({"fromCIDR": ["11.0.0.0/8"]})";
  for (int i = 1; i < 2000; ++i) {
    rules += R"(, {"fromEntities": ["world"]})";
    denied += R"(, {"fromCIDR": ["11.0.0.0/8"]})";
  }
  const NetworkPolicy read = ingress(rules, R"(, "ingressDeny": [)" + denied + "]");
  ASSERT_EQ(read.ingress.size(), 2000U);
  EXPECT_EQ(read.ingress.front().refused.size(), 2000U);
  EXPECT_TRUE(read.ingress.back().refused.empty()) << "which lets in more, not less";
}

}  // namespace
}  // namespace berth::adapters
