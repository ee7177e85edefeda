#include "core/wall/internal_numbers.h"

#include <gtest/gtest.h>

#include "core/exposure/testing/world.h"

namespace berth::wall {
namespace {

using exposure::PolicyTable;
using exposure::testing::listed;
using exposure::testing::listed_range;

constexpr Instant kNow{1'795'000'000'000};  // 2026-11-18

ExposureException exception_of(std::string ns, std::int64_t port, std::string expires_at,
                               std::vector<std::string> via = {"LoadBalancer"}) {
  ExposureException made;
  made.ns = std::move(ns);
  made.workload = {"StatefulSet", "pg"};
  made.port = port;
  made.via = std::move(via);
  made.owner = "dba@example.org";
  made.reason = "migration";
  made.expires_at = std::move(expires_at);
  return made;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(InternalNumbers, AreThoseForWhichInternalDecides) {
  ExposurePolicy policy;
  policy.spec.internal = {listed(5432), listed_range("9200-9300")};
  policy.spec.external = {listed(9243), listed(443)};
  const PolicyTable table(policy);
  const InternalNumbers numbers(table, kNow);
  EXPECT_FALSE(numbers.empty());
  const std::string cel = numbers.first_internal("[port]", "\"TCP\"");
  EXPECT_TRUE(says(cel, "(n in [5432] || (n >= 9200 && n <= 9242) || (n >= 9244 && n <= 9300))")) << cel;
  EXPECT_TRUE(says(numbers.first_internal("[port]", "\"UDP\""), ".filter(n, false)"));
}

TEST(InternalNumbers, AreToldApartByProtocol) {
  ExposurePolicy policy;
  policy.spec.internal = {listed(5432), listed(5353)};
  policy.spec.internal[1].protocol = Protocol::kUdp;
  const PolicyTable table(policy);
  const std::string cel = InternalNumbers(table, kNow).first_internal("[p.port]", "p.protocol");
  EXPECT_TRUE(says(cel, R"((p.protocol == "TCP" && n in [5432]))")) << cel;
  EXPECT_TRUE(says(cel, R"((p.protocol == "UDP" && n in [5353]))")) << cel;
}

TEST(InternalNumbers, ShortSpansAreListedAndLongOnesCompared) {
  ExposurePolicy policy;
  policy.spec.internal = {listed_range("7000-7002"), listed_range("8000-8003")};
  const PolicyTable table(policy);
  const std::string cel = InternalNumbers(table, kNow).first_internal("[n]", "\"TCP\"");
  EXPECT_TRUE(says(cel, "n in [7000, 7001, 7002] || (n >= 8000 && n <= 8003)")) << cel;
}

TEST(InternalNumbers, AreLetThroughWhereAnExceptionIsInForce) {
  ExposurePolicy policy;
  policy.spec.internal = {listed(5432)};
  policy.spec.exceptions = {exception_of("data", 5432, "2027-01-31T00:00:00Z"),
                            exception_of("old", 5432, "2026-01-31T00:00:00Z"),
                            exception_of("tunnel", 5432, "2027-03-31T00:00:00Z", {"Custom"})};
  const PolicyTable table(policy);
  const InternalNumbers numbers(table, kNow);
  const std::string cel = numbers.first_internal("[n]", "\"TCP\"");
  EXPECT_TRUE(says(cel, R"(!(request.namespace == "data" && n in [5432]))")) << cel;
  EXPECT_FALSE(says(cel, "\"old\"")) << "it has ended";
  EXPECT_FALSE(says(cel, "\"tunnel\"")) << "a way that no wall sees";
  EXPECT_EQ(numbers.changes_at(), parse_rfc3339("2027-01-31T00:00:00Z").value());
  const InternalNumbers later(table, parse_rfc3339("2027-01-31T00:00:00Z").value());
  EXPECT_FALSE(says(later.first_internal("[n]", "\"TCP\""), "\"data\""))
      << "the end belongs to the time without";
}

TEST(InternalNumbers, AreCalledByTheirService) {
  ExposurePolicy policy;
  policy.spec.internal = {listed(5432), listed(27017), listed_range("9200-9300")};
  policy.spec.internal[0].service = "PostgreSQL";
  const PolicyTable table(policy);
  EXPECT_EQ(InternalNumbers(table, kNow).names(), R"x({"5432/TCP": "port 5432 (PostgreSQL)"})x");
}

TEST(InternalNumbers, NoneIsNone) {
  ExposurePolicy policy;
  policy.spec.external = {listed(443)};
  const PolicyTable table(policy);
  const InternalNumbers numbers(table, kNow);
  EXPECT_TRUE(numbers.empty());
  EXPECT_EQ(numbers.changes_at(), std::nullopt);
}

}  // namespace
}  // namespace berth::wall
