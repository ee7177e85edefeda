#include "kube/wire/discovery.h"

#include <gtest/gtest.h>

namespace berth::wire {
namespace {

// As v1.36 answers, shortened.
constexpr char kAnswer[] =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},
  "items":[
   {"metadata":{"name":"apps","creationTimestamp":null},"versions":[{"version":"v1","freshness":"Current","resources":[
     {"resource":"deployments","responseKind":{"group":"","version":"","kind":"Deployment"},"scope":"Namespaced",
      "singularResource":"deployment","verbs":["get","list"],"shortNames":["deploy"],
      "subresources":[{"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},
                       "verbs":["get"]}]}]}]},
   {"metadata":{"name":"example.org"},"versions":[
     {"version":"v2","resources":[{"resource":"doors","responseKind":{"kind":"Door"},"scope":"Cluster"}]},
     {"version":"v1","resources":[{"resource":"doors","responseKind":{"kind":"Door"},"scope":"Namespaced"},
                                  {"resource":"rooms","responseKind":{"kind":"Room"},"scope":"Namespaced"}]}]},
   {"metadata":{"name":"stale.example.org"},"versions":[{"version":"v1","freshness":"Stale"}]}]})";

TEST(Discovery, AsksForEverythingInOneAnswer) {
  EXPECT_EQ(discovery().target, "/apis");
  EXPECT_NE(discovery().accept.find("as=APIGroupDiscoveryList"), std::string::npos);
}

TEST(Discovery, ReadsEachKindOnceInItsFirstVersion) {
  const auto kinds = parse_discovery(kAnswer);
  ASSERT_TRUE(kinds.ok()) << kinds.error().message;
  EXPECT_EQ(*kinds, (std::vector<Kind>{{"apps", "v1", "deployments", "Deployment", true},
                                       {"example.org", "v2", "doors", "Door", false},
                                       {"example.org", "v1", "rooms", "Room", true},
                                       {"stale.example.org", "v1", "", "", true}}))
      << "of a group that did not answer nobody knows what it serves";
}

TEST(Discovery, SaysWhenAServerIsTooOld) {
  const auto kinds =
      parse_discovery(R"({"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps"}]})");
  ASSERT_FALSE(kinds.ok());
  EXPECT_EQ(kinds.error().message, "kind: 'APIGroupList' stands here, expected APIGroupDiscoveryList");
}

}  // namespace
}  // namespace berth::wire
