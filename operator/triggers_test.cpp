#include "operator/triggers.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "core/base/api_names.h"
#include "operator/testing/workbench.h"

namespace berth::controller {
namespace {

using Words = std::set<std::string>;

// "allocation mesh/api", "ledger", ...
Words words(const WorkKeys& keys) {
  Words all;
  for (const runtime::WorkKey& key : keys) {
    const std::string object = key.object.ns.empty() ? key.object.name : to_string(key.object);
    all.insert(key.kind + (object.empty() ? "" : " " + object));
  }
  return all;
}

template <class T>
runtime::Change<T> change(const std::optional<T>& before, const std::optional<T>& after) {
  runtime::Change<T> made;
  if (before) made.before = std::make_shared<const T>(*before);
  if (after) made.after = std::make_shared<const T>(*after);
  return made;
}
template <class T>
runtime::Change<T> came(const T& object) {
  return change<T>(std::nullopt, object);
}
template <class T>
runtime::Change<T> went(const T& object) {
  return change<T>(object, std::nullopt);
}

// Allocations mesh/api and mesh/db and other/api, PortRanges mesh and spare.
class Triggers : public ::testing::Test {
 protected:
  Triggers() {
    api_ = bench_.allocate("api");
    db_ = bench_.allocate("db");
    bench_.make(
        wire::kPortAllocation,
        testing::make_palloc("other", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080})}));
    bench_.make(wire::kPortRange, testing::make_prange("spare", "NodePort", {"31000-31009"}));
    bench_.read();
  }

  template <class T>
  Words woken(const runtime::Change<T>& change) {
    return words(affected(change, bench_.stores));
  }
  PortLedger shard() const {
    return bench_.at_server<PortLedger>(wire::kPortLedger, {"", "nodeport-119"}).value();
  }

  Workbench bench_;
  PortAllocation api_;
  PortAllocation db_;
};

TEST_F(Triggers, AChangedEntryOfALedgerWakesItsOwnersOfBothSidesOnly) {
  bench_.put_record(30500, api_);
  const PortLedger first = shard();
  bench_.put_record(30501, db_);
  const PortLedger both = shard();
  EXPECT_EQ(woken(change<PortLedger>(first, both)),
            (Words{"ledger mesh/db", "allocation mesh/db", "range mesh", "range spare"}));
  EXPECT_EQ(woken(went(both)),
            (Words{"ledger", "allocation mesh/api", "allocation mesh/db", "range mesh", "range spare"}));
  bench_.put_record(30500, db_);  // another owner for the same number
  EXPECT_EQ(woken(change<PortLedger>(both, shard())),
            (Words{"ledger mesh/api", "ledger mesh/db", "allocation mesh/api", "allocation mesh/db",
                   "range mesh", "range spare"}));
  PortLedger led_by_another = both;
  led_by_another.spec.fence += 1;
  EXPECT_EQ(woken(change<PortLedger>(both, led_by_another)), (Words{"ledger", "range mesh", "range spare"}));
}

TEST_F(Triggers, ALedgerTellsWhomItConcernsWhoeverWritesItAndWhenItBegins) {
  bench_.put_record(30500, api_);
  const PortLedger first = shard();
  const Words only_its_owner = {"ledger mesh/api", "allocation mesh/api", "range mesh", "range spare"};
  EXPECT_EQ(woken(came(first)), only_its_owner);
  bench_.put_record(30501, db_);
  PortLedger by_another = shard();
  by_another.spec.fence += 1;
  EXPECT_EQ(woken(change<PortLedger>(first, by_another)),
            (Words{"ledger mesh/db", "allocation mesh/db", "range mesh", "range spare"}));
}

TEST_F(Triggers, AnEntryThatNobodyCanReadWakesNoOwner) {
  bench_.put_record(30500, api_);
  PortLedger damaged = shard();
  damaged.spec.entries["30500"] = "9 what is this";
  EXPECT_EQ(woken(came(damaged)), (Words{"ledger", "range mesh", "range spare"}));
  EXPECT_TRUE(woken(change<PortLedger>(damaged, shard())).contains("ledger"))
      << "its numbers are known again";
}

TEST_F(Triggers, AnEditOfARangeConcernsEverybodyButItsStatusNobodyElse) {
  const auto range = *bench_.stores.ranges.get({"", "mesh"});
  PortRange edited = range;
  edited.spec.ports = {"30500-30599"};
  const Words everybody = {"ledger",
                           "range mesh",
                           "range spare",
                           "allocation mesh/api",
                           "allocation mesh/db",
                           "allocation other/api"};
  EXPECT_EQ(woken(change<PortRange>(range, edited)), everybody);
  EXPECT_EQ(woken(went(range)), everybody);
  PortRange told = range;
  told.status.available = 7;
  EXPECT_EQ(woken(change<PortRange>(range, told)), (Words{"range mesh"}));
}

TEST_F(Triggers, AnAllocationWakesWhatItsChangeCanMove) {
  PortAllocation edited = api_;
  edited.spec.exposure = "Cluster";
  PortAllocation told = api_;
  told.status.summary = "api:30500/TCP";
  PortAllocation deleting = api_;
  deleting.meta.deletion_timestamp = "2026-01-01T00:00:00Z";
  PortAllocation another = api_;
  another.meta.uid.text = "another";
  const Words all = {"allocation mesh/api", "namespace mesh", "ledger mesh/api"};
  EXPECT_EQ(woken(came(api_)), all);
  EXPECT_EQ(woken(went(api_)), all);
  EXPECT_EQ(woken(change<PortAllocation>(api_, deleting)), all);
  EXPECT_EQ(woken(change<PortAllocation>(api_, another)), all);
  EXPECT_EQ(woken(change<PortAllocation>(api_, edited)), (Words{"allocation mesh/api", "ledger mesh/api"}));
  PortAllocation served = api_;
  served.status.ports = {{.name = "api", .port = 30500}};
  EXPECT_EQ(woken(change<PortAllocation>(api_, served)), (Words{"allocation mesh/api"}));
  EXPECT_TRUE(woken(change<PortAllocation>(served, api_)).contains("ledger mesh/api"))
      << "it gave a number up";
  EXPECT_EQ(woken(change<PortAllocation>(api_, told)), (Words{"allocation mesh/api"}));
}

TEST_F(Triggers, AServiceWakesEveryAllocationItCouldBelongTo) {
  const Service own = generated_service(api_, 30500);
  Service second = own;
  second.meta.name = "api-internal";
  Service relabelled = own;
  relabelled.meta.labels[kOwnerNameLabel] = "db";
  EXPECT_TRUE(woken(came(own)).contains("allocation mesh/api"));
  const Words by_second = woken(came(second));
  EXPECT_TRUE(by_second.contains("allocation mesh/api"));
  EXPECT_TRUE(by_second.contains("allocation mesh/api-internal")) << "it may also be the first of that one";
  const Words moved = woken(change<Service>(own, relabelled));
  EXPECT_TRUE(moved.contains("allocation mesh/api"));
  EXPECT_TRUE(moved.contains("allocation mesh/db"));
}

TEST_F(Triggers, AServiceThatAsksToBeAdoptedWakesWhomItAsks) {
  Service before = testing::make_service("mesh", "shop", {testing::make_service_port(80)});
  Service asking = before;
  asking.meta.annotations[kAdoptAnnotation] = "db";
  const Words asked = woken(change<Service>(before, asking));
  EXPECT_TRUE(asked.contains("allocation mesh/db"));
  EXPECT_TRUE(asked.contains("ledger"));
  EXPECT_TRUE(woken(change<Service>(asking, before)).contains("allocation mesh/db"));
}

TEST_F(Triggers, AConfigMapWakesItsOwnerAndWhoeverAsksForItsName) {
  ConfigMap made;
  made.meta.ns = "mesh";
  made.meta.name = "numbers";
  made.meta.labels = {{kOwnerNameLabel, "api"}, {kConfigMapLabel, "numbers"}};
  EXPECT_EQ(woken(came(made)), (Words{"allocation mesh/api"}));
  (void)bench_.people.merge_patch<PortAllocation>(wire::kPortAllocation, db_.meta.key(),
                                                  R"({"spec":{"configMap":{"name":"numbers"}}})");
  bench_.read();
  EXPECT_EQ(woken(went(made)), (Words{"allocation mesh/api", "allocation mesh/db"}));
}

TEST_F(Triggers, OnlyNumbersOfAServiceWakeTheLedgerAndTheRanges) {
  const Service before = generated_service(api_, 30500);
  Service status = before;
  status.load_balancer_status = {{"192.0.2.1", ""}};
  EXPECT_EQ(woken(change<Service>(before, status)), (Words{"allocation mesh/api"}));
  Service renumbered = before;
  renumbered.ports[0].node_port = 30501;
  Service retyped = before;
  retyped.type = "ClusterIP";
  Service checked = before;
  checked.health_check_node_port = 30777;
  for (const Service& after : {renumbered, retyped, checked}) {
    EXPECT_EQ(woken(change<Service>(before, after)),
              (Words{"allocation mesh/api", "ledger", "range mesh", "range spare"}));
  }
  EXPECT_TRUE(woken(went(before)).contains("ledger"));
}

TEST_F(Triggers, AServiceThatComesWithNumbersThatItsOwnerHoldsIsNoNewsToTheLedger) {
  const Words only_its_own = {"allocation mesh/api"};
  EXPECT_NE(woken(came(generated_service(api_, 30500))), only_its_own) << "nobody holds it";
  bench_.put_record(30500, api_);
  bench_.put_record(30501, db_);
  bench_.read();
  EXPECT_EQ(woken(came(generated_service(api_, 30500))), only_its_own);
  EXPECT_TRUE(woken(came(generated_service(api_, 30501))).contains("ledger")) << "another holds it";
  Service checked = generated_service(api_, 30500);
  checked.health_check_node_port = 30777;
  EXPECT_TRUE(woken(came(checked)).contains("ledger")) << "nobody holds that of the health check";
  EXPECT_TRUE(woken(went(generated_service(api_, 30501))).contains("ledger")) << "another holds it";
  EXPECT_EQ(woken(went(generated_service(api_, 30500))), (Words{"allocation mesh/api", "ledger mesh/api"}))
      << "it may be released now, and that concerns nobody else";
}

TEST_F(Triggers, AForeignServiceWakesWhoeverHoldsTheNumberThatItTakesOrGivesBack) {
  bench_.put_record(30500, api_);
  bench_.put_record(30501, db_);
  bench_.read();
  const Service foreign =
      testing::make_service("other", "web", {testing::make_service_port(80, {}, 30500)}, "NodePort");
  const Words all = {"allocation other/web", "allocation mesh/api", "ledger", "range mesh", "range spare"};
  EXPECT_EQ(woken(came(foreign)), all);
  EXPECT_EQ(woken(went(foreign)), all);
  Service moved = foreign;
  moved.ports[0].node_port = 30501;
  const Words by_move = woken(change<Service>(foreign, moved));
  EXPECT_TRUE(by_move.contains("allocation mesh/api"));
  EXPECT_TRUE(by_move.contains("allocation mesh/db"));
}

TEST_F(Triggers, APolicyWakesItsAllocationAndTheNamespacesOwnWakeAllOfIt) {
  EXPECT_EQ(woken(came(generated_policy(api_))),
            (Words{"allocation mesh/api", "allocation mesh/api-ingress"}));
  NetworkPolicy deny;
  deny.meta = testing::make_meta("mesh", kDenyIngressPolicy);
  const Words all = woken(went(deny));
  for (const char* key : {"namespace mesh", "allocation mesh/api", "allocation mesh/db"}) {
    EXPECT_TRUE(all.contains(key)) << key;
  }
  EXPECT_FALSE(all.contains("allocation other/api"));
}

TEST_F(Triggers, ANamespaceWakesWhatIsInIt) {
  EXPECT_EQ(woken(came(testing::make_namespace("mesh"))),
            (Words{"namespace mesh", "allocation mesh/api", "allocation mesh/db", "ledger mesh/api",
                   "ledger mesh/db"}));
}

TEST_F(Triggers, APodWakesWhoeverSelectsItBeforeOrAfter) {
  Workload pod;
  pod.kind = "Pod";
  pod.meta = testing::make_meta("mesh", "pod-1", {{"app", "api"}});
  pod.template_labels = pod.meta.labels;
  pod.phase = "Running";
  EXPECT_EQ(woken(came(pod)), (Words{"allocation mesh/api"}));
  EXPECT_EQ(woken(went(pod)), (Words{"allocation mesh/api", "namespace mesh"}));
  Workload relabelled = pod;
  relabelled.meta.labels = {{"app", "db"}};
  EXPECT_EQ(woken(change<Workload>(pod, relabelled)), (Words{"allocation mesh/api", "allocation mesh/db"}));
  Workload ended = pod;
  ended.phase = "Succeeded";
  EXPECT_EQ(woken(change<Workload>(pod, ended)), (Words{"allocation mesh/api"}));
  Workload stranger = pod;
  stranger.meta.labels = {{"app", "nobody"}};
  EXPECT_EQ(woken(came(stranger)), Words{});
}

TEST_F(Triggers, APodWithAHostPortWakesWhoeverHoldsTheNumber) {
  allocation::Shard shard = allocation::empty_shard(allocation::Space::kHostPort, 11);
  allocation::Entry entry;
  entry.owner = db_.meta.key();
  entry.owner_uid = db_.meta.uid;
  entry.slots = {{"api", Protocol::kTcp}};
  entry.sequence = 1;
  entry.range = "hosts";
  shard.next_sequence = 2;
  shard.entries = {{{Port::of(3000), Protocol::kTcp, "n1"}, entry}};
  bench_.make(wire::kPortLedger, allocation::write_shard(shard));
  bench_.read();
  Workload pod;
  pod.kind = "Pod";
  pod.meta = testing::make_meta("other", "pod-1", {{"app", "nobody"}});
  pod.template_labels = pod.meta.labels;
  pod.pod.node_name = "n1";
  pod.pod.containers = {{"c", "", "", {{"", 8080, 3000, "", Protocol::kTcp}}}};
  const Words concerned = {"allocation mesh/db", "ledger", "range mesh", "range spare"};
  EXPECT_EQ(woken(came(pod)), concerned);
  Workload ended = pod;
  ended.phase = "Failed";
  EXPECT_EQ(woken(change<Workload>(pod, ended)), concerned);
  Workload elsewhere = pod;
  elsewhere.pod.node_name = "n2";
  EXPECT_EQ(woken(came(elsewhere)), (Words{"ledger", "range mesh", "range spare"}));
  Workload heartbeat = pod;
  heartbeat.meta.resource_version = "99";
  EXPECT_EQ(woken(change<Workload>(pod, heartbeat)), Words{});
}

TEST_F(Triggers, WhatAPodTellsOfItselfWakesNobody) {
  Workload pod;
  pod.kind = "Pod";
  pod.meta = testing::make_meta("mesh", "pod-1", {{"app", "api"}});
  pod.template_labels = pod.meta.labels;
  pod.phase = "Running";
  Workload heartbeat = pod;
  heartbeat.meta.resource_version = "99";
  heartbeat.meta.annotations["seen"] = "now";
  EXPECT_EQ(woken(change<Workload>(pod, heartbeat)), Words{});
}

TEST_F(Triggers, AnExposurePolicyConcernsEverybodyButItsStatusNobodyElse) {
  ExposurePolicy policy;
  policy.meta = testing::make_meta("", "site");
  ExposurePolicy edited = policy;
  edited.spec.action = "Warn";
  const Words everybody = {"policy site", "ledger", "allocation mesh/api", "allocation mesh/db",
                           "allocation other/api"};
  EXPECT_EQ(woken(came(policy)), everybody);
  EXPECT_EQ(woken(change<ExposurePolicy>(policy, edited)), everybody);
  ExposurePolicy told = policy;
  told.status.observed_generation = 3;
  EXPECT_EQ(woken(change<ExposurePolicy>(policy, told)), (Words{"policy site"}));
}

TEST_F(Triggers, EverythingNamesEachObjectThatHasWork) {
  ExposurePolicy policy;
  policy.meta = testing::make_meta("", "site");
  bench_.make(wire::kExposurePolicy, policy);
  bench_.read();
  EXPECT_EQ(words(everything(bench_.stores)),
            (Words{"ledger", "allocation mesh/api", "allocation mesh/db", "allocation other/api",
                   "range mesh", "range spare", "policy site", "namespace mesh"}));
}

TEST_F(Triggers, AnAllocationGoesFirstUntilItShowsANumber) {
  EXPECT_EQ(rank(ledger_work(), bench_.stores), Rank::kServesMany);
  EXPECT_EQ(rank(range_work("mesh"), bench_.stores), Rank::kServesMany);
  const auto api = allocation_work(api_.meta.key());
  EXPECT_EQ(rank(api, bench_.stores), Rank::kNumbersWanted);
  EXPECT_EQ(rank(allocation_work({"mesh", "none"}), bench_.stores), Rank::kRest);
  api_.status.ports = {AllocatedPort{.name = "api", .port = 30500}};
  bench_.stores.allocations.put_written(*bench_.client.replace_status(wire::kPortAllocation, api_));
  EXPECT_EQ(rank(api, bench_.stores), Rank::kRest);
  EXPECT_EQ(rank(allocation_work(db_.meta.key()), bench_.stores), Rank::kNumbersWanted);
}

TEST_F(Triggers, SummariesWaitLongerThanClaimsAndAllocationsNotAtAll) {
  EXPECT_EQ(settle_time(allocation_work({"mesh", "api"})), Duration(0));
  EXPECT_EQ(settle_time(namespace_work("mesh")), Duration(0));
  EXPECT_EQ(settle_time(ledger_work()), Duration(0));
  EXPECT_GT(settle_time(range_work("mesh")), Duration(0));
  EXPECT_EQ(settle_time(range_work("mesh")), settle_time(policy_work("site")));
}

}  // namespace
}  // namespace berth::controller
