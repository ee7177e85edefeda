// Connections by the API server: what is asked for, where it ends, and what a policy says of that.
#include "core/connect.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/admission.h"
#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using exposure::Connection;
using exposure::ConnectsBy;
using testing::exception_for;
using testing::kNow;

Connection forward(std::string pod, std::vector<std::int64_t> ports = {}) {
  Connection made;
  made.ns = "data";
  made.name = std::move(pod);
  made.ports = std::move(ports);
  return made;
}

Connection proxy(ConnectsBy by, const std::string& name) {
  auto made = exposure::proxy_connection(by, "data", name);
  EXPECT_TRUE(made.ok()) << name;
  return made.ok() ? *made : Connection();
}
Connection pod_proxy(const std::string& name) { return proxy(ConnectsBy::kPodProxy, name); }
Connection service_proxy(const std::string& name) { return proxy(ConnectsBy::kServiceProxy, name); }

Workload pod(std::string name, std::vector<ContainerPort> ports) {
  Workload made = workload("Pod", std::move(name), std::move(ports));
  made.meta.labels = made.template_labels;
  return made;
}

// Pod data/db-0 of StatefulSet data/db with PostgreSQL and its metrics, Pod data/web-0 with 8443, and Pod
// data/mute-0, which declares nothing.
World cluster(ExposurePolicy policy = control_plane()) {
  World world(std::move(policy));
  const Workload db =
      workload("StatefulSet", "db", {container_port(5432, "pg"), container_port(9187)}, {{"app", "db"}});
  Workload db_0 = pod("db-0", {container_port(5432, "pg"), container_port(9187)});
  db_0.template_labels = {{"app", "db"}};
  own(db_0, db);
  world.add(db).add(db_0);
  world.add(pod("web-0", {container_port(8443, "https")}));
  Workload mute = pod("mute-0", {});
  mute.template_labels = {{"app", "mute"}};
  world.add(mute);
  return world;
}

Service selecting(const char* app, std::vector<ServicePort> ports, std::string name) {
  Service made = testing::cluster_ip(std::move(ports));
  made.meta.name = std::move(name);
  made.selector = {{"app", app}};
  return made;
}

struct Row {
  std::string name;
  Connection asked;
  Decision expected;
  std::string path = "";  // of the first finding
};

class Connect : public ::testing::TestWithParam<Row> {};

TEST_P(Connect, IsJudgedByWhereItEnds) {
  World world = cluster();
  ServicePort pg = port(80, name_of("pg"));
  pg.name = "sql";
  ServicePort metrics = port(9187);
  metrics.name = "metrics";
  ServicePort datagrams = port(27017, {}, Protocol::kUdp);
  datagrams.name = "datagrams";
  world.add(selecting("db", {pg, metrics, datagrams}, "db"));
  world.add(selecting("web", {port(5432, number_of(8443))}, "web"));
  world.add(selecting("nobody", {port(443, number_of(5432))}, "soon"));
  Service elsewhere = selecting("", {}, "elsewhere");
  elsewhere.type = "ExternalName";
  elsewhere.external_name = "db.example.org";
  elsewhere.ports = {port(5432)};
  world.add(elsewhere);

  const exposure::Verdict verdict = judge(GetParam().asked, world, kNow);
  EXPECT_EQ(verdict.decision, GetParam().expected) << outcome(verdict).message;
  if (GetParam().path.empty()) return;
  ASSERT_FALSE(verdict.findings.empty());
  EXPECT_EQ(verdict.findings.front().path, GetParam().path);
}

const std::string kEnd = " -> StatefulSet data/db container main port 5432";

INSTANTIATE_TEST_SUITE_P(
    Row75, Connect,
    ::testing::Values(
        Row{"ForwardToTheDatabase", forward("db-0", {5432}), Decision::kDeny,
            "kubectl port-forward to Pod data/db-0 port 5432" + kEnd},
        Row{"ForwardToItsMetrics", forward("db-0", {9187}), Decision::kAllow},
        Row{"ForwardToBoth", forward("db-0", {9187, 5432}), Decision::kDeny},
        Row{"ForwardWithoutPorts", forward("db-0"), Decision::kDeny,
            "kubectl port-forward to Pod data/db-0 port 5432" + kEnd},
        Row{"ForwardToTheWebServer", forward("web-0"), Decision::kAllow},
        Row{"ForwardToAnInternalNumberNobodyDeclares", forward("web-0", {5432}), Decision::kDeny,
            "kubectl port-forward to Pod data/web-0 port 5432"},
        Row{"ForwardToWhoDeclaresNothing", forward("mute-0"), Decision::kUnknown,
            "kubectl port-forward to Pod data/mute-0 -> ?"},
        Row{"ForwardToWhoDeclaresNothingByNumber", forward("mute-0", {8080}), Decision::kAllow},
        Row{"ForwardToNobody", forward("new-0"), Decision::kUnknown},
        Row{"ForwardToNobodyByNumber", forward("new-0", {5432}), Decision::kDeny,
            "kubectl port-forward to Pod data/new-0 port 5432"},
        Row{"PodByNumber", pod_proxy("db-0:5432"), Decision::kDeny,
            "the proxy of the API server to Pod data/db-0 port 5432" + kEnd},
        Row{"PodByNumberInAnotherSpelling", pod_proxy("http:db-0:+05432"), Decision::kDeny},
        Row{"PodByItsOtherNumber", pod_proxy("https:db-0:9187"), Decision::kAllow},
        Row{"PodByItsFirstPort", pod_proxy("db-0"), Decision::kDeny,
            "the proxy of the API server to Pod data/db-0 port 5432" + kEnd},
        Row{"PodWithEmptyPort", pod_proxy("https:db-0:"), Decision::kDeny},
        Row{"PodWithoutPorts", pod_proxy("mute-0"), Decision::kAllow},
        Row{"PodByName", pod_proxy("db-0:pg"), Decision::kUnknown,
            "the proxy of the API server to Pod data/db-0 port \"pg\" -> ?"},
        Row{"ServiceByNumber", service_proxy("db:80"), Decision::kDeny,
            "the proxy of the API server to Service data/db port 80 -> targetPort \"pg\"" + kEnd},
        Row{"ServiceByName", service_proxy("https:db:sql"), Decision::kDeny},
        Row{"ServiceByItsOtherName", service_proxy("db:metrics"), Decision::kAllow},
        Row{"ServiceIsSpokenToByTcpWhateverItSays", service_proxy("db:datagrams"), Decision::kDeny},
        Row{"ServiceByANumberItHasNot", service_proxy("db:81"), Decision::kAllow},
        Row{"ServiceByANameItHasNot", service_proxy("db:pg"), Decision::kUnknown,
            "the proxy of the API server to Service data/db port \"pg\" -> ?"},
        Row{"ServiceOfNamesWithoutAny", service_proxy("db"), Decision::kUnknown},
        Row{"ServiceByItsOnlyPort", service_proxy("web"), Decision::kDeny,
            "the proxy of the API server to Service data/web port 5432 -> targetPort 8443 -> Pod data/web-0 "
            "container main port 8443"},
        Row{"ServiceBeforeItsPods", service_proxy("soon:443"), Decision::kDeny,
            "the proxy of the API server to Service data/soon port 443 -> targetPort 5432 (no workload is "
            "selected yet)"},
        Row{"ServiceOfNoCluster", service_proxy("elsewhere:5432"), Decision::kDeny},
        Row{"ServiceThatIsNotThere", service_proxy("gone"), Decision::kUnknown}),
    [](const auto& row) { return row.param.name; });

TEST(ConnectName, IsReadAsTheApiServerReadsIt) {
  const Connection whole = service_proxy("https:db:5432");
  EXPECT_EQ(whole.scheme + "|" + whole.name + "|" + whole.port, "https|db|5432");
  const Connection bare = service_proxy("db");
  EXPECT_EQ(bare.scheme + "|" + bare.name + "|" + bare.port, "|db|");
  EXPECT_EQ(service_proxy(":db:").name, "db");
  for (const char* refused : {"", ":5432", "ftp:db:5432", "a:b:c:d", "https::5432"}) {
    const auto made = exposure::proxy_connection(ConnectsBy::kServiceProxy, "data", refused);
    ASSERT_FALSE(made.ok()) << refused;
    EXPECT_NE(made.error().message.find("[SCHEME:]NAME[:PORT]"), std::string::npos);
  }
}

TEST(ConnectPolicy, SaysWhyWhenTheRequestDoesNotTellThePort) {
  const auto verdict = judge(forward("db-0"), cluster(), kNow);
  ASSERT_EQ(verdict.findings.size(), 1U);
  EXPECT_EQ(verdict.findings[0].rule, "connect");
  EXPECT_EQ(verdict.findings[0].via, "Connect");
  EXPECT_NE(verdict.findings[0].message.find("for the request does not tell the port"), std::string::npos)
      << verdict.findings[0].message;
}

TEST(ConnectPolicy, UnknownDecidesWhereNothingIsDeclared) {
  ExposurePolicy policy = control_plane();
  policy.spec.unknown = "Deny";
  EXPECT_EQ(judge(forward("mute-0"), cluster(policy), kNow).decision, Decision::kDeny);
  policy.spec.unknown = "Allow";
  EXPECT_EQ(judge(forward("mute-0"), cluster(policy), kNow).decision, Decision::kAllow);
}

// Of the owner as elsewhere, and whatever its `via` is.
TEST(ConnectPolicy, ExceptionsHoldForTheWorkloadAndThePort) {
  ExposureException exception = exception_for(5432);
  exception.workload = {"StatefulSet", "db"};
  exception.via = {"LoadBalancer"};
  const auto excepting = [&](const std::function<void(ExposureException&)>& alter) {
    ExposurePolicy policy = control_plane();
    policy.spec.exceptions = {exception};
    alter(policy.spec.exceptions[0]);
    return judge(forward("db-0", {5432}), cluster(policy), kNow).decision;
  };
  EXPECT_EQ(excepting([](auto&) {}), Decision::kAllow);
  EXPECT_EQ(excepting([](auto& one) { one.port = 5433; }), Decision::kDeny);
  EXPECT_EQ(excepting([](auto& one) { one.ns = "web"; }), Decision::kDeny);
  EXPECT_EQ(excepting([](auto& one) { one.workload.name = "pg"; }), Decision::kDeny);
  EXPECT_EQ(excepting([](auto& one) { one.expires_at = "2026-01-01T00:00:00Z"; }), Decision::kDeny);
}

TEST(ConnectPolicy, OnlyWarnsOrTellsWhereItsActionSaysSo) {
  ExposurePolicy policy = control_plane();
  policy.spec.action = "Warn";
  EXPECT_EQ(judge(forward("db-0"), cluster(policy), kNow).decision, Decision::kWarn);
  policy.spec.action = "Audit";
  const auto audited = judge(forward("db-0"), cluster(policy), kNow);
  EXPECT_EQ(audited.decision, Decision::kAllow);
  EXPECT_EQ(outcome(audited).audit.size(), 1U);
}

TEST(ConnectPolicy, IsOneInForceForTheNamespace) {
  ExposurePolicy policy = control_plane();
  policy.spec.namespace_selector.match_labels = {{"stage", "production"}};
  World world = cluster(policy);
  world.label_namespace("data", {{"stage", "test"}});
  EXPECT_EQ(judge(forward("db-0"), world, kNow).decision, Decision::kAllow);
  world.label_namespace("data", {{"stage", "production"}});
  EXPECT_EQ(judge(forward("db-0"), world, kNow).decision, Decision::kDeny);
  EXPECT_EQ(judge(forward("db-0"), World(), kNow).decision, Decision::kAllow);
}

}  // namespace
}  // namespace berth
