#include "operator/observer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using allocation::Space;

allocation::NumberKey number(std::int64_t n) { return {Port::of(n)}; }

template <class T>
std::vector<std::string> names(const std::vector<const T*>& objects) {
  std::vector<std::string> all;
  for (const T* object : objects) all.push_back(object->meta.name);
  return all;
}

allocation::Refusal refusal_of(const PortAllocation& object) {
  return {object.meta.key(), object.meta.uid, allocation::RefusalReason::kRangeExhausted, "",
          "the range is full"};
}

struct ObserverTest : ::testing::Test {
  Workbench bench;
  Observer& observer = bench.observer;

  ClusterView view(bool fresh = true) { return observer.view(bench.stores.group.snapshot(), fresh); }
};

TEST_F(ObserverTest, KeepsAViewAsLongAsNothingChanged) {
  const ClusterView first = view();
  bench.clock.advance(std::chrono::hours(1));
  const ClusterView second = view();
  EXPECT_EQ(first.ledgers, second.ledgers);
  EXPECT_EQ(first.ranges, second.ranges);
  EXPECT_EQ(first.uses, second.uses);
  EXPECT_EQ(first.internal, second.internal);
}

TEST_F(ObserverTest, MakesAnewOnlyTheViewOfTheKindThatChanged) {
  const ClusterView before = view();
  const PortAllocation owner = bench.allocate("api");
  bench.put_record(30500, owner);
  bench.read();
  const ClusterView after = view();
  EXPECT_NE(before.ledgers, after.ledgers);
  EXPECT_EQ(before.ranges, after.ranges);
  EXPECT_EQ(before.uses, after.uses);
  EXPECT_EQ(before.internal, after.internal);
  EXPECT_EQ(after.ledgers->of_owner(owner.meta.uid).size(), 1U);
  EXPECT_TRUE(before.ledgers->of_owner(owner.meta.uid).empty())
      << "a view that was given out stays as it was";

  bench.make(wire::kPortRange, testing::make_prange("spare", "NodePort", {"31000-31009"}));
  ExposurePolicy policy;
  policy.meta = testing::make_meta("", "site");
  policy.spec.internal = {{.port = 5432}};
  bench.make(wire::kExposurePolicy, policy);
  bench.read();
  const ClusterView last = view();
  EXPECT_EQ(after.ledgers, last.ledgers);
  EXPECT_NE(last.ranges->find("spare"), nullptr);
  EXPECT_TRUE(last.internal->find(Port::of(5432), Protocol::kTcp).has_value());
}

TEST_F(ObserverTest, SeesTheHostPortsOfPodsAndWhoseTheyAre) {
  const PortAllocation api = bench.allocate("api");
  Workload pod;
  pod.kind = "Pod";
  pod.api_version = "v1";
  pod.meta = testing::make_meta("mesh", "api-1", api.spec.selector);
  pod.pod.node_name = "n1";
  pod.pod.containers = {{"c", "image", "", {{"", 8080, 3000, "", Protocol::kTcp}}}};
  pod = bench.make(wire::kPod, pod);
  bench.read();
  const allocation::NumberKey key{Port::of(3000), Protocol::kTcp};
  const auto other_than = [&](const Uid& uid) {
    return view().uses->other_than(uid, Space::kHostPort, key) != nullptr;
  };
  EXPECT_TRUE(other_than(Uid{"u"}));
  EXPECT_FALSE(other_than(api.meta.uid));

  const auto before = view().uses;
  Workload heartbeat = pod;
  heartbeat.meta.annotations["seen"] = "now";
  (void)bench.people.replace(wire::kPod, heartbeat).value();
  bench.read();
  EXPECT_EQ(view().uses, before) << "no news about host ports";

  PortAllocation edited = api;
  edited.spec.selector = {{"app", "somebody-else"}};
  (void)bench.people.replace(wire::kPortAllocation, edited).value();
  bench.read();
  EXPECT_TRUE(other_than(api.meta.uid));

  bench.remove<Workload>(wire::kPod, pod.meta.key());
  bench.read();
  EXPECT_FALSE(other_than(Uid{"u"}));
}

TEST_F(ObserverTest, UsesMayLagUnlessAFreshViewIsAskedFor) {
  (void)view();
  bench.make(wire::kService,
             testing::make_service("mesh", "web", {testing::make_service_port(80, {}, 30500)}, "NodePort"));
  bench.read();
  const auto taken = [&](bool fresh) {
    return view(fresh).uses->other_than(Uid{"u"}, Space::kNodePort, number(30500)) != nullptr;
  };
  EXPECT_FALSE(taken(false)) << "a burst of Service changes is one reading";
  bench.clock.advance(Observer::kUsesLag - Duration(1));
  EXPECT_FALSE(taken(false));
  bench.clock.advance(Duration(1));
  EXPECT_TRUE(taken(false));
  bench.remove<Service>(wire::kService, {"mesh", "web"});
  bench.read();
  EXPECT_FALSE(taken(true)) << "fresh: without lag";
}

TEST_F(ObserverTest, UsesFollowEveryServiceInWhateverOrderItsChangesAreTold) {
  const auto used = [&] {
    std::string text;
    for (const auto& key : view().uses->keys(Space::kNodePort)) text += to_string(key) + " ";
    return text;
  };
  const auto stored = [&](std::int64_t node_port, const char* version) {
    Service service =
        testing::make_service("mesh", "web", {testing::make_service_port(80, {}, node_port)}, "NodePort");
    service.meta.uid = Uid{"u"};
    service.meta.resource_version = version;
    return service;
  };
  EXPECT_EQ(used(), "");
  auto& services = bench.stores.services;
  services.put_written(stored(30500, "1001"));
  EXPECT_EQ(used(), "30500 ");
  // Two changes before anybody looks, and their listeners are called the other way round.
  services.put_written(stored(30501, "1002"));
  services.put_written(stored(30502, "1003"));
  const auto object = [&](std::int64_t number) {
    return std::make_shared<const Service>(stored(number, ""));
  };
  observer.services_changed({object(30501), object(30502)});
  observer.services_changed({object(30500), object(30501)});
  EXPECT_EQ(used(), "30502 ");
  services.removed({"mesh", "web"}, Uid{"u"});
  EXPECT_EQ(used(), "");
  observer.services_changed({object(30501), object(30502)});
  EXPECT_EQ(used(), "") << "told late";
}

TEST_F(ObserverTest, WhoeverWaitsForAStrangersServiceSeesItsEndAtOnce) {
  PortAllocation api = bench.allocate("api");
  bench.make(wire::kService,
             testing::make_service("mesh", "web", {testing::make_service_port(80, {}, 30500)}, "NodePort"));
  bench.read();
  const auto taken = [&] {
    const auto* uses = observer.allocation(api.meta.key())->observation.uses;
    return uses->other_than(api.meta.uid, Space::kNodePort, number(30500)) != nullptr;
  };
  EXPECT_TRUE(taken());
  bench.remove<Service>(wire::kService, {"mesh", "web"});
  bench.read();
  EXPECT_TRUE(taken()) << "others may look a little later";
  api.status.conditions = {{"Published", "False", 1, "", "PortTaken", "web has it"}};
  ASSERT_TRUE(bench.people.replace_status(wire::kPortAllocation, api).ok());
  bench.read();
  EXPECT_FALSE(taken());
}

TEST_F(ObserverTest, TellsOfLedgerObjectsThatAreNoShard) {
  bench.make(wire::kPortLedger, testing::make_ledger("what-is-this", "NodePort", 3));
  bench.read();
  EXPECT_EQ(view().unreadable_ledgers.count("what-is-this"), 1U);
  bench.remove<PortLedger>(wire::kPortLedger, {"", "what-is-this"});
  bench.read();
  EXPECT_TRUE(view().unreadable_ledgers.empty());
}

TEST_F(ObserverTest, AContestedNumberIsAvoidedAtOnceAndForAWhileOnly) {
  const auto contested = [&](bool fresh) {
    return view(fresh).uses->contested(Uid{"u"}, Space::kNodePort, number(30500));
  };
  EXPECT_FALSE(contested(true));
  EXPECT_FALSE(observer.contested_left().has_value());
  observer.contested(Port::of(30500));
  EXPECT_TRUE(contested(false)) << "no lag: the next look must decide about another number";
  EXPECT_EQ(observer.contested_left(), Observer::kContestedFor);
  bench.clock.advance(Observer::kContestedFor - Duration(1));
  EXPECT_TRUE(contested(true));
  EXPECT_EQ(observer.contested_left(), Duration(1));
  bench.clock.advance(Duration(1));
  EXPECT_FALSE(contested(true));
  EXPECT_FALSE(observer.contested_left().has_value());
}

TEST_F(ObserverTest, ContestedLeftIsThatOfTheFirstToEndAndAnotherRefusalBeginsAnew) {
  observer.contested(Port::of(30500));
  bench.clock.advance(std::chrono::minutes(4));
  observer.contested(Port::of(30501));
  EXPECT_EQ(observer.contested_left(), Observer::kContestedFor - std::chrono::minutes(4));
  observer.contested(Port::of(30500));
  EXPECT_EQ(observer.contested_left(), Observer::kContestedFor);
}

TEST_F(ObserverTest, AnAllocationIsObservedWithWhatConcernsItAndNothingElse) {
  const PortAllocation api = bench.allocate("api");
  const PortAllocation other = bench.allocate("other");
  bench.put_record(30500, api);
  bench.put_record(30501, other);
  bench.make(wire::kService, generated_service(api, 30500));
  bench.make(wire::kService, generated_service(other, 30501));
  bench.make(wire::kService, testing::make_service("mesh", "api-internal", {testing::make_service_port(80)}));
  bench.make(wire::kNetworkPolicy, generated_policy(api));
  bench.make(wire::kNetworkPolicy, generated_policy(other));
  NetworkPolicy deny;
  deny.meta = testing::make_meta("mesh", kDenyIngressPolicy);
  bench.make(wire::kNetworkPolicy, deny);
  for (const char* app : {"api", "other"}) {
    Workload pod;
    pod.api_version = "v1";
    pod.kind = "Pod";
    pod.meta = testing::make_meta("mesh", std::string("pod-") + app, {{"app", app}});
    bench.make(wire::kPod, pod);
  }
  bench.read();

  const auto observed = observer.allocation(api.meta.key());
  ASSERT_TRUE(observed.has_value());
  const Observation& seen = observed->observation;
  EXPECT_EQ(seen.allocation->meta.uid, api.meta.uid);
  ASSERT_EQ(seen.entries.size(), 1U);
  EXPECT_EQ(seen.entries[0].key, number(30500));
  EXPECT_EQ(names(seen.services), (std::vector<std::string>{"api", "api-internal"}))
      << "its own, and whoever has a name it may need";
  EXPECT_EQ(names(seen.policies), (std::vector<std::string>{"api-ingress", kDenyIngressPolicy}));
  EXPECT_EQ(names(seen.pods), std::vector<std::string>{"pod-api"});
  ASSERT_NE(seen.ns, nullptr);
  EXPECT_EQ(seen.ns->meta.name, "mesh");
  EXPECT_NE(seen.ranges->find("mesh"), nullptr);
  EXPECT_TRUE(seen.uses->used_by(api.meta.uid, Space::kNodePort, number(30500)));
}

TEST_F(ObserverTest, WhatWasObservedOutlivesItsRemoval) {
  const PortAllocation api = bench.allocate("api");
  bench.make(wire::kService, generated_service(api, 30500));
  bench.read();
  const auto observed = observer.allocation(api.meta.key());
  bench.remove<Service>(wire::kService, api.meta.key());
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  bench.read();
  EXPECT_FALSE(observer.allocation(api.meta.key()).has_value());
  EXPECT_EQ(observed->observation.allocation->meta.name, "api");
  EXPECT_EQ(names(observed->observation.services), std::vector<std::string>{"api"});
}

TEST_F(ObserverTest, ANamespaceThatIsNotSeenIsNotMadeUp) {
  bench.make(
      wire::kPortAllocation,
      testing::make_palloc("lost", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080})}));
  bench.read();
  EXPECT_EQ(observer.allocation({"lost", "api"})->observation.ns, nullptr);
  EXPECT_FALSE(observer.ns("lost").has_value());
}

TEST_F(ObserverTest, ANamespaceCountsPodsAndAllocationsThatStay) {
  const auto seen = [&] {
    bench.read();
    return observer.ns("mesh")->observation;
  };
  EXPECT_FALSE(seen().has_allocations);
  EXPECT_EQ(seen().pods, std::size_t{0});
  PortAllocation held =
      testing::make_palloc("mesh", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080})});
  held.meta.finalizers = {"example.com/hold"};
  bench.make(wire::kPortAllocation, held);
  Workload pod;
  pod.api_version = "v1";
  pod.kind = "Pod";
  pod.meta = testing::make_meta("mesh", "pod", {{"app", "api"}});
  bench.make(wire::kPod, pod);
  EXPECT_TRUE(seen().has_allocations);
  EXPECT_EQ(seen().pods, std::size_t{1});
  bench.remove<PortAllocation>(wire::kPortAllocation, {"mesh", "api"});
  EXPECT_FALSE(seen().has_allocations) << "it is being deleted";
}

TEST_F(ObserverTest, ARefusalIsShownOnlyBesideTheSpecThatItAnswers) {
  const PortAllocation api = bench.allocate("api");
  bench.read();
  const auto shown = [&] { return observer.allocation(api.meta.key())->observation.refusal.has_value(); };
  observer.remember_refusal(refusal_of(api), api.meta.generation);
  EXPECT_TRUE(shown());
  ASSERT_TRUE(bench.people
                  .merge_patch<PortAllocation>(wire::kPortAllocation, api.meta.key(),
                                               R"({"spec":{"exposure":"Cluster"}})")
                  .ok());
  bench.read();
  EXPECT_FALSE(shown()) << "an edit makes a new question of it";
  EXPECT_TRUE(observer.memory(api.meta.uid).refusal.has_value()) << "its half of a claim is still to go";
}

TEST_F(ObserverTest, RemembersByUidNotByName) {
  const PortAllocation api = bench.allocate("api");
  observer.remember_refusal(refusal_of(api), api.meta.generation);
  observer.remember_recovered(api.meta.uid, {"api"});
  observer.remember_write_problem(api.meta.uid, WriteProblem{1, "Service mesh/api", "no", {}});
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  const PortAllocation successor = bench.allocate("api");
  bench.read();
  const auto observed = observer.allocation(successor.meta.key());
  EXPECT_FALSE(observed->observation.refusal.has_value());
  EXPECT_TRUE(observed->observation.recovered.empty());
  EXPECT_FALSE(observed->observation.write_problem.has_value());
}

TEST_F(ObserverTest, ForgetsWhatItIsToldToForget) {
  const Uid uid{"u-1"};
  PortAllocation object;
  object.meta.uid = uid;
  observer.remember_refusal(refusal_of(object), 1);
  observer.remember_recovered(uid, {"api"});
  EXPECT_EQ(observer.refused(), (std::map<Uid, ObjectKey>{{uid, object.meta.key()}}));
  observer.forget_refusal(uid);
  EXPECT_TRUE(observer.refused().empty());
  EXPECT_EQ(observer.memory(uid).recovered, std::vector<std::string>{"api"});
  observer.forget(uid);
  EXPECT_TRUE(observer.memory(uid).recovered.empty());
}

}  // namespace
}  // namespace berth::controller
