// What plan() does with numbers in a row and with old numbers beside new ones.
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/base/reasons.h"
#include "core/model/effective_ports.h"
#include "core/testing/plan_scene.h"

namespace berth {
namespace {

using testing::notices;
using testing::port;
using testing::reason;
using testing::Scene;
using testing::text;

constexpr char kLater[] = "2025-11-22T09:26:40Z";  // an hour after kNow
constexpr char kEarlier[] = "2025-11-22T08:00:00Z";

AllocationPort row(const std::string& name, std::int64_t count) {
  AllocationPort made = port(name);
  made.count = count;
  return made;
}

AllocationPort migrating(AllocationPort made, std::int64_t old, const std::string& until = "") {
  made.migrate_from = Migration{old, until};
  return made;
}

// As the shell observes it.
void write(Scene& scene, std::vector<AllocationPort> ports) {
  scene.web().spec.ports = std::move(ports);
  ++scene.web().meta.generation;
  scene.web() = effective(scene.web(), testing::kNow);
}

// "api:24500>8080": port, node port, target.
std::string offered(const Scene& scene) {
  std::string offers;
  for (const Service& service : scene.cluster.services) {
    for (const ServicePort& one : service.ports) {
      offers += (offers.empty() ? "" : " ") + one.name + ":" + std::to_string(one.node_port) + ">" +
                to_string(one.target_port);
    }
  }
  return offers;
}

TEST(PlanOfARow, PublishesEachNumberUnderItsName) {
  Scene scene;
  write(scene, {row("rtp", 3), port("api")});
  scene.settle();
  EXPECT_EQ(scene.web().status.summary, "rtp:24500-24502/TCP api:24503/TCP");
  EXPECT_EQ(offered(scene), "rtp-0:24500>8080 rtp-1:24501>8081 rtp-2:24502>8082 api:24503>8080");
  EXPECT_EQ(reason(scene.web(), "Ready"), "True/Ready");
  EXPECT_TRUE(scene.plan().settled());
}

TEST(PlanOfTwoProtocols, PublishesOneNumberForBoth) {
  Scene scene;
  AllocationPort dns = port("dns");
  dns.also_protocol = Protocol::kUdp;
  write(scene, {dns});
  scene.settle();
  EXPECT_EQ(scene.web().status.summary, "dns:24500/TCP dns:24500/UDP");
  EXPECT_EQ(offered(scene), "dns:24500>8080 dns-udp:24500>8080");
  EXPECT_EQ(reason(scene.web(), "Ready"), "True/Ready");
  EXPECT_TRUE(scene.plan().settled());
}

TEST(PlanOfTwoProtocols, KeepsTheNumberThroughEveryEditOfThem) {
  constexpr Protocol kAll[] = {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp};
  std::vector<AllocationPort> forms;
  for (const Protocol protocol : kAll) {
    AllocationPort form = port("dns");
    form.protocol = protocol;
    forms.push_back(form);
    for (const Protocol also : kAll) {
      if (also == protocol) continue;
      form.also_protocol = also;
      forms.push_back(form);
    }
  }
  const auto text = [](const AllocationPort& form) {
    const std::string first = "dns:24500/" + std::string(to_string(form.protocol));
    return form.also_protocol ? first + " dns:24500/" + to_string(*form.also_protocol) : first;
  };
  for (const AllocationPort& before : forms) {
    for (const AllocationPort& after : forms) {
      const std::string edit = text(before) + " -> " + text(after);
      Scene scene;
      write(scene, {before});
      scene.settle();
      EXPECT_EQ(scene.web().status.summary, text(before)) << edit;
      write(scene, {after});
      scene.settle();
      EXPECT_EQ(scene.web().status.summary, text(after)) << edit;
    }
  }
}

TEST(PlanOfARow, TellsOnlyNeighboursAsASpan) {
  struct Case {
    std::string name;
    std::vector<AllocationPort> ports;
    std::string expected;
  };
  AllocationPort udp = row("u", 2);
  udp.protocol = Protocol::kUdp;
  const Case cases[] = {
      {"two rows", {row("a", 2), row("b", 2)}, "a:24500-24501/TCP b:24502-24503/TCP"},
      {"ports that happen to be neighbours", {port("a"), port("b")}, "a:24500/TCP b:24501/TCP"},
      {"another protocol", {udp, port("t")}, "u:24500-24501/UDP t:24502/TCP"},
      {"with old numbers", {migrating(row("a", 2), 9000)}, "a:24500-24501/TCP a-old:9000-9001/TCP"},
  };
  for (const Case& each : cases) {
    Scene scene;
    write(scene, each.ports);
    scene.settle();
    EXPECT_EQ(scene.web().status.summary, each.expected) << each.name;
  }
}

TEST(PlanOfARow, KeepsAndServesWhatItHasWhileItCannotGrow) {
  for (const bool alone : {true, false}) {
    Scene scene;
    write(scene, {alone ? port("rtp") : row("rtp", 2)});
    scene.settle();
    const std::string before = offered(scene);
    write(scene, {row("rtp", 40)});
    const auto refused = scene.cluster.claim_all();
    ASSERT_EQ(refused.refusals.size(), 1U);
    scene.cluster.write_all(refused.writes);
    scene.refusal = refused.refusals[0];
    for (int i = 0; i < 3; ++i) scene.carry_out(scene.plan());
    EXPECT_EQ(reason(scene.web(), "Allocated"), "False/CannotGrow");
    EXPECT_EQ(scene.web().status.summary, alone ? "rtp:24500/TCP" : "rtp:24500-24501/TCP");
    if (!alone) {
      EXPECT_EQ(offered(scene), before);
    }
  }
}

TEST(PlanOfAMigration, PublishesBothNumbersForTheSameClients) {
  Scene scene;
  AllocationPort made = migrating(port("api"), 9000, kLater);
  made.allow_from = {{.cidr = "10.0.0.0/8"}};
  write(scene, {made});
  scene.settle();
  EXPECT_EQ(offered(scene), "api:24500>8080 api-old:9000>8080");
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP api-old:9000/TCP");
  EXPECT_EQ(reason(scene.web(), "Ready"), "True/Ready");
  EXPECT_EQ(reason(scene.web(), "Migrating"), "True/BothServed");
  EXPECT_EQ(find_condition(scene.web().status.conditions, "Migrating")->message,
            std::string("port api is served on its old number 9000 beside 24500, until ") + kLater);
  const auto policy = std::find_if(scene.policies.begin(), scene.policies.end(),
                                   [](const NetworkPolicy& one) { return one.meta.name == "web-ingress"; });
  ASSERT_NE(policy, scene.policies.end());
  EXPECT_EQ(policy->ingress.size(), 1U) << "they lead to one container port";
}

TEST(PlanOfAMigration, WakesItselfUpAtTheEnd) {
  struct Case {
    std::string until;
    std::optional<Duration> expected;
  };
  const Case cases[] = {{"", std::nullopt}, {kLater, std::chrono::hours(1)}};
  for (const Case& each : cases) {
    Scene scene;
    write(scene, {migrating(port("api"), 9000, each.until)});
    scene.settle();
    const Plan rest = scene.plan();
    EXPECT_TRUE(rest.actions.empty());
    EXPECT_EQ(rest.look_again, each.expected) << each.until;
  }
}

TEST(PlanOfAMigration, TakesTheOldNumberBackTheOrdinaryWay) {
  for (const bool on_command : {true, false}) {
    Scene scene;
    write(scene, {migrating(port("api"), 9000)});
    scene.settle();
    write(scene, {on_command ? port("api") : migrating(port("api"), 9000, kEarlier)});
    const Plan first = scene.plan();
    EXPECT_EQ(
        text(first),
        "write status of PortAllocation mesh/web, patch Service mesh/web, write status of PortAllocation "
        "mesh/web")
        << on_command;
    EXPECT_EQ(notices(first).find("MigrationEnded") != std::string::npos, !on_command);
    scene.carry_out(first);
    EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
    EXPECT_EQ(reason(scene.web(), "Migrating"), on_command ? "" : "False/MigrationEnded");
    scene.cluster.services[0].ports.pop_back();  // the patch
    EXPECT_EQ(text(scene.plan()), "release 1 numbers") << on_command;
  }
}

TEST(PlanOfAMigration, SaysNothingBeforeTheOldNumberIsHeld) {
  Scene scene;
  write(scene, {migrating(port("api"), 9000)});
  scene.refusal = allocation::Refusal{
      {"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kPortTaken, "api-old", "taken"};
  scene.carry_out(scene.plan());
  EXPECT_EQ(reason(scene.web(), "Allocated"), "False/PortTaken");
  EXPECT_EQ(reason(scene.web(), "Migrating"), "");
}

}  // namespace
}  // namespace berth
