#include "core/exposure/policy_table.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders, only here

std::vector<std::string> fields(const std::vector<Error>& issues) {
  std::vector<std::string> names;
  for (const Error& issue : issues) names.push_back(issue.field);
  return names;
}

TEST(PolicyTable, TellsAllNumbersThatAreInternal) {
  ExposurePolicy policy;
  policy.spec.external = {listed(443), listed(9243), listed_range("9290-9299")};
  policy.spec.internal = {listed(443), listed_range("9200-9300"), listed_range("9301-9310"), listed(65535)};
  const PolicyTable table(policy);
  std::string text;
  for (const PortSpan& span : table.internal_spans(Protocol::kTcp)) text += to_string(span) + " ";
  EXPECT_EQ(text, "443 9200-9242 9244-9310 65535 ");
  EXPECT_TRUE(table.internal_spans(Protocol::kUdp).empty());
  const std::vector<PortSpan> internal = table.internal_spans(Protocol::kTcp);
  for (std::int64_t number = 1; number <= 65535; ++number) {
    const auto standing = table.standing(number, Protocol::kTcp);
    EXPECT_EQ(contains(internal, Port::of(number)), !standing.empty() && standing.front()->internal)
        << number;
  }
}

TEST(PolicyTable, KnowsTheStandingOfANumber) {
  ExposurePolicy policy;
  policy.spec.external = {listed(443), listed(9243)};
  policy.spec.internal = {listed(443), listed_range("9200-9300"), listed_range("9250-9260")};
  const PolicyTable table(policy);
  const auto names = [&](std::int64_t number, Protocol protocol) {
    std::string text;
    for (const Listing* listing : table.standing(number, protocol)) text += listing->internal ? 'i' : 'e';
    return text;
  };
  EXPECT_EQ(names(443, Protocol::kTcp), "i") << "between equals internal wins";
  EXPECT_EQ(names(443, Protocol::kUdp), "");
  EXPECT_EQ(names(9243, Protocol::kTcp), "e") << "an exact number beats a range";
  EXPECT_EQ(names(9255, Protocol::kTcp), "ii") << "both ranges hold it";
  EXPECT_EQ(names(9199, Protocol::kTcp), "");
  EXPECT_EQ(names(9200, Protocol::kTcp), "i");
  EXPECT_EQ(names(9300, Protocol::kTcp), "i");
  EXPECT_EQ(names(9301, Protocol::kTcp), "");
  for (const std::int64_t impossible : {std::int64_t{0}, std::int64_t{-443}, std::int64_t{65536 + 443}}) {
    EXPECT_EQ(names(impossible, Protocol::kTcp), "") << impossible;
  }
}

TEST(PolicyTable, ReportsWhatItCannotReadAndCountsTheRest) {
  ExposurePolicy policy;
  policy.spec.networks = {{"admins", {"10.20.0.0/16", "10.20.0.0/99"}}};
  policy.spec.external = {listed(70968)};
  policy.spec.external.push_back(listed(8443));
  policy.spec.external.back().from = {"nobody"};
  policy.spec.external.back().shown_on = {"admins", "nowhere"};
  PolicyPort several;
  several.ports = {"5432", "9300-9200", "pg", "9000-9010"};
  policy.spec.internal = {several, listed(4006)};
  policy.spec.internal.back().deprecated = Deprecation{"v8", "soon"};
  ExposureException nobody;
  nobody.expires_at = "2027-01-01T00:00:00Z";
  ExposureException endless = nobody;
  endless.owner = "a";
  endless.reason = "b";
  endless.expires_at = "never";
  policy.spec.exceptions = {nobody, endless};

  const PolicyTable table(policy);
  EXPECT_EQ(fields(table.issues()),
            (std::vector<std::string>{
                "spec.networks[0].cidrs[1]", "spec.internal[0].ports[1]", "spec.internal[0].ports[2]",
                "spec.internal[1].deprecated.after", "spec.external[0].port", "spec.external[1].from",
                "spec.external[1].shownOn", "spec.exceptions[0]", "spec.exceptions[1].expiresAt"}));
  for (const Error& issue : table.issues()) EXPECT_FALSE(issue.message.empty()) << issue.field;
  EXPECT_EQ(table.standing(5432, Protocol::kTcp).size(), 1u);
  EXPECT_EQ(table.standing(9005, Protocol::kTcp).size(), 1u);
  EXPECT_EQ(table.standing(9250, Protocol::kTcp).size(), 0u);
}

TEST(PolicyTable, OfAGoodPolicyHasNoIssues) { EXPECT_TRUE(PolicyTable(control_plane()).issues().empty()); }

TEST(PolicyTable, KnowsWhatLiesInItsNetworks) {
  ExposurePolicy policy;
  policy.spec.networks = {{"admins", {"10.20.0.0/16"}}, {"agents", {"2001:db8::/32"}}};
  const PolicyTable table(policy);
  const auto inside = [&](const char* range, std::vector<std::string> networks) {
    return table.inside(*Cidr::parse(range), networks);
  };
  EXPECT_TRUE(inside("10.20.7.0/24", {"admins"}));
  EXPECT_TRUE(inside("2001:db8:7::/48", {"admins", "agents"}));
  EXPECT_FALSE(inside("2001:db8:7::/48", {"admins"}));
  EXPECT_FALSE(inside("10.0.0.0/8", {"admins"}));
  EXPECT_FALSE(inside("10.20.7.0/24", {"nobody"}));
  EXPECT_FALSE(inside("10.20.7.0/24", {}));
}

TEST(PolicyTable, StandsStillWithManyLines) {
  ExposurePolicy policy;
  for (std::int64_t number = 1; number <= 2000; ++number) policy.spec.internal.push_back(listed(number));
  policy.spec.internal.push_back(listed_range("1-65535"));
  const PolicyTable table(policy);
  for (std::int64_t number = 1; number <= 65535; number += 97) {
    const auto standing = table.standing(number, Protocol::kTcp);
    ASSERT_EQ(standing.size(), 1u) << number;
    EXPECT_EQ(standing.front()->exact, number <= 2000) << number;
  }
}

}  // namespace
}  // namespace berth::exposure
