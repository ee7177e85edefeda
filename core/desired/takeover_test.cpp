#include "core/desired/takeover.h"

#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/base/api_names.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

using allocation::AdoptedForm;
using testing::service_port;

constexpr std::int64_t kNumber = 24505;

// What Berth would make for one External port "api" on 24505.
Service standard(const PortAllocation& owner) {
  Service service = testing::service("mesh", "web", "NodePort", {service_port("api", kNumber, kNumber)});
  service.meta = generated_meta(owner, "web");
  service.selector = {{"app", "web"}};
  service.external_traffic_policy = "Cluster";
  return service;
}

// What a team has: port 80 behind the same nodePort, under another name, with fields that Berth never reads.
Service present() {
  Service service = testing::service("mesh", "web", "NodePort", {service_port("http", 80, kNumber)});
  service.meta.uid.text = "s";
  service.meta.resource_version = "7";
  service.meta.labels = {{"team", "net"}, {kManagedByLabel, "Helm"}};
  service.meta.annotations = {{kAdoptAnnotation, "web"}, {"example.org/pool", "public"}};
  service.selector = {{"app", "web"}};
  service.cluster_ip = "10.0.0.7";
  service.external_traffic_policy = "Cluster";
  service.ports[0].app_protocol = "http";
  return service;
}

std::string text(const Difference& difference) {
  if (const auto* clash = std::get_if<Clash>(&difference)) return clash->message;
  std::string result;
  for (const Edit& edit : std::get<Patch>(difference).edits) {
    if (const auto* label = std::get_if<LabelEdit>(&edit)) {
      result += "label " + label->key + " ";
    } else if (const auto* annotation = std::get_if<AnnotationEdit>(&edit)) {
      result += "annotation " + annotation->key + "=" + annotation->value.value_or("null") + " ";
    } else {
      result += std::holds_alternative<OwnerReferencesEdit>(edit) ? "owner " : "? ";
    }
  }
  return result;
}

TEST(Takeover, ChangesOnlyWhoseItIs) {
  const PortAllocation web = testing::allocation("web", {testing::port("api")});
  EXPECT_EQ(text(take_over(present(), standard(web), web)),
            "label berth.dev/allocation label berth.dev/allocation-uid "
            "annotation berth.dev/adopted-form=api=http:80 owner ");
}

TEST(Takeover, RefusesWhateverWouldChangeTraffic) {
  const PortAllocation web = testing::allocation("web", {testing::port("api")});
  struct Case {
    const char* name;
    std::function<void(Service&)> change;
    std::function<void(Service&)> wish;
    const char* says;
  };
  const auto nothing = [](Service&) {};
  const Case cases[] = {
      {"another type", [](Service& s) { s.type = "ClusterIP", s.ports[0].node_port = 0; }, nothing,
       "type is ClusterIP"},
      {"another selector",
       [](Service& s) {
         s.selector = {{"app", "other"}};
       },
       nothing, "selector app is 'other'"},
      {"a narrower selector", [](Service& s) { s.selector["tier"] = "front"; }, nothing,
       "selector tier is 'front'"},
      {"another target", [](Service& s) { s.ports[0].target_port = std::int64_t{9090}; }, nothing, "-> 9090"},
      {"another number", [](Service& s) { s.ports[0].node_port = 24506; }, nothing, "nodePort 24506"},
      {"a port that is not wanted", [](Service& s) { s.ports.push_back(service_port("m", 90, 24507)); },
       nothing, "list of ports"},
      {"a port that it lacks", nothing,
       [](Service& s) { s.ports.push_back(service_port("m", 24507, 24507)); }, "list of ports"},
      {"external addresses", [](Service& s) { s.external_ips = {"203.0.113.9"}; }, nothing,
       "externalIPs is 203.0.113.9"},
      {"addresses in allowFrom", nothing, [](Service& s) { s.external_traffic_policy = "Local"; },
       "externalTrafficPolicy is 'Cluster' and would become 'Local'"},
      {"a wish that it has otherwise", nothing,
       [](Service& s) { s.meta.annotations["example.org/pool"] = "x"; },
       "annotation example.org/pool is 'public'"},
  };
  for (const Case& each : cases) {
    Service there = present();
    Service wanted = standard(web);
    each.change(there);
    each.wish(wanted);
    const Difference difference = take_over(there, wanted, web);
    ASSERT_TRUE(std::holds_alternative<Clash>(difference)) << each.name << ": " << text(difference);
    EXPECT_EQ(std::get<Clash>(difference).reason, "AdoptionRefused") << each.name;
    EXPECT_NE(text(difference).find(each.says), std::string::npos) << each.name << ": " << text(difference);
  }
}

TEST(Takeover, KeepsWhatBerthWouldHaveMadeOtherwise) {
  const PortAllocation web = testing::allocation("web", {testing::port("api")});
  Service there = present();
  there.type = "LoadBalancer";
  there.external_traffic_policy = "Local";
  there.allocate_load_balancer_node_ports = true;
  Service wanted = standard(web);
  wanted.type = "LoadBalancer";
  wanted.allocate_load_balancer_node_ports = false;
  EXPECT_EQ(text(take_over(there, wanted, web)),
            "label berth.dev/allocation label berth.dev/allocation-uid annotation berth.dev/adopted-form="
            "api=http:80,externalTrafficPolicy=Local,allocateLoadBalancerNodePorts=true owner ");
}

// Taken over, it rests: also when the annotation that asked for it is gone.
TEST(Takeover, IsSettledAfterwards) {
  const PortAllocation web = testing::allocation("web", {testing::port("api")});
  struct Case {
    const char* name;
    std::function<void(Service&)> change;
    bool settled;
  };
  const Case cases[] = {
      {"as it was taken over", [](Service&) {}, true},
      {"no longer asking", [](Service& s) { s.meta.annotations.erase(kAdoptAnnotation); }, true},
      {"its memory lost", [](Service& s) { s.meta.annotations.erase(kAdoptedFormAnnotation); }, false},
      {"its memory and its wish lost",
       [](Service& s) {
         s.meta.annotations.erase(kAdoptedFormAnnotation), s.meta.annotations.erase(kAdoptAnnotation);
       },
       false},
  };
  for (const Case& each : cases) {
    Service there = in_form(standard(web), present(), allocation::present_form(present(), web.spec.ports));
    there.meta.labels["team"] = "net";
    there.meta.annotations[kAdoptAnnotation] = "web";
    there.cluster_ip = "10.0.0.7";
    each.change(there);
    const Service wanted = in_remembered_form(standard(web), there, web);
    EXPECT_EQ(std::holds_alternative<Settled>(diff(&there, wanted)), each.settled) << each.name;
    const bool remembers = there.meta.annotations.contains(kAdoptAnnotation) ||
                           there.meta.annotations.contains(kAdoptedFormAnnotation);
    EXPECT_EQ(wanted.ports[0].port, remembers ? 80 : kNumber) << each.name;
  }
}

TEST(Takeover, FollowsAnEditOfTheNumberWithoutTheRestOfItsForm) {
  const PortAllocation web = testing::allocation("web", {testing::port("api")});
  const Service there =
      in_form(standard(web), present(), allocation::present_form(present(), web.spec.ports));
  Service moved = standard(web);
  moved.ports = {service_port("api", 24507, 24507)};
  const Service wanted = in_remembered_form(moved, there, web);
  EXPECT_EQ(wanted.ports[0].name, "http");
  EXPECT_EQ(wanted.ports[0].port, 80);
  EXPECT_EQ(wanted.ports[0].node_port, 24507);
}

TEST(Takeover, GivesPortsTheNamesOfTheSpec) {
  Service there = present();
  there.meta.annotations[kAdoptedFormAnnotation] = "api=http:80";
  EXPECT_EQ(with_slot_names(there, allocation::adopted_form(there)).ports[0].name, "api");
  EXPECT_EQ(with_slot_names(there, AdoptedForm{}).ports[0].name, "http");
}

}  // namespace
}  // namespace berth::desired
