// plan() while a Service that Berth did not make asks to be taken over: in which order, and when not at all.
#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/base/api_names.h"
#include "core/testing/plan_scene.h"

namespace berth {
namespace {

using testing::notices;
using testing::reason;
using testing::Scene;
using testing::service_port;
using testing::text;

constexpr std::int64_t kNumber = 24505;

Scene migrating() {
  Scene scene;
  Service there = testing::service("mesh", "web", "NodePort", {service_port("http", 80, kNumber)});
  there.meta.uid.text = "theirs";
  there.meta.resource_version = "7";
  there.meta.annotations = {{kAdoptAnnotation, "web"}};
  there.selector = {{"app", "web"}};
  there.external_traffic_policy = "Cluster";
  scene.cluster.services = {there};
  return scene;
}

// Carries the plan out, patches included.
void carry_out(Scene& scene, const Plan& plan) {
  scene.carry_out(plan);
  for (const Action& action : plan.actions) {
    const auto* patch = std::get_if<PatchObject>(&action);
    if (patch == nullptr) continue;
    Service& service = scene.cluster.services.at(0);
    for (const desired::Edit& edit : patch->edits) {
      if (const auto* e = std::get_if<desired::LabelEdit>(&edit)) service.meta.labels[e->key] = *e->value;
      if (const auto* e = std::get_if<desired::AnnotationEdit>(&edit))
        service.meta.annotations[e->key] = *e->value;
      if (const auto* e = std::get_if<desired::OwnerReferencesEdit>(&edit))
        service.meta.owner_references = e->all;
      if (const auto* e = std::get_if<desired::PortsEdit>(&edit)) service.ports = e->all;
    }
  }
}

TEST(PlanAdoption, LetsClientsInBeforeItClosesTheNamespaceAndPatchesTheServiceLast) {
  Scene scene = migrating();
  EXPECT_TRUE(scene.plan().wants_numbers);
  EXPECT_TRUE(scene.plan().actions.empty()) << text(scene.plan());
  scene.claim();
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan),
            "write status of PortAllocation mesh/web, "
            "create NetworkPolicy mesh/web-ingress, "
            "create NetworkPolicy mesh/berth-default-deny-ingress, "
            "create NetworkPolicy mesh/berth-default-deny-egress, "
            "create NetworkPolicy mesh/berth-allow-dns, "
            "patch Service mesh/web, "
            "write status of PortAllocation mesh/web");
  EXPECT_NE(notices(plan).find("ServiceAdopted"), std::string::npos);
  const Service before = scene.cluster.services[0];
  carry_out(scene, plan);
  const Service& after = scene.cluster.services[0];
  EXPECT_EQ(after.ports, before.ports);
  EXPECT_EQ(allocation::generated_for(after.meta), scene.web().meta.uid);
  EXPECT_EQ(scene.web().status.summary, "api:24505/TCP");
  EXPECT_EQ(scene.web().status.service_name, "web");
  EXPECT_EQ(reason(scene.web(), "Ready"), "True/Ready");
  EXPECT_TRUE(scene.plan().settled()) << text(scene.plan());
  scene.cluster.services[0].meta.annotations.erase(kAdoptAnnotation);
  EXPECT_TRUE(scene.plan().settled()) << text(scene.plan());
}

// Whatever keeps the Service from being taken over: it is told, and nothing at all is written but that.
TEST(PlanAdoption, WritesNothingThatCouldCutClientsOffWhenItIsRefused) {
  struct Case {
    const char* name;
    std::function<void(Scene&)> change;
    const char* allocated;
    const char* published;
  };
  const Case cases[] = {
      {"a port that is not declared",
       [](Scene& s) { s.cluster.services[0].ports.push_back(service_port("m", 90, 24506)); },
       "False/AdoptionRefused", "False/NotAllocated"},
      {"another selector",
       [](Scene& s) {
         s.cluster.services[0].selector = {{"app", "x"}};
       },
       "True/NumbersHeld", "False/AdoptionRefused"},
      {"a network that nobody declares", [](Scene& s) { s.web().spec.ports[0].allow_from = {{"admins"}}; },
       "True/NumbersHeld", "False/AdoptionRefused"},
      {"not annotated", [](Scene& s) { s.cluster.services[0].meta.annotations.clear(); }, "True/NumbersHeld",
       "False/NameTaken"},
      {"somebody's policy of our name",
       [](Scene& s) {
         NetworkPolicy foreign;
         foreign.meta.ns = "mesh";
         foreign.meta.name = "web-ingress";
         s.policies = {foreign};
       },
       "True/NumbersHeld", "False/Unprotected"},
  };
  for (const Case& each : cases) {
    Scene scene = migrating();
    each.change(scene);
    const auto claims = scene.cluster.claim_all();
    scene.cluster.write_all(claims.writes);
    if (const auto* refusal = testing::refusal_for(claims, "web")) scene.refusal = *refusal;
    const Plan plan = scene.plan();
    EXPECT_EQ(text(plan), "write status of PortAllocation mesh/web") << each.name;
    carry_out(scene, plan);
    EXPECT_EQ(reason(scene.web(), "Allocated"), each.allocated) << each.name;
    EXPECT_EQ(reason(scene.web(), "Published"), each.published) << each.name;
    EXPECT_EQ(reason(scene.web(), "Enforced").substr(0, 5), "False") << each.name;
    EXPECT_TRUE(scene.plan().actions.empty()) << each.name << text(scene.plan());
  }
}

TEST(PlanAdoption, TellsOfTheAnnotationWhereTheNameIsTaken) {
  Scene scene = migrating();
  scene.cluster.services[0].meta.annotations.clear();
  scene.claim();
  carry_out(scene, scene.plan());
  const std::string message = find_condition(scene.web().status.conditions, "Published")->message;
  EXPECT_NE(message.find("berth.dev/adopt: web"), std::string::npos) << message;
}

TEST(PlanAdoption, GoesOnGuardingPodsThatItGuardedBefore) {
  Scene scene;
  scene.settle();
  Service stranger = testing::service("mesh", "web", "NodePort", {service_port("x", 80, 24500)});
  scene.cluster.services = {stranger};
  scene.policies.pop_back();  // somebody took the allow policy away
  EXPECT_TRUE(scene.plan().actions.empty() || text(scene.plan()).find("NetworkPolicy") == std::string::npos)
      << "no policy of ours is left: " << text(scene.plan());
  Scene guarded;
  guarded.settle();
  guarded.cluster.services = {stranger};
  guarded.policies.back().ingress.push_back({});
  EXPECT_NE(text(guarded.plan()).find("patch NetworkPolicy mesh/web-ingress"), std::string::npos)
      << text(guarded.plan());
}

TEST(PlanAdoption, RestoresAnAdoptedServiceToTheFormItHad) {
  Scene scene = migrating();
  scene.claim();
  carry_out(scene, scene.plan());
  const Service adopted = scene.cluster.services[0];
  scene.cluster.services[0].ports[0].node_port = 24507;
  scene.cluster.services[0].ports[0].port = 8000;
  const Plan plan = scene.plan();
  EXPECT_EQ(text(plan), "patch Service mesh/web");
  EXPECT_EQ(notices(plan), "!DriftRepaired ");
  carry_out(scene, plan);
  EXPECT_EQ(scene.cluster.services[0].ports, adopted.ports);
}

// Every prefix of the plan, observed anew: the Service is either as it was or taken over, and it goes on from
// there to the same end.
TEST(PlanAdoption, GoesOnAfterACrashAnywhere) {
  Scene whole = migrating();
  whole.claim();
  const std::size_t length = whole.plan().actions.size();
  for (std::size_t crash = 0; crash <= length; ++crash) {
    Scene scene = migrating();
    scene.claim();
    Plan first = scene.plan();
    first.actions.resize(crash);
    carry_out(scene, first);
    for (int round = 0; round < 5 && !scene.plan().actions.empty(); ++round) carry_out(scene, scene.plan());
    EXPECT_EQ(reason(scene.web(), "Ready"), "True/Ready") << "after " << crash << " actions";
    EXPECT_EQ(scene.cluster.services[0].ports[0].node_port, kNumber);
    EXPECT_EQ(scene.cluster.services[0].ports[0].port, 80);
    EXPECT_EQ(scene.policies.size(), 4U);
    EXPECT_TRUE(scene.plan().settled()) << "after " << crash << " actions: " << text(scene.plan());
  }
}

}  // namespace
}  // namespace berth
