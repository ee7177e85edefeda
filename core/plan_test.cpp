#include "core/plan.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/desired/policies.h"
#include "core/testing/plan_scene.h"

namespace berth {
namespace {

using allocation::Space;
using testing::allocation;
using testing::port;

using testing::kNow;
using testing::notices;
using testing::reason;
using testing::Scene;
using testing::text;

TEST(Plan, WaitsForNumbersWithoutAWrite) {
  Scene scene;
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.wants_numbers);
  EXPECT_TRUE(plan.actions.empty());
}

TEST(Plan, WritesNumbersThenPoliciesThenTheServiceThenReady) {
  Scene scene;
  scene.claim();
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan),
            "write status of PortAllocation mesh/web, "
            "create NetworkPolicy mesh/berth-default-deny-ingress, "
            "create NetworkPolicy mesh/berth-default-deny-egress, "
            "create NetworkPolicy mesh/berth-allow-dns, "
            "create NetworkPolicy mesh/web-ingress, "
            "create Service mesh/web, "
            "write status of PortAllocation mesh/web");
  const auto& first = std::get<WriteStatus>(plan.actions.front()).status;
  EXPECT_EQ(first.summary, "api:24500/TCP");
  EXPECT_EQ(find_condition(first.conditions, "Allocated")->status, "True");
  EXPECT_EQ(find_condition(first.conditions, "Ready")->status, "False");
  EXPECT_EQ(first.service_name, "");
  const auto& last = std::get<WriteStatus>(plan.actions.back()).status;
  EXPECT_EQ(find_condition(last.conditions, "Ready")->status, "True");
  EXPECT_EQ(last.service_name, "web");
  EXPECT_EQ(notices(plan), "PortAllocated ");
  EXPECT_FALSE(plan.wants_numbers);
}

TEST(Plan, HasNothingToDoAtRest) {
  Scene scene;
  scene.settle();
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.settled()) << text(plan);
  EXPECT_TRUE(plan.notices.empty()) << notices(plan);
}

TEST(Plan, TellsARefusalOnceAndOpensNothing) {
  Scene scene;
  scene.refusal = allocation::Refusal{
      {"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kRangeExhausted, "api", "full"};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan), "write status of PortAllocation mesh/web");
  EXPECT_EQ(notices(plan), "!RangeExhausted ");
  scene.carry_out(plan);
  EXPECT_EQ(reason(scene.web(), "Ready"), "False/RangeExhausted");
  EXPECT_TRUE(scene.plan().actions.empty());
  EXPECT_TRUE(scene.plan().notices.empty());
}

TEST(Plan, RepairsDriftAndSaysSo) {
  struct Case {
    const char* name;
    std::function<void(Scene&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"node port edited", [](Scene& s) { s.cluster.services[0].ports[0].node_port = 24505; },
       "patch Service mesh/web"},
      {"Service deleted", [](Scene& s) { s.cluster.services.clear(); }, "create Service mesh/web"},
      {"policy opened", [](Scene& s) { s.policies[3].ingress.push_back({}); },
       "patch NetworkPolicy mesh/web-ingress"},
      {"policy deleted", [](Scene& s) { s.policies.pop_back(); }, "create NetworkPolicy mesh/web-ingress"},
      {"default deny deleted", [](Scene& s) { s.policies.erase(s.policies.begin()); },
       "create NetworkPolicy mesh/berth-default-deny-ingress"},
      {"labels lost", [](Scene& s) { s.cluster.services[0].meta.labels.clear(); }, "patch Service mesh/web"},
  };
  for (const Case& c : cases) {
    Scene scene;
    scene.settle();
    c.change(scene);
    const Plan plan = scene.plan();
    EXPECT_EQ(text(plan), c.expected) << c.name;
    EXPECT_EQ(notices(plan), "!DriftRepaired ") << c.name;
  }
}

TEST(Plan, LeavesForeignFieldsAlone) {
  Scene scene;
  scene.settle();
  Service& service = scene.cluster.services[0];
  service.meta.labels["team"] = "net";
  service.meta.annotations["cloud.example/ip"] = "192.0.2.1";
  service.meta.finalizers = {"cloud.example/lb"};
  service.ports[0].app_protocol = "http";
  EXPECT_TRUE(scene.plan().settled()) << text(scene.plan());
}

TEST(Plan, PublishesNothingBesidePoliciesItCannotWrite) {
  Scene scene;
  NetworkPolicy foreign;
  foreign.meta.ns = "mesh";
  foreign.meta.name = "web-ingress";
  scene.policies = {foreign};
  scene.claim();
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan).find("Service"), std::string::npos) << text(plan);
  scene.carry_out(plan);
  EXPECT_EQ(reason(scene.web(), "Published"), "False/Unprotected");
  EXPECT_EQ(reason(scene.web(), "Enforced"), "False/NameTaken");
  EXPECT_TRUE(scene.plan().settled()) << text(scene.plan());
}

TEST(Plan, NeverOverwritesAForeignService) {
  Scene scene;
  scene.cluster.services = {testing::service("mesh", "web", "ClusterIP", {})};
  scene.claim();
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan).find("Service"), std::string::npos) << text(plan);
  scene.carry_out(plan);
  EXPECT_EQ(reason(scene.web(), "Published"), "False/NameTaken");
  EXPECT_EQ(scene.web().status.service_name, "");
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");  // the number is held all the same
}

TEST(Plan, DoesNotTryANodePortThatOthersHave) {
  Scene scene;
  scene.web().spec.ports[0].port = 24503;
  scene.claim();
  scene.cluster.services = {
      testing::service("data", "thief", "NodePort", {testing::service_port("x", 80, 24503)})};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan).find("create Service"), std::string::npos) << text(plan);
  scene.carry_out(plan);
  EXPECT_EQ(reason(scene.web(), "Published"), "False/PortTaken");
}

TEST(Plan, KeepsAPublishedNumberThatOthersGrabbed) {
  Scene scene;
  scene.settle();
  scene.cluster.services = {
      testing::service("data", "thief", "NodePort", {testing::service_port("x", 80, 24500)})};
  const Plan plan = scene.plan();
  EXPECT_FALSE(plan.wants_numbers);
  EXPECT_EQ(text(plan), "write status of PortAllocation mesh/web");
  scene.carry_out(plan);
  EXPECT_EQ(reason(scene.web(), "Published"), "False/PortTaken");
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
  EXPECT_TRUE(scene.plan().settled());
  scene.cluster.services.clear();
  EXPECT_EQ(text(scene.plan()), "create Service mesh/web, write status of PortAllocation mesh/web");
}

// The type that a Service is given, "" when it keeps its own.
std::string type_edit(const Plan& plan) {
  for (const Action& action : plan.actions) {
    const auto* patch = std::get_if<PatchObject>(&action);
    if (patch == nullptr || patch->kind != ObjectKind::kService) continue;
    for (const desired::Edit& edit : patch->edits) {
      if (const auto* type = std::get_if<desired::TypeEdit>(&edit)) return type->type;
    }
  }
  return "";
}

// Edited from node ports to Service ports, of a Service that the API server gives node ports of its own: it
// would keep the number that Berth had granted, for the port has the same name.
TEST(Plan, TakesANumberAwayThatTheApiServerWouldKeepAsNodePort) {
  Scene scene;
  scene.cluster.ranges.push_back(testing::range("ports", "Service", {"8000-8009"}));
  scene.settle();
  scene.web().spec.range_name = "ports";
  scene.web().spec.service.type = "NodePort";
  ++scene.web().meta.generation;
  scene.claim();
  const Plan first = scene.plan();
  EXPECT_EQ(type_edit(first), "ClusterIP") << text(first);
  Service& service = scene.cluster.services[0];
  service.type = "ClusterIP";
  service.ports[0].node_port = 0;
  EXPECT_EQ(type_edit(scene.plan()), "NodePort") << text(scene.plan());
  service.type = "NodePort";
  service.ports[0].node_port = 30001;  // that the API server chose
  EXPECT_EQ(type_edit(scene.plan()), "");
}

TEST(Plan, ChangesAGrantedNodePortInPlace) {
  Scene scene;
  scene.settle();
  scene.web().spec.ports[0].port = 24503;
  ++scene.web().meta.generation;
  scene.claim();
  EXPECT_NE(text(scene.plan()).find("patch Service mesh/web"), std::string::npos) << text(scene.plan());
  EXPECT_EQ(type_edit(scene.plan()), "");
}

TEST(Plan, TellsWhatTheApiServerRefusedAndTriesAgain) {
  Scene scene;
  scene.settle();
  scene.cluster.services.clear();
  scene.write_problem = WriteProblem{1, "Service mesh/web", "provided port is not in the valid range"};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan), "write status of PortAllocation mesh/web, create Service mesh/web");
  EXPECT_TRUE(plan.look_again);
  const auto& status = std::get<WriteStatus>(plan.actions[0]).status;
  EXPECT_EQ(find_condition(status.conditions, "Published")->reason, "Refused");
  EXPECT_NE(find_condition(status.conditions, "Published")->message.find("valid range"), std::string::npos);
  scene.write_problem->generation = 0;  // of an older spec: forgotten
  EXPECT_EQ(text(scene.plan()), "create Service mesh/web");
}

TEST(Plan, AsksForAnotherNumberWhenTheApiServerSaysThatItIsTaken) {
  Scene scene;
  scene.claim();
  // The status is written, then the Service is refused.
  scene.web().status = std::get<WriteStatus>(scene.plan().actions.front()).status;
  scene.write_problem =
      WriteProblem{1, "Service mesh/web", "provided port is already allocated", Port::of(24500)};
  for (const Action& action : scene.plan().actions) {
    if (const auto* write = std::get_if<WriteStatus>(&action)) scene.web().status = write->status;
  }
  EXPECT_EQ(reason(scene.web(), "Published"), "False/Refused");
  EXPECT_EQ(scene.web().status.service_name, "") << "it was never there";
  scene.cluster.contested = {24500};
  EXPECT_TRUE(scene.plan().wants_numbers);
  scene.settle();
  EXPECT_EQ(scene.web().status.ports.front().port, 24501);
  EXPECT_EQ(scene.web().status.service_name, "web");
}

TEST(Plan, TakesAwayTheWayInBeforeWhatGuardsIt) {
  Scene scene;
  scene.settle();
  scene.web().meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_EQ(text(scene.plan()), "delete Service mesh/web, delete NetworkPolicy mesh/web-ingress");
}

TEST(Plan, DeletesOnlyWhatIsItsOwnAndUnwanted) {
  Scene scene;
  scene.web().spec.ports.push_back(port("db"));
  scene.web().spec.ports[1].exposure = "Cluster";
  EgressRule rule;
  rule.to.cidr = "203.0.113.7/32";
  scene.web().spec.allow_to = {rule};
  scene.settle();
  EXPECT_EQ(scene.cluster.services.size(), 2U);
  Service foreign = testing::service("mesh", "web-internal-2", "ClusterIP", {});
  scene.cluster.services.push_back(foreign);
  scene.web().spec.ports.pop_back();
  scene.web().spec.allow_to.clear();
  ++scene.web().meta.generation;
  EXPECT_EQ(text(scene.plan()),
            "write status of PortAllocation mesh/web, delete Service mesh/web-internal, "
            "patch NetworkPolicy mesh/web-ingress, delete NetworkPolicy mesh/web-egress, "
            "write status of PortAllocation mesh/web");
}

TEST(Plan, LeavesAnUnmanagedNamespaceOpen) {
  Scene scene;
  scene.ns.meta.labels = {{kNetworkPolicyLabel, kNetworkPolicyUnmanaged}};
  scene.claim();
  EXPECT_EQ(text(scene.plan()),
            "write status of PortAllocation mesh/web, create NetworkPolicy mesh/web-ingress, "
            "create Service mesh/web, write status of PortAllocation mesh/web");
}

TEST(Plan, OpensNothingInANamespaceItDoesNotKnowOrThatGoes) {
  Scene scene;
  scene.claim();
  scene.ns_known = false;
  EXPECT_TRUE(scene.plan().actions.empty());
  EXPECT_TRUE(scene.plan().look_again);
  scene.ns_known = true;
  scene.ns.meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(scene.plan().actions.empty());
}

TEST(Plan, KeepsWhatIsPublishedWhileTheLedgerIsLost) {
  Scene scene;
  scene.settle();
  scene.cluster.ledgers.remove("nodeport-095");
  EXPECT_TRUE(scene.plan().wants_numbers);
  EXPECT_TRUE(scene.plan().actions.empty());
  // Frozen: the claim says so, and still nothing is taken away.
  scene.refusal =
      allocation::Refusal{{"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kLedgerFrozen, "api", "?"};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan), "write status of PortAllocation mesh/web");
  scene.carry_out(plan);
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
  EXPECT_EQ(reason(scene.web(), "Allocated"), "False/LedgerFrozen");
  // A number that is in status only is not published before the ledger knows it.
  scene.cluster.services.clear();
  EXPECT_EQ(text(scene.plan()).find("create Service"), std::string::npos);
}

TEST(Plan, GoesOnServingWhileAnEditCannotBeGranted) {
  Scene scene;
  scene.settle();
  scene.web().spec.ports.push_back(port("b", 25000));
  scene.web().spec.ports[0].target_port = std::int64_t{9090};
  ++scene.web().meta.generation;
  scene.refusal = allocation::Refusal{
      {"mesh", "web"}, {"uid-web"}, allocation::RefusalReason::kPortOutsideRange, "b", "out"};
  const Plan plan = scene.plan();
  EXPECT_NE(text(plan).find("patch Service mesh/web"), std::string::npos) << text(plan);
  scene.carry_out(plan);
  EXPECT_EQ(scene.web().status.summary, "api:24500/TCP");
  EXPECT_EQ(reason(scene.web(), "Published"), "True/ServiceInPlace");
  EXPECT_EQ(reason(scene.web(), "Ready"), "False/PortOutsideRange");
}

TEST(Plan, OpensANamedTargetWhenItsPodsRun) {
  Scene scene;
  scene.web().spec.ports[0].target_port = std::string("http");
  scene.settle();
  EXPECT_EQ(reason(scene.web(), "Enforced"), "False/TargetPortUnresolved");
  Workload pod;
  pod.kind = "Pod";
  pod.meta.ns = "mesh";
  pod.meta.name = "web-1";
  pod.meta.labels = {{"app", "web"}};
  pod.pod.containers = {{"c", "", "", {{"http", 8080, 0, "", Protocol::kTcp}}}};
  scene.pods = {pod};
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan), "patch NetworkPolicy mesh/web-ingress, write status of PortAllocation mesh/web");
  EXPECT_EQ(notices(plan), "PoliciesInPlace ");
}

TEST(Plan, ReportsARebuiltLedger) {
  Scene scene;
  scene.settle();
  scene.recovered = {"api"};
  EXPECT_EQ(notices(scene.plan()), "!LedgerRebuilt ");
}

TEST(Plan, IsTheSameWhateverTheOrderOfWhatIsSeen) {
  Scene scene;
  scene.settle();
  scene.cluster.services[0].selector.clear();
  scene.policies[3].ingress.clear();
  const Plan expected = scene.plan();
  std::reverse(scene.policies.begin(), scene.policies.end());
  EXPECT_EQ(scene.plan(), expected);
}

// ---- namespaces ----

TEST(NamespacePlan, ClosesWhatHasAllocationsAndKeepsItClosedWhilePodsRun) {
  Namespace ns;
  ns.meta.name = "mesh";
  const auto wanted = desired::make_namespace_policies("mesh");
  struct Case {
    const char* name;
    bool allocations;
    bool present;
    std::optional<std::size_t> pods;
    Labels labels;
    const char* expected;
  };
  const Labels unmanaged = {{kNetworkPolicyLabel, kNetworkPolicyUnmanaged}};
  const std::string create =
      "create NetworkPolicy mesh/berth-default-deny-ingress, create NetworkPolicy "
      "mesh/berth-default-deny-egress, "
      "create NetworkPolicy mesh/berth-allow-dns";
  const std::string remove =
      "delete NetworkPolicy mesh/berth-default-deny-ingress, delete NetworkPolicy "
      "mesh/berth-default-deny-egress, "
      "delete NetworkPolicy mesh/berth-allow-dns";
  const Case cases[] = {
      {"the first allocation", true, false, 3, {}, create.c_str()},
      {"as it should be", true, true, 3, {}, ""},
      {"nothing of ours here", false, false, 3, {}, ""},
      {"the last one gone, pods run", false, true, 1, {}, ""},
      {"the last one gone, pods not known", false, true, {}, {}, ""},
      {"the last one and the pods gone", false, true, 0, {}, remove.c_str()},
      {"opted out", true, true, 3, unmanaged, remove.c_str()},
      {"opted out from the start", true, false, 3, unmanaged, ""},
  };
  for (const Case& c : cases) {
    ns.meta.labels = c.labels;
    NamespaceObservation seen{.ns = &ns, .has_allocations = c.allocations, .policies = {}, .pods = c.pods};
    if (c.present) seen.policies = testing::Cluster::pointers(wanted);
    EXPECT_EQ(text(plan_namespace(seen)), c.expected) << c.name;
  }
}

TEST(NamespacePlan, NeverTouchesAForeignPolicyOfTheName) {
  Namespace ns;
  ns.meta.name = "mesh";
  auto present = desired::make_namespace_policies("mesh");
  present[0].meta.labels.clear();
  present[0].pod_selector.match_labels = {{"a", "b"}};
  NamespaceObservation seen{
      .ns = &ns, .has_allocations = true, .policies = testing::Cluster::pointers(present), .pods = 1};
  const Plan plan = plan_namespace(seen);
  EXPECT_TRUE(plan.actions.empty());
  EXPECT_EQ(notices(plan), "!NameTaken ");
  ns.meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(plan_namespace(seen).notices.empty());
}

// ---- orphans ----

TEST(ReleasePlan, DeletesServicesThenPoliciesThenReleasesNumbers) {
  Scene scene;
  scene.settle();
  const PortAllocation web = scene.web();
  OrphanObservation seen;
  seen.owner = web.meta.key();
  seen.uid = web.meta.uid;
  seen.services = testing::Cluster::pointers(scene.cluster.services);
  seen.policies = testing::Cluster::pointers(scene.policies);
  scene.cluster.allocations.clear();
  seen.candidates = allocation::release_candidates(scene.cluster.ledgers, {}, scene.cluster.compiled(),
                                                   scene.cluster.uses(), {});
  EXPECT_EQ(text(plan_release(seen)),
            "delete Service mesh/web, delete NetworkPolicy mesh/web-ingress, release 1 numbers");
  const Plan plan = plan_release(seen);
  const auto& removal = std::get<DeleteObject>(plan.actions[0]);
  EXPECT_EQ(removal.uid.text, "s1");
  // A namesake with another UID changes nothing; the owner itself, alive after all, everything.
  seen.live_owner = web;
  seen.live_owner->meta.uid.text = "uid-new";
  EXPECT_EQ(plan_release(seen).actions.size(), 3U);
  seen.live_owner = web;
  EXPECT_TRUE(plan_release(seen).actions.empty());
}

}  // namespace
}  // namespace berth
