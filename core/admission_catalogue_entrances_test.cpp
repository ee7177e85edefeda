// The catalogue of bypasses (exposure.md, section 3), rows that lead to a Service from elsewhere than a rule
// of an Ingress: the manifest that exposes, and beside it the harmless one that looks the same.
#include <gtest/gtest.h>
#include <string>

#include "core/catalogue_for_test.h"

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

World& with_web_and_db(World& w) {
  Service db = exposure::testing::service("ClusterIP", {port(5432)}, "db");
  db.selector = {{"app", "db"}};
  db.ports[0].name = "pg";
  return w.add(cluster_ip({port(80, number_of(8080))})).add(db);
}

class EntranceCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(EntranceCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const std::vector<CatalogueRow> kRows = {
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
};

INSTANTIATE_TEST_SUITE_P(Rows, EntranceCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
