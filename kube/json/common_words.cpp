#include "kube/json/common_words.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "core/base/api_names.h"
#include "core/base/messages.h"
#include "core/base/reasons.h"

namespace berth::json {
namespace {

constexpr auto kWords = std::to_array<std::string_view>(
    {// Labels, and what refers to owners.
     kManagedByLabel, kManagedByValue, kOwnerUidLabel, kOwnerNameLabel, kNetworkPolicyLabel, kApiVersion,
     "PortAllocation", "app", "app.kubernetes.io/component", "app.kubernetes.io/instance",
     "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version", "helm.sh/chart",
     "k8s-app", "pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name",
     "apps.kubernetes.io/pod-index", kNamespaceNameLabel,
     // Conditions.
     "Ready", "Allocated", "Published", "Enforced", "Reconciling", "Stalled", "True", "False", "Unknown",
     message::kReady, message::kPoliciesInPlace,
     // What types have.
     "v1", "Pod", "NodePort", "ClusterIP", "LoadBalancer", "External", "Cluster", "Namespace", "Ingress",
     "Egress", "TCP", "UDP", "None", "IPv4", "SingleStack", "api", "http", "https", "grpc", "metrics", "web",
     "admin"});

// And the reasons of conditions. The first sixty take a byte, the others two.
const std::vector<std::string_view>& words() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> both(kWords.begin(), kWords.end());
    std::copy(std::begin(reason::kAll), std::end(reason::kAll), std::back_inserter(both));
    return both;
  }();
  return all;
}

}  // namespace

std::size_t common_words() { return words().size(); }

std::optional<std::size_t> common_word(std::string_view text) {
  static const auto by_word = [] {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < words().size(); ++i) places.emplace(words()[i], i);
    return places;
  }();
  const auto found = by_word.find(text);
  if (found == by_word.end()) return std::nullopt;
  return found->second;
}

std::string_view common_word(std::size_t place) {
  if (place >= words().size()) std::abort();
  return words()[place];
}

}  // namespace berth::json
