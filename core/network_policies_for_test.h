// NetworkPolicies that let somebody in, for the rows of the catalogue about them. Only for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"
#include "core/exposure/testing/world.h"

namespace berth::testing {

inline NetworkPolicyPort open_port(std::int64_t number, std::int64_t end = 0) {
  return {Protocol::kTcp, number, end, {}};
}
inline NetworkPolicyPort open_port(std::string name) { return {Protocol::kTcp, 0, 0, std::move(name)}; }

inline NetworkPolicyPeer block(std::string cidr, std::vector<std::string> except = {}) {
  NetworkPolicyPeer peer;
  peer.cidr = std::move(cidr);
  peer.except = std::move(except);
  return peer;
}
inline NetworkPolicyPeer pods() {
  NetworkPolicyPeer peer;
  peer.pod_selector = LabelSelector{{{"app", "api"}}, {}};
  return peer;
}

// data/open for the pods of app=web.
inline NetworkPolicy policy(std::vector<NetworkPolicyRule> ingress, std::string name = "open") {
  NetworkPolicy made;
  made.meta = exposure::testing::named(std::move(name));
  made.pod_selector.match_labels = {{"app", "web"}};
  made.policy_types = {"Ingress"};
  made.ingress = std::move(ingress);
  return made;
}
inline NetworkPolicy from(std::vector<NetworkPolicyPeer> peers, std::vector<NetworkPolicyPort> ports = {}) {
  return policy({{std::move(peers), std::move(ports)}});
}
inline NetworkPolicy deny_all(std::string name = "default-deny") {
  NetworkPolicy made = policy({}, std::move(name));
  made.pod_selector = {};
  return made;
}

inline Workload database() {
  return exposure::testing::workload("StatefulSet", "pg", {exposure::testing::container_port(5432, "pg")});
}
inline Workload web_server() {
  return exposure::testing::deployment({exposure::testing::container_port(8080, "http")});
}

inline Verdict remove(const exposure::Facts& world, const NetworkPolicy& gone) {
  AdmissionRequest request;
  request.operation = Operation::kDelete;
  request.old_object = gone;
  return judge(request, world, Instant());
}

}  // namespace berth::testing
