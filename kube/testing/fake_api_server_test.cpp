// What the fake API server offers to tests beyond what a real one does (conformance_test.cpp has the rest).
#include "kube/testing/fake_api_server.h"

#include <gtest/gtest.h>
#include <string>

#include "kube/client/client.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_selectors.h"
#include "kube/testing/fake_target.h"
#include "kube/testing/faulty_transport.h"

namespace berth::testing {
namespace {

struct World {
  ManualClock clock;
  FakeApiServer server;
  FaultyTransport transport{server};
  client::Client client{transport, {.field_manager = "test"}};

  explicit World(FakeApiServer::Config config = {}) : server(clock, config) {}

  PortAllocation make(const std::string& name, std::vector<OwnerReference> owners = {},
                      std::vector<std::string> finalizers = {}) {
    PortAllocation wanted = make_palloc("a", name, "range", {make_palloc_port("api", std::int64_t{8080})});
    wanted.meta.owner_references = std::move(owners);
    wanted.meta.finalizers = std::move(finalizers);
    return client.create(wire::kPortAllocation, wanted).value();
  }
  static OwnerReference owner(const PortAllocation& object) {
    return make_owner("berth.dev/v1alpha1", "PortAllocation", object.meta.name, object.meta.uid);
  }
  bool exists(const std::string& name) {
    return server.object(wire::kPortAllocation, {"a", name}).has_value();
  }
  Result<std::optional<PortAllocation>> remove(
      const PortAllocation& object, client::Propagation propagation = client::Propagation::kServerDefault) {
    return client.remove<PortAllocation>(wire::kPortAllocation, object.meta.key(),
                                         {.uid = object.meta.uid, .propagation = propagation});
  }
};

TEST(FakeApiServer, CollectsWhatIsOwnedByTheGoneOnlyWhenTold) {
  World world;
  const PortAllocation owner = world.make("owner");
  const PortAllocation child = world.make("child", {World::owner(owner)});
  world.make("grandchild", {World::owner(child)});
  const PortAllocation other = world.make("other");
  world.make("shared", {World::owner(owner), World::owner(other)});
  EXPECT_EQ(world.server.collect_garbage(), 0U);
  ASSERT_TRUE(world.remove(owner).ok());
  EXPECT_TRUE(world.exists("child"));
  EXPECT_EQ(world.server.collect_garbage(), 2U);
  EXPECT_FALSE(world.exists("grandchild"));
  EXPECT_TRUE(world.exists("shared")) << "one owner lives";
}

TEST(FakeApiServer, OwnersAreKnownByUidNotByName) {
  World world;
  const PortAllocation owner = world.make("owner");
  world.make("child", {World::owner(owner)});
  ASSERT_TRUE(world.remove(owner).ok());
  world.make("owner");
  EXPECT_EQ(world.server.collect_garbage(), 1U);
}

TEST(FakeApiServer, ForegroundDeletionTakesDependentsFirst) {
  World world;
  const PortAllocation owner = world.make("owner");
  world.make("child", {World::owner(owner)});
  const auto left = world.remove(owner, client::Propagation::kForeground);
  ASSERT_TRUE(left.ok() && left->has_value());
  EXPECT_TRUE(world.exists("owner"));
  EXPECT_EQ(world.server.collect_garbage(), 2U);
  EXPECT_FALSE(world.exists("owner"));
}

TEST(FakeApiServer, OrphaningSetsDependentsFree) {
  World world;
  const PortAllocation owner = world.make("owner");
  world.make("child", {World::owner(owner)});
  ASSERT_TRUE(world.remove(owner, client::Propagation::kOrphan).ok());
  world.server.collect_garbage();
  EXPECT_FALSE(world.exists("owner"));
  EXPECT_TRUE(world.exists("child"));
}

TEST(FakeApiServer, ANamespaceTakesItsContentWithIt) {
  FakeApiServer::Config config;
  config.require_namespaces = true;
  World world(config);
  EXPECT_EQ(
      world.client
          .create(wire::kPortAllocation, make_palloc("a", "x", "r", {make_palloc_port("p", std::int64_t{1})}))
          .error()
          .code,
      Code::kNotFound);
  const Namespace ns = world.client.create(wire::kNamespace, make_namespace("a")).value();
  world.make("free");
  const PortAllocation held = world.make("held", {}, {"berth.dev/test"});
  const auto left = world.client.remove<Namespace>(wire::kNamespace, ns.meta.key(), {.uid = ns.meta.uid});
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(world.client
                .create(wire::kPortAllocation,
                        make_palloc("a", "late", "r", {make_palloc_port("p", std::int64_t{1})}))
                .error()
                .code,
            Code::kForbidden);
  world.server.collect_garbage();
  EXPECT_FALSE(world.exists("free"));
  EXPECT_TRUE(world.exists("held"));
  EXPECT_TRUE(world.server.object(wire::kNamespace, {"", "a"}).has_value());
  PortAllocation freed = stored<PortAllocation>(world.server, wire::kPortAllocation, held.meta.key()).value();
  freed.meta.finalizers.clear();
  ASSERT_TRUE(world.client.replace(wire::kPortAllocation, freed).ok());
  world.server.collect_garbage();
  EXPECT_FALSE(world.server.object(wire::kNamespace, {"", "a"}).has_value());
}

TEST(FakeApiServer, KeepsEveryRevision) {
  World world;
  PortAllocation object = world.make("x");
  object.spec.purpose = "changed";
  object = world.client.replace(wire::kPortAllocation, object).value();
  ASSERT_TRUE(world.remove(object).ok());
  const auto history = world.server.history();
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].before, nullptr);
  EXPECT_EQ(history[1].after->text_at({"spec", "purpose"}), "changed");
  EXPECT_EQ(history[1].by, "test");
  EXPECT_EQ(history[2].after, nullptr);
  EXPECT_EQ(history[2].number, world.server.revision());
}

TEST(FakeApiServer, RewindsObjectsVersionsAndNumbers) {
  World world;
  const Service first =
      world.client
          .create(wire::kService, make_service("a", "x", {make_service_port(80, {}, 30100)}, "NodePort"))
          .value();
  const std::int64_t then = world.server.revision();
  ASSERT_TRUE(world.client.remove<Service>(wire::kService, first.meta.key(), {.uid = first.meta.uid}).ok());
  ASSERT_TRUE(
      world.client
          .create(wire::kService, make_service("a", "y", {make_service_port(80, {}, 30200)}, "NodePort"))
          .ok());
  world.server.rewind(then);
  EXPECT_EQ(world.server.revision(), then);
  EXPECT_EQ(stored<Service>(world.server, wire::kService, {"a", "x"})->meta.uid, first.meta.uid);
  EXPECT_FALSE(world.server.object(wire::kService, {"a", "y"}).has_value());
  EXPECT_EQ(
      world.client
          .create(wire::kService, make_service("a", "z", {make_service_port(80, {}, 30100)}, "NodePort"))
          .error()
          .code,
      Code::kInvalid);
  EXPECT_TRUE(
      world.client
          .create(wire::kService, make_service("a", "z", {make_service_port(80, {}, 30200)}, "NodePort"))
          .ok());
}

TEST(FakeApiServer, AutomaticNumbersLeaveTheLowBand) {
  World world;
  const Service made =
      world.client.create(wire::kService, make_service("a", "x", {make_service_port(80)}, "NodePort"))
          .value();
  EXPECT_EQ(made.ports[0].node_port, 30086) << "2768 numbers: a band of 86";
}

TEST(FakeApiServer, AFullRangeIsSaidToBeFull) {
  FakeApiServer::Config config;
  config.node_port_low = 30000;
  config.node_port_high = 30001;
  World world(config);
  for (const char* name : {"x", "y"}) {
    ASSERT_TRUE(
        world.client.create(wire::kService, make_service("a", name, {make_service_port(80)}, "NodePort"))
            .ok());
  }
  EXPECT_FALSE(
      world.client.create(wire::kService, make_service("a", "z", {make_service_port(80)}, "NodePort")).ok());
}

TEST(FakeApiServer, LocalTrafficGetsAHealthCheckNumber) {
  World world;
  Service wanted = make_service("a", "x", {make_service_port(80)}, "LoadBalancer");
  wanted.external_traffic_policy = "Local";
  const Service made = world.client.create(wire::kService, wanted).value();
  EXPECT_NE(made.health_check_node_port, 0);
  EXPECT_NE(made.health_check_node_port, made.ports[0].node_port);
  Service clash = make_service("a", "y", {make_service_port(80)}, "LoadBalancer");
  clash.external_traffic_policy = "Local";
  clash.health_check_node_port = made.health_check_node_port;
  EXPECT_EQ(world.client.create(wire::kService, clash).error().code, Code::kUnavailable)
      << "a 500, as measured";
}

TEST(FakeApiServer, CountsWritesThatWereAskedForAndThoseThatChanged) {
  World world;
  const PortAllocation object = world.make("x");
  world.server.clear_log();
  ASSERT_TRUE(world.client.replace(wire::kPortAllocation, object).ok());
  (void)world.client.get<PortAllocation>(wire::kPortAllocation, object.meta.key());
  EXPECT_EQ(world.server.write_requests(), 1U);
  EXPECT_FALSE(world.server.log().at(0).changed);
}

TEST(FakeApiServer, LedgersHaveABound) {
  World world;
  PortLedger ledger = make_ledger("l", "NodePort", 0);
  for (int i = 0; i < 257; ++i) ledger.spec.entries[std::to_string(i)] = "x";
  EXPECT_EQ(world.client.create(wire::kPortLedger, ledger).error().code, Code::kInvalid);
  ledger.spec.entries.erase("0");
  EXPECT_TRUE(world.client.create(wire::kPortLedger, ledger).ok());
}

TEST(FaultyTransport, CrashesAroundTheWriteItIsToldTo) {
  for (const bool after : {false, true}) {
    World world;
    if (after) {
      world.transport.crash_after_write(2);
    } else {
      world.transport.crash_before_write(2);
    }
    world.make("x");
    EXPECT_THROW(world.make("y"), SimulatedCrash);
    EXPECT_EQ(world.exists("y"), after);
  }
}

TEST(FaultyTransport, ALostReplyIsAWriteThatHappened) {
  World world;
  world.transport.set_policy([](const FaultContext&) -> Fault { return ReplyLost{}; });
  const auto made = world.client.create(wire::kPortAllocation,
                                        make_palloc("a", "x", "r", {make_palloc_port("p", std::int64_t{1})}));
  EXPECT_EQ(made.error().code, Code::kTimeout);
  EXPECT_TRUE(world.exists("x"));
  world.transport.set_policy([](const FaultContext&) -> Fault { return NotSent{}; });
  (void)world.client.create(wire::kPortAllocation,
                            make_palloc("a", "y", "r", {make_palloc_port("p", std::int64_t{1})}));
  EXPECT_FALSE(world.exists("y"));
}

TEST(FaultyTransport, TheSameSeedGivesTheSameFaults) {
  const auto faults = [](std::uint64_t seed) {
    const FaultPolicy policy = random_faults({.not_sent = 300, .reply_lost = 300, .throttled = 100}, seed);
    std::string drawn;
    http::Request request;
    request.method = "PUT";
    for (std::size_t i = 1; i <= 50; ++i) {
      drawn += std::to_string(policy(FaultContext{request, i, i, false}).index());
    }
    return drawn;
  };
  EXPECT_EQ(faults(1), faults(1));
  EXPECT_NE(faults(1), faults(2));
}

TEST(FakeTarget, TakesPathsApart) {
  const auto parsed =
      parse_target("/apis/berth.dev/v1alpha1/namespaces/a%2Fb/portallocations/x/status?force=true&a=b%20c");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->group, "berth.dev");
  EXPECT_EQ(parsed->ns, "a/b");
  EXPECT_EQ(parsed->plural, "portallocations");
  EXPECT_EQ(parsed->name, "x");
  EXPECT_EQ(parsed->subresource, "status");
  EXPECT_TRUE(parsed->flag("force"));
  EXPECT_EQ(parsed->parameter("a"), "b c");
  EXPECT_EQ(parse_target("/api/v1/namespaces/a/status")->name, "a");
  EXPECT_EQ(parse_target("/api/v1/namespaces/a/services")->plural, "services");
  for (const char* bad :
       {"", "api/v1/x", "/api", "/healthz", "/api/v1//x", "/api/v1/%zz", "/api/v1/a/b/c/d"}) {
    EXPECT_FALSE(parse_target(bad).has_value()) << bad;
  }
}

TEST(FakeApiServer, ANumberThatLeakedIsTakenByNobodyUntilItIsRepaired) {
  World world;
  world.server.leak_node_port(30500);
  const Service wanted = make_service("a", "web", {make_service_port(80, {}, 30500)}, "NodePort");
  const auto refused = world.client.create(wire::kService, wanted);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find("provided port is already allocated"), std::string::npos);
  EXPECT_TRUE(all_stored<Service>(world.server, wire::kService).empty());
  world.server.repair_node_ports();
  EXPECT_TRUE(world.client.create(wire::kService, wanted).ok());
}

TEST(FakeSelector, UnderstandsEveryForm) {
  json::Tree object;
  object.at({"metadata", "labels", "a"}).value = "1";
  object.at({"metadata", "name"}).value = "x";
  object.at({"spec", "type"}).value = "NodePort";
  struct Case {
    const char* labels;
    const char* fields;
    bool matches;
  };
  const Case cases[] = {
      {"", "", true},
      {"a", "", true},
      {"!a", "", false},
      {"b", "", false},
      {"!b", "", true},
      {"a=1", "", true},
      {"a==1", "", true},
      {"a!=1", "", false},
      {"b!=1", "", true},
      {"a in (1,2)", "", true},
      {"a in (2)", "", false},
      {"a notin (1)", "", false},
      {"b notin (1)", "", true},
      {"a=1,b", "", false},
      {"", "metadata.name=x", true},
      {"", "metadata.name!=x", false},
      {"", "spec.type=NodePort,metadata.name=x", true},
      {"", "spec.missing=x", false},
  };
  for (const Case& each : cases) {
    const auto selector = FakeSelector::parse(each.labels, each.fields);
    ASSERT_TRUE(selector.ok()) << each.labels << each.fields;
    EXPECT_EQ(selector->matches(object), each.matches) << each.labels << " " << each.fields;
  }
  EXPECT_FALSE(FakeSelector::parse("", "nonsense").ok());
}

}  // namespace
}  // namespace berth::testing
