#include "webhook/registration.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <stdexcept>

namespace berth::webhook {
namespace {

RegistrationOptions options() {
  RegistrationOptions made;
  made.url = "https://127.0.0.1:9443";
  made.excluded_namespaces = {"kube-system", "berth-system"};
  made.operator_user = "system:serviceaccount:berth-system:berth-operator";
  return made;
}

const ValidatingWebhook& entry(const ValidatingWebhookConfiguration& configuration, const std::string& name) {
  for (const ValidatingWebhook& webhook : configuration.webhooks) {
    if (webhook.name == name) return webhook;
  }
  throw std::out_of_range("no entry " + name);
}

// What always may open a way, and what of the rest the API server chooses.
const ValidatingWebhook& webhook_of(const ValidatingWebhookConfiguration& configuration) {
  return entry(configuration, "exposure.berth.dev");
}
const ValidatingWebhook& chosen_of(const ValidatingWebhookConfiguration& configuration) {
  return entry(configuration, "chosen.exposure.berth.dev");
}

std::vector<WebhookRule> rules_that_wait(const ValidatingWebhookConfiguration& configuration) {
  std::vector<WebhookRule> rules;
  for (const ValidatingWebhook& webhook : configuration.webhooks) {
    if (webhook.failure_policy != "Fail" || webhook.name == kConnectWebhookName) continue;
    rules.insert(rules.end(), webhook.rules.begin(), webhook.rules.end());
  }
  return rules;
}

TEST(Registration, NeverMatchesEverything) {
  const auto made = make_registration(options(), "pem");
  for (const WebhookRule& rule : rules_that_wait(made)) {
    for (const auto* list : {&rule.api_groups, &rule.resources, &rule.operations}) {
      EXPECT_TRUE(std::none_of(list->begin(), list->end(), [](const std::string& entry) {
        return entry.find('*') != std::string::npos;
      }));
    }
  }
}

TEST(Registration, LeavesOutWhatCouldLockTheClusterOut) {
  const auto made = make_registration(options(), "pem");
  for (const WebhookRule& rule : rules_that_wait(made)) {
    for (const std::string& resource : rule.resources) {
      for (const char* forbidden : {"leases", "nodes", "events", "namespaces", "secrets",
                                    "deployments/status", "pods/status", "pods/binding"}) {
        EXPECT_NE(resource, forbidden);
      }
    }
    EXPECT_EQ(std::count(rule.operations.begin(), rule.operations.end(), "DELETE"), 0);
  }
  for (const ValidatingWebhook& webhook : made.webhooks) EXPECT_LE(webhook.timeout_seconds, 3);
}

// Else nothing could be cleared away, no namespace be deleted, while the webhook is dead.
TEST(Registration, HoldsUpNoDeletionWhileItIsAway) {
  const auto made = make_registration(options(), "pem");
  const ValidatingWebhook& isolation = entry(made, "isolation.exposure.berth.dev");
  EXPECT_EQ(isolation.failure_policy, "Ignore");
  std::vector<std::string> resources;
  for (const WebhookRule& rule : isolation.rules) {
    const bool may_select_sets = rule.api_groups.at(0).ends_with("projectcalico.org");
    EXPECT_EQ(rule.operations, may_select_sets ? (std::vector<std::string>{"CREATE", "UPDATE", "DELETE"})
                                               : (std::vector<std::string>{"UPDATE", "DELETE"}));
    for (const std::string& resource : rule.resources)
      resources.push_back(rule.api_groups.at(0) + "/" + resource + " " + rule.scope);
  }
  std::sort(resources.begin(), resources.end());
  EXPECT_EQ(resources, (std::vector<std::string>{"cilium.io/ciliumclusterwidenetworkpolicies Cluster",
                                                 "cilium.io/ciliumnetworkpolicies Namespaced",
                                                 "crd.projectcalico.org/globalnetworkpolicies Cluster",
                                                 "crd.projectcalico.org/networkpolicies Namespaced",
                                                 "networking.k8s.io/networkpolicies Namespaced",
                                                 "projectcalico.org/globalnetworkpolicies Cluster",
                                                 "projectcalico.org/networkpolicies Namespaced"}));
  EXPECT_EQ(isolation.ca_bundle, webhook_of(made).ca_bundle);
  EXPECT_EQ(isolation.url, webhook_of(made).url);
  EXPECT_TRUE(std::any_of(
      isolation.match_conditions.begin(), isolation.match_conditions.end(),
      [](const auto& one) { return one.expression.find("generic-garbage-collector") != std::string::npos; }));
}

// exposure.md row 58. Of a set it is always asked, of a policy that may select one whenever it is there.
TEST(Registration, Row58_IsAskedAboutSetsOfNetworksAndWhateverMaySelectThem) {
  const auto made = make_registration(options(), "pem");
  std::set<std::string> sets;
  for (const WebhookRule& rule : webhook_of(made).rules) {
    for (const std::string& resource : rule.resources) {
      if (resource.ends_with("networksets") || resource.ends_with("cidrgroups"))
        sets.insert(rule.api_groups.at(0) + "/" + resource + " " + rule.scope);
    }
  }
  EXPECT_EQ(sets,
            (std::set<std::string>{
                "cilium.io/ciliumcidrgroups Cluster", "crd.projectcalico.org/globalnetworksets Cluster",
                "crd.projectcalico.org/networksets Namespaced", "projectcalico.org/globalnetworksets Cluster",
                "projectcalico.org/networksets Namespaced"}));
  const auto& conditions = entry(made, "isolation.exposure.berth.dev").match_conditions;
  EXPECT_TRUE(std::any_of(conditions.begin(), conditions.end(), [](const auto& one) {
    return one.name == "no-new-policy-but-selecting-ones" &&
           one.expression.find("rule.source.selector != ''") != std::string::npos;
  }));
}

// exposure.md row 60. A namespace is never held up.
TEST(Registration, Row60_IsAskedAboutOtherLabelsOfNamespacesAndNothingWaitsForIt) {
  const auto made = make_registration(options(), "pem");
  const ValidatingWebhook& labels = entry(made, "labels.exposure.berth.dev");
  ASSERT_EQ(labels.rules.size(), 1U);
  EXPECT_EQ(labels.rules[0], (WebhookRule{{"UPDATE"}, {""}, {"v1"}, {"namespaces"}, "Cluster"}));
  EXPECT_EQ(labels.failure_policy, "Ignore");
  EXPECT_LE(labels.timeout_seconds, 3);
}

TEST(Registration, JudgesServicesTemplatesAndWhatElseOpensAWay) {
  auto alone = options();
  alone.adapters = {};
  const auto made = make_registration(alone, "pem");
  std::vector<std::string> resources;
  for (const ValidatingWebhook* webhook : {&webhook_of(made), &chosen_of(made)}) {
    for (const WebhookRule& rule : webhook->rules)
      resources.insert(resources.end(), rule.resources.begin(), rule.resources.end());
  }
  for (const char* wanted : {"services",
                             "services/status",
                             "pods",
                             "pods/ephemeralcontainers",
                             "deployments",
                             "statefulsets",
                             "daemonsets",
                             "replicasets",
                             "replicationcontrollers",
                             "podtemplates",
                             "jobs",
                             "cronjobs",
                             "ingresses",
                             "configmaps",
                             "endpoints",
                             "endpointslices",
                             "gateways",
                             "listenersets",
                             "httproutes",
                             "grpcroutes",
                             "tlsroutes",
                             "tcproutes",
                             "udproutes",
                             "referencegrants",
                             "xlistenersets"}) {
    EXPECT_EQ(std::count(resources.begin(), resources.end(), wanted), 1) << wanted;
  }
  EXPECT_EQ(webhook_of(made).match_policy, "Equivalent");
  EXPECT_EQ(webhook_of(made).side_effects, "None");
  EXPECT_EQ(webhook_of(made).failure_policy, "Fail");
}

// Whether the condition holds is shown on a real API server (e2e/gate).
TEST(Registration, TakesInTheKindsOfTheAdapters) {
  auto with = options();
  const auto more = adapters::Table::parse(
      "version: 1\nadapters:\n"
      "  - {group: example.org, kind: Door, plural: doors, versions: [v1], leadsTo: [{service: spec.to}]}\n");
  ASSERT_TRUE(more.ok());
  with.adapters = adapters::builtin().joined(*more);
  const auto made = make_registration(with, "pem");
  const auto& rules = webhook_of(made).rules;
  for (const auto& [group, resource] : std::initializer_list<std::pair<std::string, std::string>>{
           {"traefik.io", "ingressroutetcps"}, {"argoproj.io", "rollouts"}, {"example.org", "doors"}}) {
    EXPECT_TRUE(std::any_of(rules.begin(), rules.end(), [&](const WebhookRule& rule) {
      const auto& plurals = rule.resources;
      return rule.api_groups == std::vector{group} && rule.api_versions == std::vector<std::string>{"*"} &&
             std::find(plurals.begin(), plurals.end(), resource) != plurals.end();
    })) << resource;
  }
}

// For a Service that would cost half as much again as asking (docs/performance.md).
TEST(Registration, HasNoConditionEvaluatedForWhatAlwaysMayOpenAWay) {
  const auto made = make_registration(options(), "pem");
  EXPECT_TRUE(webhook_of(made).match_conditions.empty());
  const auto kinds_of = [](const ValidatingWebhook& webhook) {
    std::set<std::string> kinds;
    for (const WebhookRule& rule : webhook.rules) {
      for (const std::string& resource : rule.resources)
        EXPECT_TRUE(kinds.insert(rule.api_groups.at(0) + "/" + resource).second) << resource << " twice";
    }
    return kinds;
  };
  const std::set<std::string> plain = kinds_of(webhook_of(made));
  for (const char* wanted : {"/services", "apps/deployments", "networking.k8s.io/ingresses",
                             "gateway.networking.k8s.io/httproutes", "argoproj.io/rollouts"})
    EXPECT_TRUE(plain.contains(wanted)) << wanted;
  for (const std::string& kind : kinds_of(chosen_of(made))) EXPECT_FALSE(plain.contains(kind)) << kind;
}

// Whatever labels an object has, and had, it is asked about; only the operator is not, and only by who he is.
TEST(Registration, AsksAboutWhatLooksGeneratedUnlessTheOperatorWritesIt) {
  const auto made = make_registration(options(), "pem");
  const ValidatingWebhook& generated = entry(made, "generated.exposure.berth.dev");
  EXPECT_EQ(generated.rules, webhook_of(made).rules);
  EXPECT_EQ(generated.failure_policy, "Fail");
  ASSERT_EQ(generated.match_conditions.size(), 1U);
  EXPECT_EQ(generated.match_conditions[0].expression,
            "request.userInfo.username != 'system:serviceaccount:berth-system:berth-operator'");
  for (const Labels& labels :
       {Labels{}, Labels{{"berth.dev/allocation-uid", ""}},
        Labels{{"berth.dev/allocation-uid", "x"}, {"app", "web"}}, Labels{{"app", "web"}}}) {
    EXPECT_NE(matches(generated.object_selector, labels), matches(webhook_of(made).object_selector, labels));
  }
  auto alone = options();
  alone.operator_user = "";
  const auto without = make_registration(alone, "pem");
  EXPECT_TRUE(webhook_of(without).object_selector.empty());
  EXPECT_THROW(entry(without, "generated.exposure.berth.dev"), std::out_of_range);
}

// The API server registers APIServices of its own when it starts, and sends webhook configurations to nobody.
TEST(Registration, Row75_AsksOnlyForAPIServicesThatLeadToSomebodyWhoIsJudged) {
  const auto made = make_registration(options(), "pem");
  const auto& webhook = chosen_of(made);
  bool api_services = false;
  for (const WebhookRule& rule : webhook.rules) {
    EXPECT_NE(rule.api_groups, std::vector<std::string>{"admissionregistration.k8s.io"});
    if (rule.api_groups != std::vector<std::string>{"apiregistration.k8s.io"}) continue;
    api_services = true;
    EXPECT_EQ(rule.resources, std::vector<std::string>{"apiservices"});
    EXPECT_EQ(rule.scope, "Cluster");
  }
  EXPECT_TRUE(api_services);
  EXPECT_TRUE(std::any_of(
      webhook.match_conditions.begin(), webhook.match_conditions.end(), [](const MatchCondition& condition) {
        return condition.expression.starts_with(
                   "request.resource.resource != 'apiservices' || (has(object.spec"
                   ".service) && ") &&
               condition.expression.find("['kube-system', 'berth-system']") != std::string::npos;
      }));
}

TEST(Registration, AsksOnlyForConfigMapsThatForwardStreams) {
  const auto made = make_registration(options(), "pem");
  const auto& conditions = chosen_of(made).match_conditions;
  EXPECT_TRUE(std::any_of(conditions.begin(), conditions.end(), [](const MatchCondition& condition) {
    return condition.expression.starts_with("request.resource.resource != 'configmaps' || ");
  }));
}

// Which objects that is, is shown on a real API server (e2e/verdicts).
TEST(Registration, AsksOfForeignPoliciesOnlyForTheOpenOnesOfTheKindsInTheTable) {
  const auto conditions_of = [](adapters::Table table) {
    auto with = options();
    with.adapters = std::move(table);
    const auto made = make_registration(with, "pem");
    std::string text;
    for (const MatchCondition& one : chosen_of(made).match_conditions)
      text += one.name + ": " + one.expression + "\n";
    return text;
  };
  const std::string all = conditions_of(adapters::builtin());
  EXPECT_NE(
      all.find("no-cilium-policy-but-open-ones: !(request.resource.group + '/' + request.resource.resource "
               "in ['cilium.io/ciliumnetworkpolicies', 'cilium.io/ciliumclusterwidenetworkpolicies']) || ("),
      std::string::npos)
      << all;
  EXPECT_NE(all.find("'crd.projectcalico.org/globalnetworkpolicies'"), std::string::npos) << all;
  EXPECT_EQ(conditions_of({}).find("cilium"), std::string::npos);
}

TEST(Registration, IsNotAskedWhenTheClusterFollowsItsPods) {
  const auto made = make_registration(options(), "pem");
  const auto& conditions = chosen_of(made).match_conditions;
  EXPECT_TRUE(std::any_of(conditions.begin(), conditions.end(), [](const MatchCondition& condition) {
    const std::string& text = condition.expression;
    const bool by_user =
        text.find("'system:serviceaccount:kube-system:endpointslice-controller'") != std::string::npos;
    return by_user && text.find("labels") == std::string::npos;  // those anybody can write
  }));
}

// exposure.md row 75: who does not ask for it can debug while the webhook is away.
TEST(Registration, Row75_IsAskedOfConnectionsOnlyInNamespacesThatWantIt) {
  const auto made = make_registration(options(), "pem");
  const ValidatingWebhook& connect = entry(made, "connect.exposure.berth.dev");
  ASSERT_EQ(connect.rules.size(), 1U);
  EXPECT_EQ(
      connect.rules[0],
      (WebhookRule{
          {"CONNECT"}, {""}, {"v1"}, {"pods/portforward", "pods/proxy", "services/proxy"}, "Namespaced"}));
  EXPECT_TRUE(connect.match_conditions.empty());
  EXPECT_EQ(connect.failure_policy, webhook_of(made).failure_policy);
  EXPECT_EQ(connect.url, webhook_of(made).url);
  const auto is_asked = [&](const char* ns, Labels labels) {
    labels["kubernetes.io/metadata.name"] = ns;
    return matches(connect.namespace_selector, labels);
  };
  EXPECT_TRUE(is_asked("data", {{"berth.dev/connect", "Deny"}}));
  EXPECT_FALSE(is_asked("data", {{"berth.dev/connect", "Allow"}}));
  EXPECT_FALSE(is_asked("data", {}));
  EXPECT_FALSE(is_asked("kube-system", {{"berth.dev/connect", "Deny"}}));
  for (const ValidatingWebhook& webhook : made.webhooks) {
    if (webhook.name == kConnectWebhookName) continue;
    for (const WebhookRule& rule : webhook.rules)
      EXPECT_EQ(std::count(rule.operations.begin(), rule.operations.end(), "CONNECT"), 0);
  }
}

// exposure.md row 60: the API server sets that label on every namespace, and nobody else can.
TEST(Registration, Row60_ExcludesNamespacesByTheLabelNobodyCanForge) {
  const auto made = make_registration(options(), "pem");
  for (const ValidatingWebhook& webhook : made.webhooks) {
    const LabelSelector& selector = webhook.namespace_selector;
    const bool asks = webhook.name == kConnectWebhookName;  // and is asked then
    const Labels wanted = asks ? Labels{{kConnectLabel, kConnectDeny}} : Labels{};
    const auto with = [&](Labels labels) {
      labels.insert(wanted.begin(), wanted.end());
      return labels;
    };
    EXPECT_FALSE(matches(selector, with({{"kubernetes.io/metadata.name", "kube-system"}})));
    EXPECT_TRUE(matches(selector, with({{"kubernetes.io/metadata.name", "data"}})));
    for (const char* tried : {"name", "control-plane", "app.kubernetes.io/managed-by", "berth.dev/ignore",
                              "admission.gatekeeper.sh/ignore"}) {
      EXPECT_TRUE(matches(selector, with({{"kubernetes.io/metadata.name", "data"}, {tried, "kube-system"}})))
          << tried;
    }
  }
}

// exposure.md row 62: a tenant drives the operators of others by their custom resources.
TEST(Registration, Row62_NoServiceAccountIsExemptButOurOperatorAndControllersOfTheCluster) {
  constexpr char kPrefix[] = "system:serviceaccount:";
  const auto made = make_registration(options(), "pem");
  int found = 0;
  for (const ValidatingWebhook& webhook : made.webhooks) {
    for (const MatchCondition& condition : webhook.match_conditions) {
      const std::string& text = condition.expression;
      for (std::size_t at = 0; (at = text.find(kPrefix, at)) != std::string::npos; ++found) {
        const std::string user = text.substr(at, text.find('\'', at) - at);
        EXPECT_TRUE(user.starts_with("system:serviceaccount:kube-system:") || user == options().operator_user)
            << user;
        at += sizeof(kPrefix) - 1;
      }
    }
  }
  EXPECT_GT(found, 0);
}

TEST(Registration, IsReachedByUrlOrByService) {
  auto by_url = options();
  EXPECT_EQ(webhook_of(make_registration(by_url, "pem")).url, "https://127.0.0.1:9443/v1/review");
  EXPECT_EQ(certificate_names(by_url), std::vector<std::string>{"127.0.0.1"});
  by_url.url = "https://[::1]:9443";
  EXPECT_EQ(certificate_names(by_url), std::vector<std::string>{"::1"});
  RegistrationOptions by_service;
  by_service.service_name = "berth-webhook";
  by_service.service_namespace = "berth-system";
  ASSERT_TRUE(webhook_of(make_registration(by_service, "pem")).service.has_value());
  EXPECT_EQ(certificate_names(by_service)[0], "berth-webhook.berth-system.svc");
}

}  // namespace
}  // namespace berth::webhook
