// Requests: what Berth wants of the API server -> method, path, query, content type, body.
//
// Pure: no socket, no credentials, no retry. Every part of a path and of a query is percent-encoded here and
// nowhere else. Requires of every function on one object: key.name is not empty, and key.ns is set exactly
// for namespaced kinds; it aborts otherwise, because an empty name would address the whole collection.
// Source: Kubernetes API concepts; control-plane facts in docs/reference. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/object_key.h"
#include "kube/http/transport.h"
#include "kube/wire/kind.h"

namespace berth::wire {

// What the answer shall carry. Metadata: a PartialObjectMetadata (or list of them), a hundredth of a ledger.
enum class Reply { kObject, kMetadata };

struct ListOptions {
  std::int64_t limit = 0;  // 0 = everything in one answer
  std::string continue_token = {};
  std::string label_selector = {};
  std::string field_selector = {};
  std::string resource_version = {};        // "" = consistent read; not sent with a continue token
  std::string resource_version_match = {};  // "", Exact, NotOlderThan
  Reply reply = Reply::kObject;
};

struct WatchOptions {
  std::string resource_version = {};
  std::int64_t timeout_seconds = 0;  // 0 = the server's choice
  std::string label_selector = {};
  std::string field_selector = {};
  bool bookmarks = true;
};

struct WriteOptions {
  std::string field_manager = {};
  bool dry_run = false;
  Reply reply = Reply::kObject;
};

struct ApplyOptions {
  std::string field_manager = {};  // required by the server
  bool force = false;              // takes fields over from other managers
  bool dry_run = false;
};

// An object that is not the one meant is left alone: the server answers 409 Conflict.
struct DeleteOptions {
  Uid uid = {};
  std::string resource_version = {};
  std::string propagation = {};  // "", Background, Foreground, Orphan
  bool dry_run = false;
};

http::Request get(const Kind& kind, const ObjectKey& key, Reply reply = Reply::kObject);

// `ns` "" = every namespace (and the only choice for cluster-scoped kinds).
http::Request list(const Kind& kind, std::string_view ns, const ListOptions& options = {});
http::Request watch(const Kind& kind, std::string_view ns, const WatchOptions& options);

// POST; `ns` as in the body. 409 AlreadyExists when the name is taken.
http::Request create(const Kind& kind, std::string_view ns, std::string body, const WriteOptions& options);

// PUT of the whole object. Requires a resourceVersion in the body: the server does not ask for one of every
// kind.
http::Request replace(const Kind& kind, const ObjectKey& key, std::string body, const WriteOptions& options);
http::Request replace_status(const Kind& kind, const ObjectKey& key, std::string body,
                             const WriteOptions& options);

// application/merge-patch+json; `subresource` "" or e.g. "status".
http::Request merge_patch(const Kind& kind, const ObjectKey& key, std::string body,
                          const WriteOptions& options, std::string_view subresource = {});

// Server-side apply. Creates the object when it is missing, even with a resourceVersion in the body.
http::Request apply(const Kind& kind, const ObjectKey& key, std::string body, const ApplyOptions& options,
                    std::string_view subresource = {});

http::Request remove(const Kind& kind, const ObjectKey& key, const DeleteOptions& options);

// RFC 3986: everything but unreserved characters becomes %XX; "." and ".." as a whole are encoded too.
std::string percent_encoded(std::string_view text);

}  // namespace berth::wire
