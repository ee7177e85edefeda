#include "core/exposure/fact_index.h"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::exposure {
namespace {

template <class T>
std::shared_ptr<const T> named(const char* ns, const char* name) {
  auto object = std::make_shared<T>();
  object->meta.ns = ns;
  object->meta.name = name;
  return object;
}

std::shared_ptr<const Workload> workload(const char* kind, const char* name) {
  auto object = std::make_shared<Workload>();
  object->kind = kind;
  object->meta.ns = "data";
  object->meta.name = name;
  return object;
}

TEST(FactIndex, ShowsOneNamespaceAtATimeInAStableOrder) {
  FactIndex index;
  index.put(named<Service>("data", "b"));
  index.put(named<Service>("data", "a"));
  index.put(named<Service>("web", "c"));
  ASSERT_EQ(index.services("data").size(), 2U);
  EXPECT_EQ(index.services("data")[0]->meta.name, "a");
  EXPECT_TRUE(index.services("absent").empty());
}

TEST(FactIndex, TellsKindsOfWorkloadsApart) {
  FactIndex index;
  index.put(workload("Deployment", "pg"));
  index.put(workload("Pod", "pg"));
  EXPECT_EQ(index.workloads("data").size(), 2U);
  index.remove(*workload("Pod", "pg"));
  ASSERT_EQ(index.workloads("data").size(), 1U);
  EXPECT_EQ(index.workloads("data")[0]->kind, "Deployment");
}

TEST(FactIndex, HoldsObjectsWithoutANameSideBySideByTheirUids) {
  FactIndex index;
  const auto nameless = [](const char* uid) {
    auto pod = std::make_shared<Workload>(*workload("Pod", ""));
    pod->meta.generate_name = "web-";
    pod->meta.uid = {uid};
    return pod;
  };
  index.put(std::shared_ptr<const Workload>(nameless("1")));
  index.put(std::shared_ptr<const Workload>(nameless("2")));
  index.put(std::shared_ptr<const Workload>(nameless("2")));
  EXPECT_EQ(index.workloads("data").size(), 2U);
  index.remove(*nameless("1"));
  EXPECT_EQ(index.workloads("data").size(), 1U);
}

TEST(FactIndex, FindsWhatIsThereByKindNamespaceAndName) {
  FactIndex index;
  const auto web = named<Service>("data", "web");
  index.put(web);
  index.put(workload("Deployment", "web"));
  EXPECT_EQ(index.same_as(named<Service>("data", "web").get()), Subject(web.get()));
  EXPECT_EQ(index.same_as(named<Service>("shop", "web").get()), std::nullopt);
  EXPECT_TRUE(index.same_as(workload("Deployment", "web").get()));
  EXPECT_FALSE(index.same_as(workload("Pod", "web").get()));
  EXPECT_FALSE(index.same_as(named<NetworkPolicy>("data", "web").get()));
}

TEST(FactIndex, ReplacesByNameAndForgets) {
  FactIndex index;
  index.put(named<Service>("data", "a"));
  index.put(named<Service>("data", "a"));
  EXPECT_EQ(index.services("data").size(), 1U);
  index.remove(*named<Service>("data", "a"));
  index.remove(*named<Service>("data", "a"));
  EXPECT_TRUE(index.services("data").empty());
}

std::shared_ptr<const Workload> pod_at(const char* ns, const char* name, std::vector<std::string> addresses) {
  auto object = std::make_shared<Workload>(*workload("Pod", name));
  object->meta.ns = ns;
  object->addresses = std::move(addresses);
  return object;
}

TEST(FactIndex, FindsPodsOfAllNamespacesByTheirAddresses) {
  FactIndex index;
  index.put(pod_at("web", "b", {"10.0.0.7"}));
  index.put(pod_at("data", "a", {"10.0.0.7", "fd00::7"}));
  ASSERT_EQ(index.workloads_at("10.0.0.7").size(), 2U);
  EXPECT_EQ(index.workloads_at("10.0.0.7")[0]->meta.name, "a");
  EXPECT_EQ(index.workloads_at("fd00::7").size(), 1U);

  index.put(pod_at("data", "a", {"10.0.0.8"}));  // the address is another's now
  EXPECT_EQ(index.workloads_at("10.0.0.7").size(), 1U);
  EXPECT_TRUE(index.workloads_at("fd00::7").empty());
  EXPECT_EQ(index.workloads_at("10.0.0.8").size(), 1U);

  index.remove(*pod_at("data", "a", {}));
  index.remove(*pod_at("web", "b", {}));
  EXPECT_TRUE(index.workloads_at("10.0.0.7").empty());
  EXPECT_TRUE(index.workloads_at("10.0.0.8").empty());
}

std::set<std::string> names_of(const auto& objects) {
  std::set<std::string> names;
  for (const auto* object : objects) names.insert(object->meta.name);
  return names;
}

TEST(FactIndex, FindsEveryoneWhomLabelsConcernAndFewOthers) {
  constexpr int kMany = 200;
  FactIndex index;
  for (int i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    auto pod = std::make_shared<Workload>(*workload("Pod", ("pod-" + number).c_str()));
    pod->template_labels = {{"app", number}, {"tier", "web"}, {"track", i % 2 == 0 ? "stable" : "canary"}};
    index.put(std::shared_ptr<const Workload>(pod));
    auto service = std::make_shared<Service>(*named<Service>("data", ("service-" + number).c_str()));
    service->selector = {{"app", number}, {"tier", "web"}};
    index.put(std::shared_ptr<const Service>(service));
  }
  index.put(named<Service>("data", "without-selector"));
  std::size_t candidates = 0;
  for (int i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    const auto pods = names_of(index.workloads_with("data", {{"app", number}, {"tier", "web"}}));
    const auto services =
        names_of(index.services_selecting("data", {{"app", number}, {"tier", "web"}, {"more", "x"}}));
    EXPECT_TRUE(pods.contains("pod-" + number));
    EXPECT_TRUE(services.contains("service-" + number));
    EXPECT_FALSE(services.contains("without-selector"));
    candidates += pods.size() + services.size();
  }
  EXPECT_LT(candidates, std::size_t{kMany} * kMany / 4) << "of twice that many when nothing is ruled out";
  EXPECT_EQ(index.workloads_with("data", {}).size(), std::size_t{kMany}) << "no label rules nobody out";
  EXPECT_TRUE(index.workloads_with("web", {{"tier", "web"}}).empty());
}

TEST(FactIndex, FindsOneByItsName) {
  FactIndex index;
  index.put(named<Service>("data", "a"));
  index.put(workload("Deployment", "a"));
  EXPECT_EQ(index.service("data", "a"), index.services("data")[0]);
  EXPECT_EQ(index.service("data", "b"), nullptr);
  EXPECT_EQ(index.service("web", "a"), nullptr);
  EXPECT_EQ(index.workload("data", "Deployment", "a"), index.workloads("data")[0]);
  EXPECT_EQ(index.workload("data", "Pod", "a"), nullptr);
}

// "Packed" as a copy that is copied again.
template <class T>
PackedObject<T> packed(const std::shared_ptr<const T>& object) {
  return {object, object->meta.name,
          [](const void* bytes) { return std::make_unique<const T>(*static_cast<const T*>(bytes)); }};
}

TEST(FactIndex, UnpacksWhatIsAskedForAndPacksItAgain) {
  FactIndex index;
  for (const char* name : {"c", "a", "b"}) {
    const auto pod = pod_at("data", name, {std::string("10.0.0.") + name[0]});
    index.put(pod, packed(pod));
  }
  index.put(workload("Deployment", "whole"));
  EXPECT_EQ(index.unpacked(), 0U);

  const Workload* b = index.workload("data", "Pod", "b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->addresses, (std::vector<std::string>{"10.0.0.b"}));
  EXPECT_EQ(index.workload("data", "Pod", "b"), b) << "unpacked once";
  EXPECT_EQ(index.unpacked(), 1U);
  EXPECT_EQ(names_of(index.workloads("data")), (std::set<std::string>{"a", "b", "c", "whole"}));
  EXPECT_EQ(index.unpacked(), 3U);

  index.pack_again();
  EXPECT_EQ(index.unpacked(), 0U);
  ASSERT_EQ(index.workloads_at("10.0.0.c").size(), 1U);
  EXPECT_EQ(index.unpacked(), 1U);

  const auto moved = pod_at("data", "c", {"10.0.0.9"});
  index.put(moved, packed(moved));
  EXPECT_EQ(index.unpacked(), 0U) << "the one that went was the one that was unpacked";
  EXPECT_TRUE(index.workloads_at("10.0.0.c").empty());
  EXPECT_EQ(index.workloads_at("10.0.0.9").size(), 1U);
  EXPECT_EQ(index.unpacked(), 1U);
  index.remove(*moved);
  EXPECT_EQ(index.unpacked(), 0U);
  EXPECT_TRUE(index.workloads_at("10.0.0.9").empty());
  EXPECT_EQ(index.workload("data", "Pod", "c"), nullptr);
}

std::shared_ptr<const EndpointSlice> slice_of(const char* service, const char* name = "web-1") {
  auto object = std::make_shared<EndpointSlice>();
  object->kind = "EndpointSlice";
  object->meta.ns = "data";
  object->meta.name = name;
  object->meta.labels["kubernetes.io/service-name"] = service;
  return object;
}

TEST(FactIndex, FindsTheSlicesOfAServiceWhereverTheyWereBefore) {
  FactIndex index;
  const auto web = named<Service>("data", "web");
  const auto other = named<Service>("data", "other");
  index.put(slice_of("web"));
  index.put(slice_of("web", "web-2"));
  EXPECT_EQ(index.slices_of(*web).size(), 2U);
  EXPECT_TRUE(index.slices_of(*named<Service>("elsewhere", "web")).empty());
  index.put(slice_of("other"));
  EXPECT_EQ(index.slices_of(*web).size(), 1U);
  EXPECT_EQ(index.slices_of(*other).size(), 1U);
  index.remove(*slice_of("web"));  // as it was, or as it is
  EXPECT_TRUE(index.slices_of(*other).empty());
}

std::shared_ptr<const Entrance> entrance(std::vector<std::string> into, const char* name = "tcp-services") {
  auto object = std::make_shared<Entrance>();
  object->meta.ns = "ingress";
  object->meta.name = name;
  object->kind = "ConfigMap";
  for (std::string& ns : into) object->targets.push_back({.ns = std::move(ns)});
  return object;
}

TEST(FactIndex, FindsEntrancesWhereTheyLeadAndNotWhereTheyStand) {
  FactIndex index;
  index.put(entrance({"data", "web", "data"}));
  index.put(entrance({"web"}, "udp-services"));
  EXPECT_EQ(index.entrances("data").size(), 1U);
  EXPECT_EQ(index.entrances("web").size(), 2U);
  EXPECT_TRUE(index.entrances("ingress").empty());
}

TEST(FactIndex, FindsAnEntranceNoMoreWhereItLedBeforeItsLastChange) {
  FactIndex index;
  index.put(entrance({"data", "web"}));
  index.put(entrance({"web", "mesh"}));
  EXPECT_TRUE(index.entrances("data").empty());
  EXPECT_EQ(index.entrances("web").size(), 1U);
  index.remove(*entrance({}));  // as it was last, whatever the event still knows of it
  for (const char* ns : {"data", "web", "mesh"}) EXPECT_TRUE(index.entrances(ns).empty()) << ns;
}

TEST(FactIndex, FindsAliasesWhereTheirNamesLead) {
  const auto alias = [](const char* of) {
    auto object = std::make_shared<Service>(*named<Service>("web", "alias"));
    object->type = "ExternalName";
    object->external_name = of;
    return object;
  };
  FactIndex index;
  index.put(alias("db.data.svc"));
  EXPECT_EQ(index.aliases("data").size(), 1U);
  index.put(alias("db.mesh.svc"));
  EXPECT_TRUE(index.aliases("data").empty());
  EXPECT_EQ(index.aliases("mesh").size(), 1U);
  index.remove(*alias("db.data.svc"));
  EXPECT_TRUE(index.aliases("mesh").empty());
  EXPECT_TRUE(index.services("web").empty());
}

std::shared_ptr<const Backend> backend_at(std::vector<std::string> hosts, const char* name = "pg") {
  auto object = std::make_shared<Backend>();
  object->kind = "Backend";
  object->reference_kind = "example.org/Backend";
  object->meta.ns = "web";
  object->meta.name = name;
  for (std::string& host : hosts) object->endpoints.push_back({.host = std::move(host)});
  return object;
}

TEST(FactIndex, FindsBackendsWhereTheyAreAndWhereTheyLead) {
  FactIndex index;
  index.put(backend_at({"db.data.svc", "10.0.0.7"}));
  index.put(backend_at({"db.data.svc"}, "other"));
  EXPECT_EQ(index.backends("web").size(), 2U);
  EXPECT_TRUE(index.backends("data").empty());
  EXPECT_EQ(index.backends_to("data").size(), 2U);
  EXPECT_EQ(index.backends_to("10.0.0.7").size(), 1U);
  index.put(backend_at({"db.mesh.svc"}));
  EXPECT_EQ(index.backends_to("data").size(), 1U);
  EXPECT_TRUE(index.backends_to("10.0.0.7").empty());
  EXPECT_EQ(index.backends_to("mesh").size(), 1U);
  index.remove(*backend_at({}));  // as it was last, whatever the event still knows of it
  EXPECT_TRUE(index.backends_to("mesh").empty());
  EXPECT_EQ(index.backends("web").size(), 1U);
  EXPECT_TRUE(index.same_as(backend_at({}, "other").get()));
  EXPECT_FALSE(index.same_as(backend_at({}).get()));
}

std::shared_ptr<const Gateway> listens(const char* kind, const char* name, const char* adds_to = "") {
  auto object = std::make_shared<Gateway>();
  object->meta.ns = "infra";
  object->meta.name = name;
  object->kind = kind;
  object->parent.name = adds_to;
  return object;
}

std::shared_ptr<const Entrance> attached(const char* gateway) {
  auto object = std::make_shared<Entrance>(*entrance({"data"}, "front"));
  object->kind = "HTTPRoute";
  object->parents = {filled_in({.ns = "infra", .name = gateway}, "")};
  return object;
}

TEST(FactIndex, FindsRoutesAtTheGatewayTheyAreAttachedTo) {
  FactIndex index;
  const auto edge = listens("Gateway", "edge");
  const auto other = listens("Gateway", "other");
  index.put(attached("edge"));
  EXPECT_EQ(index.entrances_at(*edge).size(), 1U);
  index.put(attached("other"));
  EXPECT_TRUE(index.entrances_at(*edge).empty());
  EXPECT_EQ(index.entrances_at(*other).size(), 1U);
  EXPECT_TRUE(index.entrances_at(*listens("ListenerSet", "other")).empty());
  index.remove(*attached("edge"));
  EXPECT_TRUE(index.entrances_at(*other).empty());
}

TEST(FactIndex, FindsListenerSetsAtTheGatewayTheyAddTo) {
  FactIndex index;
  const auto edge = listens("Gateway", "edge");
  const auto other = listens("Gateway", "other");
  for (const auto& gateway : {edge, other}) index.put(gateway);
  index.put(listens("ListenerSet", "more", "edge"));
  EXPECT_EQ(index.gateways("infra").size(), 3U);
  EXPECT_EQ(index.listener_sets_of(*edge).size(), 1U);
  index.put(listens("ListenerSet", "more", "other"));
  EXPECT_TRUE(index.listener_sets_of(*edge).empty());
  EXPECT_EQ(index.listener_sets_of(*other).size(), 1U);
  index.remove(*listens("ListenerSet", "more", "edge"));
  EXPECT_TRUE(index.listener_sets_of(*other).empty());
  EXPECT_EQ(index.gateways("infra").size(), 2U);
}

TEST(FactIndex, KnowsServicesOfEveryNamespaceInOneOrder) {
  FactIndex index;
  for (const char* ns : {"web", "data", "infra"}) {
    for (const char* name : {"b", "a"}) {
      Service service;
      service.meta.ns = ns;
      service.meta.name = name;
      index.put(std::make_shared<const Service>(service));
    }
  }
  std::vector<std::string> found;
  for (const Service* service : index.every_service()) found.push_back(to_string(service->meta.key()));
  EXPECT_EQ(found, (std::vector<std::string>{"data/a", "data/b", "infra/a", "infra/b", "web/a", "web/b"}));
}

TEST(FactIndex, KeepsAdvertisementsApartByKind) {
  FactIndex index;
  Advertisement made;
  made.meta.name = "default";
  for (const char* kind : {"BGPConfiguration", "CiliumBGPAdvertisement"}) {
    made.kind = kind;
    index.put(std::make_shared<const Advertisement>(made));
  }
  EXPECT_EQ(index.advertisements().size(), 2U);
  index.remove(made);
  ASSERT_EQ(index.advertisements().size(), 1U);
  EXPECT_EQ(index.advertisements().front()->kind, "BGPConfiguration");
}

class Told {
 public:
  explicit Told(FactIndex& index) {
    index.on_touched([this](std::string_view ns) { namespaces_.emplace(ns); });
  }
  std::set<std::string> take() { return std::exchange(namespaces_, {}); }

 private:
  std::set<std::string> namespaces_;
};
using Names = std::set<std::string>;

TEST(FactIndex, TellsWhereWaysMayHaveComeOrGone) {
  FactIndex index;
  Told told(index);
  Service alias;
  alias.meta = {.name = "db", .ns = "web"};
  alias.type = "ExternalName";
  alias.external_name = "db.data.svc";
  index.put(std::make_shared<const Service>(alias));
  EXPECT_EQ(told.take(), (Names{"data", "web"})) << "where it leads too";
  Entrance entrance;
  entrance.meta = {.name = "front", .ns = "web"};
  entrance.targets.emplace_back();
  entrance.targets[0].ns = "data";
  index.put(std::make_shared<const Entrance>(entrance));
  EXPECT_EQ(told.take(), Names{"data"});
  entrance.targets[0].ns = "infra";
  index.put(std::make_shared<const Entrance>(entrance));
  EXPECT_EQ(told.take(), (Names{"data", "infra"})) << "where it led before too";
  index.remove(entrance);
  EXPECT_EQ(told.take(), Names{"infra"});
}

TEST(FactIndex, TellsOfRoutesWhenTheirGatewayChanges) {
  FactIndex index;
  Told told(index);
  Entrance route;
  route.meta = {.name = "front", .ns = "web"};
  route.targets.emplace_back();
  route.targets[0].ns = "data";
  route.parents.emplace_back();
  route.parents[0] = {.kind = "Gateway", .ns = "infra", .name = "edge"};
  index.put(std::make_shared<const Entrance>(route));
  told.take();
  Gateway gateway;
  gateway.kind = "Gateway";
  gateway.meta = {.name = "edge", .ns = "infra"};
  index.put(std::make_shared<const Gateway>(gateway));
  EXPECT_EQ(told.take(), (Names{"data", "infra"}));
}

// A route of web names the backend there, and its ways count where the Service is that it leads to.
TEST(FactIndex, TellsWhereBackendsLead) {
  FactIndex index;
  auto db = std::make_shared<Service>(*named<Service>("data", "db"));
  db->cluster_ip = "10.96.0.7";
  index.put(db);
  Told told(index);
  index.put(backend_at({"db.infra.svc", "10.96.0.7"}));
  EXPECT_EQ(told.take(), (Names{"data", "infra", "web"}));
  Entrance route;
  route.meta = {.name = "front", .ns = "shop"};
  route.targets.emplace_back();
  route.targets[0].ns = "web";
  route.targets[0].resource = "example.org/Backend/pg";
  index.put(std::make_shared<const Entrance>(route));
  EXPECT_EQ(told.take(), (Names{"data", "infra", "web"}));
  ReferenceGrant grant;
  grant.meta = {.name = "let-in", .ns = "web"};
  index.put(std::make_shared<const ReferenceGrant>(grant));
  EXPECT_EQ(told.take(), (Names{"data", "infra", "web"}));
  index.put(std::make_shared<const Service>(*named<Service>("infra", "db")));
  EXPECT_EQ(told.take(), (Names{"infra", "web"})) << "what led nowhere counted where the backend is";
  index.put(backend_at({"db.shop.svc"}));
  EXPECT_EQ(told.take(), (Names{"data", "infra", "shop", "web"})) << "where it led before too";
}

TEST(FactIndex, IsSilentAboutWhatIsNotJudged) {
  FactIndex index;
  Workload pod;
  pod.kind = "Pod";
  pod.meta = {.name = "web-1", .ns = "data"};
  index.put(std::make_shared<const Workload>(pod));
  ExposurePolicy policy;
  policy.meta.name = "p";
  index.put(std::make_shared<const ExposurePolicy>(policy));
  Told told(index);
  pod.meta.resource_version = "7";
  pod.phase = "Running";
  index.put(std::make_shared<const Workload>(pod));
  policy.status.violations = 3;
  index.put(std::make_shared<const ExposurePolicy>(policy));
  EXPECT_EQ(told.take(), Names{});
  pod.phase = "Succeeded";
  index.put(std::make_shared<const Workload>(pod));
  EXPECT_EQ(told.take(), Names{"data"}) << "what has ended serves nobody";
  policy.spec.action = "Warn";
  index.put(std::make_shared<const ExposurePolicy>(policy));
  EXPECT_EQ(told.take(), Names{""}) << "everywhere";
}

TEST(FactIndex, DoesNotInventLabelsOfUnknownNamespaces) {
  FactIndex index;
  EXPECT_EQ(index.namespace_labels("data"), nullptr);
  Namespace data;
  data.meta.name = "data";
  data.meta.labels = {{"tier", "prod"}};
  index.put(std::make_shared<const Namespace>(data));
  ASSERT_NE(index.namespace_labels("data"), nullptr);
  EXPECT_EQ(index.namespace_labels("data")->at("tier"), "prod");
  index.remove(data);
  EXPECT_EQ(index.namespace_labels("data"), nullptr);
}

}  // namespace
}  // namespace berth::exposure
