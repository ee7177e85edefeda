// NetworkPolicies as one line of text, so that a table of tests can say what is read.
#pragma once

#include <string>
#include <vector>

#include "core/model/network_policy.h"

namespace berth::adapters::testing {

inline std::string joined(const std::vector<std::string>& texts, const std::string& between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

// "app In db, tier Exists"; "*" selects everybody.
inline std::string text(const LabelSelector& selector) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : selector.match_labels) parts.push_back(key + "=" + value);
  for (const LabelRequirement& each : selector.match_expressions) {
    const std::string values = joined(each.values, "|");
    parts.push_back(each.key + " " + each.op + (values.empty() ? "" : " " + values));
  }
  return parts.empty() ? "*" : joined(parts, ", ");
}

inline std::string text(const std::vector<LabelSelector>& alternatives) {
  std::vector<std::string> parts;
  for (const LabelSelector& each : alternatives) parts.push_back(text(each));
  return parts.empty() ? "nobody" : joined(parts, " or ");
}

inline std::string text(const NetworkSetTerm& term) {
  return text(term.labels) + (term.namespaces.empty() ? "" : " of " + text(term.namespaces));
}

// "sets here (role In vpn or a Exists) and (* of team In x) within 20.0.0.0/8"; "here": of the own namespace.
inline std::string text(const NetworkSetSelector& sets) {
  std::vector<std::string> lists;
  for (const auto& any_of : sets.all_of) {
    std::vector<std::string> terms;
    for (const NetworkSetTerm& term : any_of) terms.push_back(text(term));
    lists.push_back("(" + joined(terms, " or ") + ")");
  }
  return std::string(sets.project == PolicyProject::kCilium ? "groups" : "sets") +
         (sets.of_own_namespace ? " here" : "") + (sets.name.empty() ? "" : " " + sets.name) +
         (lists.empty() ? "" : " " + joined(lists, " and ")) +
         (sets.within.empty() ? "" : " within " + joined(sets.within, " "));
}

inline std::string text(const NetworkPolicyPeer& peer) {
  const std::string but = peer.except.empty() ? "" : " but " + joined(peer.except, " ");
  if (peer.sets) return text(*peer.sets) + but;
  return peer.cidr ? *peer.cidr + but : "inside";
}

inline std::string text(const NetworkPolicyPort& port) {
  const std::string protocol = to_string(port.protocol);
  if (!port.name.empty()) return protocol + " " + port.name;
  if (port.port == 0) return protocol;
  return protocol + " " + std::to_string(port.port) +
         (port.end_port == 0 ? "" : "-" + std::to_string(port.end_port));
}

// "everybody to every port", "10.0.0.0/8 + inside to TCP 80 + UDP, not everybody to TCP 81, about app In db".
inline std::string text(const NetworkPolicyRule& rule) {
  std::vector<std::string> peers;
  for (const NetworkPolicyPeer& peer : rule.peers) peers.push_back(text(peer));
  std::vector<std::string> ports;
  for (const NetworkPolicyPort& port : rule.ports) ports.push_back(text(port));
  std::string made = (peers.empty() ? "everybody" : joined(peers, " + ")) + " to " +
                     (ports.empty() ? "every port" : joined(ports, " + "));
  for (const NetworkPolicyRule& refused : rule.refused) made += ", not " + text(refused);
  if (!rule.pods.empty()) made += ", about " + text(rule.pods);
  return made;
}

inline std::vector<std::string> texts(const std::vector<NetworkPolicyRule>& rules) {
  std::vector<std::string> all;
  for (const NetworkPolicyRule& rule : rules) all.push_back(text(rule));
  return all;
}

// Whom the policy is about.
inline std::string subject_text(const NetworkPolicy& policy) {
  std::vector<LabelSelector> pods = policy.or_pods;
  pods.insert(pods.begin(), policy.pod_selector);
  return text(pods) + (policy.namespaces.empty() ? "" : " of " + text(policy.namespaces));
}

}  // namespace berth::adapters::testing
