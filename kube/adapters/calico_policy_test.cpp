// Policies of Calico, as its documentation writes them.
#include "kube/adapters/calico_policy.h"

#include <gtest/gtest.h>

#include "kube/adapters/policy_text_for_test.h"

namespace berth::adapters {
namespace {

using testing::subject_text;
using testing::texts;
using Texts = std::vector<std::string>;

NetworkPolicy policy(const std::string& spec) {
  const auto tree = json::parse_tree(R"J({"spec": )J" + spec + "}");
  EXPECT_TRUE(tree.ok()) << spec;
  return read_calico_policy(*tree);
}

Texts ingress(const std::string& rules) { return texts(policy(R"J({"ingress": [)J" + rules + "]}").ingress); }

struct RuleSample {
  const char* name;
  const char* rules;
  Texts texts;
};

void PrintTo(const RuleSample& sample, std::ostream* out) { *out << sample.name; }

class CalicoRules : public ::testing::TestWithParam<RuleSample> {};

TEST_P(CalicoRules, LetInWhomTheyName) { EXPECT_EQ(ingress(GetParam().rules), GetParam().texts); }

const RuleSample kRules[] = {
    {"Everybody", R"J({"action": "Allow"})J", {"everybody to every port"}},
    {"EverybodyByEmptyMembers",
     R"J({"action": "Allow", "source": {"selector": "", "nets": []}, "destination": {}})J",
     {"everybody to every port"}},
    {"NobodyByDeny", R"J({"action": "Deny"})J", {}},
    {"NobodyByLogAndPass", R"J({"action": "Log"}, {"action": "Pass"})J", {}},
    {"EverybodyByAnActionThatIsNotKnown", R"J({"action": "Admit"})J", {"everybody to every port"}},
    {"Networks",
     R"J({"action": "Allow", "source": {"nets": ["20.0.0.0/8", "2001:db8::1"]}})J",
     {"20.0.0.0/8 + 2001:db8::1/128 to every port"}},
    {"NetworksButSome",
     R"J({"action": "Allow", "source": {"nets": ["20.0.0.0/8"], "notNets": ["20.1.0.0/16"]}})J",
     {"20.0.0.0/8 but 20.1.0.0/16 to every port"}},
    {"AllNetworksButSome",
     R"J({"action": "Allow", "source": {"notNets": ["20.1.0.0/16"]}})J",
     {"0.0.0.0/0 but 20.1.0.0/16 + ::/0 but 20.1.0.0/16 to every port"}},
    {"OneVersion", R"J({"action": "Allow", "ipVersion": 6})J", {"::/0 to every port"}},
    {"NetworksOfOneVersion",
     R"J({"action": "Allow", "ipVersion": 4, "source": {"nets": ["20.0.0.0/8", "2001:db8::/32"]}})J",
     {"20.0.0.0/8 to every port"}},
    {"NoNetworkOfThatVersion",
     R"J({"action": "Allow", "ipVersion": 4, "source": {"nets": ["2001:db8::/32"]}})J",
     {"inside to every port"}},
    {"Pods",
     R"J({"action": "Allow", "source": {"selector": "app == 'web'"}})J",
     {"inside + sets here (app In web) to every port"}},
    {"PodsOfNamespaces",
     R"J({"action": "Allow", "source": {"namespaceSelector": "has(team)", "nets": ["0.0.0.0/0"]}})J",
     {"inside + sets (* of team Exists) within 0.0.0.0/0 to every port"}},
    {"ServiceAccounts",
     R"J({"action": "Allow", "source": {"serviceAccounts": {"names": ["web"]}}})J",
     {"inside + sets here (projectcalico.org/serviceaccount In web) to every port"}},
    {"ServiceAccountsByLabels",
     R"J({"action": "Allow", "source": {"serviceAccounts": {"selector": "a == 'b' || !has(c)"}, "selector": "has(d)"}})J",
     {"inside + sets here (d Exists) and (pcsa.a In b or pcsa.c DoesNotExist) to every port"}},
    {"NoServiceAccounts",
     R"J({"action": "Allow", "source": {"serviceAccounts": {"names": []}}})J",
     {"everybody to every port"}},
    {"TheEndpointsOfAService",
     R"J({"action": "Allow", "source": {"services": {"name": "web"}}})J",
     {"inside to every port"}},
    {"WhoeverHasNotTheLabel",
     R"J({"action": "Allow", "source": {"notSelector": "app == 'web'"}})J",
     {"everybody to every port"}},
    {"SetsOfTheWholeCluster",
     R"J({"action": "Allow", "source": {"namespaceSelector": "global()", "selector": "role == 'vpn'"}})J",
     {"inside + sets (role In vpn) and (* of kubernetes.io/metadata.name DoesNotExist) to every port"}},
    {"SetsOfEveryNamespace",
     R"J({"action": "Allow", "source": {"namespaceSelector": "all()", "selector": "role == 'vpn'"}})J",
     {"inside + sets (role In vpn) and (* of kubernetes.io/metadata.name Exists) to every port"}},
    {"SetsOfANamespaceOrTheWholeCluster",
     R"J({"action": "Allow", "source": {"namespaceSelector": "projectcalico.org/name == 'x' || global()"}})J",
     {"inside + sets (* of kubernetes.io/metadata.name In x or * of kubernetes.io/metadata.name "
      "DoesNotExist) "
      "to every port"}},
    {"SetsOfANamespaceInTheSelector",
     R"J({"action": "Allow", "source": {"selector": "has(a) && projectcalico.org/namespace == 'x' && pcns.b != 'y'"}})J",
     {"inside + sets here (a Exists of kubernetes.io/metadata.name In x, b NotIn y) to every port"}},
    {"SetsByWhatCannotBeReadAreAll",
     R"J({"action": "Allow", "source": {"selector": "role contains 'v'"}})J",
     {"inside + sets here to every port"}},
    {"NoSet",
     R"J({"action": "Allow", "source": {"selector": "!all()"}})J",
     {"inside + sets here () to every port"}},
    {"SetsOfSomeNetworks",
     R"J({"action": "Allow", "source": {"namespaceSelector": "global()", "nets": ["20.0.0.0/8"], "notNets": ["20.1.1.1"]}})J",
     {"inside + sets (* of kubernetes.io/metadata.name DoesNotExist) within 20.0.0.0/8 but 20.1.1.1/32 to "
      "every "
      "port"}},
    {"SetsOfOneVersion",
     R"J({"action": "Allow", "ipVersion": 6, "source": {"selector": "has(a)"}})J",
     {"inside + sets here (a Exists) within ::/0 to every port"}},
    {"SetsOfNoVersion",
     R"J({"action": "Allow", "ipVersion": 6, "source": {"selector": "has(a)", "nets": ["20.0.0.0/8"]}})J",
     {"inside to every port"}},
    {"AProtocol", R"J({"action": "Allow", "protocol": "UDP"})J", {"everybody to UDP"}},
    {"AProtocolByNumber", R"J({"action": "Allow", "protocol": 6})J", {"everybody to TCP"}},
    {"EveryProtocolButOne", R"J({"action": "Allow", "notProtocol": "TCP"})J", {"everybody to UDP + SCTP"}},
    {"EveryProtocolButOneWithoutPorts",
     R"J({"action": "Allow", "notProtocol": "ICMP"})J",
     {"everybody to every port"}},
    {"ProtocolsWithoutPorts",
     R"J({"action": "Allow", "protocol": "ICMP"}, {"action": "Allow", "protocol": "ICMPv6"},
        {"action": "Allow", "protocol": "UDPLite"}, {"action": "Allow", "protocol": 47})J",
     {}},
    {"AProtocolThatIsNone", R"J({"action": "Allow", "protocol": "TPC"})J", {"everybody to every port"}},
    {"Ports",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": [5432, "80:90", "pg", "443"]}})J",
     {"everybody to TCP 80-90 + TCP 443 + TCP 5432 + TCP pg"}},
    {"PortsWithoutAProtocol",
     R"J({"action": "Allow", "destination": {"ports": [5432]}})J",
     {"everybody to TCP 5432 + UDP 5432 + SCTP 5432"}},
    {"EveryNumber",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": ["0:65535"]}})J",
     {"everybody to TCP"}},
    {"AllButSomePorts",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"notPorts": ["80:90", 5432]}})J",
     {"everybody to TCP 1-79 + TCP 91-5431 + TCP 5433-65535"}},
    {"AllButSomeAtTheEdges",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"notPorts": [1, "60000:65535", "50000:61000"]}})J",
     {"everybody to TCP 2-49999"}},
    {"PortsButSome",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": ["10:20", "15:30"], "notPorts": [10, 18]}})J",
     {"everybody to TCP 11-17 + TCP 19-30"}},
    {"NoPortIsLeft",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": [80], "notPorts": ["1:100"]}})J",
     {}},
    {"ANameThatIsLeftOutIsTakenForMore",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"notPorts": ["pg"]}})J",
     {"everybody to TCP"}},
    {"APortThatCannotBeReadIsEveryOne",
     R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": ["90:80"]}})J",
     {"everybody to TCP"}},
    {"NobodyListensAt0", R"J({"action": "Allow", "protocol": "TCP", "destination": {"ports": [0]}})J", {}},
    {"AboutSomeOfThePods",
     R"J({"action": "Allow", "destination": {"selector": "app == 'db' || app == 'web'"}})J",
     {"everybody to every port, about app In db or app In web"}},
    {"AboutNoneOfThePods", R"J({"action": "Allow", "destination": {"selector": "!all()"}})J", {}},
    {"ADenyBefore",
     R"J({"action": "Deny", "protocol": "TCP", "destination": {"ports": [5432]}}, {"action": "Allow"})J",
     {"everybody to every port, not everybody to TCP 5432"}},
    {"ADenyBetween",
     R"J({"action": "Allow", "source": {"nets": ["20.0.0.0/8"]}},
        {"action": "Deny", "source": {"nets": ["0.0.0.0/0"], "notNets": ["30.0.0.0/8"]}}, {"action": "Allow"})J",
     {"20.0.0.0/8 to every port", "everybody to every port, not 0.0.0.0/0 but 30.0.0.0/8 to every port"}},
    {"ADenyAfter", R"J({"action": "Allow"}, {"action": "Deny"})J", {"everybody to every port"}},
};
INSTANTIATE_TEST_SUITE_P(Samples, CalicoRules, ::testing::ValuesIn(kRules),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(CalicoPolicy, RefusesOnlyWhatIsCertain) {
  for (const char* denied : {
           R"J("source": {"selector": "app == 'x'"})J",
           R"J("source": {"notSelector": "app == 'x'"})J",
           R"J("source": {"namespaceSelector": "global()"})J",
           R"J("source": {"ports": [1024]})J",
           R"J("source": {"nets": ["somewhere"]})J",
           R"J("source": {"nets": ["20.0.0.0/8"], "notNets": ["somewhere"]})J",
           R"J("destination": {"selector": "app == 'x'"})J",
           R"J("destination": {"nets": ["10.1.0.0/16"]})J",
           R"J("protocol": "TCP", "destination": {"notPorts": ["pg"]})J",
           R"J("protocol": "TCP", "destination": {"ports": ["90:80"]})J",
           R"J("protocol": "TPC")J",
           R"J("protocol": "ICMP")J",
           R"J("http": {"methods": ["GET"]})J",
           R"J("ipVersion": 4, "source": {"nets": ["2001:db8::/32"]})J",
       }) {
    EXPECT_EQ(ingress(std::string(R"J({"action": "Deny", )J") + denied + R"J(}, {"action": "Allow"})J"),
              Texts{"everybody to every port"})
        << denied;
  }
}

TEST(CalicoPolicy, IsForIngressUnlessItHasOnlyEgress) {
  const auto types = [](const std::string& spec) { return policy(spec).policy_types; };
  EXPECT_EQ(types("{}"), Texts{"Ingress"});
  EXPECT_EQ(types(R"J({"types": [], "ingress": [{"action": "Deny"}]})J"), Texts{"Ingress"});
  EXPECT_EQ(types(R"J({"egress": [{"action": "Deny"}]})J"), Texts{"Egress"});
  EXPECT_EQ(types(R"J({"ingress": [{}], "egress": [{}]})J"), (Texts{"Ingress", "Egress"}));
  EXPECT_EQ(types(R"J({"types": ["Egress"], "ingress": [{"action": "Allow"}]})J"), Texts{"Egress"});
}

struct SubjectSample {
  const char* name;
  const char* spec;
  const char* subject;
};

void PrintTo(const SubjectSample& sample, std::ostream* out) { *out << sample.name; }

class CalicoSubjects : public ::testing::TestWithParam<SubjectSample> {};

TEST_P(CalicoSubjects, AreThePodsThatTheSelectorsMean) {
  EXPECT_EQ(subject_text(policy(GetParam().spec)), GetParam().subject);
}

const SubjectSample kSubjects[] = {
    {"Everybody", "{}", "*"},
    {"ByLabel", R"J({"selector": "app == 'db'"})J", "app In db"},
    {"ByAlternatives", R"J({"selector": "app == 'db' || has(pg)"})J", "app In db or pg Exists"},
    {"Nobody", R"J({"selector": "!all()"})J", " In"},
    {"OfNamespacesByName", R"J({"namespaceSelector": "projectcalico.org/name == 'data'"})J",
     "* of kubernetes.io/metadata.name In data"},
    {"OfNamespacesByLabels", R"J({"selector": "has(a)", "namespaceSelector": "team in {'x'} || !has(b)"})J",
     "a Exists of team In x or b DoesNotExist"},
    {"OfEveryNamespace", R"J({"namespaceSelector": "all()"})J", "*"},
    {"OfNoNamespace", R"J({"namespaceSelector": "!all()"})J", "* of  In"},
    {"TheNamespaceInTheSelector",
     R"J({"selector": "app == 'db' && projectcalico.org/namespace == 'data' && pcns.team != 'x'"})J",
     "app In db of kubernetes.io/metadata.name In data, team NotIn x"},
    {"ANamespaceInOneAlternativeOnly",
     R"J({"selector": "projectcalico.org/namespace == 'data' || app == 'db'"})J", "* or app In db"},
    {"ByWhatCannotBeKnown",
     R"J({"selector": "projectcalico.org/orchestrator == 'k8s' && pcsa.x == 'y' && app == 'db'",
         "serviceAccountSelector": "has(z)"})J",
     "app In db"},
};
INSTANTIATE_TEST_SUITE_P(Samples, CalicoSubjects, ::testing::ValuesIn(kSubjects),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(CalicoPolicy, SaysNothingWhereNothingIsWritten) {
  for (const char* spec :
       {"null", "5", "[]", R"J({"ingress": 5})J", R"J({"ingress": {"action": "Allow"}})J"}) {
    EXPECT_TRUE(policy(spec).ingress.empty()) << spec;
  }
}

std::string repeated(const std::string& text, int times) {
  std::string all = text;
  for (int i = 1; i < times; ++i) all += ", " + text;
  return all;
}

TEST(CalicoPolicy, TakesWhatIsTooMuchForMore) {
  const std::string nets = repeated(R"J("20.0.0.0/8")J", 100);
  const Texts many =
      ingress(R"J({"action": "Allow", "source": {"nets": [)J" + nets + R"J(], "notNets": [)J" + nets + "]}}");
  ASSERT_EQ(many.size(), 1U);
  EXPECT_EQ(many.front().find("but"), std::string::npos);
  EXPECT_EQ(ingress(R"J({"action": "Deny", "source": {"nets": [)J" + nets + R"J(], "notNets": [)J" + nets +
                    R"J(]}}, {"action": "Allow"})J"),
            Texts{"everybody to every port"});

  std::string rules = R"J({"action": "Allow", "source": {"selector": "has(a)"}})J";
  const std::string wide =
      "has(a) && (has(b) || has(c)) && (has(d) || has(e)) && (has(f) || has(g)) && (has(h) || "
      "has(i)) && (has(j) || has(k)) && (has(l) || has(m))";
  for (int i = 0; i < 300; ++i)
    rules += R"J(, {"action": "Allow", "source": {"selector": ")J" + wide + "\"}}";
  const Texts sets = ingress(rules);
  EXPECT_EQ(sets.front(), "inside + sets here (a Exists) to every port");
  EXPECT_EQ(sets.back(), "inside + sets here to every port");

  const std::string either = "has(a)" + std::string(" || has(b) || has(c) || has(d) || has(e) || has(f)") +
                             " || has(g) || has(h) || has(i)";
  EXPECT_EQ(ingress(R"J({"action": "Allow", "destination": {"selector": ")J" + either + "\"}}"),
            Texts{"everybody to every port"});
}

}  // namespace
}  // namespace berth::adapters
