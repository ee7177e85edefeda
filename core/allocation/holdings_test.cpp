#include "core/allocation/holdings.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::entry;
using testing::port;
using testing::range;

Cluster two_spaces() {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"24500-24509"}), range("lb", "Service", {"440-449"})};
  cluster.allocations = {allocation("web", {port("p"), port("q")})};
  return cluster;
}

Holdings held(const Cluster& cluster) {
  const PortAllocation& object = cluster.allocations[0];
  return assess(object, cluster.ledgers.of_owner(object.meta.uid), cluster.compiled(), cluster.uses());
}

std::string text(const Holdings& holdings) {
  std::string result = to_string(holdings.space);
  for (const Holding& holding : holdings.serving) {
    result += " " + holding.slot.name + ":" + to_string(holding.key) + (holding.interim ? "?" : "");
  }
  result += " |";
  for (const std::string& name : holdings.wanting) result += " " + name;
  result += " |";
  for (const Surplus& surplus : holdings.surplus) result += " " + to_string(surplus.number.key);
  return result;
}

TEST(Holdings, PreferTheRequestThenStatusThenTheLowestSequence) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  web.spec.ports.pop_back();
  cluster.put(Space::kNodePort, 24501, entry(web, "p", 2));
  cluster.put(Space::kNodePort, 24503, entry(web, "p", 1));
  cluster.put(Space::kNodePort, 24505, entry(web, "p", 3));
  EXPECT_EQ(text(held(cluster)), "NodePort p:24503 | | 24501 24505");
  web.status.ports = {{"p", 24505, Protocol::kTcp, {}}};
  EXPECT_EQ(text(held(cluster)), "NodePort p:24505 | | 24501 24503");
  web.spec.ports[0].port = 24501;
  EXPECT_EQ(text(held(cluster)), "NodePort p:24501 | | 24503 24505");
  web.spec.ports[0].port = 24507;  // not held: the old one stays until it is
  EXPECT_EQ(text(held(cluster)), "NodePort p:24505? | p | 24501 24503");
}

TEST(Holdings, IgnoreRestingEntriesAndOtherOwners) {
  Cluster cluster = two_spaces();
  Entry resting = entry(cluster.allocations[0], "p", 1);
  resting.state = EntryState::kResting;
  cluster.put(Space::kNodePort, 24500, resting);
  cluster.put(Space::kNodePort, 24501, entry(allocation("webber", {}), "p", 2));
  EXPECT_EQ(text(held(cluster)), "NodePort | p q |");
}

TEST(Holdings, StayInTheirSpaceWhateverHappensToRanges) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  cluster.put(Space::kNodePort, 24500, entry(web, "p", 1));
  cluster.put(Space::kNodePort, 24501, entry(web, "q", 2));
  const std::string expected = "NodePort p:24500 q:24501 | |";
  EXPECT_EQ(text(held(cluster)), expected);
  cluster.ranges[0] = range("mesh", "Service", {"440-449"});  // deleted and made anew elsewhere
  EXPECT_EQ(text(held(cluster)), expected);
  cluster.ranges.clear();
  EXPECT_EQ(text(held(cluster)), expected);
  web.spec.range_name = "";
  web.spec.purpose = "games";
  cluster.ranges = {range("a", "Service", {"440-449"})};
  cluster.ranges[0].spec.purpose = "games";
  EXPECT_EQ(text(held(cluster)), expected);
}

TEST(Holdings, MoveToAnotherSpaceAllAtOnce) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  cluster.put(Space::kNodePort, 24500, entry(web, "p", 1));
  cluster.put(Space::kNodePort, 24501, entry(web, "q", 2));
  web.status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24501, Protocol::kTcp, {}}};
  web.status.range_name = "mesh";
  web.spec.range_name = "lb";
  EXPECT_EQ(text(held(cluster)), "NodePort p:24500? q:24501? | p q |");
  EXPECT_EQ(held(cluster).target, Space::kService);
  cluster.put(Space::kService, 440, entry(web, "p", 1, Protocol::kTcp, "lb"));
  EXPECT_EQ(text(held(cluster)), "NodePort p:24500? q:24501? | q |");
  cluster.put(Space::kService, 441, entry(web, "q", 2, Protocol::kTcp, "lb"));
  EXPECT_EQ(text(held(cluster)), "Service p:440-TCP q:441-TCP | | 24500 24501");
  // A port that waits for its number does not throw the others back.
  web.status.ports = {{"p", 440, Protocol::kTcp, {}}, {"q", 441, Protocol::kTcp, {}}};
  web.spec.ports.push_back(port("r"));
  EXPECT_EQ(text(held(cluster)), "Service p:440-TCP q:441-TCP | r | 24500 24501");
}

TEST(Holdings, WithoutARangeSayWhyAndKeepWhatThereIs) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  web.spec.range_name = "nothing";
  ASSERT_TRUE(held(cluster).unroutable);
  EXPECT_EQ(held(cluster).unroutable->reason, RefusalReason::kRangeNotFound);
  EXPECT_EQ(text(held(cluster)), "NodePort | p q |");
  cluster.put(Space::kNodePort, 24500, entry(web, "p", 1));
  EXPECT_EQ(text(held(cluster)), "NodePort p:24500? | p q |");
}

TEST(Holdings, NoteNumbersThatLieOutsideWhatIsWrittenNow) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  web.spec.ports.pop_back();
  cluster.put(Space::kNodePort, 24500, entry(web, "p", 1));
  EXPECT_TRUE(held(cluster).notes.empty());
  cluster.ranges[0].spec.blocks = {{"b", {"24505"}, "", ""}};
  web.spec.ports[0].block = "b";
  ASSERT_EQ(held(cluster).notes.size(), 1U);
  EXPECT_NE(held(cluster).notes[0].find("outside block b"), std::string::npos);
  cluster.ranges[0].spec.ports = {"24505-24509"};
  EXPECT_NE(held(cluster).notes[0].find("no longer holds"), std::string::npos);
  cluster.ranges.clear();
  EXPECT_NE(held(cluster).notes[0].find("no usable range mesh"), std::string::npos);
}

TEST(ShownNumbers, TakeStatusBeforeServicesAndOnlyWhatTheSpecStillSays) {
  Cluster cluster = two_spaces();
  PortAllocation& web = cluster.allocations[0];
  Service mine =
      testing::service("mesh", "web", "NodePort",
                       {testing::service_port("p", 24504, 24505), testing::service_port("q", 24506, 0),
                        testing::service_port("gone", 24507, 24507)});
  testing::own(mine.meta, web);
  Service foreign = mine;
  testing::own(foreign.meta, allocation("other", {}));
  const auto shown = [&](const Service& present) {
    std::string result;
    for (const ShownNumber& number : shown_numbers(web, Space::kNodePort, {&present})) {
      result += number.slot.name + ":" + to_string(number.number) + " ";
    }
    return result;
  };
  EXPECT_EQ(shown(mine), "p:24505 q:24506 ");
  EXPECT_EQ(shown(foreign), "");
  web.status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 0, Protocol::kTcp, {}}};
  EXPECT_EQ(shown(mine), "p:24500 q:24506 ");
  web.spec.ports[0].port = 24505;
  EXPECT_EQ(shown(mine), "p:24505 q:24506 ");
  web.status.range_name = "lb";  // the range was changed: what is shown belongs to the old one
  EXPECT_EQ(shown(mine), "");
}

}  // namespace
}  // namespace berth::allocation
