// What is judged of these targets is shown with the catalogue (admission_catalogue_entrances_test.cpp).
#include "core/exposure/ingress_entrance.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using testing::backend;
using testing::ingress_manifest;

// Instead of JSON: "db 5432", "db pg", or nothing that can be read.
Result<std::vector<ServiceReference>> read_words(std::string_view text) {
  if (text == "redirect") return std::vector<ServiceReference>{};
  const std::size_t blank = text.find(' ');
  if (text == "5432") return malformed("serviceName is no string", "serviceName");
  if (blank == std::string_view::npos) return malformed("no JSON");
  return std::vector<ServiceReference>{
      {std::string(text.substr(0, blank)), std::string(text.substr(blank + 1))}};
}

// "web:80", "db:first", "db:pg of a.example.org", "? because"; a line for each target.
std::string targets(const Ingress& ingress) {
  std::string text;
  for (const EntranceTarget& target : entrance_of(ingress, read_words).targets) {
    text += text.empty() ? "" : "\n";
    if (!target.unknown.empty()) {
      text += "? " + target.unknown;
    } else {
      text += target.service + ":" +
              (target.first_port           ? "first"
               : !target.port_name.empty() ? target.port_name
                                           : std::to_string(target.port_number));
    }
    if (!target.host.empty()) text += " of " + target.host;
  }
  return text;
}

Ingress annotated(const std::string& key, const std::string& value) {
  Ingress made = ingress_manifest({});
  made.meta.annotations[key] = value;
  return made;
}

constexpr char kAction[] = "alb.ingress.kubernetes.io/actions.split";

TEST(IngressEntrance, LeadsWhereItsRulesLeadEachWithItsField) {
  Ingress ingress = ingress_manifest({backend("web", 80), backend("db", "pg")});
  ingress.default_backend = backend("other", 8080);
  const Entrance entrance = entrance_of(ingress, read_words);
  ASSERT_EQ(entrance.targets.size(), 3U);
  EXPECT_EQ(entrance.targets[0].number_field, "spec.defaultBackend.service.port.number");
  EXPECT_EQ(entrance.targets[0].host, "");
  EXPECT_EQ(entrance.targets[2].number_field, "spec.rules[0].http.paths[1].backend.service.port.number");
  EXPECT_EQ(entrance.targets[2].host, "a.example.org");
  EXPECT_EQ(entrance.targets[2].port_name, "pg");
  EXPECT_EQ(entrance.targets[2].shown, 443);
  ingress.tls = false;
  EXPECT_EQ(entrance_of(ingress, read_words).targets[2].shown, 80);
}

TEST(IngressEntrance, FollowsAnActionForTheHostThatUsesIt) {
  Ingress ingress = ingress_manifest({backend("split", "use-annotation")});
  EXPECT_EQ(targets(ingress), "split:use-annotation of a.example.org") << "there is no such annotation";
  ingress.meta.annotations[kAction] = "db 5432";
  EXPECT_EQ(targets(ingress), "db:5432 of a.example.org") << "digits are a number, though in quotes";
  ingress.meta.annotations[kAction] = "db pg";
  EXPECT_EQ(targets(ingress), "db:pg of a.example.org");
  ingress.meta.annotations[kAction] = "redirect";
  EXPECT_EQ(targets(ingress), "");
  ingress.meta.annotations[kAction] = "{";
  EXPECT_EQ(targets(ingress), "? it cannot be read as JSON of a.example.org");
  ingress.meta.annotations[kAction] = "5432";
  EXPECT_EQ(targets(ingress), "? it cannot be read: serviceName is no string of a.example.org");
}

TEST(IngressEntrance, FollowsAnActionThatNobodyUsesYet) {
  EXPECT_EQ(targets(annotated(kAction, "db 5432")), "db:5432");
}

TEST(IngressEntrance, FollowsTheDefaultBackendOfNginxToTheFirstPort) {
  EXPECT_EQ(targets(annotated("nginx.ingress.kubernetes.io/default-backend", "db")), "db:first");
  EXPECT_EQ(targets(annotated("nginx.ingress.kubernetes.io/default-backend", "")), "");
}

TEST(IngressEntrance, DoesNotKnowWhereAProxyIsConfiguredToPass) {
  for (const char* key :
       {"nginx.ingress.kubernetes.io/server-snippet", "nginx.ingress.kubernetes.io/configuration-snippet",
        "nginx.ingress.kubernetes.io/stream-snippet", "nginx.org/location-snippets"}) {
    EXPECT_EQ(targets(annotated(key, "location /db { proxy_pass http://db.data:5432; }")),
              "? it configures the proxy itself, with proxy_pass")
        << key;
    EXPECT_EQ(targets(annotated(key, "more_set_headers \"X-Frame-Options: DENY\";")), "") << key;
  }
  EXPECT_EQ(
      targets(annotated("nginx.ingress.kubernetes.io/mirror-target", "http://db.data:5432$request_uri")),
      "? it copies requests to where it says");
}

TEST(IngressEntrance, DoesNotKnowWhereAPathLeadsThatIsMoreThanAPath) {
  for (const char* path : {"/a;proxy_pass http://db:5432", "/a\nb", "/a\"", "/a\rb"}) {
    Ingress ingress = ingress_manifest({backend("web", 80)});
    ingress.rules[0].paths[0].path = path;
    EXPECT_NE(targets(ingress).find("? the path holds characters"), std::string::npos) << path;
  }
  for (const char* path : {"/", "/api(/|$)(.*)", "/v[0-9]{1,2}/x", "/a-b_c.d~e%20f", ""}) {
    Ingress ingress = ingress_manifest({backend("web", 80)});
    ingress.rules[0].paths[0].path = path;
    EXPECT_EQ(targets(ingress), "web:80 of a.example.org") << path;
  }
}

TEST(IngressEntrance, LooksAtNoOtherAnnotation) {
  EXPECT_EQ(targets(annotated("nginx.ingress.kubernetes.io/rewrite-target", "/proxy_pass/$1")), "");
  EXPECT_EQ(targets(annotated("alb.ingress.kubernetes.io/conditions.split", "db 5432")), "");
}

TEST(LeadingAnnotations, AreAllExplained) {
  std::ifstream in(std::string(BERTH_SOURCE_DIR) + "/docs/reference/ingress-annotations.md");
  ASSERT_TRUE(in);
  const std::string page(std::istreambuf_iterator<char>(in), {});
  std::size_t rows = 0;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1)) ++rows;
  EXPECT_EQ(rows, leading_annotations().size());
  for (const LeadingAnnotation& one : leading_annotations()) {
    const std::string row = "| `" + std::string(one.key) + "` | " + std::string(one.controller) + " | " +
                            std::string(one.leads_to) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace berth::exposure
