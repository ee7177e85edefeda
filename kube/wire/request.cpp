#include "kube/wire/request.h"

#include <cstdlib>
#include <utility>

#include "kube/json/writer.h"

namespace berth::wire {
namespace {

constexpr char kJson[] = "application/json";
constexpr char kMergePatch[] = "application/merge-patch+json";
constexpr char kApplyPatch[] = "application/apply-patch+yaml";  // YAML is a superset of the JSON we send

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

class Query {
 public:
  // An empty value is left out.
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.empty() ? "?" : "&";
    text_ += std::string(name) + "=" + percent_encoded(value);
  }
  void add(std::string_view name, std::int64_t value) {
    if (value != 0) add(name, std::to_string(value));
  }
  void add(std::string_view name, bool value) {
    if (value) add(name, std::string_view("true"));
  }
  void add_dry_run(bool dry_run) {
    if (dry_run) add("dryRun", std::string_view("All"));
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_ = {};
};

std::string root_of(const Kind& kind) {
  const std::string version = percent_encoded(kind.version);
  return kind.group.empty() ? "/api/" + version : "/apis/" + percent_encoded(kind.group) + "/" + version;
}

std::string collection_path(const Kind& kind, std::string_view ns) {
  if (!kind.namespaced && !ns.empty()) std::abort();
  std::string path = root_of(kind);
  if (!ns.empty()) path += "/namespaces/" + percent_encoded(ns);
  return path + "/" + percent_encoded(kind.plural);
}

std::string object_path(const Kind& kind, const ObjectKey& key, std::string_view subresource = {}) {
  if (key.name.empty() || key.ns.empty() == kind.namespaced) std::abort();
  std::string path = collection_path(kind, key.ns) + "/" + percent_encoded(key.name);
  if (!subresource.empty()) path += "/" + percent_encoded(subresource);
  return path;
}

std::string accept_object(Reply reply) {
  if (reply == Reply::kObject) return kJson;
  return "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
}

Query write_query(const WriteOptions& options) {
  Query query;
  query.add("fieldManager", options.field_manager);
  query.add_dry_run(options.dry_run);
  return query;
}

http::Request with_body(std::string method, std::string target, std::string content_type, std::string body,
                        Reply reply) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.accept = accept_object(reply);
  request.body = std::move(body);
  return request;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const bool dots = text == "." || text == "..";  // would be a step in the path
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) && !dots) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0xFU];
  }
  return encoded;
}

http::Request get(const Kind& kind, const ObjectKey& key, Reply reply) {
  http::Request request;
  request.target = object_path(kind, key);
  request.accept = accept_object(reply);
  return request;
}

http::Request list(const Kind& kind, std::string_view ns, const ListOptions& options) {
  Query query;
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  query.add("limit", options.limit);
  query.add("continue", options.continue_token);
  // The token already stands for a version; the server refuses both together.
  if (options.continue_token.empty()) {
    query.add("resourceVersion", options.resource_version);
    query.add("resourceVersionMatch", options.resource_version_match);
  }
  http::Request request;
  request.target = collection_path(kind, ns) + query.text();
  if (options.reply == Reply::kMetadata) {
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  }
  return request;
}

http::Request watch(const Kind& kind, std::string_view ns, const WatchOptions& options) {
  Query query;
  query.add("watch", true);
  query.add("allowWatchBookmarks", options.bookmarks);
  query.add("resourceVersion", options.resource_version);
  query.add("timeoutSeconds", options.timeout_seconds);
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  http::Request request;
  request.target = collection_path(kind, ns) + query.text();
  return request;
}

http::Request create(const Kind& kind, std::string_view ns, std::string body, const WriteOptions& options) {
  if (ns.empty() == kind.namespaced) std::abort();
  return with_body("POST", collection_path(kind, ns) + write_query(options).text(), kJson, std::move(body),
                   options.reply);
}

http::Request replace(const Kind& kind, const ObjectKey& key, std::string body, const WriteOptions& options) {
  return with_body("PUT", object_path(kind, key) + write_query(options).text(), kJson, std::move(body),
                   options.reply);
}

http::Request replace_status(const Kind& kind, const ObjectKey& key, std::string body,
                             const WriteOptions& options) {
  return with_body("PUT", object_path(kind, key, "status") + write_query(options).text(), kJson,
                   std::move(body), options.reply);
}

http::Request merge_patch(const Kind& kind, const ObjectKey& key, std::string body,
                          const WriteOptions& options, std::string_view subresource) {
  return with_body("PATCH", object_path(kind, key, subresource) + write_query(options).text(), kMergePatch,
                   std::move(body), options.reply);
}

http::Request apply(const Kind& kind, const ObjectKey& key, std::string body, const ApplyOptions& options,
                    std::string_view subresource) {
  Query query;
  query.add("fieldManager", options.field_manager);
  query.add("force", options.force);
  query.add_dry_run(options.dry_run);
  return with_body("PATCH", object_path(kind, key, subresource) + query.text(), kApplyPatch, std::move(body),
                   Reply::kObject);
}

http::Request remove(const Kind& kind, const ObjectKey& key, const DeleteOptions& options) {
  json::Writer writer;
  writer.begin_object();
  writer.member("kind", "DeleteOptions").member("apiVersion", "v1");
  if (!options.uid.empty() || !options.resource_version.empty()) {
    writer.key("preconditions").begin_object();
    if (!options.uid.empty()) writer.member("uid", options.uid.text);
    if (!options.resource_version.empty()) writer.member("resourceVersion", options.resource_version);
    writer.end_object();
  }
  if (!options.propagation.empty()) writer.member("propagationPolicy", options.propagation);
  if (options.dry_run) writer.key("dryRun").begin_list().text("All").end_list();
  writer.end_object();
  return with_body("DELETE", object_path(kind, key), kJson, writer.take(), Reply::kObject);
}

}  // namespace berth::wire
