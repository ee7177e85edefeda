#include "core/desired/config_maps.h"

#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "core/allocation/builders_for_test.h"
#include "core/base/api_names.h"
#include "core/desired/diff.h"
#include "core/desired/services.h"

namespace berth::desired {
namespace {

using Data = std::map<std::string, std::string>;

PortAllocation asking() {
  PortAllocation object = testing::allocation("web", {testing::port("api")});
  object.spec.config_map = NumbersConfigMap{"web-numbers"};
  return object;
}

AllocatedPort number(const std::string& name, std::int64_t port, Protocol protocol = Protocol::kTcp,
                     TargetPort target = std::int64_t{8080}) {
  return {name, port, protocol, std::move(target)};
}

Service offering(const std::string& name, std::int64_t port, Protocol protocol = Protocol::kTcp,
                 std::int64_t node_port = 0) {
  Service service;
  service.meta.ns = "mesh";
  service.meta.name = name;
  service.ports = {{"p", protocol, {}, port, {}, node_port}};
  return service;
}

TEST(ConfigMaps, TellEachNumberWithWhatBelongsToIt) {
  const Service tcp = offering("web", 24500);
  const Service udp = offering("web-internal", 24501, Protocol::kUdp);
  struct Case {
    const char* name;
    std::vector<AllocatedPort> numbers;
    std::vector<const Service*> services;
    Data expected;
  };
  const Case cases[] = {
      {"number, protocol, target",
       {number("api", 24500)},
       {},
       {{"API_PORT", "24500"}, {"API_PROTOCOL", "TCP"}, {"API_TARGET", "8080"}}},
      {"a name in upper case",
       {number("api-v2", 24500)},
       {},
       {{"API_V2_PORT", "24500"}, {"API_V2_PROTOCOL", "TCP"}, {"API_V2_TARGET", "8080"}}},
      {"a named target",
       {number("a", 24500, Protocol::kSctp, std::string("http"))},
       {},
       {{"A_PORT", "24500"}, {"A_PROTOCOL", "SCTP"}, {"A_TARGET", "http"}}},
      {"no target is the number itself",
       {number("a", 24500, Protocol::kTcp, {})},
       {},
       {{"A_PORT", "24500"}, {"A_PROTOCOL", "TCP"}, {"A_TARGET", "24500"}}},
      {"where it is offered",
       {number("a", 24500)},
       {&tcp, &udp},
       {{"A_PORT", "24500"}, {"A_PROTOCOL", "TCP"}, {"A_TARGET", "8080"}, {"A_HOST", "web.mesh.svc"}}},
      {"by the Service that has the protocol",
       {number("a", 24501, Protocol::kUdp)},
       {&tcp, &udp},
       {{"A_PORT", "24501"},
        {"A_PROTOCOL", "UDP"},
        {"A_TARGET", "8080"},
        {"A_HOST", "web-internal.mesh.svc"}}},
      {"not where the protocol differs",
       {number("a", 24500, Protocol::kUdp)},
       {&tcp},
       {{"A_PORT", "24500"}, {"A_PROTOCOL", "UDP"}, {"A_TARGET", "8080"}}},
      {"one of several numbers",
       {number("rtp-0", 24500), number("rtp-1", 24501)},
       {},
       {{"RTP_0_PORT", "24500"},
        {"RTP_0_PROTOCOL", "TCP"},
        {"RTP_0_TARGET", "8080"},
        {"RTP_1_PORT", "24501"},
        {"RTP_1_PROTOCOL", "TCP"},
        {"RTP_1_TARGET", "8080"}}},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(make_config_map(asking(), each.numbers, each.services).data, each.expected) << each.name;
  }
}

TEST(ConfigMaps, NameNoAddressWhereTheServiceShowsAnotherNumber) {
  const Service adopted = offering("web", 80, Protocol::kTcp, 24500);
  EXPECT_FALSE(make_config_map(asking(), {number("a", 24500)}, {&adopted}).data.contains("A_HOST"));
}

// Every name over a small alphabet that the schema allows, each with all four keys: no two meet.
TEST(ConfigMaps, NeverMixUpTwoPorts) {
  const std::vector<std::string> words = {"a", "port", "host", "target", "protocol", "0", "rtp"};
  std::vector<std::string> names = words;
  for (const std::string& first : words) {
    for (const std::string& second : words) {
      names.push_back(first + "-" + second);
      for (const std::string& third : words) names.push_back(first + "-" + second + "-" + third);
    }
  }
  std::vector<AllocatedPort> numbers;
  std::vector<Service> services;
  services.reserve(names.size());
  std::vector<const Service*> pointers;
  std::int64_t next = 1000;
  for (const std::string& name : names) {
    services.push_back(offering("web", ++next));
    pointers.push_back(&services.back());
    numbers.push_back(number(name, next));
  }
  EXPECT_EQ(make_config_map(asking(), numbers, pointers).data.size(), names.size() * 4);
}

TEST(ConfigMaps, AreOwnedLikeServicesAndCarryTheirName) {
  const PortAllocation owner = asking();
  const ConfigMap made = make_config_map(owner, {number("api", 24500)}, {});
  EXPECT_EQ(made.meta.key(), (ObjectKey{"mesh", "web-numbers"}));
  EXPECT_EQ(made.meta.labels.at(kManagedByLabel), kManagedByValue);
  EXPECT_EQ(made.meta.labels.at(kConfigMapLabel), "web-numbers");
  EXPECT_EQ(made.meta.owner_references, generated_meta(owner, "web").owner_references);
  EXPECT_EQ(told_for(made.meta), owner.meta.uid);
  EXPECT_TRUE(has_its_own_name(made.meta));
}

TEST(ConfigMaps, BelongToWhomTheirControllerNames) {
  const PortAllocation owner = asking();
  const Meta made = make_config_map(owner, {number("api", 24500)}, {}).meta;
  struct Case {
    const char* name;
    std::function<void(Meta&)> change;
    std::string owner;
    bool own_name;
  };
  const Case cases[] = {
      {"as made", [](Meta&) {}, owner.meta.uid.text, true},
      {"labels lost", [](Meta& m) { m.labels.clear(); }, owner.meta.uid.text, false},
      {"reference lost", [](Meta& m) { m.owner_references.clear(); }, owner.meta.uid.text, true},
      {"both lost", [](Meta& m) { m.labels.clear(), m.owner_references.clear(); }, "", false},
      {"another controller",
       [](Meta& m) {
         m.owner_references = {{"apps/v1", "Deployment", "d", {"d"}, true}};
       },
       "", true},
      {"a copy under another name", [](Meta& m) { m.name = "copy"; }, owner.meta.uid.text, false},
  };
  for (const Case& each : cases) {
    Meta meta = made;
    each.change(meta);
    EXPECT_EQ(told_for(meta).text, each.owner) << each.name;
    EXPECT_EQ(has_its_own_name(meta), each.own_name) << each.name;
  }
}

std::string text(const Difference& difference) {
  if (std::holds_alternative<Settled>(difference)) return "settled";
  if (std::holds_alternative<Create>(difference)) return "create";
  if (const auto* clash = std::get_if<Clash>(&difference)) return clash->reason;
  std::string result = "patch";
  for (const Edit& edit : std::get<Patch>(difference).edits) {
    if (const auto* data = std::get_if<DataEdit>(&edit)) {
      result += " " + data->key + "=" + data->value.value_or("null");
    } else if (const auto* label = std::get_if<LabelEdit>(&edit)) {
      result += " label " + label->key;
    } else {
      result += std::holds_alternative<OwnerReferencesEdit>(edit) ? " owner" : " ?";
    }
  }
  return result;
}

TEST(ConfigMaps, AreBroughtBackToWhatTheyTell) {
  const ConfigMap wanted = make_config_map(asking(), {number("api", 24500)}, {});
  struct Case {
    const char* name;
    std::function<void(ConfigMap&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"nothing", [](ConfigMap&) {}, "settled"},
      {"foreign labels and annotations",
       [](ConfigMap& c) { c.meta.labels["team"] = "x", c.meta.annotations["a"] = "b"; }, "settled"},
      {"another number", [](ConfigMap& c) { c.data["API_PORT"] = "1"; }, "patch API_PORT=24500"},
      {"a key lost", [](ConfigMap& c) { c.data.erase("API_TARGET"); }, "patch API_TARGET=8080"},
      {"a key too many", [](ConfigMap& c) { c.data["EVIL_PORT"] = "1"; }, "patch EVIL_PORT=null"},
      {"a label lost", [](ConfigMap& c) { c.meta.labels.erase(kConfigMapLabel); },
       "patch label berth.dev/config-map"},
      {"the reference lost", [](ConfigMap& c) { c.meta.owner_references.clear(); }, "patch owner"},
      {"immutable as it is", [](ConfigMap& c) { c.immutable = true; }, "settled"},
      {"immutable and wrong", [](ConfigMap& c) { c.immutable = true, c.data.clear(); }, "ConfigMapImmutable"},
      {"somebody's", [](ConfigMap& c) { c.meta.labels.clear(), c.meta.owner_references.clear(); },
       "NameTaken"},
      {"another allocation's", [](ConfigMap& c) { c.meta.owner_references[0].uid.text = "x"; }, "NameTaken"},
      {"going", [](ConfigMap& c) { c.meta.deletion_timestamp = "2026-11-21T00:00:00Z"; }, "Terminating"},
  };
  for (const Case& each : cases) {
    ConfigMap present = wanted;
    each.change(present);
    EXPECT_EQ(text(diff(&present, wanted)), each.expected) << each.name;
  }
  EXPECT_EQ(text(diff(static_cast<const ConfigMap*>(nullptr), wanted)), "create");
}

}  // namespace
}  // namespace berth::desired
