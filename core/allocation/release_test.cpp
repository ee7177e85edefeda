#include "core/allocation/release.h"

#include <functional>
#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/usage.h"

namespace berth::allocation {
namespace {

using testing::allocation;
using testing::Cluster;
using testing::entry;
using testing::own;
using testing::port;
using testing::range;
using testing::service;
using testing::service_port;

Cluster with_web() {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"24500-24509"})};
  cluster.allocations = {allocation("web", {port("p"), port("q")})};
  cluster.write_all(cluster.claim_all().writes);
  return cluster;
}

std::vector<ReleaseCandidate> candidates(const Cluster& cluster, const std::vector<Uid>& refused = {}) {
  return release_candidates(cluster.ledgers, Cluster::pointers(cluster.allocations), cluster.compiled(),
                            cluster.uses(), refused);
}

std::string text(const std::vector<ReleaseCandidate>& list) {
  std::string result;
  for (const ReleaseCandidate& candidate : list) {
    result += to_string(candidate.number.key) + "(";
    for (const Slot& slot : candidate.slots) result += slot.name;
    result += std::string(") ") + to_string(candidate.cause) + " ";
  }
  return result;
}

Service published(const PortAllocation& owner, std::vector<ServicePort> ports) {
  Service mine = service("mesh", owner.meta.name, "NodePort", std::move(ports));
  own(mine.meta, owner);
  return mine;
}

// A pod keeps a host port that its allocation does not want any more, and lets it rest only when it is gone.
TEST(HostPorts, RestOnlyWhenNoPodHasThemAnyMore) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "HostPort", {"3000-3009"})};
  cluster.allocations = {allocation("web", {port("p", 3000)})};
  cluster.write_all(cluster.claim_all().writes);
  PortAllocation& web = cluster.allocations[0];
  cluster.pods = {testing::host_pod(web, "web-1", "n1", 3000)};
  web.spec.ports[0].port = 3001;
  web.status.ports = {{"p", 3001, Protocol::kTcp, {}}};
  cluster.write_all(cluster.claim_all().writes);
  EXPECT_EQ(text(candidates(cluster)), "") << "a pod has it";

  cluster.pods.clear();
  const auto found = candidates(cluster);
  ASSERT_EQ(text(found), "3000-TCP(p) PortRemoved ");
  ReleaseProof proof{found[0], web, {}, {testing::host_pod(web, "web-2", "n2", 3000)}};
  const auto released = [&] {
    return release(cluster.ledgers, {proof}, cluster.compiled(), cluster.fence, cluster.now);
  };
  ASSERT_EQ(released().refused.size(), 1U);
  EXPECT_EQ(released().refused[0].why, "a pod of its owner still has the number");
  proof.pods[0].phase = "Succeeded";
  ASSERT_EQ(released().released.size(), 1U);
  cluster.write_all(released().writes);

  // The rest begins when the last pod is gone, whosever it is.
  const NumberKey key{Port::of(3000), Protocol::kTcp};
  const auto left = [&] {
    const Uses uses = cluster.uses();
    cluster.rest.observe(cluster.ledgers, cluster.monotonic, &uses);
    const HeldNumber resting{Space::kHostPort, key, *cluster.ledgers.in(Space::kHostPort).find(key)};
    return cluster.rest.remaining(resting, cluster.compiled(), {}, cluster.monotonic);
  };
  cluster.pods = {testing::host_pod(web, "web-1", "n1", 3000)};
  cluster.monotonic = cluster.monotonic + std::chrono::hours(1);
  EXPECT_EQ(left(), kDefaultReuseAfter);
  cluster.pods.clear();
  cluster.monotonic = cluster.monotonic + std::chrono::seconds(30);
  EXPECT_EQ(left(), kDefaultReuseAfter - std::chrono::seconds(30));
}

TEST(Candidates, AreWhatNobodyNeeds) {
  struct Case {
    const char* name;
    std::function<void(Cluster&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {"all needed", [](Cluster&) {}, ""},
      {"owner gone", [](Cluster& c) { c.allocations.clear(); }, "24500(p) OwnerGone 24501(q) OwnerGone "},
      {"a namesake with another UID", [](Cluster& c) { c.allocations[0].meta.uid.text = "uid-new"; },
       "24500(p) OwnerGone 24501(q) OwnerGone "},
      {"owner gone, its Service still there",
       [](Cluster& c) {
         c.services = {published(c.allocations[0], {service_port("p", 24500, 24500)})};
         c.allocations.clear();
       },
       "24500(p) OwnerGone 24501(q) OwnerGone "},
      {"a port removed", [](Cluster& c) { c.allocations[0].spec.ports.pop_back(); }, "24501(q) PortRemoved "},
      {"a port removed that status still shows",
       [](Cluster& c) {
         c.allocations[0].spec.ports.pop_back();
         c.allocations[0].status.ports = {{"q", 24501, Protocol::kTcp, {}}};
       },
       ""},
      {"a port removed, status shows another one of its name",
       [](Cluster& c) {
         c.allocations[0].spec.ports.pop_back();
         c.allocations[0].status.ports = {{"q", 24505, Protocol::kTcp, {}}};
       },
       "24501(q) PortRemoved "},
      {"a nodePort that somebody else took before it was published",
       [](Cluster& c) {
         c.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
       },
       ""},
      {"the same, and status shows another one instead",
       [](Cluster& c) {
         c.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
         c.allocations[0].status.ports = {{"q", 24505, Protocol::kTcp, {}}};
       },
       "24501(q) Lost "},
      {"the same, and status still shows it",
       [](Cluster& c) {
         c.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
         c.allocations[0].status.ports = {{"q", 24501, Protocol::kTcp, {}}};
       },
       ""},
      {"a requested nodePort that somebody else took",
       [](Cluster& c) {
         c.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
         c.allocations[0].spec.ports[1].port = 24501;
       },
       ""},
      {"a nodePort that somebody else took after it was published",
       [](Cluster& c) {
         c.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
         c.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24501, Protocol::kTcp, {}}};
         c.allocations[0].status.service_name = "web";
       },
       ""},
      {"a port removed but still published",
       [](Cluster& c) {
         c.services = {published(c.allocations[0], {service_port("q", 24501, 24501)})};
         c.allocations[0].spec.ports.pop_back();
       },
       ""},
      {"renumbered and granted",
       [](Cluster& c) {
         c.allocations[0].spec.ports[0].port = 24505;
         c.write_all(c.claim_all().writes);
       },
       "24500(p) PortRemoved "},
      {"renumbered, not granted yet", [](Cluster& c) { c.allocations[0].spec.ports[0].port = 24505; }, ""},
      {"being deleted", [](Cluster& c) { c.allocations[0].meta.deletion_timestamp = "2026-01-01T00:00:00Z"; },
       ""},
      {"the range is gone", [](Cluster& c) { c.ranges.clear(); }, ""},
  };
  for (const Case& c : cases) {
    Cluster cluster = with_web();
    c.change(cluster);
    EXPECT_EQ(text(candidates(cluster)), c.expected) << c.name;
  }
}

TEST(Candidates, IncludePartsOfARefusedClaimThatNothingShows) {
  Cluster cluster = with_web();
  cluster.allocations[0].spec.ports.push_back(port("r", 24500));  // cannot be granted
  const std::vector<Uid> refused = {cluster.allocations[0].meta.uid};
  EXPECT_EQ(text(candidates(cluster)), "");
  EXPECT_EQ(text(candidates(cluster, refused)), "24500(p) Uncommitted 24501(q) Uncommitted ");
  cluster.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}}};
  EXPECT_EQ(text(candidates(cluster, refused)), "24501(q) Uncommitted ");
  cluster.services = {published(cluster.allocations[0], {service_port("q", 24501, 24501)})};
  EXPECT_EQ(text(candidates(cluster, refused)), "");
}

TEST(Candidates, IncludeANumberThatAnEditOvertookBeforeItWasShown) {
  Cluster cluster = with_web();
  cluster.allocations[0].spec.ports[0].port = 30000;  // outside the range: refused
  const std::vector<Uid> refused = {cluster.allocations[0].meta.uid};
  EXPECT_EQ(text(candidates(cluster, refused)), "24500(p) Uncommitted 24501(q) Uncommitted ");
  cluster.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24501, Protocol::kTcp, {}}};
  EXPECT_EQ(text(candidates(cluster, refused)), "");
}

TEST(Candidates, TrimASharedNumber) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"24500-24509"})};
  cluster.allocations = {allocation("web", {port("t", 24500), port("u", 24500, Protocol::kUdp)})};
  cluster.write_all(cluster.claim_all().writes);
  cluster.services = {published(cluster.allocations[0], {service_port("t", 24500, 24500)})};
  cluster.allocations[0].spec.ports.pop_back();
  const auto list = candidates(cluster);
  EXPECT_EQ(text(list), "24500(u) PortRemoved ");
  const ReleasePlan plan = release(cluster.ledgers, {{list[0], cluster.allocations[0], cluster.services}},
                                   cluster.compiled(), cluster.fence, cluster.now);
  ASSERT_EQ(plan.released.size(), 1U);
  cluster.write_all(plan.writes);
  const Entry* left = cluster.ledgers.in(Space::kNodePort).find({Port::of(24500)});
  EXPECT_TRUE(left->held());
  EXPECT_EQ(left->slots, (std::vector<Slot>{{"t", Protocol::kTcp}}));
}

TEST(Release, NeedsEveryProof) {
  struct Case {
    const char* name;
    std::function<void(Cluster&, ReleaseProof&)> change;
    bool released;
  };
  const Case cases[] = {
      {"owner not found", [](Cluster&, ReleaseProof&) {}, true},
      {"a namesake of another UID",
       [](Cluster& c, ReleaseProof& proof) {
         proof.owner = c.allocations[0];
         proof.owner->meta.uid.text = "uid-new";
       },
       true},
      {"the owner lives after all", [](Cluster& c, ReleaseProof& proof) { proof.owner = c.allocations[0]; },
       false},
      {"its Service still shows the number",
       [](Cluster& c, ReleaseProof& proof) {
         proof.services = {published(c.allocations[0], {service_port("p", 24500, 24500)})};
       },
       false},
      {"its Service shows it as port only",
       [](Cluster& c, ReleaseProof& proof) {
         proof.services = {published(c.allocations[0], {service_port("p", 24500, 0)})};
       },
       false},
      {"a foreign Service of its name",
       [](Cluster&, ReleaseProof& proof) {
         proof.services = {service("mesh", "web", "NodePort", {service_port("p", 24500, 24500)})};
       },
       true},
      {"another sequence", [](Cluster&, ReleaseProof& proof) { ++proof.candidate.number.entry.sequence; },
       false},
      {"another owner",
       [](Cluster&, ReleaseProof& proof) { proof.candidate.number.entry.owner_uid.text = "u"; }, false},
      {"another number",
       [](Cluster&, ReleaseProof& proof) { proof.candidate.number.key = {Port::of(24501)}; }, false},
      {"the shard was lost meanwhile", [](Cluster& c, ReleaseProof&) { c.ledgers.remove("nodeport-095"); },
       false},
  };
  for (const Case& c : cases) {
    Cluster cluster = with_web();
    const PortAllocation web = cluster.allocations[0];
    cluster.allocations.clear();
    ReleaseProof proof{candidates(cluster)[0], {}, {}};
    cluster.allocations = {web};
    c.change(cluster, proof);
    const ReleasePlan plan =
        release(cluster.ledgers, {proof}, cluster.compiled(), cluster.fence, cluster.now);
    EXPECT_EQ(plan.released.size(), c.released ? 1U : 0U) << c.name;
    EXPECT_EQ(plan.refused.size(), c.released ? 0U : 1U) << c.name;
    EXPECT_EQ(plan.writes.size(), c.released ? 1U : 0U) << c.name;
  }
}

TEST(Release, OfALivingOwnersPortJudgesTheLiveSpec) {
  Cluster cluster = with_web();
  const PortAllocation before = cluster.allocations[0];
  cluster.allocations[0].spec.ports.pop_back();
  const auto list = candidates(cluster);
  ASSERT_EQ(list.size(), 1U);
  const auto released = [&](const std::optional<PortAllocation>& live) {
    return release(cluster.ledgers, {{list[0], live, {}}}, cluster.compiled(), cluster.fence, cluster.now)
        .released.size();
  };
  EXPECT_EQ(released(before), 0U);  // the removal was undone
  EXPECT_EQ(released({}), 0U);      // gone: released for that reason, with its objects deleted first
  EXPECT_EQ(released(cluster.allocations[0]), 1U);
}

TEST(Release, OfANumberStatusShowsWaitsForTheStatus) {
  Cluster cluster = with_web();
  cluster.allocations[0].spec.ports.pop_back();
  const auto list = candidates(cluster);  // from a cache that has not seen the status
  ASSERT_EQ(text(list), "24501(q) PortRemoved ");
  PortAllocation live = cluster.allocations[0];
  live.status.ports = {{"q", 24501, Protocol::kTcp, {}}};
  const auto released = [&] {
    return release(cluster.ledgers, {{list[0], live, {}}}, cluster.compiled(), cluster.fence, cluster.now)
        .released.size();
  };
  EXPECT_EQ(released(), 0U);
  live.status.ports.clear();
  EXPECT_EQ(released(), 1U);
}

TEST(Release, AfterAMoveAnEqualNumberOfTheOtherSpaceDoesNotHoldTheOldOne) {
  Cluster cluster;
  cluster.ranges = {range("mesh", "NodePort", {"24500-24509"}), range("lb", "Service", {"24500-24509"})};
  cluster.allocations = {allocation("web", {port("p")}, 0, "lb")};
  PortAllocation& web = cluster.allocations[0];
  cluster.put(Space::kNodePort, 24500, entry(web, "p", 1));
  cluster.put(Space::kService, 24500, entry(web, "p", 1, Protocol::kTcp, "lb"));
  web.status.ports = {{"p", 24500, Protocol::kTcp, {}}};
  web.status.range_name = "lb";
  EXPECT_EQ(text(candidates(cluster)), "24500(p) PortRemoved ");
  EXPECT_EQ(candidates(cluster)[0].number.space, Space::kNodePort);
}

TEST(Release, OfALostNumberNeedsNoProofOfTheThiefButAnotherNumberInItsPlace) {
  Cluster cluster = with_web();
  cluster.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
  cluster.allocations[0].status.ports = {{"q", 24505, Protocol::kTcp, {}}};
  const auto list = candidates(cluster);
  ASSERT_EQ(text(list), "24501(q) Lost ");
  const auto released = [&](const std::function<void(ReleaseProof&)>& change) {
    ReleaseProof proof{list[0], cluster.allocations[0], {}};
    change(proof);
    return release(cluster.ledgers, {proof}, cluster.compiled(), cluster.fence, cluster.now).released.size();
  };
  EXPECT_EQ(released([](ReleaseProof&) {}), 1U);
  EXPECT_EQ(released([](ReleaseProof& proof) { proof.owner.reset(); }), 0U);
  EXPECT_EQ(released([](ReleaseProof& proof) { proof.owner->spec.ports[1].port = 24501; }), 0U);
  EXPECT_EQ(released([](ReleaseProof& proof) {
              proof.owner->status.ports = {{"q", 24501, Protocol::kTcp, {}}};
            }),
            0U);
  // Its first leader may be about to show it: the second one, who thinks it lost, takes nothing from it.
  EXPECT_EQ(released([](ReleaseProof& proof) { proof.owner->status.ports.clear(); }), 0U);
  EXPECT_EQ(released([&](ReleaseProof& proof) {
              proof.services = {published(*proof.owner, {service_port("q", 24501, 24501)})};
            }),
            0U);
}

TEST(Release, OfALostNumberComesAfterAFullNamespaceHasChosenAgain) {
  Cluster cluster = with_web();
  cluster.ranges[0].spec.limits.per_namespace = 2;
  cluster.services = {service("data", "foreign", "NodePort", {service_port("f", 80, 24501)})};
  const ClaimPlan claim = cluster.claim_all();
  EXPECT_EQ(testing::outcome_for(claim, "web"), "p:24500 q:24502");
  cluster.write_all(claim.writes);
  cluster.allocations[0].status.ports = {{"p", 24500, Protocol::kTcp, {}}, {"q", 24502, Protocol::kTcp, {}}};
  const auto list = candidates(cluster);
  EXPECT_EQ(text(list), "24501(q) Lost ");
  const ReleaseProof proof{list[0], cluster.allocations[0], {}};
  cluster.write_all(release(cluster.ledgers, {proof}, cluster.compiled(), cluster.fence, cluster.now).writes);
  EXPECT_TRUE(candidates(cluster).empty());
}

TEST(Release, PutsTheNumberToRestUnderANewSequence) {
  Cluster cluster = with_web();
  cluster.allocations.clear();
  std::vector<ReleaseProof> proofs;
  for (const ReleaseCandidate& candidate : candidates(cluster)) proofs.push_back({candidate, {}, {}});
  const ReleasePlan plan = release(cluster.ledgers, proofs, cluster.compiled(), 5, cluster.now);
  ASSERT_EQ(plan.writes.size(), 1U);  // one write per shard, however many numbers
  EXPECT_EQ(plan.writes[0].object.spec.fence, 5);
  EXPECT_EQ(plan.writes[0].object.spec.entries.at("24500"),
            "1 resting mesh/web uid-web p/TCP 3 1763800000 mesh");
  cluster.write_all(plan.writes);
  EXPECT_TRUE(candidates(cluster).empty());
  // The old candidate releases nothing any more.
  EXPECT_EQ(release(cluster.ledgers, proofs, cluster.compiled(), 5, cluster.now).refused.size(), 2U);
  EXPECT_TRUE(release(cluster.ledgers, proofs, cluster.compiled(), 4, cluster.now).superseded);
}

TEST(Sweep, FreesWhatHasRestedAndSaysWhenToComeBack) {
  Cluster cluster = with_web();
  cluster.allocations.clear();
  std::vector<ReleaseProof> proofs;
  for (const ReleaseCandidate& candidate : candidates(cluster)) proofs.push_back({candidate, {}, {}});
  EXPECT_EQ(next_sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic), std::nullopt);
  cluster.write_all(release(cluster.ledgers, proofs, cluster.compiled(), 1, cluster.now).writes);
  const auto sweep_now = [&] {
    return sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic, cluster.fence);
  };
  EXPECT_EQ(next_sweep(cluster.ledgers, cluster.compiled(), cluster.rest, cluster.monotonic),
            Duration(std::chrono::seconds(130)));
  EXPECT_TRUE(sweep_now().writes.empty());
  cluster.monotonic = cluster.monotonic + std::chrono::seconds(130);
  const ReleasePlan plan = sweep_now();
  EXPECT_EQ(plan.released.size(), 2U);
  EXPECT_TRUE(plan.writes[0].object.spec.entries.empty());
  EXPECT_EQ(plan.writes[0].object.spec.next_sequence, 5);  // sequences never begin anew
}

TEST(Usage, CountsEveryNumberOnce) {
  Cluster cluster = with_web();  // 24500, 24501 held
  PortRange& mesh = cluster.ranges[0];
  mesh.spec.blocks = {{"b", {"24500", "24505"}, "", ""}};
  mesh.spec.reserved = {{{"24501", "24509"}, "x"}};
  Entry resting = entry(cluster.allocations[0], "z", 10);
  resting.state = EntryState::kResting;
  cluster.put(Space::kNodePort, 24502, resting);
  cluster.put(Space::kNodePort, 24700, entry(cluster.allocations[0], "y", 11));  // outside, drains
  cluster.put(Space::kNodePort, 24701, entry(cluster.allocations[0], "y", 12, Protocol::kTcp, "other"));
  cluster.services = {service("data", "np", "NodePort", {service_port("a", 80, 24503)})};
  const RangeUsage usage =
      count_usage(compile(mesh).value(), cluster.ledgers.in(Space::kNodePort), cluster.uses());
  EXPECT_EQ(usage.capacity, 10);
  EXPECT_EQ(usage.allocated, 1);
  EXPECT_EQ(usage.resting, 1);
  EXPECT_EQ(usage.reserved, 1);
  EXPECT_EQ(usage.external, 1);
  EXPECT_EQ(usage.available, 5);
  EXPECT_EQ(usage.largest_free_block, 5);  // 24504-24508
  EXPECT_EQ(usage.draining, 2);            // 24501 (reserved while held) and 24700
  ASSERT_EQ(usage.draining_sample.size(), 2U);
  EXPECT_EQ(usage.blocks, (std::vector<BlockUsage>{{"b", 2, 1, 1}}));
  PortLedger broken = cluster.stored.at("nodeport-095");
  broken.spec.entries["24504"] = "?";
  (void)cluster.ledgers.put(broken);
  const RangeUsage blind =
      count_usage(compile(mesh).value(), cluster.ledgers.in(Space::kNodePort), cluster.uses());
  EXPECT_EQ(blind.frozen, 10);
  EXPECT_EQ(blind.available, 0);
}

TEST(Usage, CountsANumberOfTheServiceSpaceForAnyProtocol) {
  Cluster cluster;
  cluster.ranges = {range("lb", "Service", {"440-443"})};
  const PortAllocation owner = allocation("a", {port("p")});
  cluster.put(Space::kService, 443, entry(owner, "p", 1));
  cluster.put(Space::kService, 443, entry(owner, "q", 2, Protocol::kUdp), Protocol::kUdp);
  const RangeUsage usage =
      count_usage(compile(cluster.ranges[0]).value(), cluster.ledgers.in(Space::kService), cluster.uses());
  EXPECT_EQ(usage.allocated, 1);
  EXPECT_EQ(usage.available, 3);
  EXPECT_EQ(usage.largest_free_block, 3);
  cluster.put(Space::kService, 441, entry(owner, "r", 3));
  const auto& ledger = cluster.ledgers.in(Space::kService);
  EXPECT_EQ(count_usage(compile(cluster.ranges[0]).value(), ledger, cluster.uses()).largest_free_block, 1)
      << "440 and 442 are apart";
}

}  // namespace
}  // namespace berth::allocation
