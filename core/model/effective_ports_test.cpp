#include "core/model/effective_ports.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

constexpr Instant kNow{1'763'800'000'000};  // 2025-11-22T08:26:40Z
constexpr char kLater[] = "2025-12-01T00:00:00Z";
constexpr char kEarlier[] = "2025-11-01T00:00:00Z";

AllocationPort port(std::string name, std::int64_t number = 0, std::int64_t count = 0) {
  AllocationPort made;
  made.name = std::move(name);
  made.target_port = std::int64_t{4000};
  made.port = number;
  made.count = count;
  return made;
}

AllocationPort migrating(AllocationPort port, std::int64_t old, std::string until = "") {
  port.migrate_from = Migration{old, std::move(until)};
  return port;
}

PortAllocation with(std::vector<AllocationPort> ports) {
  PortAllocation allocation;
  allocation.meta.generation = 3;
  allocation.spec.ports = std::move(ports);
  return allocation;
}

// The status of an allocation whose numbers are all held and shown.
PortAllocation shown(PortAllocation allocation, const std::vector<std::string>& names) {
  allocation.status.observed_generation = allocation.meta.generation;
  allocation.status.conditions = {{"Allocated", "True", allocation.meta.generation, "", "NumbersHeld", ""}};
  for (const std::string& name : names) allocation.status.ports.push_back({name, 24500, Protocol::kTcp, {}});
  return allocation;
}

// "rtp-0:24500>4000(rtp)": name, number asked for, target, group.
std::string text(const std::vector<AllocationPort>& ports) {
  std::string text;
  for (const AllocationPort& port : ports) {
    text += (text.empty() ? "" : " ") + port.name + ":" + std::to_string(port.port) + ">" +
            to_string(port.target_port) + (port.group.empty() ? "" : "(" + port.group + ")");
  }
  return text;
}

TEST(EffectivePorts, CountUpNamesTargetsAndRequestedNumbers) {
  struct Case {
    std::string name;
    AllocationPort port;
    std::string expected;
  };
  const Case cases[] = {
      {"no count", port("api"), "api:0>4000"},
      {"a count of one is the port itself", port("api", 24511, 1), "api:24511>4000"},
      {"chosen", port("rtp", 0, 3), "rtp-0:0>4000(rtp) rtp-1:0>4001(rtp) rtp-2:0>4002(rtp)"},
      {"requested", port("rtp", 24500, 2), "rtp-0:24500>4000(rtp) rtp-1:24501>4001(rtp)"},
      {"a migration", migrating(port("api", 24511), 8080), "api:24511>4000 api-old:8080>4000(api)"},
      {"a migration of several", migrating(port("rtp", 24500, 2), 9000),
       "rtp-0:24500>4000(rtp) rtp-0-old:9000>4000(rtp) rtp-1:24501>4001(rtp) rtp-1-old:9001>4001(rtp)"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(text(effective_ports(with({each.port}), kNow)), each.expected) << each.name;
  }
}

TEST(EffectivePorts, ServeOneNumberUnderAFurtherProtocol) {
  AllocationPort dns = migrating(port("dns", 24510), 53);
  dns.also_protocol = Protocol::kUdp;
  dns.health = HealthCheck{"/healthz"};
  const auto ports = effective_ports(with({dns}), kNow);
  EXPECT_EQ(text(ports),
            "dns:24510>4000(dns) dns-old:53>4000(dns) dns-udp:24510>4000(dns) dns-udp-old:53>4000(dns)");
  const Protocol expected[] = {Protocol::kTcp, Protocol::kTcp, Protocol::kUdp, Protocol::kUdp};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    EXPECT_EQ(ports[i].protocol, expected[i]);
    EXPECT_EQ(ports[i].health.has_value(), expected[i] == Protocol::kTcp) << "it is asked over HTTP";
    EXPECT_EQ(is_old_number(ports[i]), i % 2 == 1);
    EXPECT_EQ(member_index(ports[i]), i % 2 == 1 ? std::nullopt : std::optional<std::int64_t>(0));
  }
}

TEST(EffectivePorts, APortThatIsNamedLikeAnOldNumberIsNone) {
  AllocationPort named = port("api-old");
  named.also_protocol = Protocol::kSctp;
  const auto ports = effective_ports(with({named}), kNow);
  EXPECT_EQ(text(ports), "api-old:0>4000(api-old) api-old-sctp:0>4000(api-old)");
  for (const AllocationPort& made : ports) EXPECT_FALSE(is_old_number(made)) << made.name;
}

TEST(EffectivePorts, TakeOverWhatIsWrittenButTheBlockOfAnOldNumber) {
  AllocationPort written = migrating(port("rtp", 0, 2), 9000);
  written.block = "media";
  written.protocol = Protocol::kUdp;
  written.exposure = "Cluster";
  written.allow_from = {{.cidr = "10.0.0.0/8"}};
  const auto ports = effective_ports(with({written}), kNow);
  ASSERT_EQ(ports.size(), 4U);
  for (const AllocationPort& made : ports) {
    EXPECT_EQ(made.protocol, written.protocol);
    EXPECT_EQ(made.exposure, written.exposure);
    EXPECT_EQ(made.allow_from, written.allow_from);
    EXPECT_EQ(made.count, 0);
    EXPECT_EQ(made.block, is_old_number(made) ? "" : "media");
  }
}

TEST(EffectivePorts, ANamedTargetIsTheSameForAll) {
  AllocationPort named = port("rtp", 0, 2);
  named.target_port = std::string("media");
  EXPECT_EQ(text(effective_ports(with({named}), kNow)), "rtp-0:0>media(rtp) rtp-1:0>media(rtp)");
}

TEST(EffectivePorts, AMigrationLastsUntilItsEndOrUntilTheFieldGoes) {
  struct Case {
    std::string name;
    std::string until;
    bool lasts;
  };
  const Case cases[] = {{"without an end", "", true},
                        {"before its end", kLater, true},
                        {"at its end", "2025-11-22T08:26:40Z", false},
                        {"after its end", kEarlier, false},
                        {"an end that cannot be read", "tomorrow", true}};
  for (const Case& each : cases) {
    const auto ports = effective_ports(with({migrating(port("api"), 8080, each.until)}), kNow);
    EXPECT_EQ(ports.size() == 2, each.lasts) << each.name;
  }
}

TEST(EffectivePorts, AnEndedMigrationStaysEndedWhateverTheClockSays) {
  const PortAllocation written = with({migrating(port("api"), 8080, kLater)});
  EXPECT_EQ(effective_ports(shown(written, {"api"}), kNow).size(), 1U);
  EXPECT_EQ(effective_ports(shown(written, {"api", "api-old"}), kNow).size(), 2U);
  // An edit asks anew, and so does a status that does not hold everything.
  PortAllocation edited = shown(written, {"api"});
  edited.meta.generation = 4;
  EXPECT_EQ(effective_ports(edited, kNow).size(), 2U);
  PortAllocation waiting = shown(written, {"api"});
  waiting.status.conditions[0].status = "False";
  EXPECT_EQ(effective_ports(waiting, kNow).size(), 2U);
  // Without an end it is there as long as the field is.
  EXPECT_EQ(effective_ports(shown(with({migrating(port("api"), 8080)}), {"api"}), kNow).size(), 2U);
}

TEST(EffectivePorts, WithoutAClockOnlyTheStatusEndsAMigration) {
  const PortAllocation written = with({migrating(port("api"), 8080, kEarlier)});
  EXPECT_EQ(effective_ports(written, {}).size(), 2U);
  EXPECT_EQ(effective_ports(shown(written, {"api", "api-old"}), {}).size(), 2U);
  EXPECT_EQ(effective_ports(shown(written, {"api"}), {}).size(), 1U);
}

TEST(EffectivePorts, APlainAllocationIsNotCopied) {
  const auto plain = std::make_shared<const PortAllocation>(with({port("api"), port("web", 24500, 1)}));
  EXPECT_TRUE(is_plain(*plain));
  EXPECT_EQ(effective(plain, kNow), plain);
  const auto counted =
      std::make_shared<const PortAllocation>(with({port("rtp", 0, 2), migrating(port("api"), 8080)}));
  const auto made = effective(counted, kNow);
  EXPECT_EQ(made->spec.ports.size(), 4U);
  EXPECT_EQ(effective(made, kNow), made) << "what is effective already is left alone";
}

TEST(EffectivePorts, KnowTheirPlaceInTheGroupAndTheirEnd) {
  const PortAllocation made = effective(
      with({port("x-old"), port("rtp", 0, 12), migrating(port("api"), 8080, kLater),
            migrating(port("web"), 8081, "2025-11-30T12:00:00+02:00"), migrating(port("db"), 8082)}),
      kNow);
  EXPECT_FALSE(is_old_number(made.spec.ports[0]));
  EXPECT_EQ(member_index(made.spec.ports[0]), std::nullopt);
  EXPECT_EQ(member_index(made.spec.ports[12]), 11);
  EXPECT_TRUE(is_old_number(made.spec.ports[14]));
  EXPECT_EQ(member_index(made.spec.ports[14]), std::nullopt);
  EXPECT_EQ(to_rfc3339(first_end(made).value()), "2025-11-30T10:00:00Z");
  EXPECT_EQ(first_end(with({port("api")})), std::nullopt);
}

}  // namespace
}  // namespace berth
