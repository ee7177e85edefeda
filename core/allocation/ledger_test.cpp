#include "core/allocation/ledger.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

Entry sample() {
  Entry entry;
  entry.owner = {"mesh", "api-gateway"};
  entry.owner_uid.text = "0f3c-17";
  entry.slots = {{"api", Protocol::kTcp}, {"api-udp", Protocol::kUdp}};
  entry.sequence = 17;
  entry.since_seconds = 1'763'700'000;
  entry.range = "mesh";
  return entry;
}

TEST(Space, NamesItsShardsAndReadsOnlySuchNames) {
  EXPECT_EQ(shard_name(Space::kNodePort, 95), "nodeport-095");
  EXPECT_EQ(shard_name(Space::kService, 1), "service-001");
  EXPECT_EQ(shard_name(Space::kHostPort, 255), "hostport-255");
  for (const Space space : kSpaces) {
    for (int shard = 0; shard < kShardCount; ++shard) {
      EXPECT_EQ(parse_shard_name(shard_name(space, shard)), (ShardId{space, shard}));
    }
  }
  for (const char* name : {"nodeport-95", "nodeport-256", "nodeport--01", "nodeport-+95", "nodeport-",
                           "mesh-095", "nodeport-0095", "", "NodePort-095"}) {
    EXPECT_EQ(parse_shard_name(name), std::nullopt) << name;
  }
}

TEST(Space, KeysCarryAProtocolExceptForNodePorts) {
  EXPECT_EQ(to_string(key_of(Space::kNodePort, Port::of(24511), Protocol::kUdp)), "24511");
  EXPECT_EQ(to_string(key_of(Space::kService, Port::of(443), Protocol::kTcp)), "443-TCP");
  for (const Space space : kSpaces) {
    const NumberKey key = key_of(space, Port::of(443), Protocol::kSctp);
    EXPECT_EQ(parse_number_key(space, to_string(key)).value(), key);
  }
  struct Case {
    Space space;
    const char* text;
  };
  for (const Case& c :
       {Case{Space::kNodePort, "443-TCP"}, Case{Space::kService, "443"}, Case{Space::kService, "443-tcp"},
        Case{Space::kService, "443-TCP-"}, Case{Space::kNodePort, "0443"}, Case{Space::kNodePort, ""},
        Case{Space::kNodePort, "65536"}}) {
    EXPECT_FALSE(parse_number_key(c.space, c.text).ok()) << c.text;
  }
}

TEST(Space, AHostPortMayBeOfOneNodeOnly) {
  const NumberKey everywhere{Port::of(443), Protocol::kTcp};
  const NumberKey here{Port::of(443), Protocol::kTcp, "device-1"};
  const NumberKey there{Port::of(443), Protocol::kTcp, "device-2"};
  EXPECT_EQ(to_string(here), "443-TCP@device-1");
  EXPECT_EQ(parse_number_key(Space::kHostPort, "443-TCP@device-1").value(), here);
  for (const char* text : {"443-TCP@", "443@device-1", "443-@device-1"}) {
    EXPECT_FALSE(parse_number_key(Space::kHostPort, text).ok()) << text;
  }
  EXPECT_FALSE(parse_number_key(Space::kService, "443-TCP@device-1").ok());
  EXPECT_FALSE(parse_number_key(Space::kNodePort, "24511@device-1").ok());
  EXPECT_TRUE(conflict(here, here));
  EXPECT_TRUE(conflict(here, everywhere));
  EXPECT_TRUE(conflict(everywhere, there));
  EXPECT_FALSE(conflict(here, there));
  EXPECT_FALSE(conflict(here, {Port::of(443), Protocol::kUdp, "device-1"}));
  EXPECT_FALSE(conflict(here, {Port::of(444), Protocol::kTcp, "device-1"}));
}

// any_conflicting() against the definition, over every pair of a small world.
TEST(Space, FindsEveryKeyThatConflicts) {
  std::map<NumberKey, int> all;
  for (const int port : {442, 443, 444}) {
    for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
      for (const char* node : {"", "a", "b"}) all[{Port::of(port), protocol, node}] = 0;
    }
  }
  for (const auto& [key, unused] : all) {
    std::vector<NumberKey> expected;
    for (const auto& [other, none] : all) {
      if (conflict(key, other)) expected.push_back(other);
    }
    std::vector<NumberKey> found;
    EXPECT_FALSE(any_conflicting(all, key, [&](const NumberKey& other, int) {
      found.push_back(other);
      return false;
    }));
    EXPECT_EQ(found, expected) << to_string(key);
  }
}

TEST(Entry, IsOneReadableLine) {
  EXPECT_EQ(encode(sample()), "1 held mesh/api-gateway 0f3c-17 api/TCP,api-udp/UDP 17 1763700000 mesh");
  Entry resting = sample();
  resting.state = EntryState::kResting;
  resting.range = "";
  for (const Entry& entry : {sample(), resting}) EXPECT_EQ(decode_entry(encode(entry)).value(), entry);
}

TEST(Entry, OfAnyOtherShapeIsRefusedAndQuoted) {
  const char* const texts[] = {
      "",
      "2 held mesh/a u api/TCP 1 1 mesh",
      "1 held mesh/a u api/TCP 1 1",
      "1 held mesh/a u api/TCP 1 1 mesh more",
      "1 lent mesh/a u api/TCP 1 1 mesh",
      "1 held mesh u api/TCP 1 1 mesh",
      "1 held /a u api/TCP 1 1 mesh",
      "1 held mesh/a  api/TCP 1 1 mesh",
      "1 held mesh/a u api 1 1 mesh",
      "1 held mesh/a u api/tcp 1 1 mesh",
      "1 held mesh/a u  1 1 mesh",
      "1 held mesh/a u b/TCP,a/UDP 1 1 mesh",
      "1 held mesh/a u api/TCP -1 1 mesh",
      "1 held mesh/a u api/TCP 1 x mesh",
      "1 held mesh/a u api/TCP 99999999999999999999 1 mesh",
  };
  for (const char* text : texts) {
    const auto entry = decode_entry(text);
    ASSERT_FALSE(entry.ok()) << text;
    EXPECT_NE(entry.error().message.find(text), std::string::npos) << entry.error().message;
  }
}

PortLedger object_with(std::map<std::string, std::string> entries) {
  PortLedger object;
  object.meta.name = "nodeport-095";
  object.meta.resource_version = "7";
  object.spec.space = "NodePort";
  object.spec.shard = 95;
  object.spec.fence = 3;
  object.spec.next_sequence = 18;
  object.spec.entries = std::move(entries);
  return object;
}

TEST(Shard, SurvivesTheWayThroughTheApi) {
  const PortLedger object = object_with({{"24511", encode(sample())}});
  EXPECT_EQ(write_shard(read_shard(object).value()), object);
}

TEST(Shard, ErrorsNameTheShardAndTheKey) {
  struct Case {
    const char* name;
    PortLedger object;
    const char* expected;
  };
  std::vector<Case> cases = {
      {"unreadable entry", object_with({{"24511", "2 whatever"}}), "24511"},
      {"number of another shard", object_with({{"24000", encode(sample())}}), "24000"},
      {"key of another space", object_with({{"24511-TCP", encode(sample())}}), "24511-TCP"},
      {"sequence never given out", object_with({{"24511", encode(sample())}}), "sequence"},
      {"other space than its name", object_with({}), "space"},
      {"other shard than its name", object_with({}), "shard 94"},
      {"negative fence", object_with({}), "fence"},
  };
  cases[3].object.spec.next_sequence = 17;
  cases[4].object.spec.space = "Service";
  cases[5].object.spec.shard = 94;
  cases[6].object.spec.fence = -1;
  for (const Case& c : cases) {
    const auto shard = read_shard(c.object);
    ASSERT_FALSE(shard.ok()) << c.name;
    EXPECT_NE(shard.error().message.find("nodeport-095"), std::string::npos) << shard.error().message;
    EXPECT_NE(shard.error().message.find(c.expected), std::string::npos) << shard.error().message;
  }
}

TEST(Ledger, FindsByNumberAndByOwner) {
  Ledger ledger(Space::kNodePort);
  ASSERT_TRUE(ledger.put(object_with({{"24511", encode(sample())}})).ok());
  EXPECT_EQ(*ledger.find({Port::of(24511)}), sample());
  EXPECT_EQ(ledger.find({Port::of(24512)}), nullptr);
  ASSERT_EQ(ledger.of_owner({"0f3c-17"}).size(), 1U);
  EXPECT_TRUE(ledger.of_owner({"0f3c-1"}).empty());
  EXPECT_EQ(ledger.fence(), 3);
}

TEST(Ledger, ForgetsWhatANewVersionOfAShardDoesNotHold) {
  Ledger ledger(Space::kNodePort);
  ASSERT_TRUE(ledger.put(object_with({{"24511", encode(sample())}})).ok());
  ASSERT_TRUE(ledger.put(object_with({})).ok());
  EXPECT_EQ(ledger.find({Port::of(24511)}), nullptr);
  EXPECT_TRUE(ledger.of_owner({"0f3c-17"}).empty());
  ASSERT_TRUE(ledger.put(object_with({{"24511", encode(sample())}})).ok());
  ledger.remove(95);
  EXPECT_TRUE(ledger.of_owner({"0f3c-17"}).empty());
  EXPECT_TRUE(ledger.shards().empty());
}

TEST(Ledger, FreezesAShardItCannotReadAndThawsIt) {
  Ledger ledger(Space::kNodePort);
  ASSERT_TRUE(ledger.put(object_with({{"24511", encode(sample())}})).ok());
  EXPECT_FALSE(ledger.put(object_with({{"24511", encode(sample())}, {"24512", "9 x"}})).ok());
  ASSERT_NE(ledger.frozen(95), nullptr);
  EXPECT_NE(ledger.frozen(95)->message.find("24512"), std::string::npos);
  EXPECT_TRUE(ledger.shards().empty());
  ASSERT_TRUE(ledger.put(object_with({})).ok());
  EXPECT_EQ(ledger.frozen(95), nullptr);
}

TEST(Ledgers, TakeOnlyObjectsThatAreShards) {
  Ledgers ledgers;
  PortLedger stranger = object_with({});
  stranger.meta.name = "my-ledger";
  EXPECT_FALSE(ledgers.put(stranger).ok());
  EXPECT_TRUE(ledgers.in(Space::kNodePort).frozen().empty());
  ASSERT_TRUE(ledgers.put(object_with({{"24511", encode(sample())}})).ok());
  EXPECT_EQ(ledgers.of_owner({"0f3c-17"}).size(), 1U);
  ledgers.remove("nodeport-095");
  EXPECT_TRUE(ledgers.of_owner({"0f3c-17"}).empty());
}

TEST(RestClock, MeasuresFromTheFirstSightOfASequence) {
  testing::Cluster cluster;
  PortRange mesh = testing::range("mesh", "NodePort", {"24500-24599"});
  mesh.spec.reuse_after = "60s";
  cluster.ranges = {mesh};
  const PortAllocation owner = testing::allocation("a", {testing::port("api")});
  Entry resting = testing::entry(owner, "api", 5);
  resting.state = EntryState::kResting;
  cluster.put(Space::kNodePort, 24500, resting);
  const HeldNumber number{Space::kNodePort, {Port::of(24500)}, resting};
  const Ranges ranges = cluster.compiled();
  using std::chrono::seconds;

  RestClock clock;
  EXPECT_EQ(clock.remaining(number, ranges, {}, {0}), seconds(60));  // never observed
  clock.observe(cluster.ledgers, {10'000});
  EXPECT_EQ(clock.remaining(number, ranges, {}, {30'000}), seconds(40));
  clock.observe(cluster.ledgers, {50'000});  // seen again: no new beginning
  EXPECT_EQ(clock.remaining(number, ranges, {}, {69'000}), seconds(1));
  EXPECT_EQ(clock.remaining(number, ranges, {}, {71'000}), seconds(0));
  EXPECT_EQ(clock.remaining(number, ranges, seconds(100), {71'000}), seconds(39));
  HeldNumber other = number;
  other.entry.sequence = 6;  // released once more since
  EXPECT_EQ(clock.remaining(other, ranges, {}, {71'000}), seconds(60));
  HeldNumber rangeless = number;
  rangeless.entry.range = "gone";
  EXPECT_EQ(clock.remaining(rangeless, ranges, {}, {10'000}), seconds(130));
}

}  // namespace
}  // namespace berth::allocation
