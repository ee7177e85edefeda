// What the fake API server answers to a get or a list, with selectors, limits and pages.
#include <algorithm>
#include <charconv>
#include <string>

#include "kube/testing/fake_state.h"
#include "kube/testing/fake_status.h"

namespace berth::testing {

using json::Tree;

http::Response FakeApiServer::State::get(const FakeKind& kind, const ObjectKey& key) const {
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return not_found(kind.kind, key.name);
  return reply(200, *found->second.tree);
}

http::Response FakeApiServer::State::list(const FakeKind& kind, const FakeTarget& target) {
  auto selector = FakeSelector::parse(target.parameter("labelSelector"), target.parameter("fieldSelector"));
  if (!selector.ok()) return bad_request(selector.error().message);
  const std::string token = target.parameter("continue");
  Page page;
  if (token.empty()) {
    const std::string wanted = target.parameter("resourceVersion");
    std::int64_t at_least = 0;
    const auto parsed = std::from_chars(wanted.data(), wanted.data() + wanted.size(), at_least);
    if (!wanted.empty() && parsed.ptr != wanted.data() + wanted.size()) {
      return bad_request("Invalid value for resourceVersion: " + wanted);
    }
    if (at_least > revision) {
      http::Response response = status_response(
          504, "Timeout",
          "Timeout: Too large resource version: " + wanted + ", current: " + std::to_string(revision),
          nullptr, "", {{"ResourceVersionTooLarge", "", "Too large resource version"}});
      response.headers["retry-after"] = "1";
      return response;
    }
    page.revision = revision;
    for (const auto& [key, object] : kind.objects) {
      if (!target.ns.empty() && key.ns != target.ns) continue;
      if (selector->matches(*object.tree)) page.rest.push_back(object.tree);
    }
  } else {
    const auto found = pages_.find(token);
    if (found == pages_.end()) {
      return status_response(
          410, "Expired", "The provided continue parameter is too old to display a consistent list result.");
    }
    page = found->second;
  }

  std::size_t limit = 0;
  const std::string text = target.parameter("limit");
  std::from_chars(text.data(), text.data() + text.size(), limit);
  if (config.page_ceiling > 0) {
    const auto ceiling = static_cast<std::size_t>(config.page_ceiling);
    if (limit > 0) limit = std::min(limit, ceiling);
  }
  Tree meta = Tree::object();
  meta["resourceVersion"].value = std::to_string(page.revision);
  std::size_t count = page.rest.size();
  if (limit > 0 && limit < count) {
    count = limit;
    const std::string next = "t" + std::to_string(page.revision) + "-" + std::to_string(++tokens_);
    meta["continue"].value = next;
    meta["remainingItemCount"].value = static_cast<std::int64_t>(page.rest.size() - count);
    pages_[next] = {{page.rest.begin() + static_cast<std::ptrdiff_t>(count), page.rest.end()}, page.revision};
  }
  std::string items;
  for (std::size_t i = 0; i < count; ++i) {
    if (!items.empty()) items += ",";
    Tree item = *page.rest[i];
    if (!kind.traits.custom) {
      item.erase({"apiVersion"});
      item.erase({"kind"});
    }
    items += json::print_tree(item);
  }
  const std::string head =
      "\"kind\":\"" + kind.kind.kind + "List\",\"apiVersion\":\"" + kind.kind.api_version() + "\"";
  const std::string metadata = "\"metadata\":" + json::print_tree(meta);
  // Custom resources put the items first (measured).
  return json_response(200, kind.traits.custom ? "{" + head + ",\"items\":[" + items + "]," + metadata + "}"
                                               : "{" + head + "," + metadata + ",\"items\":[" + items + "]}");
}

}  // namespace berth::testing
