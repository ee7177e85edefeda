#include "kube/wire/request.h"

#include <gtest/gtest.h>
#include <set>

namespace berth::wire {
namespace {

const ObjectKey kWeb{"data", "web"};

TEST(Requests, AddressEveryScopeOfKind) {
  const std::pair<http::Request, std::string> cases[] = {
      {get(kService, kWeb), "/api/v1/namespaces/data/services/web"},
      {get(kNamespace, {"", "data"}), "/api/v1/namespaces/data"},
      {get(kDeployment, kWeb), "/apis/apps/v1/namespaces/data/deployments/web"},
      {get(kPortRange, {"", "mesh"}), "/apis/berth.dev/v1alpha1/portranges/mesh"},
      {get(kPortAllocation, {"mesh", "api"}), "/apis/berth.dev/v1alpha1/namespaces/mesh/portallocations/api"},
      {get(kLease, {"s", "l"}), "/apis/coordination.k8s.io/v1/namespaces/s/leases/l"},
      {list(kService, ""), "/api/v1/services"},
      {list(kService, "data"), "/api/v1/namespaces/data/services"},
      {list(kPortLedger, ""), "/apis/berth.dev/v1alpha1/portledgers"},
  };
  for (const auto& [request, target] : cases) {
    EXPECT_EQ(request.target, target);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.accept, "application/json");
    EXPECT_EQ(request.content_type, "");
    EXPECT_EQ(request.body, "");
  }
}

TEST(Requests, AskForMetadataOnly) {
  EXPECT_EQ(get(kPortLedger, {"", "l"}, Reply::kMetadata).accept,
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  ListOptions options;
  options.reply = Reply::kMetadata;
  EXPECT_EQ(list(kPod, "", options).accept,
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
}

TEST(Requests, ListWithEveryOption) {
  ListOptions options;
  options.limit = 500;
  options.label_selector = "app in (a,b),x!=y";
  options.field_selector = "metadata.name=a";
  options.resource_version = "0";
  options.resource_version_match = "NotOlderThan";
  EXPECT_EQ(list(kPod, "data", options).target,
            "/api/v1/namespaces/data/pods?labelSelector=app%20in%20%28a%2Cb%29%2Cx%21%3Dy"
            "&fieldSelector=metadata.name%3Da&limit=500&resourceVersion=0&resourceVersionMatch=NotOlderThan");
}

TEST(Requests, ContinueAListWithoutNamingAVersion) {
  ListOptions options;
  options.limit = 2;
  options.continue_token = "eyJ2IjoibWV0YS5rOHMu+/==";
  options.resource_version = "812";
  options.resource_version_match = "Exact";
  EXPECT_EQ(list(kPortRange, "", options).target,
            "/apis/berth.dev/v1alpha1/portranges?limit=2&continue=eyJ2IjoibWV0YS5rOHMu%2B%2F%3D%3D");
}

TEST(Requests, WatchWithBookmarksUnlessTold) {
  WatchOptions options;
  options.resource_version = "812";
  options.timeout_seconds = 300;
  options.label_selector = "a=b";
  EXPECT_EQ(watch(kService, "", options).target,
            "/api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion=812&timeoutSeconds=300"
            "&labelSelector=a%3Db");
  options = {};
  options.bookmarks = false;
  options.field_selector = "metadata.name=x";
  EXPECT_EQ(watch(kSecret, "s", options).target,
            "/api/v1/namespaces/s/secrets?watch=true&fieldSelector=metadata.name%3Dx");
}

http::Request expected(std::string method, std::string target, std::string content_type) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = "{}";
  return request;
}

TEST(Requests, WriteWithManagerAndDryRun) {
  const WriteOptions plain;
  WriteOptions full;
  full.field_manager = "berth-operator";
  full.dry_run = true;
  const std::string path = "/api/v1/namespaces/data/services";
  const std::string query = "?fieldManager=berth-operator&dryRun=All";
  EXPECT_EQ(create(kService, "data", "{}", plain), expected("POST", path, "application/json"));
  EXPECT_EQ(create(kService, "data", "{}", full), expected("POST", path + query, "application/json"));
  EXPECT_EQ(replace(kService, kWeb, "{}", full), expected("PUT", path + "/web" + query, "application/json"));
  EXPECT_EQ(replace_status(kService, kWeb, "{}", plain),
            expected("PUT", path + "/web/status", "application/json"));
  EXPECT_EQ(merge_patch(kService, kWeb, "{}", full),
            expected("PATCH", path + "/web" + query, "application/merge-patch+json"));
  EXPECT_EQ(merge_patch(kService, kWeb, "{}", plain, "status"),
            expected("PATCH", path + "/web/status", "application/merge-patch+json"));
  WriteOptions metadata;
  metadata.reply = Reply::kMetadata;
  EXPECT_EQ(replace(kService, kWeb, "{}", metadata).accept,
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
}

TEST(Requests, ApplyAsJsonInTheYamlPatchType) {
  ApplyOptions options;
  options.field_manager = "berth operator/1";
  EXPECT_EQ(apply(kService, kWeb, "{}", options),
            expected("PATCH", "/api/v1/namespaces/data/services/web?fieldManager=berth%20operator%2F1",
                     "application/apply-patch+yaml"));
  options.force = true;
  options.dry_run = true;
  EXPECT_EQ(apply(kPortRange, {"", "mesh"}, "{}", options, "status"),
            expected("PATCH",
                     "/apis/berth.dev/v1alpha1/portranges/mesh/status?fieldManager=berth%20operator%2F1"
                     "&force=true&dryRun=All",
                     "application/apply-patch+yaml"));
}

TEST(Requests, DeleteOnlyWhatIsMeant) {
  DeleteOptions options;
  http::Request request = remove(kService, kWeb, options);
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(request.target, "/api/v1/namespaces/data/services/web");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.body, R"({"kind":"DeleteOptions","apiVersion":"v1"})");
  options.uid = Uid{"u-1"};
  options.resource_version = "812";
  options.propagation = "Background";
  options.dry_run = true;
  EXPECT_EQ(remove(kService, kWeb, options).body,
            R"({"kind":"DeleteOptions","apiVersion":"v1",)"
            R"("preconditions":{"uid":"u-1","resourceVersion":"812"},"propagationPolicy":"Background",)"
            R"("dryRun":["All"]})");
  options = {};
  options.uid = Uid{"u-1"};
  EXPECT_EQ(remove(kService, kWeb, options).body,
            R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u-1"}})");
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encoded("a/b?c#d&e=f+g %\x01\xC3\xA4"), "a%2Fb%3Fc%23d%26e%3Df%2Bg%20%25%01%C3%A4");
  EXPECT_EQ(percent_encoded(".."), "%2E%2E");
  EXPECT_EQ(percent_encoded("."), "%2E");
  EXPECT_EQ(percent_encoded("..."), "...");
  EXPECT_EQ(percent_encoded(""), "");
}

TEST(Requests, KeepHostileNamesInsideTheirSegment) {
  EXPECT_EQ(get(kSecret, {"a/../kube-system", "x?watch=1"}).target,
            "/api/v1/namespaces/a%2F..%2Fkube-system/secrets/x%3Fwatch%3D1");
  EXPECT_EQ(get(kSecret, {"..", ".."}).target, "/api/v1/namespaces/%2E%2E/secrets/%2E%2E");
}

TEST(RequestsDeathTest, NeverAddressAWholeCollectionForAnObject) {
  EXPECT_DEATH((void)remove(kService, {"data", ""}, {}), "");
  EXPECT_DEATH((void)remove(kService, {"", "web"}, {}), "");
  EXPECT_DEATH((void)get(kPortRange, {"data", "mesh"}), "");
  EXPECT_DEATH((void)create(kService, "", "{}", {}), "");
  EXPECT_DEATH((void)list(kPortRange, "data"), "");
}

TEST(Kinds, AreAddressedAsTheApiServerDoes) {
  EXPECT_EQ(kService.api_version(), "v1");
  EXPECT_EQ(kCronJob.api_version(), "batch/v1");
  EXPECT_EQ(kExposurePolicy.api_version(), "berth.dev/v1alpha1");
  std::set<std::string> names;
  for (const Kind& kind : workload_kinds()) {
    EXPECT_TRUE(kind.namespaced) << kind.kind;
    names.insert(kind.kind);
  }
  EXPECT_EQ(names, (std::set<std::string>{"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "PodTemplate",
                                          "ReplicaSet", "ReplicationController", "StatefulSet"}));
  EXPECT_EQ(workload_kinds().front(), kPod);
}

}  // namespace
}  // namespace berth::wire
