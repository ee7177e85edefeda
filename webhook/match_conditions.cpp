#include "webhook/match_conditions.h"

namespace berth::webhook {
namespace {

// "'a', 'b'". What comes here are names of Kubernetes, which need no escaping.
std::string cel_texts(const std::vector<std::string>& all) {
  std::string list;
  for (const std::string& each : all) list += (list.empty() ? "'" : ", '") + each + "'";
  return list;
}

// Leader election and what every namespace is given never wait. Of a thousand entries the API server has the
// answer in some milliseconds, of fifty thousand in ten seconds (measured): those are read here.
constexpr char kStreamMap[] =
    "request.resource.resource != 'configmaps' || (has(object.data) && (object.data.size() > 1000 || "
    "object.data.exists(key, key.matches('^[0-9]+$') && object.data[key].contains('/'))))";

// The controllers of the cluster follow the pods, and are told by who they are, for a label anybody can write
// (exposure.md row 16). An object without addresses leads nowhere; leader election of old kept its lock in
// one.
constexpr char kEndpointsByHand[] =
    "!(request.resource.resource in ['endpointslices', 'endpoints']) || "
    "(!(request.userInfo.username in ['system:apiserver', 'system:kube-controller-manager', "
    "'system:serviceaccount:kube-system:endpointslice-controller', "
    "'system:serviceaccount:kube-system:endpointslicemirroring-controller', "
    "'system:serviceaccount:kube-system:endpoint-controller']) && "
    "(request.resource.resource == 'endpoints' ? has(object.subsets) : has(object.endpoints)))";

// One that isolates, or that lets pods and namespaces in, never waits. Calico has a resource of the same
// name.
constexpr char kOpenNetworkPolicy[] =
    "request.resource.group != 'networking.k8s.io' || request.resource.resource != 'networkpolicies' || "
    "(has(object.spec.ingress) && "
    "object.spec.ingress.exists(rule, !has(rule.from) || rule.from.size() == 0 || "
    "rule.from.exists(peer, has(peer.ipBlock))))";

// What kube/adapters/cilium_policy.h finds in a rule: addresses, the world, or ports for nobody in
// particular. Selectors by expressions are read there.
constexpr char kOpenCiliumPolicy[] =
    "has(object.specs) || (has(object.spec) && has(object.spec.ingress) && (object.spec.ingress.size() > 50 "
    "|| "
    "object.spec.ingress.exists(rule, has(rule.fromCIDR) || has(rule.fromCIDRSet) || has(rule.fromGroups) || "
    "(has(rule.fromEntities) && rule.fromEntities.exists(entity, "
    "entity in ['all', 'world', 'world-ipv4', 'world-ipv6'])) || "
    "(has(rule.fromEndpoints) ? rule.fromEndpoints.size() > 50 || rule.fromEndpoints.exists(selector, "
    "has(selector.matchExpressions) || (has(selector.matchLabels) && "
    "selector.matchLabels.exists(key, key.startsWith('reserved')))) : has(rule.toPorts)))))";

// What kube/adapters/calico_policy.h finds in a rule that lets in: no selector, or one of sets of networks
// only.
constexpr char kOpenCalicoPolicy[] =
    "has(object.spec) && has(object.spec.ingress) && (object.spec.ingress.size() > 1000 || "
    "object.spec.ingress.exists(rule, !(has(rule.action) && rule.action in ['Deny', 'Log', 'Pass']) && "
    "(!has(rule.source) || "
    "(has(rule.source.namespaceSelector) && rule.source.namespaceSelector.contains('global(')) || "
    "!((has(rule.source.selector) && rule.source.selector != '') || "
    "(has(rule.source.namespaceSelector) && rule.source.namespaceSelector != '')))))";

// Of a new one of Calico's: a rule that lets in by labels, which a set of networks may have. An old one is
// asked about whatever it becomes.
constexpr char kSelectingCalicoPolicy[] =
    "request.operation != 'CREATE' || (has(object.spec) && has(object.spec.ingress) && "
    "object.spec.ingress.size() <= 1000 && "
    "object.spec.ingress.exists(rule, !(has(rule.action) && rule.action in ['Deny', 'Log', 'Pass']) && "
    "has(rule.source) && ((has(rule.source.selector) && rule.source.selector != '') || "
    "(has(rule.source.namespaceSelector) && rule.source.namespaceSelector != '') || "
    "has(rule.source.serviceAccounts))))";

// What Kubernetes clears away by itself.
constexpr char kNotClearingUp[] =
    "!(request.userInfo.username in ['system:kube-controller-manager', "
    "'system:serviceaccount:kube-system:namespace-controller', "
    "'system:serviceaccount:kube-system:generic-garbage-collector'])";

// Not every policy of Cilium has a `spec`.
constexpr char kAnotherSpec[] =
    "request.operation != 'UPDATE' || has(object.specs) || has(oldObject.specs) || "
    "has(object.spec) != has(oldObject.spec) || (has(object.spec) && object.spec != oldObject.spec)";

constexpr char kOtherLabels[] =
    "has(object.metadata.labels) != has(oldObject.metadata.labels) || "
    "(has(object.metadata.labels) && object.metadata.labels != oldObject.metadata.labels)";

struct OfProject {
  adapters::PolicyOf project;
  const char* name;
  const char* opens;
};
constexpr OfProject kProjects[] = {
    {adapters::PolicyOf::kCilium, "no-cilium-policy-but-open-ones", kOpenCiliumPolicy},
    {adapters::PolicyOf::kCalico, "no-calico-policy-but-open-ones", kOpenCalicoPolicy}};

}  // namespace

MatchCondition not_a_node() { return {"not-a-node", "!('system:nodes' in request.userInfo.groups)"}; }

MatchCondition not_the_operator(const std::string& user) {
  return {"not-the-berth-operator", "request.userInfo.username != '" + user + "'"};
}

MatchCondition not_clearing_up() { return {"not-clearing-up", kNotClearingUp}; }

MatchCondition another_spec() { return {"another-spec", kAnotherSpec}; }

MatchCondition only_new_policies_that_select() {
  return {"no-new-policy-but-selecting-ones", kSelectingCalicoPolicy};
}

MatchCondition other_labels() { return {"other-labels", kOtherLabels}; }

MatchCondition only_stream_maps() { return {"no-configmap-but-of-streams", kStreamMap}; }

MatchCondition only_endpoints_by_hand() { return {"no-endpoints-but-by-hand", kEndpointsByHand}; }

MatchCondition only_open_network_policies() {
  return {"no-network-policy-but-open-ones", kOpenNetworkPolicy};
}

std::vector<MatchCondition> only_open_policies_of(const adapters::Table& table) {
  std::vector<MatchCondition> conditions;
  for (const OfProject& of : kProjects) {
    std::vector<std::string> resources;
    for (const adapters::Adapter& adapter : table.all()) {
      if (adapter.policy_of == of.project) resources.push_back(adapter.group + "/" + adapter.plural);
    }
    if (resources.empty()) continue;
    conditions.push_back({of.name, "!(request.resource.group + '/' + request.resource.resource in [" +
                                       cel_texts(resources) + "]) || (" + of.opens + ")"});
  }
  return conditions;
}

// The API server registers its own groups when it starts, without a service; what leads into a namespace that
// is not judged, such as the metrics of the cluster, never waits either.
MatchCondition only_api_services_to_others_than(const std::vector<std::string>& excluded) {
  return {"no-api-service-but-to-judged-ones",
          "request.resource.resource != 'apiservices' || (has(object.spec.service) && "
          "!(has(object.spec.service.namespace) && object.spec.service.namespace in [" +
              cel_texts(excluded) + "]))"};
}

}  // namespace berth::webhook
