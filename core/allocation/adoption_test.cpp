// What a Service brings when it is adopted, and what keeps it from coming: tables; then whole claims.
#include "core/allocation/adoption.h"

#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/occupancy.h"
#include "core/allocation/release.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

using testing::Cluster;
using testing::outcome_for;
using testing::port;
using testing::refusal_for;
using testing::service_port;

Service asking(const std::string& name, std::vector<ServicePort> ports, const std::string& type = "NodePort",
               const std::string& allocation = "web") {
  Service service = testing::service("mesh", name, type, std::move(ports));
  service.selector = {{"app", "web"}};
  service.meta.annotations[kAdoptAnnotation] = allocation;
  return service;
}

AllocationPort spec_port_of(const std::string& name, TargetPort target, Protocol protocol = Protocol::kTcp) {
  AllocationPort made = port(name, 0, protocol);
  made.target_port = std::move(target);
  return made;
}

ServicePort with_target(ServicePort made, TargetPort target) {
  made.target_port = std::move(target);
  return made;
}

TEST(Adoption, MatchesPortsByNameThenByTargetThenTheOnlyOne) {
  const TargetPort http = std::int64_t{8080};
  const TargetPort admin = std::int64_t{9090};
  struct Case {
    const char* name;
    std::vector<AllocationPort> spec;
    std::vector<ServicePort> ports;
    std::vector<std::string> expected;  // by port of the Service, "" = nobody's
  };
  const Case cases[] = {
      {"the same names, whatever the targets",
       {spec_port_of("a", http), spec_port_of("b", admin)},
       {with_target(service_port("b", 80, 0), http), with_target(service_port("a", 81, 0), admin)},
       {"b", "a"}},
      {"other names, each with its target",
       {spec_port_of("a", http), spec_port_of("b", admin)},
       {with_target(service_port("x", 80, 0), admin), with_target(service_port("y", 81, 0), http)},
       {"b", "a"}},
      {"a name goes before a target",
       {spec_port_of("a", http), spec_port_of("b", http)},
       {with_target(service_port("b", 80, 0), http), with_target(service_port("x", 81, 0), http)},
       {"b", "a"}},
      {"two for one target: nobody can tell",
       {spec_port_of("a", http), spec_port_of("b", http)},
       {with_target(service_port("x", 80, 0), http), with_target(service_port("y", 81, 0), http)},
       {"", ""}},
      {"the same number under TCP and UDP",
       {spec_port_of("dns", http), spec_port_of("dns-udp", http, Protocol::kUdp)},
       {with_target(service_port("u", 53, 0, Protocol::kUdp), http),
        with_target(service_port("t", 53, 0), http)},
       {"dns-udp", "dns"}},
      {"no target means the port itself",
       {spec_port_of("a", std::int64_t{80})},
       {with_target(service_port("x", 80, 0), {})},
       {"a"}},
      {"the only one on both sides",
       {spec_port_of("a", std::string("http"))},
       {with_target(service_port("", 80, 0), http)},
       {"a"}},
      {"the only one, but another protocol",
       {spec_port_of("a", http, Protocol::kUdp)},
       {with_target(service_port("", 80, 0), http)},
       {""}},
      {"one too many",
       {spec_port_of("a", http)},
       {with_target(service_port("a", 80, 0), http), with_target(service_port("m", 81, 0), admin)},
       {"a", ""}},
  };
  for (const Case& each : cases) {
    std::vector<std::string> found;
    for (const AllocationPort* one : match_ports(each.spec, each.ports)) {
      found.push_back(one == nullptr ? "" : one->name);
    }
    EXPECT_EQ(found, each.expected) << each.name;
  }
}

TEST(Adoption, WaitsOnlyWhereNobodyHasTheService) {
  const ObjectKey web{"mesh", "web"};
  struct Case {
    const char* name;
    std::function<void(Service&)> change;
    bool waits;
  };
  const Case cases[] = {
      {"annotated", [](Service&) {}, true},
      {"not annotated", [](Service& s) { s.meta.annotations.clear(); }, false},
      {"for another", [](Service& s) { s.meta.annotations[kAdoptAnnotation] = "db"; }, false},
      {"in another namespace", [](Service& s) { s.meta.ns = "data"; }, false},
      {"being deleted", [](Service& s) { s.meta.deletion_timestamp = "2026-11-21T00:00:00Z"; }, false},
      {"under another controller",
       [](Service& s) {
         s.meta.owner_references = {{"apps/v1", "Deployment", "d", {"d"}, true}};
       },
       false},
      {"with an owner that does not control it",
       [](Service& s) {
         s.meta.owner_references = {{"v1", "ConfigMap", "c", {"c"}, false}};
       },
       true},
      {"ours already", [](Service& s) { testing::own(s.meta, testing::allocation("web", {port("api")})); },
       false},
  };
  for (const Case& each : cases) {
    Service service = asking("web", {service_port("api", 80, 24500)});
    each.change(service);
    EXPECT_EQ(waits_for_adoption(service, web), each.waits) << each.name;
  }
}

TEST(Adoption, ReadsTheNumberOfTheSpace) {
  const PortAllocation web = testing::allocation("web", {port("api")});
  struct Case {
    const char* name;
    Space space;
    Service service;
    std::string expected;
  };
  const Case cases[] = {
      {"nodePort", Space::kNodePort, asking("web", {service_port("api", 80, 24505)}), "api=24505"},
      {"port of a load balancer", Space::kService,
       asking("web", {service_port("api", 443, 31000)}, "LoadBalancer"), "api=443"},
      {"port of a ClusterIP", Space::kNodePort, asking("web", {service_port("api", 5432, 0)}, "ClusterIP"),
       "api=5432"},
      {"no nodePort yet", Space::kNodePort, asking("web", {service_port("api", 80, 0)}), "AdoptionRefused"},
      {"a name that is not generated", Space::kNodePort, asking("shop", {service_port("api", 80, 24505)}),
       "AdoptionRefused"},
      {"the second name", Space::kNodePort,
       asking("web-internal", {service_port("api", 24505, 0)}, "ClusterIP"), "api=24505"},
      {"HostPort", Space::kHostPort, asking("web", {service_port("api", 80, 24505)}), "AdoptionRefused"},
      {"a port that is not declared", Space::kNodePort,
       asking("web", {service_port("api", 80, 24505), service_port("metrics", 90, 24506)}),
       "AdoptionRefused"},
  };
  for (const Case& each : cases) {
    const Adoption adoption = read_adoption(web, each.space, {&each.service});
    std::string text = adoption.refused ? to_string(adoption.refused->reason) : "";
    for (const AdoptedPort& one : adoption.ports) text += one.slot + "=" + to_string(one.number);
    EXPECT_EQ(text, each.expected) << each.name;
  }
}

TEST(Adoption, SaysWhichPortIsNotDeclared) {
  const PortAllocation web = testing::allocation("web", {port("api")});
  const Service service = asking("web", {service_port("api", 80, 24505), service_port("metrics", 90, 24506)});
  const std::string message = read_adoption(web, Space::kNodePort, {&service}).refused->message;
  EXPECT_NE(message.find("metrics (TCP 90, nodePort 24506)"), std::string::npos) << message;
}

TEST(Adoption, TakesNoServiceIntoARow) {
  AllocationPort rtp = spec_port_of("rtp", std::int64_t{8080});
  rtp.count = 2;
  const PortAllocation web = effective(testing::allocation("web", {rtp}), {});
  const Service service = asking("web", {with_target(service_port("x", 80, 30080), std::int64_t{8080})});
  const Adoption adoption = read_adoption(web, Space::kNodePort, {&service});
  ASSERT_TRUE(adoption.refused.has_value());
  EXPECT_EQ(adoption.refused->port, "rtp-0");
  EXPECT_NE(adoption.refused->message.find("write a port of its own"), std::string::npos);
  EXPECT_TRUE(adoption.ports.empty());
}

TEST(Adoption, RemembersTheFormAsText) {
  struct Case {
    AdoptedForm form;
    const char* text;
  };
  const Case cases[] = {
      {{}, ""},
      {{{{"api", {"web", 80}}}, false, false}, "api=web:80"},
      {{{{"api", {"", 80}}, {"b", {"b", 81}}}, true, true},
       "api=:80,b=b:81,externalTrafficPolicy=Local,allocateLoadBalancerNodePorts=true"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(encode(each.form), each.text);
    Service service;
    service.meta.annotations[kAdoptedFormAnnotation] = each.text;
    EXPECT_EQ(adopted_form(service), each.form) << each.text;
  }
  for (const char* text :
       {"api", "api=80", "api=web:0", "api=web:80x", "api=web:", "api=web:99999", ":80=x"}) {
    Service service;
    service.meta.annotations[kAdoptedFormAnnotation] = text;
    EXPECT_EQ(adopted_form(service), AdoptedForm{}) << text;
  }
}

// ---- claims ----

Cluster mesh(Service service) {
  Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"24500-24509"})};
  cluster.allocations = {testing::allocation("web", {port("api")})};
  cluster.services = {std::move(service)};
  return cluster;
}

TEST(AdoptionClaim, HoldsTheNumberThatTheServiceHas) {
  Cluster cluster = mesh(asking("web", {service_port("api", 80, 24505)}));
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "web"), "api:24505");
  EXPECT_TRUE(testing::grant_for(plan, "web")->recovered.empty()) << "nothing was lost";
  cluster.write_all(plan.writes);
  EXPECT_EQ(cluster.claim_all().writes.size(), 0U) << "held once is held";
}

TEST(AdoptionClaim, TakesNumbersThatNobodyCouldBeHandedOut) {
  struct Case {
    const char* name;
    std::int64_t number;
    std::function<void(Cluster&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"outside the range", 31000, [](Cluster&) {}, "api:31000"},
      {"reserved", 24505,
       [](Cluster& c) {
         c.ranges[0].spec.reserved = {{{"24505"}, "kept"}};
       },
       "api:24505"},
      {"asked for by number", 24505, [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24505; },
       "api:24505"},
      {"another number asked for", 24505, [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24506; },
       "AdoptionRefused"},
      {"the range is for other namespaces", 24505,
       [](Cluster& c) {
         c.ranges[0].spec.namespace_selector.match_labels = {{"team", "x"}};
       },
       "NamespaceNotAllowed"},
      {"the namespace holds enough", 24505,
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 1;
         const PortAllocation db = testing::allocation("db", {port("a")});
         c.allocations.push_back(db);
         c.put(Space::kNodePort, 24500, testing::entry(db, "a", 1));
       },
       "QuotaExceeded"},
      {"held by another", 24505,
       [](Cluster& c) {
         const PortAllocation db = testing::allocation("db", {port("a")});
         c.allocations.push_back(db);
         c.put(Space::kNodePort, 24505, testing::entry(db, "a", 1));
       },
       "PortTaken"},
      {"resting", 24505,
       [](Cluster& c) {
         Entry rests = testing::entry(testing::allocation("db", {port("a")}), "a", 1);
         rests.state = EntryState::kResting;
         c.put(Space::kNodePort, 24505, rests);
       },
       "api:24505"},
  };
  for (const Case& each : cases) {
    Cluster cluster = mesh(asking("web", {service_port("api", 80, each.number)}));
    each.change(cluster);
    EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), each.expected) << each.name;
  }
}

TEST(AdoptionClaim, ChoosesNothingWhileAServiceIsRefused) {
  Cluster cluster = mesh(asking("web", {service_port("api", 80, 24505), service_port("metrics", 90, 24506)}));
  const ClaimPlan plan = cluster.claim_all();
  EXPECT_EQ(outcome_for(plan, "web"), "AdoptionRefused");
  EXPECT_TRUE(plan.writes.empty());
}

TEST(AdoptionClaim, ReplacesANumberThatWasChosenBeforeTheServiceAsked) {
  Cluster cluster = mesh(testing::service("mesh", "web", "NodePort", {service_port("api", 80, 24505)}));
  cluster.write_all(cluster.claim_all().writes);
  cluster.allocations[0].status.ports = {{"api", 24500, Protocol::kTcp, std::int64_t{8080}}};
  cluster.allocations[0].status.range_name = "mesh";
  cluster.services = {asking("web", {service_port("api", 80, 24505)})};
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "api:24505");
}

TEST(AdoptionClaim, TakesTheRestOfThePortsAsUsual) {
  Cluster cluster = mesh(asking("web", {service_port("api", 80, 24505)}));
  cluster.allocations[0].spec.ports.push_back(port("inside"));
  cluster.allocations[0].spec.ports.back().exposure = "Cluster";
  EXPECT_EQ(outcome_for(cluster.claim_all(), "web"), "api:24505 inside:24500");
}

// Another leader that has not seen the annotation must not take the number away.
TEST(AdoptionClaim, IsNotReleasedWhileTheServiceWaits) {
  Cluster cluster = mesh(asking("web", {service_port("api", 80, 24505)}));
  cluster.write_all(cluster.claim_all().writes);
  PortAllocation& web = cluster.allocations[0];
  web.status.ports = {{"api", 24500, Protocol::kTcp, std::int64_t{8080}}};
  web.status.range_name = "mesh";
  cluster.put(Space::kNodePort, 24500, testing::entry(web, "api", 90));
  Service unseen = cluster.services[0];
  unseen.meta.annotations.clear();
  const auto ranges = cluster.compiled();
  const auto candidates =
      release_candidates(web, cluster.ledgers.of_owner(web.meta.uid), ranges, Uses({&unseen}), false);
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(to_string(candidates[0].number.key), "24505");
  const ReleaseProof stale{candidates[0], web, {unseen}, {}};
  EXPECT_EQ(release(cluster.ledgers, {stale}, ranges, 1, cluster.now).released.size(), 1U);
  const ReleaseProof live{candidates[0], web, {cluster.services[0]}, {}};
  const ReleasePlan plan = release(cluster.ledgers, {live}, ranges, 1, cluster.now);
  EXPECT_TRUE(plan.released.empty());
  ASSERT_EQ(plan.refused.size(), 1U);
}

}  // namespace
}  // namespace berth::allocation
