// The catalogue of bypasses (exposure.md, section 3), row 34: routes that name something else than a Service
// as their backend.
#include <gtest/gtest.h>
#include <string>

#include "core/catalogue_for_test.h"
#include "core/exposure/testing/backends.h"
#include "core/exposure/testing/gateways.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using exposure::entrance_of;
using testing::CatalogueRow;
using testing::cluster_ip;
using testing::create;
using testing::expect_judgement;
using testing::name_of_row;
using testing::update;

// Listeners of infra/edge at 443 and 9000; Services data/web (80 to 8080) and data/db (5432).
World& furnished(World& w) {
  Service db = exposure::testing::service("ClusterIP", {port(5432)}, "db");
  db.selector = {{"app", "db"}};
  db.cluster_ip = "10.96.0.7";
  return w.add(gateway({listener(443, "HTTPS"), listener(9000, "TCP")}))
      .add(cluster_ip({port(80, number_of(8080))}))
      .add(db);
}

World& with_route(World& w) { return furnished(w).add(route_to_backend()); }

Workload database_pod() {
  Workload made = workload("Pod", "db-0", {container_port(5432)}, {{"app", "db"}});
  made.addresses = {"10.1.0.7"};
  return made;
}

// A route of namespace web to the backend in data.
Entrance from_web() {
  Route made = route({to_backend("data")});
  made.meta.ns = "web";
  return entrance_of(made);
}

ReferenceGrant grant_for_backends(std::string kind = "Backend") {
  ReferenceGrant made = grant("web");
  made.to = {{kBackendGroup, std::move(kind), ""}};
  return made;
}

Route imported(const char* ns) {
  Route made = route({route_backend("db", 5432, "data")});
  made.meta.ns = ns;
  made.rules[0].backends[0].reference.group = "multicluster.x-k8s.io";
  made.rules[0].backends[0].reference.kind = "ServiceImport";
  return made;
}

ReferenceGrant grant_for_imports() {
  ReferenceGrant made = grant("web");
  made.to = {{"multicluster.x-k8s.io", "ServiceImport", ""}};
  return made;
}

RouteBackend at_host(std::string name, std::int64_t number) {
  RouteBackend made = route_backend(std::move(name), number);
  made.reference.group = "networking.istio.io";
  made.reference.kind = "Hostname";
  return made;
}

// A route of namespace web that leads to a name of DNS.
Entrance to_host(std::string name, std::int64_t number) {
  Route made = route({at_host(std::move(name), number)});
  made.meta.ns = "web";
  return entrance_of(made);
}

class BackendCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(BackendCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const std::vector<CatalogueRow> kRows = {
    {"Row34_ARouteToABackendAtAServiceName",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})), route_to_backend());
     },
     Decision::kDeny,
     "HTTPRoute data/front (every host) at Gateway infra/edge port 443 -> Backend data/pg (db.data.svc:5432) "
     "-> "
     "Service data/db port 5432"},
    {"Row34_ATcpRouteToABackendAtAFullName",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db.data.svc.cluster.local", 5432)})),
                     route_to_backend("", "TCPRoute"));
     },
     Decision::kDeny, "at Gateway infra/edge port 9000 -> Backend data/pg (db.data.svc.cluster.local:5432)"},
    {"Row34_ABackendAtTheAddressOfAPod",
     [](World& w) {
       return create(furnished(w).add(database_pod()).add(backend_at({endpoint("10.1.0.7", 5432)})),
                     route_to_backend());
     },
     Decision::kDeny, "Backend data/pg (10.1.0.7:5432) -> Pod data/db-0 container main port 5432"},
    {"Row34_ABackendAtTheAddressOfAService",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("10.96.0.7", 5432)})), route_to_backend());
     },
     Decision::kDeny, "Backend data/pg (10.96.0.7:5432) -> Service data/db port 5432"},
    {"Row34_ABackendAtAnAliasOfTheService",
     [](World& w) {
       Service alias = exposure::testing::service("ExternalName", {}, "old");
       alias.selector.clear();
       alias.external_name = "db.data.svc.cluster.local";
       alias.meta.ns = "web";
       furnished(w).add(alias).add(backend_at({endpoint("old.web.svc", 5432)}));
       return create(w, route_to_backend());
     },
     Decision::kDeny, "Service web/old (ExternalName) -> Service data/db port 5432"},
    {"Row34_ABackendForPodsByTheirLabels",
     [](World& w) {
       furnished(w).add(database_pod()).add(backend_at({endpoint(Labels{{"app", "db"}}, 5432)}));
       return create(w, route_to_backend());
     },
     Decision::kDeny, "Backend data/pg (app=db:5432) -> Pod data/db-0 container main port 5432"},
    {"Row34_ABackendForPodsThatAreNotThereYet",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint(Labels{{"app", "db"}}, 5432)})),
                     route_to_backend());
     },
     Decision::kDeny, "Backend data/pg (app=db:5432)"},
    {"Row34_ABackendAtTheProxyItself",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("127.0.0.1", 19000)})), route_to_backend());
     },
     Decision::kDeny, "address 127.0.0.1 (loopback) is no pod's, and a backend that leads there is refused"},
    {"Row34_ABackendAtTheProxyItselfByName",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("localhost", 19000)})), route_to_backend());
     },
     Decision::kDeny, "address 127.0.0.1 (loopback)"},
    {"Row34_TheSecondEndpointOfABackend",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("www.example.org", 443), endpoint("db.data.svc", 5432)}));
       return create(w, route_to_backend());
     },
     Decision::kDeny, "(db.data.svc:5432)"},

    {"Row34_TheBackendComesAfterTheRoute",
     [](World& w) { return create(with_route(w), backend_at({endpoint("db.data.svc", 5432)})); },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row34_TheBackendIsLedToTheDatabase",
     [](World& w) {
       return update(with_route(w), backend_at({endpoint("web.data.svc", 80)}),
                     backend_at({endpoint("db.data.svc", 5432)}));
     },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row34_AnEndpointIsAdded",
     [](World& w) {
       return update(with_route(w), backend_at({endpoint("web.data.svc", 80)}),
                     backend_at({endpoint("web.data.svc", 80), endpoint("10.96.0.7", 5432)}));
     },
     Decision::kDeny, "(10.96.0.7:5432)"},
    {"Row34_TheServiceComesLast",
     [](World& w) {
       w.add(gateway({listener(443, "HTTPS")})).add(route_to_backend());
       w.add(backend_at({endpoint("db.data.svc", 80)}));
       return create(w, exposure::testing::service("ClusterIP", {port(80, number_of(5432))}, "db"));
     },
     Decision::kDeny, "Backend data/pg (db.data.svc:80) -> Service data/db port 80 -> targetPort 5432"},
    {"Row34_TheServiceBehindIsEdited",
     [](World& w) {
       with_route(w).add(backend_at({endpoint("web.data.svc", 80)}));
       return update(w, cluster_ip({port(80, number_of(8080))}), cluster_ip({port(80, number_of(5432))}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row34_AnAliasIsLedToTheDatabase",
     [](World& w) {
       Service alias = exposure::testing::service("ExternalName", {}, "old");
       alias.selector.clear();
       alias.external_name = "www.example.org";
       with_route(w).add(alias).add(backend_at({endpoint("old.data.svc", 5432)}));
       Service led = alias;
       led.external_name = "db.data.svc.cluster.local";
       return update(w, alias, led);
     },
     Decision::kDeny, "Service data/old (ExternalName) -> Service data/db port 5432"},
    {"Row34_ThePodsBehindAreEdited",
     [](World& w) {
       Service web = cluster_ip({port(80, name_of("http"))});
       w.add(gateway({listener(443, "HTTPS")})).add(web).add(route_to_backend());
       w.add(backend_at({endpoint("web.data.svc", 80)}));
       return update(w, deployment({container_port(8080, "http")}),
                     deployment({container_port(5432, "http")}));
     },
     Decision::kDeny, "Deployment data/web"},
    {"Row34_PodsGetTheLabelsOfABackend",
     [](World& w) {
       with_route(w).add(backend_at({endpoint(Labels{{"open", "yes"}}, 5432)}));
       Workload hidden = workload("Deployment", "db", {container_port(5432)}, {{"app", "db"}});
       Workload open = hidden;
       open.template_labels["open"] = "yes";
       return update(w, hidden, open);
     },
     Decision::kDeny, "Deployment data/db container main port 5432"},
    {"Row34_TheGatewayComesLast",
     [](World& w) {
       w.add(exposure::testing::service("ClusterIP", {port(5432)}, "db")).add(route_to_backend());
       return create(w.add(backend_at({endpoint("db.data.svc", 5432)})), gateway({listener(443, "HTTPS")}));
     },
     Decision::kDeny, "Service data/db port 5432"},

    {"Row34_ABackendOfANamespaceThatLetsTheRouteIn",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})).add(grant_for_backends());
       return create(w, from_web());
     },
     Decision::kDeny, "HTTPRoute web/front (every host) at Gateway infra/edge port 443 -> Backend data/pg"},
    {"Row34_TheGrantComesLast",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})).add(from_web());
       return create(w, grant_for_backends());
     },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row34_NobodyAsksTheNamespaceBehindABackend",
     [](World& w) {
       Route made = route({to_backend()});
       made.meta.ns = "web";
       furnished(w).add(backend_at({endpoint("db.data.svc", 5432)}, "web"));
       return create(w, entrance_of(made));
     },
     Decision::kDeny, "Backend web/pg (db.data.svc:5432) -> Service data/db port 5432"},
    {"Row34_LookAlikeNobodyLetsTheRouteToTheBackend",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})), from_web());
     },
     Decision::kAllow},
    {"Row34_LookAlikeTheGrantIsForServices",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})).add(grant("web"));
       return create(w, from_web());
     },
     Decision::kAllow},
    {"Row34_LookAlikeTheGrantIsForAnotherKind",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("db.data.svc", 5432)})).add(grant_for_backends("Backends"));
       return create(w, from_web());
     },
     Decision::kAllow},

    {"Row34_LookAlikeAHostOfTheInternet",
     [](World& w) {
       furnished(w).add(backend_at({endpoint("db.example.org", 5432), endpoint("example.com", 5432)}));
       return create(w, route_to_backend());
     },
     Decision::kAllow},
    {"Row34_LookAlikeAnAddressBeyondTheCluster",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("192.0.2.7", 5432)})), route_to_backend());
     },
     Decision::kAllow},
    {"Row34_LookAlikeABackendThatNobodyNames",
     [](World& w) { return create(furnished(w), backend_at({endpoint("db.data.svc", 5432)})); },
     Decision::kAllow},
    {"Row34_LookAlikeABackendOfAnotherNamespace",
     [](World& w) { return create(with_route(w), backend_at({endpoint("db.data.svc", 5432)}, "web")); },
     Decision::kAllow},
    {"Row34_LookAlikeABackendOfAnotherKind",
     [](World& w) {
       Backend other = backend_at({endpoint("db.data.svc", 5432)});
       other.reference_kind = "example.org/Backend";
       return create(with_route(w), other);
     },
     Decision::kAllow},
    {"Row34_LookAlikeABackendAtTheWebServer",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("web.data.svc", 80)})), route_to_backend());
     },
     Decision::kAllow},
    {"Row34_LookAlikeABackendAtPodsOfTheWebServer",
     [](World& w) {
       furnished(w).add(database_pod()).add(deployment({container_port(8443)}));
       return create(w.add(backend_at({endpoint(Labels{{"app", "web"}}, 8443)})), route_to_backend());
     },
     Decision::kAllow},
    {"Row34_LookAlikeTheBackendLedThereBefore",
     [](World& w) {
       return update(with_route(w), backend_at({endpoint("db.data.svc", 5432)}),
                     backend_at({endpoint("db.data.svc.cluster.local", 5432)}));
     },
     Decision::kAllow},

    {"Row34_ABackendThatLeadsWhereRequestsSayIsUnknown",
     [](World& w) { return create(furnished(w).add(backend_at({endpoint_anywhere()})), route_to_backend()); },
     Decision::kUnknown, "requests say where it leads"},
    {"Row34_ABackendBecomesOneThatLeadsWhereRequestsSay",
     [](World& w) {
       return update(with_route(w), backend_at({endpoint("www.example.org", 443)}),
                     backend_at({endpoint_anywhere()}));
     },
     Decision::kUnknown, "requests say where it leads"},
    {"Row34_ABackendThatIsNotThereIsUnknown",
     [](World& w) { return create(furnished(w), route_to_backend()); }, Decision::kUnknown,
     "resource gateway.envoyproxy.io/Backend/pg"},
    {"Row34_ABackendAtAServiceThatIsNotThereIsUnknown",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db.web.svc", 5432)})), route_to_backend());
     },
     Decision::kUnknown, "there is no Service web/db yet"},
    {"Row34_ABackendAtAPortThatTheServiceDoesNotHaveIsUnknown",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db.data.svc", 443)})), route_to_backend());
     },
     Decision::kUnknown, "Service data/db has no port 443"},
    {"Row34_ABackendAtANameWithoutANamespaceIsUnknown",
     [](World& w) {
       return create(furnished(w).add(backend_at({endpoint("db", 5432)})), route_to_backend());
     },
     Decision::kUnknown, "in which namespace db is looked for is not known"},

    {"Row34_AnImportOfANamespaceThatLetsTheRouteIn",
     [](World& w) { return create(furnished(w).add(grant_for_imports()), entrance_of(imported("web"))); },
     Decision::kDeny, "HTTPRoute web/front (every host) at Gateway infra/edge port 443 -> Service data/db"},
    {"Row34_LookAlikeTheGrantIsNotForImports",
     [](World& w) { return create(furnished(w).add(grant("web")), entrance_of(imported("web"))); },
     Decision::kAllow},
    {"Row34_AnImportBesideTheServiceThatNobodyGrants",
     [](World& w) {
       Route made = imported("web");
       made.rules[0].backends.insert(made.rules[0].backends.begin(), route_backend("db", 5432, "data"));
       return create(furnished(w).add(grant_for_imports()), entrance_of(made));
     },
     Decision::kDeny, "-> Service data/db port 5432"},

    {"Row34_AHostnameOfAServiceNeedsNoGrant",
     [](World& w) { return create(furnished(w), to_host("db.data.svc.cluster.local", 5432)); },
     Decision::kDeny,
     "HTTPRoute web/front (every host) at Gateway infra/edge port 443 -> Service data/db port 5432"},
    {"Row34_AHostnameInCapitals",
     [](World& w) { return create(furnished(w), to_host("DB.Data.SVC.cluster.local.", 5432)); },
     Decision::kDeny, "-> Service data/db port 5432"},
    {"Row34_AHostnameBesideTheServiceThatNobodyGrants",
     [](World& w) {
       Route made = route({route_backend("db", 5432, "data"), at_host("db.data.svc", 5432)});
       made.meta.ns = "web";
       return create(furnished(w), entrance_of(made));
     },
     Decision::kDeny, "-> Service data/db port 5432"},
    {"Row34_AHostnameOfAnAlias",
     [](World& w) {
       Service alias = exposure::testing::service("ExternalName", {}, "old");
       alias.selector.clear();
       alias.external_name = "db.data.svc.cluster.local";
       return create(furnished(w).add(alias), to_host("old.data.svc.cluster.local", 5432));
     },
     Decision::kDeny, "Service data/old"},
    {"Row34_TheServiceOfAHostnameComesLast",
     [](World& w) {
       w.add(gateway({listener(443, "HTTPS")})).add(to_host("db.data.svc.cluster.local", 80));
       return create(w, exposure::testing::service("ClusterIP", {port(80, number_of(5432))}, "db"));
     },
     Decision::kDeny, "-> Service data/db port 80 -> targetPort 5432"},
    {"Row34_LookAlikeAHostnameOfTheWebServer",
     [](World& w) {
       Service web = cluster_ip({port(443, number_of(443))});
       return create(w.add(gateway({listener(443, "HTTPS")})).add(web), to_host("web.data.svc", 443));
     },
     Decision::kAllow},
    {"Row34_AHostnameOfTheInternetIsUnknown",
     [](World& w) { return create(furnished(w), to_host("db.example.org", 5432)); }, Decision::kUnknown,
     "resource networking.istio.io/Hostname/db.example.org"},
    {"Row34_AHostnameWithoutSvcMayBeAnybodys",
     [](World& w) { return create(furnished(w), to_host("db.data", 5432)); }, Decision::kUnknown,
     "resource networking.istio.io/Hostname/db.data"},
};

INSTANTIATE_TEST_SUITE_P(Rows, BackendCatalogue, ::testing::ValuesIn(kRows), name_of_row);

TEST(BackendFixes, SayWhatWouldCloseTheWay) {
  const auto fix = [](std::vector<BackendEndpoint> endpoints) {
    World w(control_plane());
    const Verdict verdict = create(furnished(w).add(backend_at(std::move(endpoints))), route_to_backend());
    return verdict.findings.empty() ? "" : verdict.findings.front().fix;
  };
  EXPECT_EQ(fix({endpoint("db.data.svc", 5432)}).substr(0, 79),
            "take db.data.svc:5432 out of Backend data/pg, or that backend out of HTTPRoute ");
  EXPECT_EQ(fix({endpoint("::1", 5000)}),
            "lead Backend data/pg to the addresses of pods, or use a Service as the backend");
  EXPECT_EQ(fix({endpoint_anywhere()}),
            "lead Backend data/pg to a port that a Service has, or use a Service as the backend");
}

// The namespaces of the policy are those of the Backend; everything else stands elsewhere.
TEST(BackendPolicies, AreInForceWhereTheBackendIs) {
  ExposurePolicy policy = control_plane();
  policy.spec.namespace_selector.match_labels = {{"tier", "backends"}};
  World w(policy);
  w.label_namespace("data", {}).label_namespace("web", {{"tier", "backends"}}).label_namespace("infra", {});
  furnished(w).add(backend_at({endpoint("db.data.svc", 5432)}, "web"));
  ReferenceGrant let_in = grant_for_backends();
  let_in.meta.ns = "web";
  let_in.from.front().ns = "data";
  w.add(let_in);
  EXPECT_EQ(create(w, route_to_backend("web")).decision, Decision::kDeny);
}

}  // namespace
}  // namespace berth
