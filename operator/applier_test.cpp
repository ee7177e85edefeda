#include "operator/applier_for_test.h"

namespace berth::controller {
namespace {

using testing::Answered;
using testing::NotSent;
using testing::ReplyLost;

// ---- order and bookkeeping ----

TEST_F(ApplierTest, CarriesOutInOrderAndKnowsWhatItWrote) {
  const Carried carried = carry_out(
      {status_write("first"), CreatePolicy{generated_policy(api)}, create(), status_write("second")});
  ASSERT_TRUE(carried.status.ok()) << carried.status.error().message;
  EXPECT_EQ(carried.writes, 4);
  EXPECT_TRUE(carried.status_written);
  const auto stored = bench.at_server<PortAllocation>(wire::kPortAllocation, api.meta.key());
  EXPECT_EQ(stored->status.summary, "second") << "the second is based on what the first was answered with";
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->meta.resource_version,
            stored->meta.resource_version);
  ASSERT_NE(known(), nullptr);
  EXPECT_EQ(known()->meta.uid, live()->meta.uid);
  EXPECT_NE(bench.stores.policies.get({"mesh", "api-ingress"}), nullptr);
}

TEST_F(ApplierTest, StopsAtTheFirstFailure) {
  bench.fail_once("POST", "/networkpolicies", Answered{testing::refusal(503)});
  const Carried carried =
      carry_out({status_write("first"), CreatePolicy{generated_policy(api)}, create(), status_write("no")});
  EXPECT_EQ(carried.status.error().code, Code::kUnavailable);
  EXPECT_EQ(carried.writes, 1);
  EXPECT_TRUE(carried.status_written);
  EXPECT_FALSE(live().has_value()) << "no Service without its policies";
  EXPECT_EQ(bench.at_server<PortAllocation>(wire::kPortAllocation, api.meta.key())->status.summary, "first");
}

TEST_F(ApplierTest, ANumberIsOnlySaidToBeReleasable) {
  EXPECT_FALSE(carry_out({ReleaseNumbers{}}).release_wanted);
  const Carried carried = carry_out({release_of(30500)});
  EXPECT_TRUE(carried.release_wanted);
  EXPECT_TRUE(bench.writes().empty());
  bench.fail_once("POST", "/services", Answered{testing::refusal(503)});
  EXPECT_FALSE(carry_out({create(), release_of(30500)}).release_wanted);
}

// ---- status ----

TEST_F(ApplierTest, AStatusConflictTakesInTheLiveObject) {
  bench.just_before("PUT", "/status", [&] {
    (void)bench.people.merge_patch<PortAllocation>(wire::kPortAllocation, api.meta.key(),
                                                   R"({"spec":{"exposure":"Cluster"}})");
  });
  const Carried carried = carry_out({status_write("late"), create()});
  EXPECT_EQ(carried.status.error().code, Code::kConflict);
  EXPECT_FALSE(carried.status_written);
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->spec.exposure, "Cluster");
  EXPECT_FALSE(live().has_value());
}

TEST_F(ApplierTest, AStatusConflictTakesInTheLedgersOfItsNumbersToo) {
  bench.put_record(30500, api);
  bench.read();
  const auto shard = bench.at_server<PortLedger>(wire::kPortLedger, {"", "nodeport-119"});
  ASSERT_TRUE(shard.has_value());
  bench.just_before("PUT", "/status", [&] {
    bench.put_record(30501, api);  // another leader has moved it, and said so
    (void)bench.people.merge_patch<PortAllocation>(wire::kPortAllocation, api.meta.key(),
                                                   R"({"metadata":{"labels":{"a":"b"}}})");
  });
  WriteStatus write = status_write("late");
  write.status.ports = {{.name = "api", .port = 30500}};
  EXPECT_EQ(carry_out({write}).status.error().code, Code::kConflict);
  EXPECT_EQ(bench.stores.ledgers.get({"", "nodeport-119"})->spec.entries.count("30501"), 1U)
      << "a fresh allocation beside old ledgers would show what is released";
}

TEST_F(ApplierTest, AStatusThatTakesAShownNumberAwayAsksTheLedgerFirst) {
  bench.put_record(30500, api);
  WriteStatus write = status_write("moved");
  write.status.ports = {{.name = "api", .port = 30501}};
  write.unconfirmed = {Port::of(30500)};
  const auto shown = [&] {
    return bench.at_server<PortAllocation>(wire::kPortAllocation, api.meta.key())->status;
  };
  const PortAllocationStatus before = shown();
  EXPECT_EQ(carry_out({write}).status.error().code, Code::kConflict) << "the ledger holds it after all";
  EXPECT_EQ(bench.stores.ledgers.get({"", "nodeport-119"})->spec.entries.count("30500"), 1U)
      << "what was read is decided with next time";
  EXPECT_EQ(shown(), before);
  write.unconfirmed = {Port::of(30502), Port::of(24000)};  // no entry, and no shard at all
  EXPECT_TRUE(carry_out({write}).status.ok());
  EXPECT_EQ(shown().ports.at(0).port, 30501);
}

TEST_F(ApplierTest, AStatusThatShowsANumberInsteadOfAnotherAsksTheLedgerFirst) {
  WriteStatus write = status_write("arriving");
  write.status.ports = {{.name = "api", .port = 30504}};
  write.arriving = {Port::of(30504)};
  EXPECT_EQ(carry_out({write}).status.error().code, Code::kConflict) << "another leader has released it";
  EXPECT_FALSE(carry_out({write}).status_written);
  bench.put_record(30504, api);
  EXPECT_TRUE(carry_out({write}).status.ok());
  EXPECT_EQ(bench.at_server<PortAllocation>(wire::kPortAllocation, api.meta.key())->status.ports.at(0).port,
            30504);
}

TEST_F(ApplierTest, AStatusOfSomethingGoneTakesItFromTheStore) {
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  EXPECT_EQ(carry_out({status_write("late")}).status.error().code, Code::kNotFound);
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key()), nullptr);
}

TEST_F(ApplierTest, AnAnswerThatComesLateTakesNoSuccessorFromTheStore) {
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  PortAllocation successor;
  bench.answer_always("GET", "/portallocations/api", [&](const http::Request&) {
    successor = bench.allocate("api");  // made and seen while "not found" was on its way
    bench.read();
    return testing::refusal(404);
  });
  EXPECT_FALSE(carry_out({status_write("of the old one")}).status.ok());
  const auto seen = bench.stores.allocations.get(api.meta.key());
  ASSERT_NE(seen, nullptr) << "nobody would ever look at it again";
  EXPECT_EQ(seen->meta.uid, successor.meta.uid);
}

TEST_F(ApplierTest, AStatusOfASuccessorOfTheSameNameIsNeverWritten) {
  bench.remove<PortAllocation>(wire::kPortAllocation, api.meta.key());
  const PortAllocation successor = bench.allocate("api");
  EXPECT_FALSE(carry_out({status_write("of the old one")}).status.ok());
  EXPECT_EQ(bench.at_server<PortAllocation>(wire::kPortAllocation, api.meta.key())->status.summary, "");
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->meta.uid, successor.meta.uid);
}

TEST_F(ApplierTest, ALostReplyToAStatusIsLookedUp) {
  bench.fail_once("PUT", "/status", ReplyLost{});
  const Carried carried = carry_out({status_write("done unseen")});
  EXPECT_EQ(carried.status.error().code, Code::kTimeout);
  EXPECT_FALSE(carried.status_written) << "it is not known to be";
  EXPECT_EQ(bench.stores.allocations.get(api.meta.key())->status.summary, "done unseen");
}

// ---- creating a Service ----

TEST_F(ApplierTest, AServiceThatExistsIsTakenIn) {
  const Service made =
      bench.make(wire::kService, testing::make_service("mesh", "api", {testing::make_service_port(80)}));
  const Carried carried = carry_out({create()});
  EXPECT_EQ(carried.status.error().code, Code::kExists);
  EXPECT_FALSE(carried.problem.has_value());
  ASSERT_NE(known(), nullptr);
  EXPECT_EQ(known()->meta.uid, made.meta.uid);
}

TEST_F(ApplierTest, ALostReplyToACreateIsLookedUp) {
  bench.fail_once("POST", "/services", ReplyLost{});
  EXPECT_EQ(carry_out({create()}).status.error().code, Code::kTimeout);
  ASSERT_NE(known(), nullptr);
  EXPECT_EQ(known()->meta.uid, live()->meta.uid);
}

TEST_F(ApplierTest, AnotherCreateAfterALostReplyFindsItsOwnServiceInsteadOfAThief) {
  bench.make(wire::kService, generated_service(api, 30500));  // the create whose reply was lost
  const Carried carried = carry_out({create()});
  EXPECT_EQ(carried.status.error().code, Code::kConflict) << "look again, nothing is wrong";
  EXPECT_FALSE(carried.problem.has_value());
  EXPECT_NE(known(), nullptr);
}

TEST_F(ApplierTest, WithoutTheLookAtItsOwnNameItWouldAccuseItself) {
  bench.make(wire::kService, generated_service(api, 30500));
  bench.answer_always("GET", "/services/api", [](const auto&) { return testing::refusal(404); });
  const Carried carried = carry_out({create()});
  ASSERT_TRUE(carried.problem.has_value()) << "the lie must show, or the check above proves nothing";
  EXPECT_EQ(carried.problem->contested, Port::of(30500));
}

TEST_F(ApplierTest, ATakenNumberIsContestedByWhoeverHasIt) {
  bench.server.leak_node_port(30500);
  const Carried carried = carry_out({create()});
  EXPECT_EQ(carried.status.error().code, Code::kInvalid);
  ASSERT_TRUE(carried.problem.has_value());
  EXPECT_EQ(carried.problem->contested, Port::of(30500));
  EXPECT_EQ(carried.problem->generation, kGeneration);
  EXPECT_EQ(carried.problem->object, "Service mesh/api");
  EXPECT_NE(carried.problem->message.find("already allocated"), std::string::npos);
}

TEST_F(ApplierTest, OfSeveralPortsTheOneThatTheServerNamesIsContested) {
  bench.server.leak_node_port(30502);
  CreateService action = create();
  action.service.ports = {testing::make_service_port(30501, std::int64_t{8080}, 30501, "api"),
                          testing::make_service_port(30502, std::int64_t{8081}, 30502, "admin")};
  EXPECT_EQ(carry_out({action}).problem->contested, Port::of(30502));
}

TEST_F(ApplierTest, ANumberOutsideTheServersRangeIsAProblemButNotContested) {
  const Carried carried = carry_out({create(29999)});
  ASSERT_TRUE(carried.problem.has_value());
  EXPECT_FALSE(carried.problem->contested.has_value()) << "no waiting frees it";
}

TEST_F(ApplierTest, NobodyIsAccusedBeforeItsOwnNameWasLookedAt) {
  bench.make(wire::kService, generated_service(api, 30500));
  bench.fail_once("GET", "/services/api", NotSent{});
  const Carried carried = carry_out({create()});
  EXPECT_EQ(carried.status.error().code, Code::kUnavailable);
  EXPECT_FALSE(carried.problem.has_value());
}

// ---- the owner of what is created ----

enum class Fate { kLives, kGone, kAnother, kDeleting };

struct OwnerCase {
  const char* name;
  Fate fate;
  bool created;
};

class OwnerProof : public ::testing::TestWithParam<OwnerCase> {};

// `lie`: GETs of the owner are answered as if nothing had happened to it.
bool creates_for(Fate fate, bool lie) {
  Workbench bench;
  PortAllocation wanted =
      testing::make_palloc("mesh", "api", "mesh", {testing::make_palloc_port("api", std::int64_t{8080})});
  if (fate == Fate::kDeleting) wanted.meta.finalizers = {"example.com/hold"};
  const PortAllocation owner = bench.make(wire::kPortAllocation, wanted);
  bench.read();
  if (fate != Fate::kLives) bench.remove<PortAllocation>(wire::kPortAllocation, owner.meta.key());
  if (fate == Fate::kAnother) bench.allocate("api");
  if (lie) {
    bench.answer_always("GET", "/portallocations/api", [&](const auto&) {
      http::Response answer;
      answer.status = 200;
      answer.headers["content-type"] = "application/json";
      answer.body = json::encode(owner);
      return answer;
    });
  }
  Plan plan;
  plan.actions = {CreateService{generated_service(owner, 30500)}};
  const Carried carried = bench.applier.carry_out(plan, 1);
  const bool created = bench.at_server<Service>(wire::kService, owner.meta.key()).has_value();
  EXPECT_EQ(carried.status.ok(), created);
  if (!created) {
    EXPECT_EQ(carried.status.error().code, Code::kConflict);
    const auto known = bench.stores.allocations.get(owner.meta.key());
    const bool is_known_better =
        known == nullptr || known->meta.uid != owner.meta.uid || known->meta.deleting();
    EXPECT_TRUE(is_known_better) << "the next look is wiser";
  }
  return created;
}

TEST_P(OwnerProof, DecidesWhetherAServiceIsCreated) {
  EXPECT_EQ(creates_for(GetParam().fate, false), GetParam().created);
  EXPECT_TRUE(creates_for(GetParam().fate, true)) << "believing an old answer, it would be";
}

INSTANTIATE_TEST_SUITE_P(Applier, OwnerProof,
                         ::testing::Values(OwnerCase{"OwnerLives", Fate::kLives, true},
                                           OwnerCase{"OwnerIsGone", Fate::kGone, false},
                                           OwnerCase{"AnotherHasItsName", Fate::kAnother, false},
                                           OwnerCase{"OwnerIsBeingDeleted", Fate::kDeleting, false}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(ApplierTest, AnOwnerWhoseProofFailsIsNotProved) {
  bench.fail_once("GET", "/portallocations/api", NotSent{});
  EXPECT_EQ(carry_out({create()}).status.error().code, Code::kUnavailable);
  EXPECT_FALSE(live().has_value());
  EXPECT_NE(bench.stores.allocations.get(api.meta.key()), nullptr) << "no answer says nothing of it";
}

TEST_F(ApplierTest, AStatusWriteOfTheSamePlanIsProofEnough) {
  ASSERT_TRUE(carry_out({status_write("here"), create()}).status.ok());
  for (const testing::LoggedRequest& each : bench.server.log())
    EXPECT_TRUE(each.write()) << each.request.target;
}

// ---- patches and policies ----

TEST_F(ApplierTest, APatchOfAnObjectThatChangedIsRefusedAndTheObjectTakenIn) {
  const Service read = made_and_read();
  const Service edited = bench.people
                             .merge_patch<Service>(wire::kService, read.meta.key(),
                                                   R"({"metadata":{"labels":{"by":"somebody"}}})")
                             .value();
  const Carried carried = carry_out({retype(read, "ClusterIP")});
  EXPECT_EQ(carried.status.error().code, Code::kConflict);
  EXPECT_EQ(carried.writes, 0);
  EXPECT_EQ(live()->type, "NodePort");
  EXPECT_EQ(known()->meta.resource_version, edited.meta.resource_version);
}

TEST_F(ApplierTest, APatchOfASuccessorIsRefused) {
  const Service read = made_and_read();
  bench.remove<Service>(wire::kService, read.meta.key());
  const Service successor = bench.make(wire::kService, generated_service(api, 30501));
  PatchObject patch = retype(read, "ClusterIP");
  patch.resource_version = successor.meta.resource_version;  // the uid alone must stop it
  EXPECT_EQ(carry_out({patch}).status.error().code, Code::kConflict);
  EXPECT_EQ(live()->type, "NodePort");
  EXPECT_EQ(known()->meta.uid, successor.meta.uid);
}

TEST_F(ApplierTest, APatchOfSomethingGoneTakesItFromTheStore) {
  const Service read = made_and_read();
  bench.remove<Service>(wire::kService, read.meta.key());
  EXPECT_EQ(carry_out({retype(read, "ClusterIP")}).status.error().code, Code::kNotFound);
  EXPECT_EQ(known(), nullptr);
}

TEST_F(ApplierTest, APatchThatTheServerWillNotTakeIsAProblemToTell) {
  const Service read = made_and_read();
  bench.server.leak_node_port(30501);
  PatchObject patch = retype(read, "NodePort");
  patch.edits = {desired::PortsEdit{{testing::make_service_port(30501, std::int64_t{8080}, 30501, "api")}}};
  const Carried carried = carry_out({patch});
  ASSERT_TRUE(carried.problem.has_value());
  EXPECT_EQ(carried.problem->object, "Service mesh/api");
  EXPECT_EQ(live()->ports[0].node_port, 30500);
}

TEST_F(ApplierTest, APolicyThatExistsIsTakenIn) {
  const NetworkPolicy made = bench.make(wire::kNetworkPolicy, generated_policy(api));
  EXPECT_EQ(carry_out({CreatePolicy{generated_policy(api)}}).status.error().code, Code::kExists);
  EXPECT_EQ(bench.stores.policies.get(made.meta.key())->meta.uid, made.meta.uid);
}

// ---- deletes ----

TEST_F(ApplierTest, ADeletedServiceIsGoneFromTheStoreAtOnce) {
  const Service read = made_and_read();
  const Carried carried = carry_out({removal(read)});
  EXPECT_TRUE(carried.status.ok());
  EXPECT_EQ(carried.writes, 1);
  EXPECT_EQ(known(), nullptr);
  EXPECT_FALSE(live().has_value());
}

TEST_F(ApplierTest, ADeleteThatAFinalizerHoldsKeepsTheServiceAndItsNumber) {
  Service wanted = generated_service(api, 30500);
  wanted.meta.finalizers = {"service.kubernetes.io/load-balancer-cleanup"};
  const Service held = bench.make(wire::kService, wanted);
  bench.read();
  EXPECT_TRUE(carry_out({removal(held)}).status.ok());
  ASSERT_NE(known(), nullptr);
  EXPECT_TRUE(known()->meta.deleting());
  const allocation::Uses uses({known().get()});
  EXPECT_TRUE(uses.used_by(api.meta.uid, allocation::Space::kNodePort, {Port::of(30500)}));
}

TEST_F(ApplierTest, ADeleteOfSomethingGoneIsDone) {
  const Service read = made_and_read();
  bench.remove<Service>(wire::kService, read.meta.key());
  EXPECT_TRUE(carry_out({removal(read)}).status.ok());
  EXPECT_EQ(known(), nullptr);
}

TEST_F(ApplierTest, ADeleteSparesWhatSomebodyMadeHisOwnMeanwhile) {
  const Service read = made_and_read();
  bench.just_before("DELETE", "/services/api", [&] {
    (void)bench.people.merge_patch<Service>(wire::kService, read.meta.key(),
                                            R"({"metadata":{"ownerReferences":null}})");
  });
  EXPECT_EQ(carry_out({removal(read)}).status.error().code, Code::kConflict);
  EXPECT_TRUE(live().has_value());
  EXPECT_TRUE(known()->meta.owner_references.empty()) << "seen as it is now";
}

TEST_F(ApplierTest, ADeleteSparesASuccessorOfTheSameName) {
  const Service read = made_and_read();
  bench.remove<Service>(wire::kService, read.meta.key());
  const Service successor = bench.make(wire::kService, generated_service(api, 30501));
  EXPECT_EQ(carry_out({removal(read)}).status.error().code, Code::kConflict);
  EXPECT_EQ(live()->meta.uid, successor.meta.uid);
  EXPECT_EQ(known()->meta.uid, successor.meta.uid);
}

TEST_F(ApplierTest, ALostReplyToADeleteIsLookedUp) {
  const Service read = made_and_read();
  bench.fail_once("DELETE", "/services/api", ReplyLost{});
  EXPECT_EQ(carry_out({removal(read)}).status.error().code, Code::kTimeout);
  EXPECT_EQ(known(), nullptr);
}

}  // namespace
}  // namespace berth::controller
