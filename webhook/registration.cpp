#include "webhook/registration.h"

#include <iterator>
#include <map>
#include <utility>

#include "core/base/api_names.h"
#include "webhook/connect_review.h"

namespace berth::webhook {
namespace {

const std::vector<std::string> kWrites = {"CREATE", "UPDATE"};

// Of a WebhookRule.
constexpr char kNamespaced[] = "Namespaced";
constexpr char kCluster[] = "Cluster";

// Of ConfigMaps only those with an entry such as "9000": "data/db:5432" (core/exposure/stream_map.h): leader
// election and what every namespace is given never wait for this webhook. Of a thousand entries the API
// server has the answer in some milliseconds, of fifty thousand in ten seconds (measured): those are read
// here.
constexpr char kOnlyStreams[] =
    "request.resource.resource != 'configmaps' || (has(object.data) && (object.data.size() > 1000 || "
    "object.data.exists(key, key.matches('^[0-9]+$') && object.data[key].contains('/'))))";

// Of what leads Services on only what somebody writes by hand: the controllers of the cluster follow the
// pods, and are told by who they are, for a label anybody can write (exposure.md row 16). An object without
// addresses leads nowhere; leader election of old kept its lock in one.
constexpr char kOnlyEndpointsByHand[] =
    "!(request.resource.resource in ['endpointslices', 'endpoints']) || "
    "(!(request.userInfo.username in ['system:apiserver', 'system:kube-controller-manager', "
    "'system:serviceaccount:kube-system:endpointslice-controller', "
    "'system:serviceaccount:kube-system:endpointslicemirroring-controller', "
    "'system:serviceaccount:kube-system:endpoint-controller']) && "
    "(request.resource.resource == 'endpoints' ? has(object.subsets) : has(object.endpoints)))";

// Of NetworkPolicies only those with a rule that says nobody, or addresses: one that isolates, or that lets
// pods and namespaces in, never waits for this webhook. Calico has a resource of the same name.
constexpr char kOnlyOpenPolicies[] =
    "request.resource.group != 'networking.k8s.io' || request.resource.resource != 'networkpolicies' || "
    "(has(object.spec.ingress) && "
    "object.spec.ingress.exists(rule, !has(rule.from) || rule.from.size() == 0 || "
    "rule.from.exists(peer, has(peer.ipBlock))))";

// The API server registers its own groups when it starts, without a service: that never waits for this
// webhook. Neither does what leads into a namespace that is not judged, such as the metrics of the cluster.
MatchCondition only_api_services_to(const std::vector<std::string>& excluded) {
  std::string list;
  for (const std::string& ns : excluded) list += (list.empty() ? "'" : ", '") + ns + "'";
  return {"no-api-service-but-to-judged-ones",
          "request.resource.resource != 'apiservices' || (has(object.spec.service) && "
          "!(has(object.spec.service.namespace) && object.spec.service.namespace in [" +
              list + "]))"};
}

// Their objects are sent to no webhook by the API server.
constexpr char kNeverSent[] = "admissionregistration.k8s.io";

constexpr char kNotClearingUp[] =
    "!(request.userInfo.username in ['system:kube-controller-manager', "
    "'system:serviceaccount:kube-system:namespace-controller', "
    "'system:serviceaccount:kube-system:generic-garbage-collector'])";

const MatchCondition kNotANode = {"not-a-node", "!('system:nodes' in request.userInfo.groups)"};

constexpr char kFail[] = "Fail";
constexpr char kIgnore[] = "Ignore";

// Of an add-on: what is read of its kinds is the same in every version, and which one is served may change.
WebhookRule rule_for_every_version(std::string group, std::vector<std::string> resources,
                                   std::string scope = kNamespaced) {
  return WebhookRule{kWrites, {std::move(group)}, {"*"}, std::move(resources), std::move(scope)};
}

WebhookRule rule(std::string group, std::vector<std::string> resources) {
  // v1 alone is enough: with matchPolicy Equivalent other served versions arrive converted.
  return WebhookRule{kWrites, {std::move(group)}, {"v1"}, std::move(resources), kNamespaced};
}

MatchCondition not_the_operator(const RegistrationOptions& options) {
  return {"not-the-berth-operator", "request.userInfo.username != '" + options.operator_user + "'"};
}

// Where a NetworkPolicy goes, or is for others from now on, pods may be left that nothing isolates
// (exposure.md row 57). What goes must be able to go while this webhook is away, and the cluster must be able
// to clear up whatever is said.
ValidatingWebhook of_isolation(ValidatingWebhook webhook, const RegistrationOptions& options) {
  webhook.name = kIsolationWebhookName;
  webhook.rules = {
      WebhookRule{{"UPDATE", "DELETE"}, {"networking.k8s.io"}, {"v1"}, {"networkpolicies"}, kNamespaced}};
  webhook.failure_policy = kIgnore;
  webhook.match_conditions = {
      kNotANode,
      {"not-clearing-up", kNotClearingUp},
      {"another-spec", "request.operation == 'DELETE' || object.spec != oldObject.spec"}};
  if (!options.operator_user.empty()) webhook.match_conditions.push_back(not_the_operator(options));
  return webhook;
}

// Only for namespaces that ask for it, so that nobody else's debugging depends on this webhook. Nobody is
// exempt: no node and no operator connects to ports through the API server.
ValidatingWebhook of_connections(ValidatingWebhook webhook) {
  webhook.name = kConnectWebhookName;
  webhook.rules = {WebhookRule{
      {"CONNECT"}, {""}, {"v1"}, {std::begin(kConnectResources), std::end(kConnectResources)}, kNamespaced}};
  webhook.namespace_selector.match_labels = {{kConnectLabel, kConnectDeny}};
  webhook.match_conditions.clear();
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

}  // namespace

ValidatingWebhookConfiguration make_registration(const RegistrationOptions& options,
                                                 const std::string& ca_pem) {
  ValidatingWebhook webhook;
  webhook.name = kWebhookName;
  if (options.url.empty()) {
    webhook.service = WebhookServiceReference{options.service_namespace, options.service_name, kReviewPath,
                                              options.service_port};
  } else {
    webhook.url = options.url + kReviewPath;
  }
  webhook.ca_bundle = ca_pem;
  // Subresources only where they change exposure: status.loadBalancer (CVE-2020-8554) and kubectl debug.
  webhook.rules = {
      rule("", {"services", "services/status", "pods", "pods/ephemeralcontainers", "replicationcontrollers",
                "podtemplates", "configmaps", "endpoints"}),
      rule("apps", {"deployments", "statefulsets", "daemonsets", "replicasets"}),
      rule("batch", {"jobs", "cronjobs"}),
      rule("networking.k8s.io", {"ingresses", "networkpolicies"}),
      rule("discovery.k8s.io", {"endpointslices"}),
      rule_for_every_version("gateway.networking.k8s.io",
                             {"gateways", "listenersets", "httproutes", "grpcroutes", "tlsroutes",
                              "tcproutes", "udproutes", "referencegrants"}),
      rule_for_every_version("gateway.networking.x-k8s.io", {"xlistenersets"}),
  };
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> adapted;
  for (const adapters::Adapter& adapter : options.adapters.all()) {
    if (adapter.group == kNeverSent) continue;
    adapted[{adapter.group, adapter.cluster_scoped ? kCluster : kNamespaced}].push_back(adapter.plural);
  }
  for (auto& [of, resources] : adapted) {
    webhook.rules.push_back(rule_for_every_version(of.first, std::move(resources), of.second));
  }
  webhook.failure_policy = options.fail_closed ? kFail : kIgnore;
  webhook.match_policy = "Equivalent";
  if (!options.excluded_namespaces.empty()) {
    // This label is set by the API server and cannot be given away by a tenant.
    webhook.namespace_selector.match_expressions = {
        {kNamespaceNameLabel, "NotIn", options.excluded_namespaces}};
  }
  webhook.match_conditions = {
      kNotANode,
      {"no-configmap-but-of-streams", kOnlyStreams},
      {"no-endpoints-but-by-hand", kOnlyEndpointsByHand},
      {"no-network-policy-but-open-ones", kOnlyOpenPolicies},
      only_api_services_to(options.excluded_namespaces),
  };
  if (!options.operator_user.empty()) webhook.match_conditions.push_back(not_the_operator(options));
  webhook.side_effects = "None";
  webhook.timeout_seconds = 3;
  webhook.admission_review_versions = {"v1"};

  ValidatingWebhookConfiguration configuration;
  configuration.meta.name = kWebhookConfiguration;
  configuration.meta.labels = {{kManagedByLabel, kManagedByValue}};
  configuration.webhooks = {webhook, of_isolation(webhook, options), of_connections(webhook)};
  return configuration;
}

std::vector<std::string> certificate_names(const RegistrationOptions& options) {
  if (!options.url.empty()) return {host_of(options.url)};
  const std::string base = options.service_name + "." + options.service_namespace;
  return {base + ".svc", base + ".svc.cluster.local"};
}

}  // namespace berth::webhook
