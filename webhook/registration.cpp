#include "webhook/registration.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "core/base/api_names.h"
#include "kube/http/certificate.h"
#include "webhook/connect_review.h"
#include "webhook/match_conditions.h"

namespace berth::webhook {
namespace {

const std::vector<std::string> kWrites = {"CREATE", "UPDATE"};

// Of a WebhookRule.
constexpr char kNamespaced[] = "Namespaced";
constexpr char kCluster[] = "Cluster";

// Their objects are sent to no webhook by the API server.
constexpr char kNeverSent[] = "admissionregistration.k8s.io";
constexpr char kApiRegistration[] = "apiregistration.k8s.io";

constexpr char kFail[] = "Fail";
constexpr char kIgnore[] = "Ignore";

// Of an add-on: what is read of its kinds is the same in every version, and which one is served may change.
WebhookRule rule_for_every_version(std::string group, std::vector<std::string> resources,
                                   std::string scope = kNamespaced) {
  return WebhookRule{kWrites, {std::move(group)}, {"*"}, std::move(resources), std::move(scope)};
}

// For each group and scope one.
std::vector<WebhookRule> rules_of(const adapters::Table& table,
                                  const std::function<bool(const adapters::Adapter&)>& is_meant) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> adapted;
  for (const adapters::Adapter& adapter : table.all()) {
    if (adapter.group == kNeverSent || !is_meant(adapter)) continue;
    adapted[{adapter.group, adapter.cluster_scoped ? kCluster : kNamespaced}].push_back(adapter.plural);
  }
  std::vector<WebhookRule> rules;
  for (auto& [of, resources] : adapted) {
    rules.push_back(rule_for_every_version(of.first, std::move(resources), of.second));
  }
  return rules;
}

WebhookRule rule(std::string group, std::vector<std::string> resources) {
  // v1 alone is enough: with matchPolicy Equivalent other served versions arrive converted.
  return WebhookRule{kWrites, {std::move(group)}, {"v1"}, std::move(resources), kNamespaced};
}

void exempt_operator(ValidatingWebhook& webhook, const RegistrationOptions& options) {
  if (!options.operator_user.empty())
    webhook.match_conditions.push_back(not_the_operator(options.operator_user));
}

bool is_policy(const adapters::Adapter& adapter) { return adapter.policy_of != adapters::PolicyOf::kNobody; }

bool is_of_calico(const WebhookRule& rule, const adapters::Table& table) {
  return std::any_of(table.all().begin(), table.all().end(), [&](const adapters::Adapter& adapter) {
    return adapter.policy_of == adapters::PolicyOf::kCalico && adapter.group == rule.api_groups.front();
  });
}

bool is_asked_about_some(const adapters::Adapter& adapter) {
  return is_policy(adapter) || adapter.group == kApiRegistration;
}

// What always may open a way. Subresources only where they change exposure: status.loadBalancer
// (CVE-2020-8554).
std::vector<WebhookRule> rules_of_everything(const RegistrationOptions& options) {
  std::vector<WebhookRule> rules = {
      rule("", {"services", "services/status", "replicationcontrollers", "podtemplates"}),
      rule("apps", {"deployments", "statefulsets", "daemonsets", "replicasets"}),
      rule("batch", {"jobs", "cronjobs"}),
      rule("networking.k8s.io", {"ingresses"}),
      rule_for_every_version("gateway.networking.k8s.io",
                             {"gateways", "listenersets", "httproutes", "grpcroutes", "tlsroutes",
                              "tcproutes", "udproutes", "referencegrants"}),
      rule_for_every_version("gateway.networking.x-k8s.io", {"xlistenersets"}),
  };
  for (WebhookRule& rule : rules_of(options.adapters, std::not_fn(is_asked_about_some))) {
    rules.push_back(std::move(rule));
  }
  return rules;
}

// No condition that the API server would have to evaluate: for a Service that costs it half as much as the
// whole question (measured, docs/performance.md). So what the operator generates is told by a label here, and
// looked at more closely by the next entry.
ValidatingWebhook of_everything_written(ValidatingWebhook webhook, const RegistrationOptions& options) {
  webhook.name = kWebhookName;
  webhook.rules = rules_of_everything(options);
  if (!options.operator_user.empty())
    webhook.object_selector.match_expressions = {{kOwnerUidLabel, "DoesNotExist", {}}};
  return webhook;
}

// The label is no exemption, for anybody can write it: only who the operator is, is.
ValidatingWebhook of_generated_objects(ValidatingWebhook webhook, const RegistrationOptions& options) {
  webhook.name = kGeneratedWebhookName;
  webhook.rules = rules_of_everything(options);
  webhook.object_selector.match_expressions = {{kOwnerUidLabel, "Exists", {}}};
  exempt_operator(webhook, options);
  return webhook;
}

// Of which most open nothing, as the API server can tell by itself; kubectl debug among the subresources.
ValidatingWebhook of_chosen_objects(ValidatingWebhook webhook, const RegistrationOptions& options) {
  webhook.name = kChosenWebhookName;
  webhook.rules = {rule("", {"pods", "pods/ephemeralcontainers", "configmaps", "endpoints"}),
                   rule("networking.k8s.io", {"networkpolicies"}),
                   rule("discovery.k8s.io", {"endpointslices"})};
  for (WebhookRule& rule : rules_of(options.adapters, is_asked_about_some)) {
    webhook.rules.push_back(std::move(rule));
  }
  webhook.match_conditions = {not_a_node(), only_stream_maps(), only_endpoints_by_hand(),
                              only_open_network_policies(),
                              only_api_services_to_others_than(options.excluded_namespaces)};
  for (MatchCondition& condition : only_open_policies_of(options.adapters)) {
    webhook.match_conditions.push_back(std::move(condition));
  }
  exempt_operator(webhook, options);
  return webhook;
}

// Where a policy goes, or is for others from now on, pods may be left that nothing isolates (exposure.md row
// 57). What goes must be able to go while this webhook is away, and the cluster must be able to clear up
// whatever is said. Nor may a network that comes up wait because a new policy of Calico's selects pods, which
// nobody can tell from one that selects a set of networks (row 58).
ValidatingWebhook of_isolation(ValidatingWebhook webhook, const RegistrationOptions& options) {
  const std::vector<std::string> changes = {"UPDATE", "DELETE"};
  webhook.name = kIsolationWebhookName;
  webhook.rules = {WebhookRule{changes, {"networking.k8s.io"}, {"v1"}, {"networkpolicies"}, kNamespaced}};
  for (WebhookRule& rule : rules_of(options.adapters, is_policy)) {
    const bool may_select_sets = is_of_calico(rule, options.adapters);
    rule.operations = may_select_sets ? std::vector<std::string>{"CREATE", "UPDATE", "DELETE"} : changes;
    webhook.rules.push_back(std::move(rule));
  }
  webhook.failure_policy = kIgnore;
  webhook.match_conditions = {not_a_node(), not_clearing_up(), another_spec(),
                              only_new_policies_that_select()};
  exempt_operator(webhook, options);
  return webhook;
}

// Labels of a namespace decide which listeners take its routes, and which policies are about it (exposure.md
// row 60). No namespace may depend on this webhook: while it is away the change goes through, and the audit
// tells what it opened.
ValidatingWebhook of_labels(ValidatingWebhook webhook, const RegistrationOptions& options) {
  webhook.name = kLabelsWebhookName;
  webhook.rules = {WebhookRule{{"UPDATE"}, {""}, {"v1"}, {"namespaces"}, kCluster}};
  webhook.failure_policy = kIgnore;
  webhook.match_conditions = {not_clearing_up(), other_labels()};
  exempt_operator(webhook, options);
  return webhook;
}

// Only for namespaces that ask for it, so that nobody else's debugging depends on this webhook. Nobody is
// exempt: no node and no operator connects to ports through the API server.
ValidatingWebhook of_connections(ValidatingWebhook webhook) {
  webhook.name = kConnectWebhookName;
  webhook.rules = {WebhookRule{
      {"CONNECT"}, {""}, {"v1"}, {std::begin(kConnectResources), std::end(kConnectResources)}, kNamespaced}};
  webhook.namespace_selector.match_labels = {{kConnectLabel, kConnectDeny}};
  return webhook;
}

// "https://127.0.0.1:9443" -> "127.0.0.1"; "https://[::1]:9443" -> "::1".
std::string host_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  std::string rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  if (!rest.empty() && rest.front() == '[') return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

bool same_authorities(const std::string& a, const std::string& b) {
  if (a == b) return true;
  auto one = http::split_certificates(a);
  auto other = http::split_certificates(b);
  if (!one.ok() || !other.ok()) return false;
  std::sort(one->begin(), one->end());
  std::sort(other->begin(), other->end());
  return *one == *other;
}

bool same_entry(ValidatingWebhook live, const ValidatingWebhook& wanted) {
  if (!same_authorities(live.ca_bundle, wanted.ca_bundle)) return false;
  live.ca_bundle = wanted.ca_bundle;
  return live == wanted;
}

}  // namespace

bool is_own_entry(const std::string& name) {
  for (const char* own : {kWebhookName, kGeneratedWebhookName, kChosenWebhookName, kIsolationWebhookName,
                          kLabelsWebhookName, kConnectWebhookName}) {
    if (name == own) return true;
  }
  return false;
}

bool in_place(const ValidatingWebhookConfiguration& live, const ValidatingWebhookConfiguration& wanted) {
  const auto entry_of = [](const ValidatingWebhookConfiguration& in, const std::string& name) {
    return std::find_if(in.webhooks.begin(), in.webhooks.end(),
                        [&](const ValidatingWebhook& one) { return one.name == name; });
  };
  for (const auto& [key, value] : wanted.meta.labels) {
    const auto found = live.meta.labels.find(key);
    if (found == live.meta.labels.end() || found->second != value) return false;
  }
  for (const ValidatingWebhook& one : wanted.webhooks) {
    const auto found = entry_of(live, one.name);
    if (found == live.webhooks.end() || !same_entry(*found, one)) return false;
  }
  return std::none_of(live.webhooks.begin(), live.webhooks.end(), [&](const ValidatingWebhook& one) {
    return is_own_entry(one.name) && entry_of(wanted, one.name) == wanted.webhooks.end();
  });
}

ValidatingWebhookConfiguration make_registration(const RegistrationOptions& options,
                                                 const std::string& ca_pem) {
  ValidatingWebhook webhook;  // what all entries share
  if (options.url.empty()) {
    webhook.service = WebhookServiceReference{options.service_namespace, options.service_name, kReviewPath,
                                              options.service_port};
  } else {
    webhook.url = options.url + kReviewPath;
  }
  webhook.ca_bundle = ca_pem;
  webhook.failure_policy = options.fail_closed ? kFail : kIgnore;
  webhook.match_policy = "Equivalent";
  if (!options.excluded_namespaces.empty()) {
    // This label is set by the API server and cannot be given away by a tenant.
    webhook.namespace_selector.match_expressions = {
        {kNamespaceNameLabel, "NotIn", options.excluded_namespaces}};
  }
  webhook.side_effects = "None";
  webhook.timeout_seconds = 3;
  webhook.admission_review_versions = {"v1"};

  ValidatingWebhookConfiguration configuration;
  configuration.meta.name = kWebhookConfiguration;
  configuration.meta.labels = {{kManagedByLabel, kManagedByValue}};
  configuration.webhooks = {of_everything_written(webhook, options), of_chosen_objects(webhook, options),
                            of_isolation(webhook, options), of_connections(webhook),
                            of_labels(webhook, options)};
  if (!options.operator_user.empty())
    configuration.webhooks.push_back(of_generated_objects(webhook, options));
  return configuration;
}

std::vector<std::string> certificate_names(const RegistrationOptions& options) {
  if (!options.url.empty()) return {host_of(options.url)};
  const std::string base = options.service_name + "." + options.service_namespace;
  return {base + ".svc", base + ".svc.cluster.local"};
}

}  // namespace berth::webhook
