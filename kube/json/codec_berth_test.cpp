// The kinds of berth.dev, with the field names of docs/reference/api.md.
#include <gtest/gtest.h>

#include "core/model/exposure_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "kube/json/codec.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

Meta meta(std::string name, std::string ns = {}) {
  Meta m;
  m.name = std::move(name);
  m.ns = std::move(ns);
  m.uid = Uid{"u-" + m.name};
  m.resource_version = "99";
  m.generation = 3;
  m.creation_timestamp = "2026-11-21T08:00:00Z";
  return m;
}

constexpr char kMeta[] = R"("uid":"u-mesh","resourceVersion":"99","generation":3,)"
                         R"("creationTimestamp":"2026-11-21T08:00:00Z"})";

std::vector<Condition> conditions() {
  return {{"Ready", "False", 3, "2026-11-21T08:00:01Z", "RangeExhausted", "no number is free"}};
}

constexpr char kConditions[] =
    R"("conditions":[{"type":"Ready","status":"False","observedGeneration":3,)"
    R"("lastTransitionTime":"2026-11-21T08:00:01Z","reason":"RangeExhausted","message":"no number is free"}])";

PortRange range() {
  PortRange r;
  r.meta = meta("mesh");
  r.spec.space = "NodePort";
  r.spec.ports = {"24500-24599"};
  r.spec.purpose = "mesh";
  r.spec.description = "PhantomMesh services";
  r.spec.blocks = {{"vpn", {"24510-24519"}, "", "VPN core"}, {"agents", {"+20-+39"}, "agents", ""}};
  r.spec.reserved = {{{"24570"}, "threat intelligence engine"}};
  r.spec.namespace_selector.match_expressions = {{"team", "In", {"a", "b"}}};
  r.spec.limits.per_namespace = 20;
  r.spec.order = "Lowest";
  r.spec.reuse_after = "130s";
  r.spec.per_node = true;
  r.spec.undeclared = "Deny";
  r.status.observed_generation = 3;
  r.status.capacity = 100;
  r.status.allocated = 29;
  r.status.available = 41;
  r.status.cooling = 1;
  r.status.reserved = 2;
  r.status.external = 3;
  r.status.draining = 4;
  r.status.largest_free_block = 17;
  r.status.blocks = {{"vpn", 10, 3, 7}};
  r.status.conditions = conditions();
  return r;
}

TEST(PortRangeCodec, KeepsEveryFieldOfTheModel) {
  expect_round_trip(
      std::string(R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortRange","metadata":{"name":"mesh",)") +
          kMeta +
          R"(,"spec":{"space":"NodePort","ports":["24500-24599"],"purpose":"mesh",)"
          R"("description":"PhantomMesh services",)"
          R"("blocks":[{"name":"vpn","ports":["24510-24519"],"description":"VPN core"},)"
          R"({"name":"agents","ports":["+20-+39"],"purpose":"agents"}],)"
          R"("reserved":[{"ports":["24570"],"reason":"threat intelligence engine"}],)"
          R"("namespaceSelector":{"matchExpressions":[{"key":"team","operator":"In","values":["a","b"]}]},)"
          R"("limits":{"perNamespace":20},"order":"Lowest","reuseAfter":"130s","perNode":true,"undeclared":"Deny"},)"
          R"("status":{"observedGeneration":3,"capacity":100,"allocated":29,"available":41,"cooling":1,)"
          R"("reserved":2,"external":3,"draining":4,"largestFreeBlock":17,)"
          R"("blocks":[{"name":"vpn","capacity":10,"allocated":3,"available":7}],)" +
          kConditions + "}}",
      range());
}

TEST(PortRangeCodec, WritesEveryCounterOfTheStatusEvenWhenZero) {
  PortRange r;
  r.meta = meta("mesh");
  r.status.blocks = {{"vpn", 10, 0}};
  EXPECT_EQ(encode_status(r),
            R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortRange",)"
            R"("metadata":{"name":"mesh","uid":"u-mesh","resourceVersion":"99"},)"
            R"("status":{"observedGeneration":-1,"capacity":0,"allocated":0,"available":0,"cooling":0,)"
            R"("reserved":0,"external":0,"draining":0,"largestFreeBlock":0,)"
            R"("blocks":[{"name":"vpn","capacity":10,"allocated":0,"available":0}],"conditions":[]}})");
}

TEST(PortRangeCodec, LeavesOutAStatusThatWasNeverWritten) {
  PortRange r;
  r.meta.name = "mesh";
  r.spec.space = "NodePort";
  r.spec.ports = {"24500-24599"};
  EXPECT_EQ(encode(r), R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortRange","metadata":{"name":"mesh"},)"
                       R"("spec":{"space":"NodePort","ports":["24500-24599"]}})");
}

PortAllocation allocation() {
  PortAllocation a;
  a.meta = meta("mesh", "ns");
  a.spec.range_name = "mesh";
  a.spec.purpose = "vpn";
  a.spec.selector = {{"app", "phantom-node"}};
  a.spec.exposure = "External";
  AllocationPort api;
  api.name = "api";
  api.target_port = std::int64_t{8080};
  api.also_protocol = Protocol::kUdp;
  api.block = "vpn";
  api.port = 24511;
  api.count = 2;
  api.migrate_from = Migration{8080, "2027-01-31T00:00:00Z"};
  api.host_ip = "127.0.0.1";
  api.exposure = "Cluster";
  api.allow_from.resize(4);
  api.allow_from[0].network = "admins";
  api.allow_from[1].cidr = "10.20.0.0/16";
  api.allow_from[2].ns = "monitoring";
  api.allow_from[2].pod_selector = LabelSelector{{{"app", "prometheus"}}, {}};
  api.allow_from[3].namespace_selector = LabelSelector{};
  api.description = "REST API for VPN control";
  api.health = HealthCheck{"/health"};
  AllocationPort wireguard;
  wireguard.name = "wireguard";
  wireguard.target_port = std::string("wg");
  wireguard.protocol = Protocol::kUdp;
  a.spec.ports = {api, wireguard};
  EgressRule dns;
  dns.to.cidr = "203.0.113.7/32";
  dns.ports = {{443, 0, Protocol::kTcp}, {6000, 6010, Protocol::kUdp}};
  EgressRule any;
  any.to.ns = "data";
  a.spec.allow_to = {dns, any};
  a.spec.service = {{{"a/b", "c"}}, "example.org/lb", "ClusterIP"};
  a.spec.node_name = "device-1";
  a.spec.sticky_for = "1h";
  a.spec.config_map = NumbersConfigMap{"mesh-ports"};
  a.status.observed_generation = 3;
  a.status.range_name = "mesh";
  a.status.ports = {{"api", 24511, Protocol::kTcp, std::int64_t{8080}},
                    {"wireguard", 24510, Protocol::kUdp, std::string("wg")}};
  a.status.summary = "api:24511/TCP wireguard:24510/UDP";
  a.status.service_name = "mesh";
  a.status.conditions = conditions();
  return a;
}

TEST(PortAllocationCodec, KeepsEveryFieldOfTheModel) {
  expect_round_trip(
      std::string(R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation",)"
                  R"("metadata":{"name":"mesh","namespace":"ns",)") +
          kMeta +
          R"(,"spec":{"rangeName":"mesh","purpose":"vpn","selector":{"app":"phantom-node"},)"
          R"("exposure":"External","ports":[)"
          R"({"name":"api","targetPort":8080,"protocol":"TCP","alsoProtocol":"UDP","block":"vpn","port":24511,)"
          R"("count":2,"migrateFrom":{"port":8080,"until":"2027-01-31T00:00:00Z"},"hostIP":"127.0.0.1",)"
          R"("exposure":"Cluster",)"
          R"("allowFrom":[{"network":"admins"},{"cidr":"10.20.0.0/16"},)"
          R"({"namespace":"monitoring","podSelector":{"matchLabels":{"app":"prometheus"}}},)"
          R"({"namespaceSelector":{}}],)"
          R"("description":"REST API for VPN control","health":{"path":"/health"}},)"
          R"({"name":"wireguard","targetPort":"wg","protocol":"UDP"}],)"
          R"("allowTo":[{"cidr":"203.0.113.7/32","ports":[{"port":443},)"
          R"({"port":6000,"endPort":6010,"protocol":"UDP"}]},{"namespace":"data"}],)"
          R"("service":{"annotations":{"a/b":"c"},"loadBalancerClass":"example.org/lb","type":"ClusterIP"},)"
          R"("nodeName":"device-1","stickyFor":"1h","configMap":{"name":"mesh-ports"}},)"
          R"("status":{"observedGeneration":3,"rangeName":"mesh","ports":[)"
          R"({"name":"api","port":24511,"protocol":"TCP","targetPort":8080},)"
          R"({"name":"wireguard","port":24510,"protocol":"UDP","targetPort":"wg"}],)"
          R"("summary":"api:24511/TCP wireguard:24510/UDP","serviceName":"mesh",)" +
          kConditions + "}}",
      allocation());
}

TEST(PortAllocationCodec, WritesAnEmptyStatusSoThatAPatchClearsTheOldOne) {
  PortAllocation a;
  a.meta.name = "api";
  a.meta.ns = "mesh";
  a.status.observed_generation = 0;
  EXPECT_EQ(encode_status(a),
            R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation",)"
            R"("metadata":{"name":"api","namespace":"mesh"},)"
            R"("status":{"observedGeneration":0,"rangeName":"","ports":[],"summary":"","serviceName":"",)"
            R"("conditions":[]}})");
}

TEST(PortAllocationCodec, WritesConditionsWithEveryRequiredField) {
  PortAllocation a;
  a.status.conditions = {{"Ready", "Unknown", 0, "", "", ""}};
  EXPECT_NE(encode_status(a).find(
                R"("conditions":[{"type":"Ready","status":"Unknown","lastTransitionTime":"","reason":"",)"
                R"("message":""}])"),
            std::string::npos);
}

TEST(PortAllocationCodec, ReadsTheStatusOfANewObjectAsNeverSeen) {
  const auto fresh = decode<PortAllocation>(R"({"metadata":{"name":"a"},"spec":{},"status":{}})");
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->status.observed_generation, -1);
  EXPECT_EQ(fresh->status, PortAllocationStatus{});
}

TEST(ExposurePolicyCodec, KeepsEveryFieldOfTheModel) {
  ExposurePolicy p;
  p.meta = meta("mesh");
  p.spec.location = "Control plane";
  p.spec.namespace_selector.match_labels = {{"zone", "cp"}};
  p.spec.action = "Deny";
  p.spec.networks = {{"admins", {"10.20.0.0/16", "2001:db8::/32"}, {"example.org/admins"}, true}};
  PolicyPort https;
  https.port = 443;
  https.requirement = "Required";
  https.purpose = "UI";
  https.tls = "Passthrough";
  https.from = {"admins"};
  https.shown_on = {"admins"};
  p.spec.external = {https};
  PolicyPort slurm;
  slurm.ports = {"8192-60000", "443"};
  slurm.protocol = Protocol::kUdp;
  slurm.service = "Slurm srun";
  slurm.requirement = "Conditional";
  slurm.condition = "Slurm clusters";
  slurm.deprecated = Deprecation{"v8", "2027-01-01"};
  p.spec.internal = {slurm};
  p.spec.outbound = {{2049, Protocol::kTcp, {"storage"}, "shared file system"}};
  p.spec.undeclared = "Warn";
  p.spec.unknown = "Deny";
  p.spec.exceptions = {{"data",
                        {"StatefulSet", "pg"},
                        5432,
                        Protocol::kTcp,
                        {"LoadBalancer"},
                        "dba@example.org",
                        "migration 4711",
                        "2027-01-31T00:00:00Z"}};
  p.spec.enforce = {true, true};
  p.status.observed_generation = 3;
  p.status.violations = 3;
  p.status.conditions = conditions();
  expect_round_trip(
      std::string(
          R"({"apiVersion":"berth.dev/v1alpha1","kind":"ExposurePolicy","metadata":{"name":"mesh",)") +
          kMeta +
          R"(,"spec":{"location":"Control plane","namespaceSelector":{"matchLabels":{"zone":"cp"}},)"
          R"("action":"Deny","networks":[{"name":"admins","cidrs":["10.20.0.0/16","2001:db8::/32"],)"
          R"("loadBalancerClasses":["example.org/admins"],"nodeAddresses":true}],)"
          R"("external":[{"port":443,"protocol":"TCP","requirement":"Required","purpose":"UI",)"
          R"("from":["admins"],"shownOn":["admins"],"tls":"Passthrough"}],)"
          R"("internal":[{"ports":["8192-60000","443"],"protocol":"UDP","service":"Slurm srun",)"
          R"("requirement":"Conditional","condition":"Slurm clusters",)"
          R"("deprecated":{"removeIn":"v8","after":"2027-01-01"}}],)"
          R"("outbound":[{"port":2049,"to":["storage"],"purpose":"shared file system"}],)"
          R"("undeclared":"Warn","unknown":"Deny",)"
          R"("exceptions":[{"namespace":"data","workload":{"kind":"StatefulSet","name":"pg"},"port":5432,)"
          R"("via":["LoadBalancer"],"owner":"dba@example.org","reason":"migration 4711",)"
          R"("expiresAt":"2027-01-31T00:00:00Z"}],)"
          R"("enforce":{"networkPolicies":true,"admissionPolicy":true}},)"
          R"("status":{"observedGeneration":3,"violations":3,)" +
          kConditions + "}}",
      p);
  p.status.violations = 0;
  EXPECT_NE(encode_status(p).find(R"("violations":0)"), std::string::npos);
  p.status.violations = std::nullopt;  // not counted is not "none"
  EXPECT_EQ(encode_status(p).find("violations"), std::string::npos);
}

TEST(PortLedgerCodec, KeepsEveryFieldOfTheModel) {
  PortLedger l;
  l.meta = meta("mesh");
  l.spec.space = "NodePort";
  l.spec.shard = 95;
  l.spec.fence = 7;
  l.spec.next_sequence = 9007199254740993;  // no double holds it
  l.spec.entries = {{"24511", "v1;bound;ns/a;u;1"}, {"24512", ""}};
  expect_round_trip(
      std::string(R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortLedger","metadata":{"name":"mesh",)") +
          kMeta +
          R"(,"spec":{"space":"NodePort","shard":95,"fence":7,"nextSeq":9007199254740993,)"
          R"("entries":{"24511":"v1;bound;ns/a;u;1","24512":""}}})",
      l);
}

TEST(PortLedgerCodec, WritesTheCountersOfAFreshShard) {
  PortLedger l;
  l.meta.name = "nodeport-0";
  l.spec.space = "NodePort";
  EXPECT_EQ(encode(l),
            R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortLedger","metadata":{"name":"nodeport-0"},)"
            R"("spec":{"space":"NodePort","shard":0,"fence":0,"nextSeq":1}})");
}

}  // namespace
}  // namespace berth::json
