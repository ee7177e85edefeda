// Numbers that wait for their owner to come back (stickyFor).
#include "core/allocation/sticky.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/release.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

using std::chrono::seconds;
using testing::Cluster;
using testing::outcome_for;

constexpr Duration kReuse = seconds(130);

PortAllocation sticky(std::string name, std::string span, std::vector<AllocationPort> ports) {
  PortAllocation object = testing::allocation(std::move(name), std::move(ports));
  object.spec.sticky_for = std::move(span);
  return effective(object, {});
}

// The next life of an allocation: the same name, another UID.
PortAllocation again(PortAllocation object, std::string span = "1h") {
  object.meta.uid.text += "-again";
  object.spec.sticky_for = std::move(span);
  return object;
}

void pass(Cluster& cluster, Duration span) {
  cluster.rest.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now);
  cluster.monotonic = cluster.monotonic + span;
  cluster.now = cluster.now + span;
  cluster.rest.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now);
}

std::string claim_one(Cluster& cluster, const PortAllocation& object) {
  cluster.allocations = {object};
  const ClaimPlan plan = cluster.claim_all();
  cluster.write_all(plan.writes);
  return outcome_for(plan, object.meta.name);
}

// Its owner is gone, and so is its Service: all of its numbers go to rest.
void remove(Cluster& cluster, const PortAllocation& object) {
  const auto ranges = cluster.compiled();
  std::vector<ReleaseProof> proofs;
  for (const auto& candidate : release_candidates(cluster.ledgers, {}, ranges, cluster.uses(), {})) {
    if (candidate.number.entry.owner_uid == object.meta.uid) proofs.push_back({candidate, {}, {}});
  }
  cluster.write_all(release(cluster.ledgers, proofs, ranges, cluster.fence, cluster.now).writes);
  pass(cluster, Duration(0));
}

Cluster mesh() {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24509"})};
  return cluster;
}

TEST(Sticky, GivesTheSameNumbersBackAtOnce) {
  struct Case {
    std::string name;
    std::vector<AllocationPort> before;
    std::vector<AllocationPort> after;
    std::string expected;
  };
  AllocationPort row = testing::port("r");
  row.count = 3;
  const Case cases[] = {
      {"a chosen one", {testing::port("a")}, {testing::port("a")}, "a:24501"},
      {"by name of the port",
       {testing::port("a"), testing::port("b")},
       {testing::port("b"), testing::port("a")},
       "b:24502 a:24501"},
      {"one asked for", {testing::port("a", 24507)}, {testing::port("a", 24507)}, "a:24507"},
      {"one that is not asked for any more", {testing::port("a", 24507)}, {testing::port("a")}, "a:24507"},
      {"beside a new port",
       {testing::port("b")},
       {testing::port("a"), testing::port("b")},
       "a:24502 b:24501"},
      {"a row", {row}, {row}, "r-0:24501 r-1:24502 r-2:24503"},
      {"another name of the port", {testing::port("a")}, {testing::port("z")}, "z:24502"},
      {"both protocols",
       {testing::port("t", 24505), testing::port("u", 24505, Protocol::kUdp)},
       {testing::port("u", 24505, Protocol::kUdp), testing::port("t", 24505)},
       "u:24505 t:24505"},
  };
  for (const Case& each : cases) {
    Cluster cluster = mesh();
    (void)claim_one(cluster, testing::allocation("first", {testing::port("x")}));  // holds 24500
    const PortAllocation old = sticky("web", "1h", each.before);
    (void)claim_one(cluster, old);
    remove(cluster, old);
    EXPECT_EQ(claim_one(cluster, again(sticky("web", "1h", each.after))), each.expected) << each.name;
  }
}

TEST(Sticky, IsForNobodyElse) {
  struct Case {
    std::string name;
    std::string before;   // stickyFor of the first life
    PortAllocation next;  // who asks
    std::string expected;
  };
  const PortAllocation web = sticky("web", "1h", {testing::port("a")});
  PortAllocation elsewhere = web;
  elsewhere.meta.ns = "data";
  elsewhere.meta.uid.text = "uid-elsewhere";
  const Case cases[] = {
      {"another name", "1h", sticky("api", "1h", {testing::port("a")}), "a:24501"},
      {"another name that asks for it", "1h", sticky("api", "1h", {testing::port("a", 24500)}),
       "PortResting"},
      {"another namespace", "1h", elsewhere, "a:24501"},
      {"who does not ask to wait", "1h", again(web, ""), "a:24501"},
      {"who did not ask to wait", "", again(web), "a:24501"},
  };
  for (const Case& each : cases) {
    Cluster cluster = mesh();
    const PortAllocation old = sticky("web", each.before, {testing::port("a")});
    ASSERT_EQ(claim_one(cluster, old), "a:24500");
    remove(cluster, old);
    EXPECT_EQ(claim_one(cluster, each.next), each.expected) << each.name;
  }
}

TEST(Sticky, RestsForTheLongerOfBothTimes) {
  struct Case {
    std::string span;
    Duration expected;
  };
  const Case cases[] = {
      {"", kReuse}, {"10s", kReuse}, {"1h", std::chrono::hours(1)}, {"8000h", kLongestSticky}};
  for (const Case& each : cases) {
    Cluster cluster = mesh();
    const PortAllocation old = sticky("web", each.span, {testing::port("a")});
    (void)claim_one(cluster, old);
    remove(cluster, old);
    const PortAllocation asker = testing::allocation("asker", {testing::port("a", 24500)});
    pass(cluster, each.expected - seconds(1));
    EXPECT_EQ(claim_one(cluster, asker), "PortResting") << each.span;
    EXPECT_TRUE(
        sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic, 1).released.empty())
        << each.span;
    pass(cluster, seconds(2));
    EXPECT_EQ(sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic, 1).released.size(),
              1U)
        << each.span;
    EXPECT_EQ(claim_one(cluster, asker), "a:24500") << each.span;
  }
}

TEST(Sticky, GoesOnWaitingUnderANewLeader) {
  Cluster cluster = mesh();
  const PortAllocation old = sticky("web", "1h", {testing::port("a")});
  (void)claim_one(cluster, old);
  remove(cluster, old);
  pass(cluster, std::chrono::minutes(50));
  const HeldNumber resting{
      Space::kNodePort, {Port::of(24500)}, *cluster.ledgers.in(Space::kNodePort).find({Port::of(24500)})};
  const auto left = [&](const RestClock& rest) {
    return rest.remaining(resting, cluster.compiled(), {}, cluster.monotonic);
  };
  // The cool-down, which guards connections, begins anew; the wish goes on by the wall clock.
  RestClock next;
  next.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now);
  EXPECT_LE(left(next), std::chrono::minutes(10) + seconds(1));
  EXPECT_GE(left(next), kReuse);
  // A clock that is days ahead ends the wish, not the cool-down; one that is behind only prolongs.
  RestClock ahead;
  ahead.observe(cluster.ledgers, cluster.monotonic, nullptr, cluster.now + std::chrono::hours(48));
  EXPECT_EQ(left(ahead), kReuse);
  RestClock behind;
  behind.observe(cluster.ledgers, cluster.monotonic, nullptr, Instant{0});
  EXPECT_EQ(left(behind), std::chrono::hours(1));
  EXPECT_EQ(left(RestClock()), std::chrono::hours(1)) << "never observed";
}

TEST(Sticky, FollowsTheSpec) {
  Cluster cluster = mesh();
  PortAllocation web = sticky("web", "", {testing::port("a"), testing::port("b")});
  (void)claim_one(cluster, web);
  for (const char* span : {"1h", "2h", ""}) {
    web.spec.sticky_for = span;
    EXPECT_TRUE(wants_numbers(web, cluster.ledgers, cluster.compiled(), cluster.uses())) << span;
    EXPECT_EQ(claim_one(cluster, web), "a:24500 b:24501") << "no number moves";
    EXPECT_FALSE(wants_numbers(web, cluster.ledgers, cluster.compiled(), cluster.uses())) << span;
    for (const HeldNumber& number : cluster.ledgers.of_owner(web.meta.uid)) {
      EXPECT_EQ(number.entry.sticky_seconds, sticky_seconds(web));
    }
  }
}

TEST(Sticky, FollowsTheSpecOfWhoeverWaitsForMoreToo) {
  Cluster cluster = mesh();
  PortAllocation web = sticky("web", "", {testing::port("a")});
  (void)claim_one(cluster, web);
  web = sticky("web", "1h", {testing::port("a"), testing::port("b", 24600)});
  EXPECT_EQ(claim_one(cluster, web), "PortOutsideRange");
  EXPECT_EQ(cluster.ledgers.of_owner(web.meta.uid)[0].entry.sticky_seconds, 3600);
}

TEST(Sticky, FollowsTheSpecOfAPortThatWaitsForAnotherNumberToo) {
  Cluster cluster = mesh();
  PortAllocation web = sticky("web", "1h", {testing::port("a")});
  (void)claim_one(cluster, web);
  web = sticky("web", "", {testing::port("a", 24600)});
  EXPECT_EQ(claim_one(cluster, web), "PortOutsideRange");
  EXPECT_EQ(cluster.ledgers.of_owner(web.meta.uid)[0].entry.sticky_seconds, 0);
  const auto sequence = cluster.ledgers.of_owner(web.meta.uid)[0].entry.sequence;
  EXPECT_EQ(claim_one(cluster, web), "PortOutsideRange");
  EXPECT_EQ(cluster.ledgers.of_owner(web.meta.uid)[0].entry.sequence, sequence) << "nothing is written again";
}

TEST(Sticky, FollowsTheSpecOfWhatARefusedEditLeavesUnderItsOldName) {
  Cluster cluster = mesh();
  AllocationPort row = testing::port("a");
  row.count = 2;
  PortAllocation web = sticky("web", "1h", {row, testing::port("gone")});
  (void)claim_one(cluster, web);
  ASSERT_EQ(cluster.ledgers.of_owner(web.meta.uid).size(), 3U);
  web = sticky("web", "", {testing::port("a"), testing::port("b", 24600)});
  EXPECT_EQ(claim_one(cluster, web), "PortOutsideRange");
  for (const HeldNumber& number : cluster.ledgers.of_owner(web.meta.uid)) {
    EXPECT_EQ(number.entry.sticky_seconds, 0) << encode(number.entry);
  }
}

TEST(Sticky, OfANumberThatGoesSaysNothingOfTheOneThatComes) {
  Cluster cluster = mesh();
  PortAllocation web = sticky("web", "1h", {testing::port("a")});
  (void)claim_one(cluster, web);
  web = sticky("web", "", {testing::port("a", 24505)});
  EXPECT_EQ(claim_one(cluster, web), "a:24505");
  EXPECT_EQ(cluster.ledgers.in(Space::kNodePort).find({Port::of(24505)})->sticky_seconds, 0);
}

TEST(Sticky, IsNotForWhatALivingOwnerGivesUp) {
  Cluster cluster = mesh();
  const PortAllocation web = sticky("web", "1h", {testing::port("a"), testing::port("b")});
  (void)claim_one(cluster, web);
  const PortAllocation edited = sticky("web", "1h", {testing::port("a")});
  const auto ranges = cluster.compiled();
  std::vector<ReleaseProof> proofs;
  for (const auto& candidate : release_candidates(cluster.ledgers, {&edited}, ranges, cluster.uses(), {})) {
    proofs.push_back({candidate, edited, {}});
  }
  ASSERT_EQ(proofs.size(), 1U);
  cluster.write_all(release(cluster.ledgers, proofs, ranges, 1, cluster.now).writes);
  EXPECT_EQ(cluster.ledgers.in(Space::kNodePort).find({Port::of(24501)})->sticky_seconds, 0);
}

TEST(Sticky, EndsWhenTheNumberMayNotBeHadAnyMore) {
  const PortAllocation old = sticky("web", "1h", {testing::port("a")});
  Cluster cluster = mesh();
  (void)claim_one(cluster, old);
  remove(cluster, old);
  Cluster reserved = cluster;
  reserved.ranges[0].spec.reserved = {{{"24500"}, "kept"}};
  EXPECT_EQ(claim_one(reserved, again(old)), "a:24501");
  Cluster foreign = cluster;
  foreign.services = {testing::service("data", "s", "NodePort", {testing::service_port("a", 80, 24500)})};
  EXPECT_EQ(claim_one(foreign, again(old)), "a:24501");
  Cluster shrunk = cluster;
  shrunk.ranges[0].spec.ports = {"24505-24509"};
  EXPECT_EQ(claim_one(shrunk, again(old)), "a:24505");
  Cluster closed = cluster;
  closed.ranges[0].spec.namespace_selector.match_labels = {{"team", "red"}};
  EXPECT_EQ(claim_one(closed, again(old)), "NamespaceNotAllowed");
}

TEST(StickyEntry, ReadsAndKeepsWhatStandsBehindTheFixedFields) {
  const std::string plain = "1 held mesh/web uid-1 a/TCP 17 1763700000 mesh";
  struct Case {
    std::string text;
    bool readable;
    std::int64_t sticky;
    std::size_t extras;
  };
  const Case cases[] = {
      {plain, true, 0, 0},
      {plain + " sticky=3600", true, 3600, 0},
      {plain + " sticky=3600 later=x/y", true, 3600, 1},
      {plain + " node=a", true, 0, 1},
      {plain + " sticky=-1", false, 0, 0},
      {plain + " sticky=", false, 0, 0},
      {plain + " sticky", false, 0, 0},
      {plain + " =x", false, 0, 0},
      {plain + " STICKY=1", false, 0, 0},
      {plain + " ", false, 0, 0},
  };
  for (const Case& each : cases) {
    const auto entry = decode_entry(each.text);
    ASSERT_EQ(entry.ok(), each.readable) << each.text;
    if (!entry.ok()) continue;
    EXPECT_EQ(entry->sticky_seconds, each.sticky) << each.text;
    EXPECT_EQ(entry->extras.size(), each.extras) << each.text;
    EXPECT_EQ(encode(*entry), each.text);
  }
}

}  // namespace
}  // namespace berth::allocation
