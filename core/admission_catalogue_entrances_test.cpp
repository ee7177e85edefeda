// The catalogue of bypasses (exposure.md, section 3), rows that lead to a Service from elsewhere than a rule
// of an Ingress: the manifest that exposes, and beside it the harmless one that looks the same.
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue_for_test.h"
#include "core/exposure/stream_map.h"
#include "core/exposure/testing/gateways.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::CatalogueRow;
using testing::cluster_ip;
using testing::create;
using testing::expect_judgement;
using testing::name_of_row;
using testing::update;

constexpr char kAction[] = "alb.ingress.kubernetes.io/actions.split";
constexpr char kDefaultBackend[] = "nginx.ingress.kubernetes.io/default-backend";
constexpr char kServerSnippet[] = "nginx.ingress.kubernetes.io/server-snippet";

Ingress annotated(const char* key, const char* value) {
  Ingress made = ingress_manifest({backend("web", 80)});
  made.meta.annotations[key] = value;
  return made;
}

// An Ingress whose only backend is an action that leads to the Service's port.
Entrance by_action(const char* service, TargetPort port) {
  Ingress made = ingress_manifest({backend("split", "use-annotation")});
  made.meta.annotations[kAction] = "{}";
  return exposure::entrance_of(made, [&](std::string_view) -> Result<std::vector<ServiceReference>> {
    return std::vector<ServiceReference>{{service, std::move(port)}};
  });
}

// ingress-nginx' ConfigMap of streams, in a namespace of its own.
Entrance streams(std::map<std::string, std::string> data) {
  ConfigMap made;
  made.meta.ns = "ingress-nginx";
  made.meta.name = "tcp-services";
  made.data = std::move(data);
  return exposure::entrance_of(made);
}

World& with_web_and_db(World& w) {
  Service db = exposure::testing::service("ClusterIP", {port(5432)}, "db");
  db.selector = {{"app", "db"}};
  db.ports[0].name = "pg";
  return w.add(cluster_ip({port(80, number_of(8080))})).add(db);
}

// Service web/alias, an ExternalName for `of`, which an Ingress of namespace web names by port 5432.
Service alias(const char* of, std::vector<ServicePort> ports = {port(5432)}) {
  Service made = exposure::testing::service("ExternalName", std::move(ports), "alias");
  made.meta.ns = "web";
  made.selector.clear();
  made.external_name = of;
  return made;
}
Entrance to_alias(std::int64_t number = 5432) {
  Ingress made = ingress_manifest({backend("alias", number)});
  made.meta.ns = "web";
  return entrance_of(made);
}

Service announced(Service made) {
  made.meta.annotations["tailscale.com/expose"] = "true";
  return made;
}

class EntranceCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(EntranceCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const std::vector<CatalogueRow> kRows = {
    {"Row12_AnIngressToAnAliasOfTheDatabase",
     [](World& w) { return create(with_web_and_db(w).add(alias("db.data.svc.cluster.local")), to_alias()); },
     Decision::kDeny,
     "Ingress web/front (a.example.org) -> Service web/alias port 5432 (ExternalName) -> Service data/db "
     "port "
     "5432"},
    {"Row12_TheAliasComesAfterTheIngress",
     [](World& w) { return create(with_web_and_db(w).add(to_alias()), alias("db.data.svc.cluster.local")); },
     Decision::kDeny, "Service web/alias port 5432 (ExternalName) -> Service data/db"},
    {"Row12_TheAliasIsTurned",
     [](World& w) {
       with_web_and_db(w).add(to_alias(80));
       return update(w, alias("web.data.svc", {port(80)}), alias("db.data.svc", {port(80, number_of(5432))}));
     },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row12_TheDatabaseComesLast",
     [](World& w) {
       w.add(to_alias(8080)).add(alias("db.data.svc", {port(8080)}));
       return create(w, exposure::testing::service("ClusterIP", {port(8080, number_of(5432))}, "db"));
     },
     Decision::kDeny, "Service web/alias port 8080 (ExternalName) -> Service data/db port 8080"},
    {"Row12_ThePodsBehindTheAliasAreEdited",
     [](World& w) {
       w.add(to_alias(80))
           .add(alias("web.data.svc", {port(80)}))
           .add(cluster_ip({port(80, name_of("http"))}));
       return update(w, deployment({container_port(8080, "http")}),
                     deployment({container_port(5432, "http")}));
     },
     Decision::kDeny, "Service data/web port 80 -> targetPort \"http\" -> Deployment data/web"},
    {"Row12_AnAliasOfAnAlias",
     [](World& w) {
       Service second = alias("db.data.svc");
       second.meta.name = "second";
       return create(with_web_and_db(w).add(to_alias()).add(second), alias("second.web"));
     },
     Decision::kDeny, "(ExternalName) -> Service data/db port 5432"},
    {"Row12_AHeadlessServiceLeadsToItsPodsByAnyNumber",
     [](World& w) {
       Service db = exposure::testing::service("ClusterIP", {port(9999)}, "db");
       db.cluster_ip = "None";
       db.selector = {{"app", "web"}};
       w.add(db).add(deployment({container_port(5432, "pg")})).add(to_alias());
       return create(w, alias("db.data.svc", {}));
     },
     Decision::kDeny, "(ExternalName) -> Service data/db -> Deployment data/web"},
    {"Row12_ARouteToAnAlias",
     [](World& w) {
       Route made = route({route_backend("alias", 5432)});
       made.meta.ns = "web";
       w.add(gateway({listener(443, "HTTPS")})).add(alias("db.data.svc"));
       return create(with_web_and_db(w), exposure::entrance_of(made));
     },
     Decision::kDeny, "at Gateway infra/edge port 443 -> Service web/alias port 5432 (ExternalName)"},
    {"Row12_AnAliasOfNobodyIsUnknown",
     [](World& w) { return create(w.add(alias("api.example.org", {port(80)})), to_alias(80)); },
     Decision::kUnknown, "ExternalName for api.example.org"},
    {"Row12_AnAliasInACircleIsUnknown",
     [](World& w) { return create(w.add(alias("alias.web.svc", {port(80)})), to_alias(80)); },
     Decision::kUnknown, "ExternalName for alias.web.svc"},
    {"Row12_LookAlikeNobodyNamesTheAlias",
     [](World& w) { return create(with_web_and_db(w), alias("db.data.svc.cluster.local")); },
     Decision::kAllow},
    {"Row12_LookAlikeAnAliasOfTheWebServer",
     [](World& w) { return create(with_web_and_db(w).add(alias("web.data.svc", {port(80)})), to_alias(80)); },
     Decision::kAllow},
    {"Row12_AnAliasOfTheDatabaseIsAnnounced",
     [](World& w) { return create(with_web_and_db(w), announced(alias("db.data.svc"))); }, Decision::kDeny,
     "Service web/alias (ExternalName) with annotation tailscale.com/expose port 5432 -> Service data/db "
     "port "
     "5432"},
    {"Row12_TheDatabaseComesAfterItsAnnouncedAlias",
     [](World& w) {
       w.add(announced(alias("db.data.svc")));
       return create(w, exposure::testing::service("ClusterIP", {port(5432)}, "db"));
     },
     Decision::kDeny, "Service web/alias (ExternalName) with annotation tailscale.com/expose"},
    {"Row12_LookAlikeAnAliasAnnouncesAPortThatNobodyHas",
     [](World& w) { return create(with_web_and_db(w), announced(alias("db.data.svc", {port(99)}))); },
     Decision::kAllow},
    {"Row13_TheNameIsSpeltOtherwise",
     [](World& w) { return create(with_web_and_db(w).add(to_alias()), alias("DB.Data.SVC.prod.Example.")); },
     Decision::kDeny, "Service data/db port 5432"},
    {"Row13_TheSearchPathCompletesTheName",
     [](World& w) { return create(with_web_and_db(w).add(to_alias()), alias("db.data")); }, Decision::kDeny,
     "Service data/db port 5432"},
    {"Row13_ANameThatLeadsBackToTheController",
     [](World& w) { return create(w.add(to_alias(80)), alias("LOCALHOST.", {port(80)})); },
     Decision::kUnknown, "ExternalName for LOCALHOST."},

    {"Row22_AnActionLeadsToTheDatabase",
     [](World& w) { return create(with_web_and_db(w), by_action("db", number_of(5432))); }, Decision::kDeny,
     "Ingress data/front (a.example.org) annotation alb.ingress.kubernetes.io/actions.split -> Service "
     "data/db "
     "port 5432"},
    {"Row22_AnActionWithThePortInQuotes",
     [](World& w) { return create(with_web_and_db(w), by_action("db", name_of("5432"))); }, Decision::kDeny,
     "port 5432 (PostgreSQL)"},
    {"Row22_AnActionByTheNameOfThePort",
     [](World& w) { return create(with_web_and_db(w), by_action("db", name_of("pg"))); }, Decision::kDeny,
     "port \"pg\" (5432)"},
    {"Row22_TheServiceComesAfterTheAction",
     [](World& w) {
       w.add(by_action("web", number_of(80)));
       return create(w, cluster_ip({port(80, number_of(5432))}));
     },
     Decision::kDeny, "annotation alb.ingress.kubernetes.io/actions.split"},
    {"Row22_AnActionThatCannotBeReadIsUnknown",
     [](World& w) { return create(with_web_and_db(w), entrance_of(annotated(kAction, "{"))); },
     Decision::kUnknown, "it cannot be read"},
    {"Row22_LookAlikeAnActionLeadsToTheWebServer",
     [](World& w) { return create(with_web_and_db(w), by_action("web", number_of(80))); }, Decision::kAllow},

    {"Row23_TheDefaultBackendOfTheAnnotationIsTheDatabase",
     [](World& w) { return create(with_web_and_db(w), entrance_of(annotated(kDefaultBackend, "db"))); },
     Decision::kDeny,
     "(every host) annotation nginx.ingress.kubernetes.io/default-backend -> Service data/db port 5432"},
    {"Row23_TheServiceBehindItIsEdited",
     [](World& w) {
       w.add(entrance_of(annotated(kDefaultBackend, "web")));
       return update(w, cluster_ip({port(8080)}), cluster_ip({port(8080, number_of(5432))}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row23_OnlyTheAnnotationIsAdded",
     [](World& w) {
       with_web_and_db(w);
       return update(w, ingress({backend("web", 80)}), entrance_of(annotated(kDefaultBackend, "db")));
     },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row23_LookAlikeOnlyTheFirstPortIsLedTo",
     [](World& w) {
       w.add(cluster_ip({port(80, number_of(8080)), port(5432)}));
       return create(w, entrance_of(annotated(kDefaultBackend, "web")));
     },
     Decision::kAllow},
    {"Row23_ASnippetThatPassesRequestsOnIsUnknown",
     [](World& w) {
       return create(with_web_and_db(w),
                     entrance_of(annotated(kServerSnippet, "location /x { proxy_pass http://db:5432; }")));
     },
     Decision::kUnknown, "annotation nginx.ingress.kubernetes.io/server-snippet -> ?"},
    {"Row23_APathThatEndsTheLineIsUnknown",
     [](World& w) {
       Ingress made = ingress_manifest({backend("web", 80)});
       made.rules[0].paths[0].path = "/a;} location /x { proxy_pass http://db:5432";
       return create(with_web_and_db(w), entrance_of(made));
     },
     Decision::kUnknown, "spec.rules[0].http.paths[0].path -> ?"},
    {"Row23_LookAlikeASnippetSetsHeaders",
     [](World& w) {
       return create(with_web_and_db(w),
                     entrance_of(annotated(kServerSnippet, "more_set_headers \"X: y\";")));
     },
     Decision::kAllow},
    {"Row23_LookAlikeAPathIsARegularExpression",
     [](World& w) {
       Ingress made = ingress_manifest({backend("web", 80)});
       made.rules[0].paths[0].path = "/v[0-9]{1,2}(/|$)(.*)";
       return create(with_web_and_db(w), entrance_of(made));
     },
     Decision::kAllow},

    {"Row24_AStreamLeadsToTheDatabase",
     [](World& w) {
       return create(with_web_and_db(w), streams({{"9000", "data/db:5432"}}));
     },
     Decision::kDeny, "ConfigMap ingress-nginx/tcp-services key 9000 -> Service data/db port 5432"},
    {"Row24_AStreamByTheNameOfThePort",
     [](World& w) {
       return create(with_web_and_db(w), streams({{"443", "data/db:pg:PROXY"}}));
     },
     Decision::kDeny, "port \"pg\" (5432)"},
    {"Row24_AStreamIsShownAtAnInternalNumber",
     [](World& w) {
       return create(with_web_and_db(w), streams({{"5432", "data/web:80"}}));
     },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row24_OneEntryIsAdded",
     [](World& w) {
       with_web_and_db(w);
       return update(w, streams({{"443", "data/web:80"}}),
                     streams({{"443", "data/web:80"}, {"9000", "data/db:5432"}}));
     },
     Decision::kDeny, "key 9000"},
    {"Row24_TheServiceComesAfterTheStream",
     [](World& w) {
       w.add(streams({{"443", "data/web:80"}}));
       return create(w, cluster_ip({port(80, number_of(5432))}));
     },
     Decision::kDeny, "ConfigMap ingress-nginx/tcp-services key 443"},
    {"Row24_ThePodsBehindTheStreamAreEdited",
     [](World& w) {
       w.add(streams({{"443", "data/web:80"}})).add(cluster_ip({port(80, name_of("http"))}));
       return update(w, deployment({container_port(8080, "http")}),
                     deployment({container_port(5432, "http")}));
     },
     Decision::kDeny, "key 443"},
    {"Row24_AStreamToAServiceThatIsNotThereIsUnknown",
     [](World& w) {
       return create(w, streams({{"443", "data/db:5433"}}));
     },
     Decision::kUnknown, "there is no Service data/db yet"},
    {"Row24_LookAlikeAStreamLeadsToTheWebServer",
     [](World& w) {
       return create(with_web_and_db(w), streams({{"443", "data/web:80"}}));
     },
     Decision::kAllow},
    {"Row24_LookAlikeTheDatabaseStandsInTheSettingsOfAProgram",
     [](World& w) {
       return create(with_web_and_db(w),
                     streams({{"DB", "data/db:5432"}, {"5432", "postgres://data/db:5432"}}));
     },
     Decision::kAllow},
    {"Row24_LookAlikeTheStreamWasThereBefore",
     [](World& w) {
       with_web_and_db(w);
       return update(w, streams({{"9000", "data/db:5432"}}),
                     streams({{"9000", "data/db:5432"}, {"443", "data/web:80"}}));
     },
     Decision::kAllow},
};

INSTANTIATE_TEST_SUITE_P(Rows, EntranceCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
