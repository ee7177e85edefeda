// The range that the tests of claims share, and tables of requests to it. Not part of the product.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/allocation/builders_for_test.h"

namespace berth::testing {

// Numbers 24500..24509, block "vpn" 24505..24506, 24509 reserved.
inline Cluster mesh() {
  Cluster cluster;
  PortRange object = range("mesh", "NodePort", {"24500-24509"});
  object.spec.blocks = {{"vpn", {"+5-+6"}, "vpn-core", ""}};
  object.spec.reserved = {{{"24509"}, "threat intelligence engine"}};
  cluster.ranges = {object};
  return cluster;
}

inline allocation::Entry resting(allocation::Entry record) {
  record.state = allocation::EntryState::kResting;
  return record;
}

inline AllocationPort in_block(AllocationPort object, std::string block) {
  object.block = std::move(block);
  return object;
}

// An allocation that was there before.
inline const PortAllocation kOther = allocation("other", {port("x")}, -100);

// Makes the number internal by a policy for every namespace.
inline void internal_number(Cluster& cluster, std::int64_t number) {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  PolicyPort line;
  line.port = number;
  line.service = "PostgreSQL";
  policy.spec.internal = {line};
  cluster.policies.push_back(policy);
}

struct ClaimCase {
  const char* name;
  std::vector<AllocationPort> ports;  // of allocation "web"
  std::function<void(Cluster&)> given;
  const char* expected;
  const char* told;  // part of the refusal's message
};

// Asks for each case on a mesh() of its own.
inline void expect_answers(std::span<const ClaimCase> cases) {
  for (const ClaimCase& c : cases) {
    Cluster cluster = mesh();
    cluster.allocations = {allocation("web", c.ports)};
    c.given(cluster);
    const allocation::ClaimPlan plan = cluster.claim_all();
    EXPECT_EQ(outcome_for(plan, "web"), c.expected) << c.name;
    const allocation::Refusal* refusal = refusal_for(plan, "web");
    if (refusal == nullptr) continue;
    EXPECT_NE(refusal->message.find(c.told), std::string::npos) << c.name << ": " << refusal->message;
    EXPECT_TRUE(plan.writes.empty()) << c.name;
  }
}

}  // namespace berth::testing
