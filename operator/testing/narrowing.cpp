#include "operator/testing/narrowing.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

#include "kube/testing/faulty_transport.h"

namespace berth::controller {
namespace {

constexpr std::string_view kNamespacedKinds[] = {"portallocations", "services", "configmaps", "pods",
                                                 "networkpolicies", "events"};
// Events about what is in no namespace stand there.
constexpr char kEventsOfTheCluster[] = "/namespaces/default/events";

std::vector<std::string> segments(std::string_view target) {
  std::istringstream path(std::string(target.substr(0, target.find('?'))));
  std::vector<std::string> all;
  for (std::string one; std::getline(path, one, '/');) all.push_back(one);
  return all;
}

// Number -> entry, of owners that are not in the scope.
std::map<std::string, std::string> entries_elsewhere(const std::shared_ptr<const json::Tree>& ledger,
                                                     const NamespaceScope& scope) {
  std::map<std::string, std::string> found;
  if (!ledger) return found;
  const json::Tree* tree = ledger->find({"spec", "entries"});
  const auto* entries = tree == nullptr ? nullptr : tree->as_object();
  if (entries == nullptr) return found;
  for (const auto& [number, entry] : *entries) {
    const std::string text = *entry.as_text();
    std::istringstream words(text);
    std::string version;
    std::string state;
    std::string owner;
    words >> version >> state >> owner;
    if (!scope.named.contains(owner.substr(0, owner.find('/')))) found[number] = text;
  }
  return found;
}

}  // namespace

std::vector<std::string> NamespacedRights::written_elsewhere(const NamespaceScope& scope) const {
  std::vector<std::string> found;
  for (const auto& [ns, request] : written_) {
    if (!scope.named.contains(ns)) found.push_back(request);
  }
  return found;
}

bool NamespacedRights::refuse(const http::Request& request) {
  const auto path = segments(request.target);
  const auto ns = std::find(path.begin(), path.end(), "namespaces");
  // A namespace itself is an object of the cluster; what is in it comes after its name.
  const bool inside = ns != path.end() && path.end() - ns > 2;
  if (inside && request.method != "GET" && ns[2] != "events") {
    written_.emplace_back(ns[1], request.method + " " + request.target);
  }
  if (scope_.named.empty() || request.target.find(kEventsOfTheCluster) != std::string::npos) return false;
  const bool of_a_namespaced_kind = std::any_of(
      std::begin(kNamespacedKinds), std::end(kNamespacedKinds),
      [&](std::string_view kind) { return std::find(path.begin(), path.end(), kind) != path.end(); });
  if (inside ? scope_.named.contains(ns[1]) : !of_a_namespaced_kind) return false;
  refused_.push_back("without a right: " + request.method + " " + request.target);
  return true;
}

Result<http::Response> NamespacedRights::exchange(const http::Request& request,
                                                  std::chrono::milliseconds deadline) {
  if (refuse(request)) return testing::refusal(403);
  return inner_->exchange(request, deadline);
}

Result<std::unique_ptr<http::Stream>> NamespacedRights::open(const http::Request& request,
                                                             std::chrono::milliseconds deadline) {
  if (refuse(request)) return Error{Code::kForbidden, "forbidden"};
  return inner_->open(request, deadline);
}

std::vector<std::string> touched(const std::vector<testing::Revision>& history, const NamespaceScope& scope,
                                 std::int64_t since, const std::string& manager) {
  std::vector<std::string> found;
  for (const testing::Revision& one : history) {
    if (one.number <= since || one.by != manager) continue;
    const std::string what = "revision " + std::to_string(one.number) + ": " + one.kind.plural + " " +
                             to_string(one.key) + " was written";
    const bool is_event = one.kind.plural == "events";
    if (!one.key.ns.empty() && !is_event && !scope.named.contains(one.key.ns)) found.push_back(what);
    if (one.kind.plural != "portledgers") continue;
    const auto before = entries_elsewhere(one.before, scope);
    const auto after = entries_elsewhere(one.after, scope);
    if (before != after) found.push_back(what + ", and an entry of another namespace has changed");
  }
  return found;
}

}  // namespace berth::controller
