#include "kube/wire/discovery.h"

#include <set>
#include <string>
#include <utility>

#include "kube/json/reader.h"

namespace berth::wire {
namespace {

using json::Archive;

constexpr char kAggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

struct Resource {
  std::string plural = {};
  std::string kind = {};
  std::string scope = {};
};

struct Version {
  std::string name = {};
  std::string freshness = {};
  std::vector<Resource> resources = {};
};

struct Group {
  std::string name = {};
  std::vector<Version> versions = {};
};

void describe(Archive& archive, Resource& resource) {
  json::member(archive, "resource", resource.plural);
  json::member(archive, "scope", resource.scope);
  json::group(archive, "responseKind", false, [&] { json::member(archive, "kind", resource.kind); });
}

void describe(Archive& archive, Version& version) {
  json::member(archive, "version", version.name);
  json::member(archive, "freshness", version.freshness);
  json::group_list(archive, "resources", version.resources,
                   [&](Resource& resource) { describe(archive, resource); });
}

void describe(Archive& archive, Group& group) {
  json::group(archive, "metadata", false, [&] { json::member(archive, "name", group.name); });
  json::group_list(archive, "versions", group.versions,
                   [&](Version& version) { describe(archive, version); });
}

}  // namespace

http::Request discovery() {
  http::Request request;
  request.target = "/apis";
  request.accept = kAggregated;
  return request;
}

Result<std::vector<Kind>> parse_discovery(std::string_view text) {
  std::string what;
  std::vector<Group> groups;
  TRY_DONE(json::read_document(text, [&](Archive& archive) {
    json::member(archive, "kind", what);
    json::group_list(archive, "items", groups, [&](Group& group) { describe(archive, group); });
  }));
  if (what != "APIGroupDiscoveryList") {
    return malformed("kind: '" + what + "' stands here, expected APIGroupDiscoveryList", "kind");
  }
  std::vector<Kind> kinds;
  std::set<std::pair<std::string, std::string>> known;
  for (Group& group : groups) {
    for (const Version& version : group.versions) {
      if (version.freshness == "Stale") kinds.push_back({group.name, version.name, "", "", true});
      for (const Resource& resource : version.resources) {
        if (resource.kind.empty() || !known.emplace(group.name, resource.kind).second) continue;
        kinds.push_back(
            {group.name, version.name, resource.plural, resource.kind, resource.scope != "Cluster"});
      }
    }
  }
  return kinds;
}

}  // namespace berth::wire
