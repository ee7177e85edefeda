#include "cli/resource.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

std::optional<Resource> parsed(const char* text) { return parse_resource(text, adapters::builtin()); }

TEST(Resource, IsKnownByTheNamesThatKubectlHasForItsKind) {
  const Resource web{"Service", "web"};
  for (const char* text : {"svc/web", "service/web", "Service/web", "services/web"})
    EXPECT_EQ(parsed(text), web);
  EXPECT_EQ(parsed("sts/pg"), (Resource{"StatefulSet", "pg"}));
  EXPECT_EQ(parsed("netpol/deny"), (Resource{"NetworkPolicy", "deny"}));
}

TEST(Resource, IsKnownByTheNamesOfAnAdaptersKind) {
  const adapters::Adapter& adapter = adapters::builtin().all().front();
  const Resource wanted{adapter.shown_kind, "web"};
  EXPECT_EQ(parsed((adapter.plural + "." + adapter.group + "/web").c_str()), wanted);
}

TEST(Resource, IsNoPathAndNoOtherKind) {
  for (const char* text :
       {"web", "svc/", "svc/a/b", "./svc/web", "manifests/web", "secret/pg", "/etc/web", ""})
    EXPECT_EQ(parsed(text), std::nullopt) << text;
}

TEST(Resource, IsFoundByKindNamespaceAndName) {
  exposure::FactIndex facts;
  auto deployment = std::make_shared<Workload>();
  deployment->kind = "Deployment";
  deployment->meta.ns = "data";
  deployment->meta.name = "web";
  facts.put(std::shared_ptr<const Workload>(deployment));
  EXPECT_TRUE(find_resource({"Deployment", "web"}, "data", facts));
  EXPECT_FALSE(find_resource({"Deployment", "web"}, "shop", facts));
  EXPECT_FALSE(find_resource({"StatefulSet", "web"}, "data", facts));
  EXPECT_FALSE(find_resource({"Service", "web"}, "data", facts));
}

}  // namespace
}  // namespace berth::cli
