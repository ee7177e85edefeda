// The catalogue of bypasses (exposure.md, section 3), rows of the Gateway API: the manifest that exposes, and
// beside it the harmless one that looks the same.
#include <gtest/gtest.h>
#include <string>

#include "core/catalogue_for_test.h"
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

// Gateway infra/edge shows 443; Services data/web (80 to 8080) and data/db (5432).
World& furnished(World& w) {
  Service db = exposure::testing::service("ClusterIP", {port(5432)}, "db");
  db.selector = {{"app", "db"}};
  return w.add(gateway({listener(443, "HTTPS")})).add(cluster_ip({port(80, number_of(8080))})).add(db);
}

Route mirrored(const char* service, std::int64_t number) {
  Route made = route({route_backend("web", 80)});
  made.rules[0].filters.resize(1);
  made.rules[0].filters[0].mirror = route_backend(service, number).reference;
  return made;
}

Route elsewhere(const char* ns) {
  Route made = route({route_backend("db", 5432, "data")});
  made.meta.ns = ns;
  return made;
}

Gateway of_class(Gateway made, const char* name) {
  made.class_name = name;
  return made;
}

class GatewayCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(GatewayCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const std::vector<CatalogueRow> kRows = {
    {"Row27_AListenerOnAnInternalPort",
     [](World& w) {
       return create(w, gateway({listener(443, "HTTPS"), listener(5432, "TCP")}));
     },
     Decision::kDeny, "Gateway infra/edge listener l5432 port 5432"},
    {"Row27_AListenerIsAdded",
     [](World& w) {
       return update(w, gateway({listener(443, "HTTPS")}),
                     gateway({listener(443, "HTTPS"), listener(5432, "TCP")}));
     },
     Decision::kDeny, "listener l5432"},
    {"Row27_LookAlikeTheListenerWasThereBefore",
     [](World& w) {
       return update(w, gateway({listener(5432, "TCP")}),
                     gateway({listener(5432, "TCP"), listener(443, "HTTPS")}));
     },
     Decision::kAllow},
    {"Row27_LookAlikeTheSameNumberByAnotherProtocol",
     [](World& w) { return create(w, gateway({listener(5432, "UDP")})); }, Decision::kAllow},
    {"Row27_LookAlikeAListenerWithoutRoutesOpensNothing",
     [](World& w) { return create(w, gateway({listener(8444, "HTTPS")})); }, Decision::kAllow},

    {"Row28_AListenerSetAddsTheListener",
     [](World& w) { return create(furnished(w), listener_set({listener(5432, "TCP")})); }, Decision::kDeny,
     "ListenerSet infra/more listener l5432 port 5432"},
    {"Row28_ARouteAtAListenerSet",
     [](World& w) {
       furnished(w).add(listener_set({listener(9000, "TCP")}));
       Route made = route({route_backend("db", 5432)}, "TCPRoute");
       made.parents = {parent("more", "ListenerSet")};
       return create(w, entrance_of(made));
     },
     Decision::kDeny, "TCPRoute data/front at ListenerSet infra/more port 9000 -> Service data/db port 5432"},
    {"Row28_LookAlikeAListenerSetOfAnInternalGateway",
     [](World& w) {
       w.add(of_class(gateway({}), "gke-l7-rilb"));
       return create(w, listener_set({listener(5432, "TCP")}));
     },
     Decision::kAllow},

    {"Row30_ABackendWithoutKindIsAService",
     [](World& w) { return create(furnished(w), entrance_of(route({route_backend("db", 5432)}))); },
     Decision::kDeny,
     "HTTPRoute data/front (every host) at Gateway infra/edge port 443 -> Service data/db port 5432"},
    {"Row30_TheServiceBehindTheRouteIsEdited",
     [](World& w) {
       w.add(gateway({listener(443, "HTTPS")})).add(entrance_of(route({route_backend("web", 80)})));
       return update(w, cluster_ip({port(80, number_of(8080))}), cluster_ip({port(80, number_of(5432))}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row30_ThePodsBehindTheRouteAreEdited",
     [](World& w) {
       w.add(gateway({listener(443, "HTTPS")})).add(entrance_of(route({route_backend("web", 80)})));
       w.add(cluster_ip({port(80, name_of("http"))}));
       return update(w, deployment({container_port(8080, "http")}),
                     deployment({container_port(5432, "http")}));
     },
     Decision::kDeny, "Deployment data/web"},
    {"Row30_TheGatewayComesLast",
     [](World& w) {
       furnished(w).add(entrance_of(route({route_backend("db", 5432)}, "TCPRoute")));
       return update(w, gateway({listener(443, "HTTPS")}),
                     gateway({listener(443, "HTTPS"), listener(9000, "TCP")}));
     },
     Decision::kDeny, "at Gateway infra/edge port 9000 -> Service data/db port 5432"},
    {"Row30_ARouteIsDeniedBeforeItsGatewayIsThere",
     [](World& w) {
       w.add(exposure::testing::service("ClusterIP", {port(5432)}, "db"));
       return create(w, entrance_of(route({route_backend("db", 5432)})));
     },
     Decision::kDeny, "at Gateway infra/edge -> Service data/db port 5432"},
    {"Row30_AnUndeclaredPortBehindAGatewayThatIsNotThereIsUnknown",
     [](World& w) {
       w.add(cluster_ip({port(80, number_of(8080))}));
       return create(w, entrance_of(route({route_backend("web", 80)})));
     },
     Decision::kUnknown,
     "it is not known at which number this is shown (there is no Gateway infra/edge yet)"},
    {"Row30_LookAlikeARouteToTheWebServer",
     [](World& w) { return create(furnished(w), entrance_of(route({route_backend("web", 80)}))); },
     Decision::kAllow},
    {"Row30_LookAlikeNoListenerTakesTheRoute",
     [](World& w) {
       return create(furnished(w), entrance_of(route({route_backend("db", 5432)}, "TCPRoute")));
     },
     Decision::kAllow},
    {"Row30_LookAlikeTheListenerTakesRoutesOfItsOwnNamespace",
     [](World& w) {
       w.add(gateway({listener(443, "HTTPS", "Same")}));
       w.add(exposure::testing::service("ClusterIP", {port(5432)}, "db"));
       return create(w, entrance_of(route({route_backend("db", 5432)})));
     },
     Decision::kAllow},

    {"Row30_LookAlikeTheListenerIsForAnotherHost",
     [](World& w) {
       GatewayListener other = listener(443, "HTTPS");
       other.hostname = "b.example.org";
       w.add(gateway({other})).add(exposure::testing::service("ClusterIP", {port(5432)}, "db"));
       Route made = route({route_backend("db", 5432)});
       made.hostnames = {"a.example.org"};
       return create(w, entrance_of(made));
     },
     Decision::kAllow},

    {"Row31_ARouteIntoANamespaceThatLetsItIn",
     [](World& w) { return create(furnished(w).add(grant("web")), entrance_of(elsewhere("web"))); },
     Decision::kDeny, "HTTPRoute web/front (every host) at Gateway infra/edge port 443 -> Service data/db"},
    {"Row31_TheGrantComesAfterTheRoute",
     [](World& w) { return create(furnished(w).add(entrance_of(elsewhere("web"))), grant("web")); },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row31_TheGrantIsWidened",
     [](World& w) {
       furnished(w).add(entrance_of(elsewhere("web")));
       return update(w, grant("web", "HTTPRoute", "web"), grant("web", "HTTPRoute", "db"));
     },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row31_LookAlikeNobodyLetsTheRouteIn",
     [](World& w) { return create(furnished(w), entrance_of(elsewhere("web"))); }, Decision::kAllow},
    {"Row31_LookAlikeTheGrantIsForRoutesOfAnotherNamespace",
     [](World& w) { return create(furnished(w).add(entrance_of(elsewhere("web"))), grant("mesh")); },
     Decision::kAllow},
    {"Row31_LookAlikeTheGrantIsForAnotherKind",
     [](World& w) {
       return create(furnished(w).add(entrance_of(elsewhere("web"))), grant("web", "TCPRoute"));
     },
     Decision::kAllow},
    {"Row31_LookAlikeTheGrantIsForAnotherService",
     [](World& w) {
       return create(furnished(w).add(entrance_of(elsewhere("web"))), grant("web", "HTTPRoute", "web"));
     },
     Decision::kAllow},
    {"Row31_LookAlikeAnotherGrantLetItInBefore",
     [](World& w) {
       ReferenceGrant more = grant("web");
       more.meta.name = "more";
       return create(furnished(w).add(entrance_of(elsewhere("web"))).add(grant("web")), more);
     },
     Decision::kAllow},

    {"Row32_RequestsAreMirroredToTheDatabase",
     [](World& w) { return create(furnished(w), entrance_of(mirrored("db", 5432))); }, Decision::kDeny,
     "filter rules[0].filters[0].requestMirror -> Service data/db port 5432"},
    {"Row32_ABackendMirrorsToTheDatabase",
     [](World& w) {
       Route made = route({route_backend("web", 80)});
       made.rules[0].backends[0].filters.resize(1);
       made.rules[0].backends[0].filters[0].mirror = route_backend("db", 5432).reference;
       return create(furnished(w), entrance_of(made));
     },
     Decision::kDeny, "filter rules[0].backendRefs[0].filters[0].requestMirror"},
    {"Row32_RequestsAreCheckedByTheDatabase",
     [](World& w) {
       Route made = route({route_backend("web", 80)});
       made.rules[0].filters.resize(1);
       made.rules[0].filters[0].external_auth = route_backend("db", 5432).reference;
       return create(furnished(w), entrance_of(made));
     },
     Decision::kDeny, "filter rules[0].filters[0].externalAuth"},
    {"Row32_LookAlikeRequestsAreMirroredToTheWebServer",
     [](World& w) { return create(furnished(w), entrance_of(mirrored("web", 80))); }, Decision::kAllow},

    {"Row34_AnImportedServiceIsTheOneOfItsName",
     [](World& w) {
       Route made = route({route_backend("db", 5432)});
       made.rules[0].backends[0].reference.group = "multicluster.x-k8s.io";
       made.rules[0].backends[0].reference.kind = "ServiceImport";
       return create(furnished(w), entrance_of(made));
     },
     Decision::kDeny, "-> Service data/db port 5432"},
    {"Row34_ABackendThatIsNoServiceIsUnknown",
     [](World& w) {
       Route made = route({route_backend("db", 5432)});
       made.rules[0].backends[0].reference.group = "gateway.envoyproxy.io";
       made.rules[0].backends[0].reference.kind = "Backend";
       return create(furnished(w), entrance_of(made));
     },
     Decision::kUnknown, "resource gateway.envoyproxy.io/Backend/db"},

    {"Row35_LookAlikeARouteOfAMesh",
     [](World& w) {
       Route made = route({route_backend("db", 5432)});
       made.parents[0].group = "";
       made.parents[0].kind = "Service";
       return create(furnished(w), entrance_of(made));
     },
     Decision::kAllow},
    {"Row35_ARouteOfAMeshThatIsAlsoAtAGateway",
     [](World& w) {
       Route made = route({route_backend("db", 5432)});
       made.parents.push_back(made.parents[0]);
       made.parents[0].group = "";
       made.parents[0].kind = "Service";
       return create(furnished(w), entrance_of(made));
     },
     Decision::kDeny, "at Gateway infra/edge port 443"},

    {"Row36_AnInternalGatewayBecomesPublic",
     [](World& w) {
       Gateway inside = gateway({listener(443, "HTTPS")});
       inside.infrastructure_annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] = "internal";
       w.add(exposure::testing::service("ClusterIP", {port(5432)}, "db"));
       w.add(entrance_of(route({route_backend("db", 5432)})));
       return update(w, inside, gateway({listener(443, "HTTPS")}));
     },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row36_LookAlikeAnInternalClass",
     [](World& w) {
       w.add(of_class(gateway({listener(5432, "TCP")}), "gke-l7-rilb"));
       w.add(exposure::testing::service("ClusterIP", {port(5432)}, "db"));
       return create(w, entrance_of(route({route_backend("db", 5432)}, "TCPRoute")));
     },
     Decision::kAllow},
    {"Row36_LookAlikeTheCloudIsAskedForAnInternalLoadBalancer",
     [](World& w) {
       Gateway inside = gateway({listener(5432, "TCP")});
       inside.infrastructure_annotations["networking.gke.io/load-balancer-type"] = "Internal";
       return create(w, inside);
     },
     Decision::kAllow},
};

INSTANTIATE_TEST_SUITE_P(Rows, GatewayCatalogue, ::testing::ValuesIn(kRows), name_of_row);

ExposurePolicy smart_cards() {
  ExposurePolicy policy = control_plane();
  PolicyPort smart = listed(8443);
  smart.tls = "Passthrough";
  policy.spec.external = {smart};
  return policy;
}

TEST(GatewayTls, IsKeptOnlyByAListenerThatPassesItThrough) {
  const auto judged = [](GatewayListener at, const char* kind) {
    World w(smart_cards());
    w.add(gateway({std::move(at)})).add(cluster_ip({port(8443)}));
    return create(w, entrance_of(route({route_backend("web", 8443)}, kind))).decision;
  };
  GatewayListener through = listener(8443, "TLS");
  through.tls_mode = "Passthrough";
  EXPECT_EQ(judged(through, "TLSRoute"), Decision::kAllow);
  EXPECT_EQ(judged(listener(8443, "TLS"), "TLSRoute"), Decision::kDeny);
  EXPECT_EQ(judged(listener(8443, "TCP"), "TCPRoute"), Decision::kAllow);
  EXPECT_EQ(judged(listener(8443, "HTTPS"), "HTTPRoute"), Decision::kDeny);
}

TEST(GatewayFixes, SayWhatWouldMakeTheWayKnown) {
  World w(control_plane());
  w.add(cluster_ip({port(80, number_of(8080))}));
  const auto fix = [&](const Route& made) {
    const Verdict verdict = create(w, entrance_of(made));
    return verdict.findings.empty() ? "" : verdict.findings.front().fix;
  };
  Route made = route({route_backend("web", 80)});
  EXPECT_EQ(fix(made), "create Gateway infra/edge first");
  made.parents[0].group = "example.org";
  made.parents[0].kind = "Thing";
  EXPECT_EQ(fix(made), "attach HTTPRoute data/front to a Gateway");
}

// The namespaces of the policy are those of the database; the Gateway and the route stand elsewhere.
TEST(GatewayPolicies, AreInForceWhereverTheirNamespaceIsOnTheWay) {
  ExposurePolicy policy = control_plane();
  policy.spec.namespace_selector.match_labels = {{"tier", "data"}};
  World w(policy);
  w.label_namespace("data", {{"tier", "data"}}).label_namespace("web", {}).label_namespace("infra", {});
  furnished(w).add(grant("web"));
  EXPECT_EQ(create(w, entrance_of(elsewhere("web"))).decision, Decision::kDeny);
  EXPECT_EQ(create(w, gateway({listener(5432, "TCP")})).decision, Decision::kAllow)
      << "nothing on the way to this listener lies in the policy's namespaces";
}

}  // namespace
}  // namespace berth
