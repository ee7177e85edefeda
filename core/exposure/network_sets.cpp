#include "core/exposure/network_sets.h"

#include <algorithm>
#include <string>

namespace berth::exposure {
namespace {

bool means(const NetworkPolicyPeer& peer, const NetworkPolicy& policy, const NetworkSet& set,
           const Facts& facts) {
  if (!peer.sets) return false;
  const Labels* labels = set.meta.ns.empty() ? nullptr : facts.namespace_labels(set.meta.ns);
  return selects(*peer.sets, policy.meta.ns, set, labels);
}

// std::nullopt: one of them cannot be read.
std::optional<AddressSet> all_of(const std::vector<std::string>& networks) {
  std::vector<Cidr> read;
  for (const std::string& text : networks) {
    const auto network = Cidr::parse_loosely(text);
    if (!network.ok()) return std::nullopt;
    read.push_back(*network);
  }
  AddressSet addresses;
  addresses.add(read);
  return addresses;
}

}  // namespace

std::vector<const NetworkSet*> sets_of(const NetworkPolicyPeer& peer, const NetworkPolicy& policy,
                                       const Facts& facts) {
  if (!peer.sets) return {};
  std::vector<const NetworkSet*> found = facts.network_sets();
  std::erase_if(found, [&](const NetworkSet* set) { return !means(peer, policy, *set, facts); });
  return found;
}

std::optional<AddressSet> addresses_by(const NetworkPolicyPeer& peer, const NetworkSet& set) {
  auto addresses = all_of(set.networks);
  if (!addresses) return std::nullopt;
  if (!peer.sets->within.empty()) {
    if (const auto within = all_of(peer.sets->within)) addresses = addresses->common_with(*within);
  }
  for (const std::string& text : peer.except) {
    if (const auto except = Cidr::parse_loosely(text); except.ok()) addresses->remove(*except);
  }
  return addresses;
}

bool means(const NetworkPolicy& policy, const NetworkSet& set, const Facts& facts) {
  return std::any_of(policy.ingress.begin(), policy.ingress.end(), [&](const NetworkPolicyRule& rule) {
    return std::any_of(rule.peers.begin(), rule.peers.end(),
                       [&](const NetworkPolicyPeer& peer) { return means(peer, policy, set, facts); });
  });
}

std::vector<const NetworkPolicy*> policies_meaning(const NetworkSet& set, const Facts& facts) {
  std::vector<const NetworkPolicy*> found;
  const auto add = [&](const std::string& ns) {
    for (const NetworkPolicy* policy : facts.network_policies(ns)) {
      if (policy->cluster_wide == ns.empty() && means(*policy, set, facts)) found.push_back(policy);
    }
  };
  add("");
  for (const std::string& ns : facts.namespaces()) add(ns);
  return found;
}

}  // namespace berth::exposure
