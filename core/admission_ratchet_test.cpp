// Only what a request adds is judged: what was there before, the pods of an unchanged template, dry runs.
#include <gtest/gtest.h>
#include <string>

#include "core/ask_for_test.h"
#include "core/base/api_names.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::kNow;
using testing::update;

Service load_balancer(std::vector<ServicePort> ports) { return service("LoadBalancer", std::move(ports)); }

// An exposed database that was there before the policy.
Service exposed_database() {
  Service made = load_balancer({node_port(31432, 5432)});
  return made;
}

// --- the ratchet ---

TEST(Ratchet, LetsAnUnchangedExposurePass) {
  World world(control_plane());
  world.add(exposed_database());
  Service after = exposed_database();
  after.meta.labels["touched"] = "yes";
  after.meta.finalizers.push_back("example.org/x");
  EXPECT_EQ(update(world, exposed_database(), after), Verdict{});
}

// docs/adoption.md: the operator says whose the Service is, and nothing else of it changes.
TEST(Ratchet, LetsAnExposedServiceBeTakenOver) {
  World world(control_plane());
  world.add(exposed_database());
  Service after = exposed_database();
  after.meta.labels[kManagedByLabel] = kManagedByValue;
  after.meta.labels[kOwnerNameLabel] = after.meta.name;
  after.meta.labels[kOwnerUidLabel] = "uid";
  after.meta.annotations[kAdoptedFormAnnotation] = "pg=pg:5432";
  after.meta.owner_references = {{kApiVersion, "PortAllocation", after.meta.name, {"uid"}, true}};
  EXPECT_EQ(update(world, exposed_database(), after), Verdict{});
}

TEST(Ratchet, LetsAnExposureBeTakenBackInParts) {
  World world(control_plane());
  Service before = exposed_database();
  before.ports.push_back(node_port(31017, 27017));
  world.add(before);
  EXPECT_EQ(update(world, before, exposed_database()).decision, Decision::kAllow);
  EXPECT_EQ(update(world, before, service("NodePort", before.ports)).decision, Decision::kAllow);
  EXPECT_EQ(update(world, before, service("ClusterIP", {port(5432)})).decision, Decision::kAllow);
}

TEST(Ratchet, RefusesOnlyThePortThatIsAdded) {
  World world(control_plane());
  world.add(exposed_database());
  Service after = exposed_database();
  after.ports.push_back(node_port(31017, 27017));
  const Verdict verdict = update(world, exposed_database(), after);
  EXPECT_EQ(verdict.decision, Decision::kDeny);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().port, 27017);
}

TEST(Ratchet, RefusesAnotherWayToTheSamePort) {
  World world(control_plane());
  const Service before = service("NodePort", {node_port(31432, 5432)});
  world.add(before);
  const Verdict verdict = update(world, before, exposed_database());
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().via, "LoadBalancer");

  Service with_address = before;
  with_address.external_ips = {"203.0.113.9"};
  EXPECT_EQ(update(world, before, with_address).findings.front().via, "ExternalIP");
}

TEST(Ratchet, RefusesAnotherNodePortForTheSameDatabase) {
  World world(control_plane());
  const Service before = service("NodePort", {node_port(31432, 5432)});
  world.add(before);
  EXPECT_EQ(update(world, before, service("NodePort", {node_port(31433, 5432)})).decision, Decision::kDeny);
}

TEST(Ratchet, TakesANodePortThatAManifestLeavesOutForTheOldOne) {
  World world(control_plane());
  const Service before = service("NodePort", {node_port(31432, 5432)});
  world.add(before);
  EXPECT_EQ(update(world, before, service("NodePort", {port(5432)})).decision, Decision::kAllow);
}

TEST(Ratchet, DoesNotCareHowTheTargetIsSpelled) {
  World world(control_plane());
  world.add(deployment({container_port(5432, "pg")}));
  const Service before = service("NodePort", {node_port(31432, 80, number_of(5432))});
  world.add(before);
  EXPECT_EQ(update(world, before, service("NodePort", {node_port(31432, 80, name_of("pg"))})).decision,
            Decision::kAllow);
}

TEST(Ratchet, RefusesWiderSourceRanges) {
  World world(control_plane());
  Service before = load_balancer({port(5432)});
  before.allocate_load_balancer_node_ports = false;
  before.load_balancer_source_ranges = {"10.0.0.0/16", "2001:db8::/32"};
  world.add(before);
  const auto with_ranges = [&](std::vector<std::string> ranges) {
    Service after = before;
    after.load_balancer_source_ranges = std::move(ranges);
    return update(world, before, after).decision;
  };
  EXPECT_EQ(with_ranges({"10.0.0.0/16"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({"10.0.7.0/24", "2001:db8:1::/48"}), Decision::kAllow);
  EXPECT_EQ(with_ranges({}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.0.0.0/15"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"10.0.0.0/16", "192.0.2.0/24"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"not a range"}), Decision::kDeny);
  EXPECT_EQ(with_ranges({"0.0.0.0/0"}), Decision::kDeny);
}

TEST(Ratchet, RefusesMoreHostsOfAnIngress) {
  World world(control_plane());
  world.add(service("ClusterIP", {port(80, number_of(5432))}));
  const auto change = [&](std::string from, std::string to) {
    const Entrance before = ingress({backend("web", 80)}, std::move(from));
    return update(world, before, ingress({backend("web", 80)}, std::move(to))).decision;
  };
  EXPECT_EQ(change("a.example.org", "a.example.org"), Decision::kAllow);
  EXPECT_EQ(change("a.example.org", "b.example.org"), Decision::kDeny);
  EXPECT_EQ(change("a.example.org", ""), Decision::kDeny);
  EXPECT_EQ(change("", "a.example.org"), Decision::kAllow);
  EXPECT_EQ(change("*.example.org", "a.example.org"), Decision::kAllow);
  EXPECT_EQ(change("*.example.org", "a.b.example.org"), Decision::kDeny);
  EXPECT_EQ(change("a.example.org", "*.example.org"), Decision::kDeny);
}

TEST(Ratchet, RefusesMoreAddressesOfAService) {
  World world(control_plane());
  Service before = service("ClusterIP", {port(5432)});
  before.external_ips = {"203.0.113.9"};
  world.add(before);
  Service after = before;
  after.external_ips = {"203.0.113.9", "203.0.113.10"};
  EXPECT_EQ(update(world, before, after).decision, Decision::kDeny);
  EXPECT_EQ(update(world, after, before).decision, Decision::kAllow);
}

TEST(Ratchet, RefusesAHostPortOnMoreAddresses) {
  const World world(control_plane());
  const auto change = [&](const char* from, const char* to) {
    return update(world, deployment({host_port(5432, 5432, from)}), deployment({host_port(5432, 5432, to)}))
        .decision;
  };
  EXPECT_EQ(change("10.0.0.7", "10.0.0.7"), Decision::kAllow);
  EXPECT_EQ(change("", "10.0.0.7"), Decision::kAllow);
  EXPECT_EQ(change("10.0.0.7", "10.0.0.8"), Decision::kDeny);
  EXPECT_EQ(change("10.0.0.7", ""), Decision::kDeny);
  EXPECT_EQ(change("127.0.0.1", ""), Decision::kDeny);
}

TEST(Ratchet, LetsANewImageOfAnExposedWorkloadRollOut) {
  World world(control_plane());
  world.add(exposed_database());
  const Workload before = deployment({container_port(5432)});
  world.add(before);
  Workload after = before;
  after.pod.containers.front().image = "postgres:18";
  after.template_labels["version"] = "18";
  EXPECT_EQ(update(world, before, after).decision, Decision::kAllow);
}

TEST(Ratchet, RefusesTheLabelThatBringsAWorkloadIn) {
  World world(control_plane());
  world.add(exposed_database());
  const Workload before = workload("Deployment", "pg", {container_port(5432)}, {{"app", "pg"}});
  Workload after = before;
  after.template_labels = {{"app", "web"}};
  EXPECT_EQ(update(world, before, after).decision, Decision::kDeny);
  EXPECT_EQ(update(world, after, before).decision, Decision::kAllow);
}

TEST(Ratchet, NeverStopsADeletion) {
  World world(control_plane());
  AdmissionRequest request;
  request.operation = Operation::kDelete;
  request.old_object = exposed_database();
  EXPECT_EQ(judge(request, world, kNow), Verdict{});

  Service deleting = exposed_database();
  deleting.meta.deletion_timestamp = "2026-11-18T10:00:00Z";
  EXPECT_EQ(update(world, service("ClusterIP", {port(5432)}), deleting), Verdict{});
}

TEST(Ratchet, JudgesACreationAsIfTheObjectWereNotKnownYet) {
  World world(control_plane());
  world.add(exposed_database());  // a linter has loaded the very file that it judges
  EXPECT_EQ(create(world, exposed_database()).decision, Decision::kDeny);
}

TEST(Ratchet, LetsAnUnknownWayStayUnknownWithoutAWord) {
  World world(control_plane());
  const Service before = load_balancer({node_port(31443, 443, name_of("main"))});
  world.add(before);
  Service after = before;
  after.meta.labels["touched"] = "yes";
  EXPECT_EQ(update(world, before, after), Verdict{});
  EXPECT_EQ(update(world, before, load_balancer({node_port(31443, 443, name_of("other"))})).decision,
            Decision::kUnknown);
}

// --- pods and their owners ---

struct Rollout {
  Workload deployment = testing_deployment();
  Workload replica_set = testing_replica_set();
  Workload pod = testing_pod();

  static Workload testing_deployment() {
    Workload made = exposure::testing::deployment({container_port(5432, "pg")}, "pg");
    made.meta.uid = {"d-1"};
    return made;
  }
  static Workload testing_replica_set() {
    Workload made = workload("ReplicaSet", "pg-7d9", {container_port(5432, "pg")},
                             {{"app", "web"}, {"pod-template-hash", "7d9"}});
    made.meta.uid = {"r-1"};
    own(made, testing_deployment());
    return made;
  }
  static Workload testing_pod(const char* name = "pg-7d9-x2k") {
    Workload made =
        workload("Pod", name, {container_port(5432, "pg")}, {{"app", "web"}, {"pod-template-hash", "7d9"}});
    own(made, testing_replica_set());
    return made;
  }
};

TEST(Owners, OneWayOutForADeploymentAndItsPods) {
  World world(control_plane());
  const Rollout rollout;
  world.add(rollout.deployment)
      .add(rollout.replica_set)
      .add(rollout.pod)
      .add(Rollout::testing_pod("pg-7d9-abc"));
  const Verdict verdict = create(world, load_balancer({port(443, name_of("pg"))}));
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(verdict.findings.front().path,
            "Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> Deployment data/pg container "
            "main port "
            "5432");
}

TEST(Owners, APodMadeAgainFromAnUnchangedTemplateAddsNothing) {
  World world(control_plane());
  const Rollout rollout;
  world.add(exposed_database()).add(rollout.deployment).add(rollout.replica_set).add(rollout.pod);
  EXPECT_EQ(create(world, Rollout::testing_pod("pg-7d9-new")), Verdict{});

  Workload next = rollout.replica_set;
  next.meta.name = "pg-8aa";
  next.meta.uid = {"r-2"};
  EXPECT_EQ(create(world, next), Verdict{});
}

TEST(Owners, APodWithAPortThatItsTemplateLacksIsItsOwnWay) {
  World world(control_plane());
  const Rollout rollout;
  world.add(load_balancer({node_port(31443, 443, name_of("main"))}));
  world.add(rollout.deployment).add(rollout.replica_set);
  Workload pod = rollout.pod;
  pod.pod.containers.front().ports.front().name = "main";
  const Verdict verdict = create(world, pod);
  ASSERT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_NE(verdict.findings.front().path.find("Pod data/pg-7d9-x2k"), std::string::npos);
}

TEST(Owners, AForgedOwnerIsNotBelieved) {
  World world(control_plane());
  const Rollout rollout;
  world.add(exposed_database()).add(rollout.deployment).add(rollout.replica_set);
  Workload pod = rollout.pod;
  pod.meta.owner_references.front().uid = {"another"};
  EXPECT_EQ(create(world, pod).decision, Decision::kDeny);

  // Owned by a Deployment that the Service does not select.
  Workload elsewhere = workload("Deployment", "other", {container_port(5432)}, {{"app", "other"}});
  world.add(elsewhere);
  Workload stray = workload("Pod", "stray", {container_port(5432)});
  own(stray, elsewhere);
  EXPECT_EQ(create(world, stray).decision, Decision::kDeny);
}

TEST(Owners, ACircleOfOwnersEnds) {
  World world(control_plane());
  Workload one = workload("ReplicaSet", "one", {container_port(5432)});
  Workload two = workload("ReplicaSet", "two", {container_port(5432)});
  own(one, two);
  own(two, one);
  world.add(one).add(two);
  EXPECT_EQ(create(world, exposed_database()).decision, Decision::kDeny);
  EXPECT_EQ(create(world, one).decision, Decision::kAllow);
}

TEST(Owners, ARevisionKeptForItsHistoryIsNotExposed) {
  World world(control_plane());
  Workload current = deployment({container_port(8443, "main")}, "pg");
  Workload old_revision = workload("ReplicaSet", "pg-old", {container_port(5432, "main")});
  own(old_revision, current);
  world.add(current).add(old_revision);
  EXPECT_EQ(create(world, load_balancer({port(443, name_of("main"))})).decision, Decision::kAllow);

  // But a pod of it that still runs is.
  Workload pod = workload("Pod", "pg-old-1", {container_port(5432, "main")});
  own(pod, old_revision);
  world.add(pod);
  const Verdict verdict = create(world, load_balancer({port(443, name_of("main"))}));
  ASSERT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_NE(verdict.findings.front().path.find("ReplicaSet data/pg-old"), std::string::npos);
}

TEST(Owners, APodThatEndedServesNobodyButOneThatIsWrittenNowWill) {
  World world(control_plane());
  Workload pod = workload("Pod", "restore", {container_port(5432, "main")});
  pod.phase = "Succeeded";
  world.add(pod);
  EXPECT_EQ(create(world, load_balancer({port(443, name_of("main"))})).decision, Decision::kUnknown);

  World served(control_plane());
  served.add(load_balancer({node_port(31443, 443, name_of("main"))}));
  EXPECT_EQ(create(served, pod).decision, Decision::kDeny);
}

TEST(Owners, AHostPortOfADaemonSetIsOneWayAndItsPodsAddNothing) {
  World world(control_plane());
  Workload daemon_set = workload("DaemonSet", "pg", {host_port(15432, 5432)});
  world.add(daemon_set);
  Workload pod = workload("Pod", "pg-1", {host_port(15432, 5432)});
  own(pod, daemon_set);
  EXPECT_EQ(create(world, pod), Verdict{});

  Workload on_node = workload("DaemonSet", "pg", {container_port(5432)});
  on_node.pod.host_network = true;
  World node_world(control_plane());
  node_world.add(on_node);
  // The API server writes hostPort = containerPort into pods, not into templates.
  Workload node_pod = workload("Pod", "pg-1", {host_port(5432, 5432)});
  node_pod.pod.host_network = true;
  own(node_pod, on_node);
  EXPECT_EQ(create(node_world, node_pod), Verdict{});
}

// --- dry run ---

TEST(DryRun, DoesNotJudgeTheDummyNodePort) {
  ExposurePolicy policy = control_plane();
  policy.spec.internal.push_back(listed(32769, "Dummy"));
  const World world(policy);
  AdmissionRequest request;
  request.object = service("NodePort", {node_port(32769, 443, number_of(8443))});
  EXPECT_EQ(judge(request, world, kNow).decision, Decision::kDeny);
  request.dry_run = true;
  EXPECT_EQ(judge(request, world, kNow).decision, Decision::kAllow);

  Service checked = load_balancer({node_port(32769, 443)});
  checked.health_check_node_port = 32769;
  request.object = checked;
  EXPECT_EQ(judge(request, world, kNow).decision, Decision::kAllow);
}

TEST(DryRun, JudgesTheRestOfTheWay) {
  const World world(control_plane());
  AdmissionRequest request;
  request.dry_run = true;
  request.object = service("NodePort", {node_port(32769, 443, number_of(5432))});
  const Verdict verdict = judge(request, world, kNow);
  ASSERT_EQ(verdict.decision, Decision::kDeny);
  EXPECT_NE(verdict.findings.front().path.find("node port chosen by the cluster"), std::string::npos);
}

// A hundred pods that nobody made, and that differ in their names alone, are one way.
TEST(Ratchet, OfPodsThatAreAlikeTheFirstIsToldAndNoneOfThemIsNew) {
  World world(control_plane());
  const auto pod = [](const std::string& name, std::int64_t number, Labels labels) {
    return workload("Pod", name, {container_port(number, "pg")}, std::move(labels));
  };
  const Labels one = {{"app", "web"}};
  const Labels two = {{"app", "web"}, {"tier", "db"}};
  world.add(pod("a", 5432, one)).add(pod("b", 5432, two)).add(pod("c", 5432, one)).add(pod("d", 5432, two));
  world.add(pod("e", 27017, two));
  Service open = load_balancer({port(443, name_of("pg"))});
  const auto paths_of = [](const Verdict& verdict) {
    std::vector<std::string> paths;
    for (const Finding& finding : verdict.findings)
      paths.push_back(finding.path.substr(finding.path.find("-> Pod")));
    return paths;
  };
  EXPECT_EQ(paths_of(create(world, open)),
            (std::vector<std::string>{"-> Pod data/a container main port 5432",
                                      "-> Pod data/b container main port 5432",
                                      "-> Pod data/e container main port 27017"}));
  // A narrower selector leaves some of them, and opens nothing.
  Service narrow = open;
  narrow.selector = two;
  EXPECT_TRUE(update(world, open, narrow).findings.empty());
  EXPECT_EQ(paths_of(update(world, narrow, open)),
            (std::vector<std::string>{"-> Pod data/a container main port 5432"}));
}

}  // namespace
}  // namespace berth
