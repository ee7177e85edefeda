// Client: Kubernetes requests in terms of model objects.
//
// Builds the request (kube/wire), exchanges it once over a Transport, decodes the answer (kube/json). It does
// not retry, wait, cache or pace: whoever asks knows whether asking again is right (the work queue and the
// watch loop do, and they honour Error::retry_after_seconds).
//
// Errors of every function: what the server answered (see wire::error_from), or Unavailable / Timeout when
// there was no answer - a write may then have taken effect -, or Malformed when the answer cannot be read.
// Every write carries the field manager of the Config.
//
// T is any kind of core/model that json::decode knows. Thread-safety: as the Transport, which is safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "core/base/object_key.h"
#include "core/base/result.h"
#include "kube/client/pages.h"
#include "kube/http/transport.h"
#include "kube/json/codec.h"
#include "kube/wire/kind.h"

namespace berth::client {

// Label and field selectors as they stand in a query, "" = everything.
struct Selectors {
  std::string labels = {};
  std::string fields = {};

  bool operator==(const Selectors&) const = default;
};

enum class Propagation { kServerDefault, kBackground, kForeground, kOrphan };

// What must still hold when the server deletes. A uid is not optional: names are reused.
struct RemoveOptions {
  Uid uid = {};
  std::string resource_version = {};  // "" = any
  Propagation propagation = Propagation::kServerDefault;
};

// One request that was made, for metrics.
struct RequestReport {
  std::string_view verb;      // get list watch create update patch apply delete
  std::string_view method;    // GET POST PUT PATCH DELETE
  std::string_view resource;  // plural
  int status = 0;             // HTTP status, 0 when there was no answer
  Duration elapsed{0};        // of a watch: until it was open
};

class Client {
 public:
  struct Config {
    std::string field_manager = {};
    Duration deadline{10'000};  // of each request
    Duration list_deadline{60'000};
    std::int64_t page_size = 500;                             // objects per LIST answer, 0 = all in one
    std::function<void(const RequestReport&)> observer = {};  // called from any thread that asks
  };

  // `transport` must outlive the client.
  Client(http::Transport& transport, Config config);

  template <class T>
  Result<T> get(const wire::Kind& kind, const ObjectKey& key) const;

  // Everything in the namespace ("" = all namespaces), as of one resourceVersion, read from etcd (no
  // resourceVersion is sent). Pages are followed to the end; when the continue token expires half-way (410),
  // the list starts again in one answer.
  template <class T>
  Result<json::List<T>> list(const wire::Kind& kind, std::string_view ns = "",
                             const Selectors& selectors = {}) const;

  // The same for many: each page (its items, the version of the list) is given as it comes, while the next is
  // on its way, so that no more than two are in memory. `first` begins a list and makes void what came
  // before. An error of `take` ends it.
  template <class T>
  Status list_by_page(const wire::Kind& kind, std::string_view ns, const Selectors& selectors,
                      const std::function<Status(json::List<T> page, bool first)>& take) const;

  // The resourceVersion that a list of the kind has now, read from etcd with one object at most. One that is
  // older than what was seen before means that history was rewound (a restored backup).
  template <class T>
  Result<std::string> newest_version(const wire::Kind& kind, std::string_view ns = "") const;

  // Every kind of every group but the core's that the server serves, in the version that its group prefers.
  // Malformed from servers before 1.27.
  Result<std::vector<wire::Kind>> served_kinds() const;

  // POST. Exists when the name is taken - except that a Service asking for its own taken nodePort gets
  // Invalid "already allocated" (measured): get the name before concluding that somebody else has the number.
  template <class T>
  Result<T> create(const wire::Kind& kind, const T& object) const;

  // PUT. Requires object.meta.resource_version (the server does not ask for one of every kind, so it aborts
  // without). Conflict when the object has changed since.
  template <class T>
  Result<T> replace(const wire::Kind& kind, const T& object) const;

  // PUT of the status alone. Same requirement, same Conflict.
  template <class T>
  Result<T> replace_status(const wire::Kind& kind, const T& object) const;

  // JSON merge patch of `body`; put resourceVersion (and uid) into its metadata to make it conditional.
  template <class T>
  Result<T> merge_patch(const wire::Kind& kind, const ObjectKey& key, std::string body,
                        std::string_view subresource = "") const;

  // Server-side apply of every field that is set in `object`. Without `force` a field of another manager is a
  // Conflict. Creates the object when it is missing, even when a resourceVersion is given.
  template <class T>
  Result<T> apply(const wire::Kind& kind, const T& object, bool force) const;

  // DELETE. nullopt: the object is gone. Otherwise the object as it still stands, with a deletionTimestamp,
  // held by its finalizers. NotFound when there is none; Conflict when it is not the one meant.
  template <class T>
  Result<std::optional<T>> remove(const wire::Kind& kind, const ObjectKey& key,
                                  const RemoveOptions& options) const;

  // Opens a watch with bookmarks that the server ends after about `timeout_seconds`.
  Result<std::unique_ptr<http::Stream>> watch(const wire::Kind& kind, std::string_view ns,
                                              const Selectors& selectors, std::string_view resource_version,
                                              std::int64_t timeout_seconds) const;

  [[nodiscard]] const Config& config() const { return config_; }
  // The same client with another deadline per request (a lease needs one below its renew deadline).
  [[nodiscard]] Client with_deadline(Duration deadline) const;

 private:
  // The body of the 2xx answer, or the error.
  Result<std::string> ask(std::string_view verb, const wire::Kind& kind, const http::Request& request,
                          Duration deadline) const;
  Result<std::string> ask_get(const wire::Kind& kind, const ObjectKey& key) const;
  Result<std::string> ask_page(const wire::Kind& kind, std::string_view ns, const Selectors& selectors,
                               std::int64_t limit, const std::string& continue_token) const;
  Result<std::string> ask_create(const wire::Kind& kind, std::string_view ns, std::string body) const;
  Result<std::string> ask_replace(const wire::Kind& kind, const ObjectKey& key,
                                  std::string_view resource_version, std::string body, bool status) const;
  Result<std::string> ask_patch(const wire::Kind& kind, const ObjectKey& key, std::string body,
                                std::string_view subresource) const;
  Result<std::string> ask_apply(const wire::Kind& kind, const ObjectKey& key, std::string body,
                                bool force) const;
  // "" when the object is gone, else the object's text.
  Result<std::string> ask_remove(const wire::Kind& kind, const ObjectKey& key,
                                 const RemoveOptions& options) const;

  http::Transport* transport_;
  Config config_;
};

template <class T>
Result<T> Client::get(const wire::Kind& kind, const ObjectKey& key) const {
  TRY(const std::string body, ask_get(kind, key));
  return json::decode<T>(body);
}

template <class T>
Result<json::List<T>> Client::list(const wire::Kind& kind, std::string_view ns,
                                   const Selectors& selectors) const {
  json::List<T> all;
  TRY_DONE(list_by_page<T>(kind, ns, selectors, [&](json::List<T> page, bool first) {
    if (first) all = {};
    for (T& item : page.items) all.items.push_back(std::move(item));
    all.resource_version = std::move(page.resource_version);
    return ok_status();
  }));
  return all;
}

template <class T>
Status Client::list_by_page(const wire::Kind& kind, std::string_view ns, const Selectors& selectors,
                            const std::function<Status(json::List<T> page, bool first)>& take) const {
  Pages pages([&](std::int64_t limit,
                  const std::string& token) { return ask_page(kind, ns, selectors, limit, token); },
              config_.page_size);
  json::PageReader reader([&](const std::string& token) { pages.go_on(token); });
  while (true) {
    TRY(auto page, pages.next());
    if (!page) return ok_status();
    TRY(json::List<T> read, json::decode_list<T>(page->text, kind.api_version(), kind.kind, &reader));
    page->text = {};
    TRY_DONE(take(std::move(read), page->first));
  }
}

template <class T>
Result<std::string> Client::newest_version(const wire::Kind& kind, std::string_view ns) const {
  // No selector: with one the server would look through everything for the first that it takes.
  TRY(const std::string body, ask_page(kind, ns, {}, 1, ""));
  TRY(json::List<T> page, json::decode_list<T>(body, kind.api_version(), kind.kind));
  return std::move(page.resource_version);
}

template <class T>
Result<T> Client::create(const wire::Kind& kind, const T& object) const {
  TRY(const std::string body, ask_create(kind, object.meta.ns, json::encode(object)));
  return json::decode<T>(body);
}

template <class T>
Result<T> Client::replace(const wire::Kind& kind, const T& object) const {
  TRY(const std::string body,
      ask_replace(kind, object.meta.key(), object.meta.resource_version, json::encode(object), false));
  return json::decode<T>(body);
}

template <class T>
Result<T> Client::replace_status(const wire::Kind& kind, const T& object) const {
  TRY(const std::string body,
      ask_replace(kind, object.meta.key(), object.meta.resource_version, json::encode_status(object), true));
  return json::decode<T>(body);
}

template <class T>
Result<T> Client::merge_patch(const wire::Kind& kind, const ObjectKey& key, std::string body,
                              std::string_view subresource) const {
  TRY(const std::string reply, ask_patch(kind, key, std::move(body), subresource));
  return json::decode<T>(reply);
}

template <class T>
Result<T> Client::apply(const wire::Kind& kind, const T& object, bool force) const {
  TRY(const std::string body, ask_apply(kind, object.meta.key(), json::encode(object), force));
  return json::decode<T>(body);
}

template <class T>
Result<std::optional<T>> Client::remove(const wire::Kind& kind, const ObjectKey& key,
                                        const RemoveOptions& options) const {
  TRY(const std::string body, ask_remove(kind, key, options));
  if (body.empty()) return std::optional<T>();
  TRY(T left, json::decode<T>(body));
  if (left.meta.finalizers.empty()) return std::optional<T>();
  return std::optional<T>(std::move(left));
}

}  // namespace berth::client
